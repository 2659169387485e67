"""Boxed expressions: contexts, lists, relations, invocations, functions, conditionals, filters and loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.feel.dmn import functions, read, table
from app.feel.dmn.build import Build, Formula, Place, Scope, nothing
from app.feel.dmn.read import Element
from app.feel.dmn.types import Type

EXPRESSIONS = (
    "literalExpression", "decisionTable", "context", "relation", "list", "invocation",
    "functionDefinition", "conditional", "filter", "for", "some", "every",
)  # fmt: skip


def compile(holder: Element | None, build: Build, place: Place) -> Formula:
    """The formula of the expression inside an element; null when there is none."""
    element = read.kid(holder, *EXPRESSIONS)
    return nothing if element is None else formula(element, build, place)


def formula(element: Element, build: Build, place: Place) -> Formula:
    """The formula of a boxed expression; its own typeRef is applied to the value."""
    make = _KINDS[read.local(element)]
    return typed(make(element, build, place), build.type_of(element, place))


def typed(inner: Formula, kind: Type | None) -> Formula:
    """The formula with its value coerced to a type (null when it does not fit)."""
    if kind is None or kind.name == "Any":
        return inner
    coerce = kind.coerce
    return lambda scope: coerce(inner(scope))[0]


def _literal(element: Element, build: Build, place: Place) -> Formula:
    if read.kid(element, "importedValues") is not None:
        build.refuse(element, place, "不支持从其他文件导入的值（importedValues）。请把表达式写在本文件中。",
                     "Imported values are not supported; write the expression in this file.", "import")  # fmt: skip
        return nothing
    return build.expression(element, place)


def _table(element: Element, build: Build, place: Place) -> Formula:
    return table.read_table(element, build, place).decide


def _context(element: Element, build: Build, place: Place) -> Formula:
    entries: list[tuple[str, Formula]] = []
    result: Formula | None = None
    for entry in read.kids(element, "contextEntry"):
        variable = read.kid(entry, "variable")
        name = read.name(variable) if variable is not None else ""
        inside = place.at(f"条目“{name}”", f"entry “{name}”") if name else place
        value = typed(compile(entry, build, inside), build.type_of(variable, inside))
        if name:
            entries.append((name, value))
        else:
            result = value

    def evaluate(scope: Scope) -> Any:
        inner = dict(scope)
        made: Scope = {}
        for name, value in entries:
            made[name] = inner[name] = value(inner)
        return made if result is None else result(inner)

    return evaluate


def _list(element: Element, build: Build, place: Place) -> Formula:
    items = [
        formula(child, build, place.at(f"第 {n} 项", f"item {n}"))
        for n, child in enumerate(read.kids(element, *EXPRESSIONS), 1)
    ]
    return lambda scope: [item(scope) for item in items]


def _relation(element: Element, build: Build, place: Place) -> Formula:
    columns = [(read.name(c), build.type_of(c, place)) for c in read.kids(element, "column")]
    rows = []
    for n, row in enumerate(read.kids(element, "row"), 1):
        inside = place.at(f"第 {n} 行", f"row {n}")
        cells = [formula(cell, build, inside) for cell in read.kids(row, *EXPRESSIONS)]
        rows.append([(name, typed(cell, kind))
                     for (name, kind), cell in zip(columns, cells, strict=False)])  # fmt: skip
    return lambda scope: [{name: cell(scope) for name, cell in row} for row in rows]


def _invocation(element: Element, build: Build, place: Place) -> Formula:
    called = compile(element, build, place)
    bindings: list[tuple[str, Formula]] = []
    for binding in read.kids(element, "binding"):
        parameter = read.kid(binding, "parameter")
        name = read.name(parameter) if parameter is not None else ""
        inside = place.at(f"参数“{name}”", f"parameter “{name}”")
        bindings.append((name, compile(binding, build, inside)))

    def evaluate(scope: Scope) -> Any:
        function = called(scope)
        return functions.call(function, {name: value(scope) for name, value in bindings})

    return evaluate


def function_definition(
    element: Element, build: Build, place: Place
) -> tuple[tuple[tuple[str, Type | None], ...], Formula]:
    """Parameters (name, type) and body of a function definition; Java and PMML bodies are refused."""
    kind = element.get("kind") or "FEEL"
    if kind != "FEEL":
        build.refuse(element, place, f"不支持 {kind} 函数，函数只能用 FEEL 编写。",
                     f"{kind} functions are not supported; write the function in FEEL.", "function")  # fmt: skip
    parameters = tuple(
        (read.name(p), build.type_of(p, place)) for p in read.kids(element, "formalParameter")
    )
    body = compile(element, build, place) if kind == "FEEL" else nothing
    return parameters, typed(body, build.type_of(element, place))


def _function(element: Element, build: Build, place: Place) -> Formula:
    parameters, body = function_definition(element, build, place)

    def evaluate(scope: Scope) -> Any:
        return functions.make(parameters, lambda given: body({**scope, **given}))

    return evaluate


def _part(element: Element, name: str, build: Build, place: Place) -> Formula:
    return compile(read.kid(element, name), build, place)


def _conditional(element: Element, build: Build, place: Place) -> Formula:
    condition = _part(element, "if", build, place)
    yes = _part(element, "then", build, place)
    no = _part(element, "else", build, place)
    return lambda scope: yes(scope) if condition(scope) is True else no(scope)


def _filter(element: Element, build: Build, place: Place) -> Formula:
    source = _part(element, "in", build, place)
    match = _part(element, "match", build, place)

    def evaluate(scope: Scope) -> Any:
        values = source(scope)
        if values is None:
            return []
        return [v for v in functions.items(values) if match(_item_scope(scope, v)) is True]

    return evaluate


def _item_scope(scope: Scope, value: Any) -> Scope:
    return {**scope, **(value if isinstance(value, dict) else {}), "item": value}


def _iterator(
    element: Element, end: str, build: Build, place: Place
) -> tuple[str, Formula, Formula]:
    name = read.squeeze(element.get("iteratorVariable") or "")
    return name, _part(element, "in", build, place), _part(element, end, build, place)


def _for(element: Element, build: Build, place: Place) -> Formula:
    name, source, body = _iterator(element, "return", build, place)
    uses_partial = any("partial" in part for part in element.itertext())

    def evaluate(scope: Scope) -> Any:
        values = source(scope)
        if values is None:
            return None
        made: list[Any] = []
        for value in functions.items(values):
            inner = {**scope, name: value}
            if uses_partial:
                inner["partial"] = list(made)
            made.append(body(inner))
        return made

    return evaluate


def _quantified(element: Element, build: Build, place: Place) -> Formula:
    name, source, body = _iterator(element, "satisfies", build, place)
    every = read.local(element) == "every"

    def evaluate(scope: Scope) -> Any:
        values = source(scope)
        if values is None:
            return None
        unknown = False
        for value in functions.items(values):
            answer = body({**scope, name: value})
            if answer is (not every):
                return not every
            unknown = unknown or not isinstance(answer, bool)
        return None if unknown else every

    return evaluate


_KINDS: dict[str, Callable[[Element, Build, Place], Formula]] = {
    "literalExpression": _literal,
    "decisionTable": _table,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "invocation": _invocation,
    "functionDefinition": _function,
    "conditional": _conditional,
    "filter": _filter,
    "for": _for,
    "some": _quantified,
    "every": _quantified,
}
