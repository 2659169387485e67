"""The tree of an expression. `at` is the position in the text and does not count for equality."""

from dataclasses import dataclass, field
from typing import Any


def _at() -> Any:
    return field(default=0, compare=False, repr=False)


@dataclass(slots=True)
class Literal:
    value: Any
    at: int = _at()


@dataclass(slots=True)
class Temporal:
    """`@"2026-01-31"`"""

    text: str
    value: Any
    at: int = _at()


@dataclass(slots=True)
class Name:
    name: str
    at: int = _at()


@dataclass(slots=True)
class Path:
    source: Any
    name: str
    at: int = _at()


@dataclass(slots=True)
class Filter:
    """`source[condition]`; `from_zero` counts as `${…}` does."""

    source: Any
    condition: Any
    from_zero: bool = False
    at: int = _at()


@dataclass(slots=True)
class Call:
    function: Any
    arguments: list[Any]
    names: list[str] | None = None
    at: int = _at()


@dataclass(slots=True)
class ListOf:
    items: list[Any]
    at: int = _at()


@dataclass(slots=True)
class ContextOf:
    entries: list[tuple[str, Any]]
    at: int = _at()


@dataclass(slots=True)
class RangeOf:
    start: Any
    end: Any
    start_included: bool
    end_included: bool
    at: int = _at()


@dataclass(slots=True)
class Negate:
    operand: Any
    at: int = _at()


@dataclass(slots=True)
class Not:
    operand: Any
    at: int = _at()


@dataclass(slots=True)
class Empty:
    operand: Any
    at: int = _at()


@dataclass(slots=True)
class Binary:
    """Arithmetic and comparison."""

    operator: str
    left: Any
    right: Any
    at: int = _at()


@dataclass(slots=True)
class Logic:
    """`and` or `or` over two or more operands."""

    operator: str
    operands: list[Any]
    at: int = _at()


@dataclass(slots=True)
class Between:
    operand: Any
    low: Any
    high: Any
    at: int = _at()


@dataclass(slots=True)
class In:
    operand: Any
    tests: Any
    at: int = _at()


@dataclass(slots=True)
class Test:
    """`< 5`, `= 5`, or with operator "" a value, a range or a condition on `?`."""

    operator: str
    operand: Any
    at: int = _at()


@dataclass(slots=True)
class Tests:
    """Alternatives of a unary test; none at all is `-`."""

    tests: list[Any]
    negated: bool = False
    at: int = _at()


@dataclass(slots=True)
class If:
    condition: Any
    then: Any
    otherwise: Any
    at: int = _at()


@dataclass(slots=True)
class For:
    """`iterators`: name and what it runs over (a RangeOf for `1..5`)."""

    iterators: list[tuple[str, Any]]
    body: Any
    at: int = _at()


@dataclass(slots=True)
class Quantified:
    every: bool
    iterators: list[tuple[str, Any]]
    condition: Any
    at: int = _at()


@dataclass(slots=True)
class InstanceOf:
    operand: Any
    type: Any
    at: int = _at()


@dataclass(slots=True)
class TypeOf:
    """A type: its name, element types (`list<…>`, `range<…>`) and members (`context<a: …>`)."""

    name: str
    items: list[Any] = field(default_factory=list)
    members: list[tuple[str, Any]] = field(default_factory=list)
    result: Any = None
    at: int = _at()


@dataclass(slots=True)
class FunctionOf:
    parameters: list[tuple[str, Any]]
    body: Any
    at: int = _at()


@dataclass(slots=True)
class External:
    """A function whose body is Java's or a model's; never run here."""

    at: int = _at()


@dataclass(slots=True)
class Template:
    """Text with `${…}` inside; `parts` are str and nodes in turn."""

    parts: list[Any]
    at: int = _at()
