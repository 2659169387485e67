"""Functions as values: made from a definition's parameters and body, called with named arguments."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.feel.dmn.types import Type
from app.feel.values import Function, Range

MAX_ITEMS = 100_000


def make(
    parameters: tuple[tuple[str, Type | None], ...], body: Callable[[dict[str, Any]], Any], name: str = ""
) -> Function:
    """A function value; each argument is coerced to its parameter's type, null when it does not fit."""

    def call(*arguments: Any) -> Any:
        given = {}
        for (parameter, kind), value in zip(parameters, arguments, strict=True):
            given[parameter] = value if kind is None else kind.coerce(value)[0]
        return body(given)

    return Function(name, tuple(parameter for parameter, _ in parameters), call)


def call(function: Any, named: dict[str, Any]) -> Any:
    """What the function returns for these named arguments; null when it is none or has no such parameter."""
    if not isinstance(function, Function) or not set(named) <= set(function.parameters):
        return None
    return function.call(*(named.get(name) for name in function.parameters))


def items(values: Any) -> list[Any]:
    """What a boxed loop runs over: a list, a range of whole numbers, or one single value."""
    if isinstance(values, list):
        return values
    if isinstance(values, Range) and _counts(values):
        first, last = int(values.start), int(values.end)
        step = 1 if first <= last else -1
        return [Decimal(n) for n in range(first, last + step, step)]
    return [values]


def _counts(values: Range) -> bool:
    ends = (values.start, values.end)
    return all(isinstance(end, (int, Decimal)) and end == int(end) for end in ends) and (
        abs(int(ends[1]) - int(ends[0])) < MAX_ITEMS
    )
