"""Item definitions: what a value must look like, how it is coerced, and what happens when it does not fit.

The standard's rule (DMN 1.3 §10.3.2.9.4): a value conforms, or it is converted (one-element list and element,
date to date and time), or it becomes null. Null conforms to every type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.feel.dmn import read
from app.feel.values import Function, YearsMonths

Predicate = Callable[[Any], bool]
Allowed = Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, (Decimal, int, float)) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    try:
        return _number(value) and value == int(value)
    except (ArithmeticError, ValueError):  # infinite, or not a number
        return False


def _date(value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _days(value: Any) -> bool:
    return isinstance(value, dt.timedelta)


def _months(value: Any) -> bool:
    return isinstance(value, YearsMonths)


def _function(value: Any) -> bool:
    return isinstance(value, Function)


BASE: dict[str, Predicate] = {
    "Any": lambda value: True,
    "number": _number,
    "integer": _whole,
    "long": _whole,
    "double": _number,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "date": _date,
    "time": lambda value: isinstance(value, dt.time),
    "date and time": lambda value: isinstance(value, dt.datetime),
    "years and months duration": _months,
    "days and time duration": _days,
    "duration": lambda value: _days(value) or _months(value),
    "context": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "function": _function,
}
_ALIAS = {
    "dateTime": "date and time",
    "dateandtime": "date and time",
    "yearMonthDuration": "years and months duration",
    "dayTimeDuration": "days and time duration",
    "days and time": "days and time duration",
    "years and months": "years and months duration",
    "any": "Any",
    "float": "number",
    "decimal": "number",
    "int": "integer",
    "short": "integer",
    "text": "string",
}


@dataclass(slots=True)
class Type:
    """One type: a base kind, or components, or a collection of another type, with allowed values."""

    name: str
    base: Predicate | None = None
    components: dict[str, Type] = field(default_factory=dict)
    item: Type | None = None
    allowed: Allowed | None = None
    parent: Type | None = None
    order: tuple[Any, ...] = ()

    def conforms(self, value: Any) -> bool:
        if value is None:
            return True
        if self.item is not None:
            fits = isinstance(value, list) and all(map(self.item.conforms, value))
        elif self.components:
            fits = isinstance(value, dict) and all(
                key in value and part.conforms(value[key]) for key, part in self.components.items()
            )
        else:
            fits = (
                self.parent.conforms(value) if self.parent else bool(self.base and self.base(value))
            )
        return fits and (self.allowed is None or self.allowed(value))

    def coerce(self, value: Any) -> tuple[Any, bool]:
        """The value as this type and whether it could be (a value that could not is null)."""
        if self.conforms(value):
            return value, True
        element = self.element
        if element is not None and not isinstance(value, list):
            inner, fits = element.coerce(value)
            return ([inner], True) if fits and self.conforms([inner]) else (None, False)
        if element is None and isinstance(value, list) and len(value) == 1:
            return self.coerce(value[0])
        if self.kind == "date and time" and _date(value):
            moment = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
            return (moment, True) if self.conforms(moment) else (None, False)
        return None, False

    @property
    def function(self) -> bool:
        """Whether its values are functions."""
        return self.parent.function if self.parent else self.base is _function

    @property
    def element(self) -> Type | None:
        """Type of one element when this is a list type."""
        return self.item or (self.parent.element if self.parent else None)

    @property
    def parts(self) -> dict[str, Type]:
        """Types of the components when this is a structure."""
        return self.components or (self.parent.parts if self.parent else {})

    @property
    def kind(self) -> str:
        """Name of the base type at the bottom of the chain, "" for structures and lists."""
        bottom = self
        while bottom.parent is not None:
            bottom = bottom.parent
        return bottom.name if bottom.base is not None else ""


ANY = Type("Any", base=BASE["Any"])


class Types:
    """The types a model knows: the standard's, Camunda 7's, and its own item definitions."""

    def __init__(self, allowed: Callable[[read.Element], tuple[Allowed, tuple[Any, ...]]]) -> None:
        self._allowed = allowed
        self._types: dict[str, Type] = {n: Type(n, base=check) for n, check in BASE.items()}
        self._types |= {alias: self._types[n] for alias, n in _ALIAS.items()}
        self._definitions: dict[str, read.Element] = {}

    def define(self, definitions: Iterable[read.Element]) -> None:
        """Item definitions of a file, in any order; they are read when first needed."""
        self._definitions |= {read.name(one): one for one in definitions}
        for own in self._definitions:
            self._types.pop(own, None)

    def get(self, name: str) -> Type | None:
        """The type of that name, None when nobody defined it (or it defines itself by itself)."""
        if not name:
            return ANY
        if name not in self._types and name in self._definitions:
            self._types[name] = unfinished = Type(name, base=BASE["Any"])
            made = self._build(self._definitions[name], name)
            for slot in ("base", "components", "item", "allowed", "parent", "order"):
                setattr(unfinished, slot, getattr(made, slot))
        return self._types.get(name)

    def _build(self, element: read.Element, name: str) -> Type:
        inner = self._inner(element, name)
        holder = read.kid(element, "allowedValues")
        if holder is not None:
            allowed, order = self._allowed(holder)
            inner = Type(name, parent=inner, allowed=allowed, order=order)
        if element.get("isCollection") == "true":
            inner = Type(name, item=inner)
        constraint = read.kid(element, "typeConstraint")
        if constraint is not None:
            allowed, order = self._allowed(constraint)
            inner = Type(name, parent=inner, allowed=allowed, order=order)
        return inner

    def _inner(self, element: read.Element, name: str) -> Type:
        parts = list(read.kids(element, "itemComponent"))
        if parts:
            return Type(name, components={read.name(part): self._build(part, "") for part in parts})
        if read.kid(element, "functionItem") is not None:
            return Type(name, base=_function)
        parent = self.get(read.type_ref(element))
        if parent is None:
            return ANY
        return (
            parent
            if parent.components or parent.item
            else Type(name, parent=parent, order=parent.order)
        )
