"""The command's part for tables: `python -m app.feel table.dmn --context file.json [--decision id]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.feel.dmn import given
from app.feel.dmn.errors import DmnError
from app.feel.dmn.model import Decision, Model, load
from app.feel.dmn.table import show
from app.feel.dmn.trace import RuleTrace, Trace


def run(path: str, context: Mapping[str, Any], decision: str | None = None) -> int:
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
    found.append(f"{pad}{trace.name or trace.id}（{trace.id}）{' ' + trace.policy if trace.policy else ''}")
    found += [f"{pad}  {one['label']} = {show(one['value'])}" for one in trace.inputs]
    found += [pad + line for rule in trace.rules for line in _rule(rule)]
    found.append(f"{pad}结果：{show(trace.result)}" if trace.error is None else f"{pad}没有结果")
    found.append(f"{pad}原因：{trace.why}")
    return found


def _rule(rule: RuleTrace) -> list[str]:
    marks = "，".join(
        f"{cell.label} {cell.text} {'✓' if cell.hit else '✗'}" for cell in rule.cells if cell.text != "-"
    )
    line = f"  {'●' if rule.hit else '○'} 规则 {rule.number}：{marks or '其他情况'}"
    outputs = "，".join(f"{name} = {show(value)}" for name, value in rule.outputs.items())
    notes = "".join(f"（{note}）" for note in rule.annotations)
    return [line + (f" → {outputs}{notes}" if rule.hit else "")]
