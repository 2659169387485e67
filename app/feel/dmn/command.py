"""The command's part for tables: `python -m app.feel table.dmn --context file.json [--decision id]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.feel import text as texts
from app.feel.dmn import given
from app.feel.dmn.errors import DmnError
from app.feel.dmn.model import Decision, Model, load
from app.feel.dmn.table import show
from app.feel.dmn.trace import RuleTrace, Trace


def main(arguments: list[str]) -> int:
    """0 when there is a result, 1 when the table is wrong or does not decide, 2 when the call is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m app.feel",
        description="用一个 DMN 文件作决策 / make a decision of a DMN file",
    )
    parser.add_argument("file")
    parser.add_argument("--context", metavar="FILE", help="变量（JSON 文件，- 为标准输入）")
    parser.add_argument("--decision", metavar="ID", help="决策的 id 或名称")
    parser.add_argument("--json", action="store_true", help="以 JSON 输出整个过程")
    options = parser.parse_args(arguments)
    try:
        context = _context(options.context)
    except (OSError, ValueError) as problem:
        print(f"{options.context}: {problem}", file=sys.stderr)
        return 2
    return run(options.file, context, options.decision, as_json=options.json)


def _context(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    source = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    context = json.loads(source, parse_float=Decimal)
    if not isinstance(context, dict):
        raise ValueError("JSON object expected")
    return context


def run(
    path: str, context: Mapping[str, Any], decision: str | None = None, *, as_json: bool = False
) -> int:
    """Prints the decision's result, which rules hit and why; the exit code is 1 when there is none."""
    try:
        model = load(Path(path).read_bytes(), Path(path).name)
        chosen = choose(model, decision)
        trace = chosen.trace(given.typed(model, context))
    except OSError as error:
        print(f"无法读取文件 {path}：{error.strerror}")
        return 1
    except DmnError as error:
        for one in error.all:
            print(one.explain("zh"))
        return 1
    if as_json:
        print(json.dumps(trace.to_dict(), ensure_ascii=False, indent=2, default=texts.written))
        return 1 if trace.error else 0
    print("\n".join(lines(trace)))
    for finding in chosen.findings():
        print(f"注意：{finding.message}")
    return 1 if trace.error else 0


def choose(model: Model, key: str | None) -> Decision:
    """The decision asked for; without a name the one that no other decision requires."""
    if key:
        found = model.find(key)
        if found is not None:
            return found
        known = "、".join(model.decisions)
        raise DmnError(f"文件中没有决策“{key}”，只有：{known}。",
                       f"The file has no decision “{key}”, only: {known}.", code="missing")  # fmt: skip
    required = {under for one in model.decisions.values() for under in one.node.decisions}
    tops = [one for one in model.decisions.values() if one.id not in required]
    if len(tops) == 1:
        return tops[0]
    known = "、".join(one.id for one in tops)
    raise DmnError(f"文件中有几个决策（{known}），请用 --decision 指明一个。",
                   f"The file has several decisions ({known}); name one with --decision.", code="missing")  # fmt: skip


def lines(trace: Trace, depth: int = 0) -> list[str]:
    """The trace as lines of text, the decisions it required first and indented."""
    pad = "  " * depth
    found = [line for under in trace.required for line in lines(under, depth + 1)]
    found.append(
        f"{pad}{trace.name or trace.id}（{trace.id}）{' ' + trace.policy if trace.policy else ''}"
    )
    found += [f"{pad}  {one['label']} = {show(one['value'])}" for one in trace.inputs]
    found += [pad + line for rule in trace.rules for line in _rule(rule)]
    found.append(f"{pad}结果：{show(trace.result)}" if trace.error is None else f"{pad}没有结果")
    found.append(f"{pad}原因：{trace.why}")
    return found


def _rule(rule: RuleTrace) -> list[str]:
    marks = "，".join(
        f"{cell.label} {cell.text} {'✓' if cell.hit else '✗'}"
        for cell in rule.cells
        if cell.text != "-"
    )
    line = f"  {'●' if rule.hit else '○'} 规则 {rule.number}：{marks or '其他情况'}"
    outputs = "，".join(f"{name} = {show(value)}" for name, value in rule.outputs.items())
    notes = "".join(f"（{note}）" for note in rule.annotations)
    return [line + (f" → {outputs}{notes}" if rule.hit else "")]
