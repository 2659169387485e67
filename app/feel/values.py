"""The values of FEEL and what they are in Python.

number int or Decimal · string str · boolean bool · null None · date, time, date and time their
datetime classes · days and time duration timedelta · years and months duration YearsMonths ·
list list · context dict · range Range · function Function.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from app.feel import budget
from app.feel.errors import error

DIGITS = 34
EXACT_INT = 10**DIGITS  # whole numbers below are exact as int; above they are rounded to 34 digits
CONTEXT = Context(prec=DIGITS, Emax=6144, Emin=-6143, traps=[])
NUMBERS = frozenset((int, Decimal))
# values of these classes need no look when they come out of the variables
PLAIN = frozenset((int, str, bool, type(None), dt.date, dt.datetime, dt.time, dt.timedelta, dict))


class YearsMonths:
    """A years and months duration: a whole number of months, maybe negative."""

    __slots__ = ("months",)

    def __init__(self, months: int) -> None:
        self.months = months

    def __eq__(self, other: object) -> bool:
        return isinstance(other, YearsMonths) and self.months == other.months

    def __hash__(self) -> int:
        return hash(("months", self.months))

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        body = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return ("-P" if self.months < 0 else "P") + body

    def __repr__(self) -> str:
        return f"YearsMonths({self.months})"


class Range:
    """A range of values; an end that is None is open to that side."""

    __slots__ = ("end", "end_included", "start", "start_included")

    def __init__(
        self, start: Any, end: Any, start_included: bool = True, end_included: bool = True
    ) -> None:
        self.start, self.end = start, end
        self.start_included, self.end_included = start_included, end_included

    def parts(self) -> tuple[Any, bool, Any, bool]:
        return self.start, self.start_included, self.end, self.end_included

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash(self.parts())

    def __repr__(self) -> str:
        return (
            f"{'[' if self.start_included else '('}{self.start!r}..{self.end!r}"
            f"{']' if self.end_included else ')'}"
        )


class Function:
    """A function as a value: `call(*arguments)` with one argument for each of `parameters`.

    `call` gets FEEL values and returns one. A decision model builds its business knowledge
    models from this class and passes them in the context.
    """

    __slots__ = ("call", "name", "parameters", "types", "wants_run")

    def __init__(
        self,
        name: str,
        parameters: tuple[str, ...],
        call: Callable[..., Any],
        types: tuple[Any, ...] = (),
        wants_run: bool = False,
    ) -> None:
        self.name, self.parameters, self.call = name, tuple(parameters), call
        self.types, self.wants_run = types, wants_run

    def __repr__(self) -> str:
        return f"function {self.name}({', '.join(self.parameters)})"


_CLEAN = PLAIN | {list, YearsMonths, Range, Function}


def imported(value: Any) -> Any:
    """The FEEL value for a Python value of the variables; raises FeelError for foreign objects."""
    kind = value.__class__
    if kind in PLAIN or kind is YearsMonths or kind is Range or kind is Function:
        return value
    if kind is Decimal:
        return value if value.is_finite() else _foreign(value)
    if kind is list:
        # a list or context inside is looked at when it is reached
        for item in value:
            if item.__class__ not in _CLEAN:
                return [item if item.__class__ in _CLEAN else imported(item) for item in value]
        return value
    return _imported_slowly(value)


def _imported_slowly(value: Any) -> Any:
    if isinstance(value, float):
        number = Decimal(repr(float(value)))
        return number if number.is_finite() else _foreign(value)
    for base in (int, str, Decimal):
        if isinstance(value, base):
            return str.__str__(value) if base is str else base(value)
    if isinstance(value, list | tuple):
        return imported(list(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return value
    return _foreign(value)


def _foreign(value: Any) -> Any:
    raise error("value", kind=type(value).__name__)


def measured(value: Any) -> Any:
    """The value itself; raises BudgetExceeded when all values inside are more than ITEMS.

    A list may hold the same list twice, so a value can be far larger than its memory.
    """
    left = budget.ITEMS
    waiting = [value]
    while waiting:
        found = waiting.pop()
        inner = found.values() if found.__class__ is dict else found
        left -= len(inner)
        if left < 0:
            budget.check_items(budget.ITEMS + 1)
        waiting.extend(item for item in inner if item.__class__ is list or item.__class__ is dict)
    return value


def is_number(value: Any) -> bool:
    return value.__class__ in NUMBERS


def type_name(value: Any) -> str:
    """The FEEL name of a value's type."""
    if value is None:
        return "null"
    name = _TYPE_NAMES.get(value.__class__)
    if name:
        return name
    for kind, kind_name in _TYPE_NAMES.items():
        if isinstance(value, kind):
            return kind_name
    return "Any"


_TYPE_NAMES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    dt.datetime: "date and time",
    dt.date: "date",
    dt.time: "time",
    dt.timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    Function: "function",
}
