"""`python -m app.feel 'expression' --context file.json`; a .dmn file goes to the tables' command."""

import argparse
import json
import sys
from decimal import Decimal
from typing import Any

from app import feel
from app.feel import text


def main(arguments: list[str]) -> int:
    """0 when there is a value, 1 when the expression is wrong, 2 when the call is."""
    if arguments and arguments[0].endswith(".dmn"):
        from app.feel.dmn import command

        return command.main(arguments)
    options = _options().parse_args(arguments)
    try:
        context = _context(options.context)
    except (OSError, ValueError) as problem:
        print(f"{options.context}: {problem}", file=sys.stderr)
        return 2
    try:
        expression = _compiled(options)
        value = expression(context)
    except feel.FeelError as problem:
        _show(problem, options.language)
        return 1
    print(json.dumps(_plain(value), ensure_ascii=False) if options.json else text.written(value))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.feel", description="计算一个 FEEL 表达式 / evaluate a FEEL expression"
    )
    parser.add_argument("expression")
    parser.add_argument("--context", metavar="FILE", help="变量（JSON 文件，- 为标准输入）")
    parser.add_argument("--unary", metavar="JSON", help="把表达式当作判定表单元格，检查此值")
    parser.add_argument("--lenient", action="store_true", help="缺少的变量当作 null（标准语义）")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return parser


def _context(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    if path == "-":
        source = sys.stdin.read()
    else:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    context = json.loads(source, parse_float=Decimal)
    if not isinstance(context, dict):
        raise ValueError("JSON object expected")
    return context


def _compiled(options: argparse.Namespace) -> Any:
    strict = not options.lenient
    if options.unary is not None:
        tested = json.loads(options.unary, parse_float=Decimal)
        test = feel.compile_unary(options.expression, strict=strict)
        return lambda context: test({**context, "?": tested})
    if options.expression.lstrip().startswith(("${", "#{", "=")):
        return feel.compile_value(options.expression, strict=strict)
    names = () if options.context is None else tuple(_context(options.context))
    return feel.compile(options.expression, names, strict=strict)


def _show(problem: feel.FeelError, language: str) -> None:
    print(problem.explain(language), file=sys.stderr)
    if problem.text and problem.position is not None:
        start = problem.text.rfind("\n", 0, problem.position) + 1
        line = problem.text[start:].split("\n")[0]
        print(f"  {line}\n  {' ' * (problem.position - start)}^", file=sys.stderr)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    return text.written(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
