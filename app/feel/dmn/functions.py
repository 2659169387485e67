"""Functions as values: made from a definition's parameters and body, called with named arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from time import monotonic
from typing import Any

from app.feel.dmn.errors import DmnError
from app.feel.dmn.types import Type
from app.feel.values import Function, Range

MAX_ITEMS = 100_000
MAX_CALLS = 20_000  # calls of a model's functions in one evaluation
MAX_NESTING = 40  # of those inside one another
MAX_SECONDS = 2.0  # for all of them together


class Calls:
    """What one evaluation has spent on calls of the model's own functions."""

    def __init__(self) -> None:
        self.made, self.nesting, self.ends = 0, 0, monotonic() + MAX_SECONDS

    def __enter__(self) -> None:
        self.made += 1
        self.nesting += 1
        if self.made > MAX_CALLS or self.nesting > MAX_NESTING or monotonic() > self.ends:
            self.nesting -= 1
            raise DmnError(
                "决策中的函数互相调用太多次，可能没有终点。请检查递归的结束条件。",
                "The functions of the decision call each other too often, maybe without end. "
                "Check how the recursion stops.",
                code="calls",
            )

    def __exit__(self, *_: object) -> None:
        self.nesting -= 1


_CALLS: ContextVar[Calls | None] = ContextVar("feel_dmn_calls", default=None)


@contextmanager
def counted() -> Iterator[None]:
    """Calls made inside count against one budget; an evaluation inside another shares its budget."""
    if _CALLS.get() is not None:
        yield
        return
    token = _CALLS.set(Calls())
    try:
        yield
    finally:
        _CALLS.reset(token)


def make(
    parameters: tuple[tuple[str, Type | None], ...],
    body: Callable[[dict[str, Any]], Any],
    name: str = "",
) -> Function:
    """A function value; each argument is coerced to its parameter's type, null when it does not fit."""

    def call(*arguments: Any) -> Any:
        given = {}
        for (parameter, kind), value in zip(parameters, arguments, strict=True):
            given[parameter] = value if kind is None else kind.coerce(value)[0]
        with _CALLS.get() or Calls():
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
