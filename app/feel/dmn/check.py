"""What can be said about a table without running it: overlaps, dead rules, values nobody allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app import feel
from app.feel.dmn import cells
from app.feel.dmn.build import Formula
from app.feel.dmn.table import Output, Rule, Table, show


@dataclass(frozen=True, slots=True)
class Finding:
    """A questionable spot: `rule` and `column` count from 1, None when the finding is about more."""

    code: str
    message: str
    message_en: str
    rule: int | None = None
    column: int | None = None
    severity: str = "warning"


def findings(table: Table) -> list[Finding]:
    """All findings, in the order of the table."""
    return [
        *_overlaps(table),
        *_dead_rules(table),
        *_inputs(table),
        *_outputs(table),
        *_priority(table),
    ]


def _meet(one: Rule, other: Rule) -> bool:
    """Whether both rules surely hit for some values (unknown cells are taken as not meeting)."""
    return all(cells.meet(a.region, b.region) or a.text == b.text
               for a, b in zip(one.cells, other.cells, strict=True))  # fmt: skip


def _overlaps(table: Table) -> Iterator[Finding]:
    if table.policy not in ("UNIQUE", "ANY"):
        return
    for index, one in enumerate(table.rules):
        for other in table.rules[index + 1 :]:
            if _meet(one, other) and (table.policy == "UNIQUE" or one.texts != other.texts):
                yield Finding(
                    "overlap",
                    f"规则 {one.number} 与规则 {other.number} 会同时命中，而命中策略要求不重叠。",
                    f"Rules {one.number} and {other.number} can both hit, which the hit policy forbids.",
                    other.number,
                    severity="error",
                )


def _dead_rules(table: Table) -> Iterator[Finding]:
    if table.policy != "FIRST":
        return
    for index, rule in enumerate(table.rules):
        cover = next((one for one in table.rules[:index] if _covers(one, rule)), None)
        if cover is not None:
            yield Finding(
                "unreachable",
                f"规则 {rule.number} 永远不会命中，因为规则 {cover.number} 总是先命中。请调整顺序。",
                f"Rule {rule.number} can never hit because rule {cover.number} always hits first. "
                "Change the order.",
                rule.number,
            )


def _covers(one: Rule, other: Rule) -> bool:
    return all(
        cells.covers(a.region, b.region) or (a.text == b.text)
        for a, b in zip(one.cells, other.cells, strict=True)
    )


def _inputs(table: Table) -> Iterator[Finding]:
    for rule in table.rules:
        for cell, column in zip(rule.cells, table.inputs, strict=True):
            region = cell.region
            if not column.order or region is None or region.kind != "string":
                continue
            strange = sorted(str(w) for w in region.words if w not in column.order)
            if strange:
                words, words_en = "、".join(strange), ", ".join(strange)
                yield Finding(
                    "input_value",
                    f"规则 {rule.number} 的输入“{column.label}”含有不在允许值之内的“{words}”。",
                    f"Rule {rule.number}: input “{column.label}” names “{words_en}”, "
                    "which is not an allowed value.",
                    rule.number,
                    column.number,
                )


def _outputs(table: Table) -> Iterator[Finding]:
    for rule in table.rules:
        for column, formula in zip(table.outputs, rule.outputs, strict=True):
            known, value = constant(formula)
            if not known or value is None:
                continue
            problem = _unfit(column, value)
            if problem:
                zh, en = problem
                yield Finding(
                    "output_value",
                    f"规则 {rule.number} 的输出“{column.label}”：{show(value)} {zh}。",
                    f"Rule {rule.number}, output “{column.label}”: {show(value)} {en}.",
                    rule.number,
                    column.number,
                    "error",
                )


def _unfit(column: Output, value: Any) -> tuple[str, str] | None:
    if column.type is not None and not column.type.coerce(value)[1]:
        return f"不是类型 {column.type.name}", f"is not of type {column.type.name}"
    values = value if isinstance(value, list) else [value]
    if column.allowed is not None and not all(map(column.allowed, values)):
        return "不在允许值之内", "is not an allowed value"
    return None


def constant(formula: Formula) -> tuple[bool, Any]:
    """Whether an output cell is a constant, and its value."""
    if not isinstance(formula, feel.Expression) or not formula.is_constant:
        return False, None
    try:
        return True, formula({})
    except feel.FeelError:
        return False, None


def _priority(table: Table) -> Iterator[Finding]:
    if table.policy not in ("PRIORITY", "OUTPUT ORDER"):
        return
    for column in table.outputs:
        if not column.order:
            yield Finding(
                "priority",
                f"输出“{column.label}”没有列出允许值，无法确定优先顺序。请按优先级从高到低填写允许值。",
                f"Output “{column.label}” lists no values, so there is no priority. "
                "List its values from the highest priority to the lowest.",
                column=column.number,
            )
