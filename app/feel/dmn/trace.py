"""Why a decision came out as it did: every input, every rule, every cell, the outputs, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.feel.dmn import cells, hit
from app.feel.dmn.build import Scope
from app.feel.dmn.errors import DmnError
from app.feel.dmn.table import Rule, Table, show

_POLICY_ZH = {
    "UNIQUE": "唯一",
    "ANY": "任意",
    "PRIORITY": "优先",
    "FIRST": "首个",
    "RULE ORDER": "按规则顺序",
    "OUTPUT ORDER": "按输出顺序",
    "COLLECT": "收集",
}


@dataclass(slots=True)
class CellTrace:
    """One cell: what it was asked about and whether it accepts that."""

    column: int
    label: str
    text: str
    value: Any
    hit: bool


@dataclass(slots=True)
class RuleTrace:
    """One rule: whether it hit, and its output values when it did."""

    number: int
    id: str
    hit: bool
    cells: list[CellTrace]
    outputs: dict[str, Any] = field(default_factory=dict)
    annotations: tuple[str, ...] = ()


@dataclass(slots=True)
class Trace:
    """One decision made: `inputs` (label, expression, value), `rules`, `result`, or the `error`.

    `required` are the traces of the decisions it asked for. `why` says it in one Chinese sentence,
    `why_en` in English.
    """

    id: str
    name: str
    kind: str = "expression"
    policy: str = ""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    rules: list[RuleTrace] = field(default_factory=list)
    result: Any = None
    why: str = ""
    why_en: str = ""
    error: DmnError | None = None
    required: list[Trace] = field(default_factory=list)

    @property
    def hits(self) -> list[int]:
        """Numbers of the rules that hit, from 1 as people see them."""
        return [rule.number for rule in self.rules if rule.hit]

    def to_dict(self) -> dict[str, Any]:
        """The whole trace as dicts and lists."""
        return {
            "decision": self.id,
            "name": self.name,
            "kind": self.kind,
            "policy": self.policy,
            "inputs": self.inputs,
            "hits": self.hits,
            "rules": [_rule_dict(rule) for rule in self.rules],
            "result": self.result,
            "why": self.why,
            "why_en": self.why_en,
            "error": self.error.message if self.error else None,
            "required": [one.to_dict() for one in self.required],
        }


def _rule_dict(rule: RuleTrace) -> dict[str, Any]:
    return {
        "number": rule.number,
        "id": rule.id,
        "hit": rule.hit,
        "cells": [
            {"column": c.column, "label": c.label, "text": c.text, "value": c.value, "hit": c.hit}
            for c in rule.cells
        ],
        "outputs": rule.outputs,
        "annotations": list(rule.annotations),
    }


def explain(table: Table, scope: Scope, trace: Trace) -> None:
    """Decides the table as Table.decide does and writes every step into the trace; errors too."""
    trace.kind, trace.policy = "table", table.policy
    inner = dict(scope)
    try:
        values = table.read_inputs(inner)
        trace.inputs = _inputs(table, scope, values)
        if values is None:
            trace.why, trace.why_en = "有输入值不在允许值之内。", "An input value is not allowed."
            return
        hits = _rules(table, values, inner, trace)
        inner.pop("?", None)
        _outputs(table, hits, inner, trace)
        trace.result = table.conclude(hits, inner)
        trace.why, trace.why_en = _why(table, trace)
    except DmnError as error:
        trace.inputs = trace.inputs or _inputs(table, scope, None)
        trace.error, trace.why, trace.why_en = error, error.message, error.message_en


def _inputs(table: Table, scope: Scope, values: list[Any] | None) -> list[dict[str, Any]]:
    read = (
        values if values is not None else [column.formula(dict(scope)) for column in table.inputs]
    )
    return [
        {"label": column.label, "expression": column.text, "value": value}
        for column, value in zip(table.inputs, read, strict=True)
    ]


def _rules(table: Table, values: list[Any], scope: Scope, trace: Trace) -> list[Rule]:
    hits: list[Rule] = []
    for rule in table.rules:
        made = RuleTrace(rule.number, rule.id, True, [], annotations=rule.annotations)
        for cell, column in zip(rule.cells, table.inputs, strict=True):
            value = values[cell.column]
            answer = cell.region is cells.ANY or cell.hits(value, scope)
            made.cells.append(CellTrace(column.number, column.label, cell.text, value, answer))
            made.hit = made.hit and answer
        if made.hit and table.policy == "FIRST" and hits:
            made.hit = False  # it would hit, but the table stopped at the first
        trace.rules.append(made)
        if made.hit:
            hits.append(rule)
    return hits


def _outputs(table: Table, hits: list[Rule], scope: Scope, trace: Trace) -> None:
    by_number = {rule.number: rule for rule in trace.rules}
    for rule in hits:
        names = [column.name for column in table.outputs]
        by_number[rule.number].outputs = dict(zip(names, table.outcome(rule, scope), strict=True))


def _why(table: Table, trace: Trace) -> tuple[str, str]:
    if not trace.hits:
        if any(column.default is not None for column in table.outputs):
            return "没有规则命中，采用默认输出。", "No rule hit; the default output applies."
        return "没有规则命中。", "No rule hit."
    first = next(rule for rule in trace.rules if rule.hit)
    said = [c for c in first.cells if c.text != "-"]
    reasons = "，".join(f"{c.label} = {show(c.value)}（{c.text}）" for c in said)
    reasons_en = ", ".join(f"{c.label} = {show(c.value)} ({c.text})" for c in said)
    numbers = "、".join(map(str, trace.hits))
    many = f"（命中策略：{_POLICY_ZH[table.policy]}）" if table.policy in hit.LISTS else ""
    if len(trace.hits) == 1:
        return (f"规则 {numbers} 命中：{reasons or '其他情况'}。",
                f"Rule {numbers} hit: {reasons_en or 'otherwise'}.")  # fmt: skip
    return (f"规则 {numbers} 命中{many}。",
            f"Rules {numbers.replace('、', ', ')} hit ({table.policy}).")  # fmt: skip
