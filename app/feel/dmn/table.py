"""Decision tables: read once into columns of compiled cells, then decided rule by rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.feel import FeelError
from app.feel import text as texts
from app.feel.dmn import cells, hit, read
from app.feel.dmn.build import Build, Formula, Place, Scope, nothing
from app.feel.dmn.cells import Test
from app.feel.dmn.errors import DmnError
from app.feel.dmn.read import Element
from app.feel.dmn.types import Allowed, Type
from app.feel.values import imported


@dataclass(slots=True)
class Input:
    """One input column: what it reads, and what values it may have."""

    number: int
    label: str
    text: str
    formula: Formula
    type: Type | None
    allowed: Allowed | None = None
    order: tuple[Any, ...] = ()
    variable: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names its expression reads."""
        return tuple(getattr(self.formula, "names", ())) or (
            (self.variable,) if self.variable else ()
        )


@dataclass(slots=True)
class Output:
    """One output column; `order` are its allowed values, the highest priority first."""

    number: int
    name: str
    label: str
    type: Type | None
    allowed: Allowed | None = None
    order: tuple[Any, ...] = ()
    default: Formula | None = None


@dataclass(slots=True)
class Cell:
    """One input cell: its text, the set it stands for (when constant), its test by the language and by set."""

    text: str
    column: int
    region: cells.Region | None
    slow: Formula
    quick: Test | None

    @property
    def kind(self) -> str:
        """Kind of the values the quick test may be asked about."""
        return self.region.kind if self.region is not None else ""

    def hits(self, value: Any, scope: Scope) -> bool:
        if self.region is cells.ANY:
            return True
        if self.quick is not None and cells.KINDS.get(value.__class__) == self.kind:
            return self.quick(value)
        scope["?"] = value
        return self.slow(scope) is True


@dataclass(slots=True)
class Rule:
    """One row, numbered from 1 as people see it; `tests` (column, kind, quick, slow) are the cells not `-`."""

    number: int
    id: str
    cells: tuple[Cell, ...]
    outputs: tuple[Formula, ...]
    texts: tuple[str, ...]
    annotations: tuple[str, ...] = ()
    tests: tuple[tuple[int, str, Test | None, Formula], ...] = field(init=False)

    def __post_init__(self) -> None:
        self.tests = tuple(
            (cell.column, cell.kind, cell.quick, cell.slow)
            for cell in self.cells
            if cell.region is not cells.ANY
        )


@dataclass(slots=True)
class Table:
    """A decision table. `lenient`: whatever the standard calls an error is null instead of DmnError."""

    id: str
    place: Place
    policy: str
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    line: int | None = None
    lenient: bool = False

    def names(self) -> tuple[str, ...]:
        """Names its columns, cells and outputs read, in the order of the table."""
        found = {name: None for column in self.inputs for name in column.names}
        for rule in self.rules:
            for formula in (*(cell.slow for cell in rule.cells), *rule.outputs):
                found |= dict.fromkeys(getattr(formula, "names", ()))
        own = {"?", *(c.variable for c in self.inputs if c.variable not in c.names)}
        return tuple(name for name in found if name not in own)

    def decide(self, scope: Scope) -> Any:
        """The table's result for the values in the scope."""
        inner = dict(scope)
        values = self.read_inputs(inner)
        if values is None:
            return None
        return self.conclude(self.hits(values, inner), inner)

    def read_inputs(self, scope: Scope) -> list[Any] | None:
        """The values of the input columns; None when one is not allowed (lenient, else DmnError)."""
        values = []
        for column in self.inputs:
            value = column.formula(scope)
            if column.variable:
                scope[column.variable] = value
            problem = self._unfit(column, value)
            if problem:
                self._fail(*problem, code="input")
                return None
            values.append(value)
        return values

    def _unfit(self, column: Input, value: Any) -> tuple[str, str] | None:
        if value is None:
            return None
        if not self.lenient and column.type is not None and not column.type.conforms(value):
            return (f"输入“{column.label}”的值 {show(value)} 不是类型 {column.type.name}。请检查传入的数据。",
                    f"Input “{column.label}”: {show(value)} is not of type {column.type.name}. "
                    "Check the data passed in.")  # fmt: skip
        if column.allowed is not None and not _allowed(column.allowed, value):
            return (f"输入“{column.label}”的值 {show(value)} 不在允许值之内。请检查数据，或在表中补充允许值。",
                    f"Input “{column.label}”: {show(value)} is not one of the allowed values. "
                    "Check the data, or add the value to the table.")  # fmt: skip
        return None

    def hits(self, values: list[Any], scope: Scope) -> list[Rule]:
        """The rules whose cells all accept the values, in table order; FIRST stops at the first."""
        found = []
        first = self.policy == "FIRST"
        kinds = [cells.KINDS.get(value.__class__) for value in values]
        for rule in self.rules:
            for column, kind, quick, slow in rule.tests:
                if quick is not None and kinds[column] == kind:
                    if not quick(values[column]):
                        break
                else:
                    scope["?"] = values[column]
                    if slow(scope) is not True:
                        break
            else:
                found.append(rule)
                if first:
                    break
        return found

    def conclude(self, hits: list[Rule], scope: Scope) -> Any:
        """The result by hit policy of the rules that hit."""
        scope.pop("?", None)
        if not hits:
            return self._default(scope)
        if self.policy == "UNIQUE" and len(hits) > 1:
            numbers = "、".join(str(rule.number) for rule in hits)
            return self._fail(
                f"命中策略为“唯一”，但规则 {numbers} 同时命中。请修改规则使其互不重叠，或改用“首个”。",
                f"The hit policy is UNIQUE but rules {numbers.replace('、', ', ')} all hit. "
                "Make the rules exclusive, or use FIRST.",
                code="unique",
            )
        outputs = [self.outcome(rule, scope) for rule in hits]
        return self._by_policy(hits, outputs)

    def _by_policy(self, hits: list[Rule], outputs: list[hit.Outputs]) -> Any:
        if self.policy == "ANY" and not all(
            all(map(hit.same, outputs[0], other)) for other in outputs[1:]
        ):
            numbers = "、".join(str(rule.number) for rule in hits)
            return self._fail(
                f"命中策略为“任意”，但同时命中的规则 {numbers} 输出不同。",
                f"The hit policy is ANY but rules {numbers.replace('、', ', ')} give different outputs.",
                code="any",
            )
        if self.policy in ("PRIORITY", "OUTPUT ORDER"):
            order = [column.order for column in self.outputs]
            outputs = [outputs[index] for index in hit.ranked(outputs, order)]
        if self.aggregation:
            return hit.aggregate(self.aggregation, [one[0] for one in outputs])
        results = [self._shape(one) for one in outputs]
        return results if self.policy in hit.LISTS else results[0]

    def outcome(self, rule: Rule, scope: Scope) -> hit.Outputs:
        """The values of a rule's output cells, each as its column's type."""
        made = []
        for column, formula in zip(self.outputs, rule.outputs, strict=True):
            value = formula(scope)
            if column.type is not None and value is not None:
                value, fits = column.type.coerce(value)
                if not fits:
                    self._fail(
                        f"规则 {rule.number} 的输出“{column.label}”不是类型 {column.type.name}。",
                        f"Output “{column.label}” of rule {rule.number} is not of type {column.type.name}.",
                        code="output",
                    )
            made.append(value)
        return tuple(made)

    def _shape(self, outputs: hit.Outputs) -> Any:
        if len(self.outputs) == 1:
            return outputs[0]
        return {column.name: value for column, value in zip(self.outputs, outputs, strict=True)}

    def _default(self, scope: Scope) -> Any:
        if any(column.default is not None for column in self.outputs):
            made = self._shape(tuple((column.default or nothing)(scope) for column in self.outputs))
            return [made] if self.policy in hit.LISTS and not self.aggregation else made
        if self.aggregation == "COUNT":
            return hit.aggregate("COUNT", [])
        if self.policy in hit.LISTS and not self.aggregation and not self.lenient:
            return []
        return None

    def _fail(self, zh: str, en: str, code: str) -> None:
        if not self.lenient:
            raise DmnError(zh, en, code=code, element_id=self.id, line=self.line,
                           place=(self.place.zh, self.place.en))  # fmt: skip


def _allowed(test: Allowed, value: Any) -> bool:
    return all(map(test, value)) if isinstance(value, list) else test(value)


def show(value: Any) -> str:
    """A value as a person reads it in a message, never long."""
    try:
        text = f"“{value}”" if isinstance(value, str) else texts.written(imported(value))
    except FeelError:
        text = type(value).__name__  # a foreign object, which is what the message is about
    return text if len(text) <= 60 else f"{text[:57]}…"


def read_table(element: Element, build: Build, place: Place) -> Table:
    """The table of a decisionTable element; its errors are noted in the build."""
    found = hit.policy_of(element.get("hitPolicy") or "UNIQUE", element.get("aggregation") or "")
    if found is None:
        policy = element.get("hitPolicy")
        build.refuse(
            element,
            place,
            f"未知的命中策略“{policy}”。",
            f"Unknown hit policy “{policy}”.",
            "policy",
        )
    inputs = tuple(_input(e, n, build, place) for n, e in enumerate(read.kids(element, "input"), 1))
    kind = build.type_of(element, place)
    outputs = [_output(e, n, build, place) for n, e in enumerate(read.kids(element, "output"), 1)]
    _inherit(outputs, kind)
    made = Table(
        element.get("id") or "", place, *(found or ("FIRST", "")), inputs, tuple(outputs), (),
        element.sourceline, build.lenient,
    )  # fmt: skip
    made.rules = tuple(
        rule
        for n, e in enumerate(read.kids(element, "rule"), 1)
        if (rule := _rule(e, n, made, build)) is not None
    )
    _check_shape(element, made, build)
    return made


def _check_shape(element: Element, made: Table, build: Build) -> None:
    if not made.outputs:
        build.refuse(
            element, made.place, "决策表没有输出列。", "The table has no output column.", "shape"
        )
    if made.aggregation not in ("", "COUNT") and len(made.outputs) > 1 and not build.lenient:
        build.refuse(element, made.place, "有汇总方式的收集表只能有一个输出列。",
                     "A COLLECT table with an aggregation may have only one output.", "shape")  # fmt: skip


def _inherit(outputs: list[Output], kind: Type | None) -> None:
    """Where an output says nothing of its type, the table's type says it (and so the order of its values)."""
    if kind is None:
        return
    for column in outputs:
        whole = kind.element or kind
        own = whole if len(outputs) == 1 else whole.parts.get(column.name)
        if own is not None and not column.order:
            column.order = own.order


def _input(element: Element, n: int, build: Build, place: Place) -> Input:
    expression = read.kid(element, "inputExpression")
    variable = read.camunda(element, "inputVariable")
    label = read.squeeze(element.get("label") or "") or read.text(expression) or variable
    inside = place.at(f"输入列 {n}“{label}”", f"input {n} “{label}”")
    made = Input(n, label, read.text(expression), nothing, None, variable=variable)
    if expression is not None and made.text:
        made.formula = build.expression(expression, inside)
    elif variable:
        made.text = variable
        made.formula = lambda scope: scope.get(variable)
    else:
        build.refuse(element, inside, "这一列没有输入表达式。请填写要判断的变量。",
                     "This column has no input expression. Name the variable to test.", "input")  # fmt: skip
    made.type = build.type_of(expression, inside)
    values = read.kid(element, "inputValues")
    if values is not None and read.text(values):
        made.allowed, made.order = build.allowed(values)
    return made


def _output(element: Element, n: int, build: Build, place: Place) -> Output:
    name = read.name(element)
    label = read.squeeze(element.get("label") or "") or name or str(n)
    inside = place.at(f"输出列 {n}“{label}”", f"output {n} “{label}”")
    made = Output(n, name or label, label, build.type_of(element, inside))
    values = read.kid(element, "outputValues")
    if values is not None and read.text(values):
        made.allowed, made.order = build.allowed(values)
    elif made.type is not None:
        made.order = made.type.order
    default = read.kid(element, "defaultOutputEntry")
    if default is not None:
        made.default = build.expression(default, inside)
    return made


def _rule(element: Element, n: int, made: Table, build: Build) -> Rule | None:
    place = made.place.at(f"规则 {n}", f"rule {n}")
    entries = list(read.kids(element, "inputEntry"))
    results = list(read.kids(element, "outputEntry"))
    if len(entries) != len(made.inputs) or len(results) != len(made.outputs):
        build.refuse(element, place, f"应有 {len(made.inputs)} 个输入格和 {len(made.outputs)} 个输出格，"
                     f"实际是 {len(entries)} 和 {len(results)}。",
                     f"Expected {len(made.inputs)} input and {len(made.outputs)} output cells, "
                     f"found {len(entries)} and {len(results)}.", "shape")  # fmt: skip
        return None
    return Rule(
        n,
        element.get("id") or "",
        tuple(
            _cell(e, column, build, place) for e, column in zip(entries, made.inputs, strict=True)
        ),
        tuple(
            build.expression(e, place.at(f"输出列 {c.number}“{c.label}”", f"output {c.number} “{c.label}”"))
            for e, c in zip(results, made.outputs, strict=True)
        ),
        tuple(read.text(e) for e in results),
        tuple(filter(None, [read.text(a) for a in read.kids(element, "annotationEntry")]
                     or [read.text(element, "description")])),
    )  # fmt: skip


def _cell(element: Element, column: Input, build: Build, place: Place) -> Cell:
    text = read.text(element)
    region = cells.read(text) if build.is_feel(element) else None
    inside = place.at(
        f"输入列 {column.number}“{column.label}”", f"input {column.number} “{column.label}”"
    )
    slow = nothing if region is cells.ANY else build.tests(element, text, inside)
    return Cell(text or "-", column.number - 1, region, slow, cells.quick(region))
