"""What an input cell says, as a set: for the fast test of a cell and for the static findings.

Only cells made of constants are read here (`"A","B"`, `>= 100`, `[1..30]`, `not("x")`, `true`); every other cell
is unknown to this module and is left to the expression language, whose meaning this module must never change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_ITEM = re.compile(
    rf'\s*(?:(?P<string>"[^"\\]*")|(?P<boolean>true|false)\b'
    rf"|(?P<range>(?P<open>[\[\](])\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*(?P<close>[\[\])]))"
    rf"|(?P<operator><=|>=|<|>)?\s*(?P<number>{_NUMBER}))\s*(?P<end>,|$)"
)
_NOT = re.compile(r"not\s*\((?P<inner>.*)\)$", re.DOTALL)
_INFINITE = Decimal("Infinity")

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers between two bounds, each included or not."""

    low: Decimal
    high: Decimal
    low_in: bool = True
    high_in: bool = True

    def has(self, number: Decimal) -> bool:
        return (self.low < number or (self.low_in and self.low == number)) and (
            number < self.high or (self.high_in and self.high == number)
        )

    def meets(self, other: Interval) -> bool:
        low, high = (self, other) if self.low <= other.low else (other, self)
        if low.low == high.low:
            return low._inhabited(high)
        return high.low < low.high or (high.low == low.high and high.low_in and low.high_in)

    def _inhabited(self, other: Interval) -> bool:
        both_in = self.low_in and other.low_in
        return both_in or min(self.high, other.high) > self.low

    def covers(self, other: Interval) -> bool:
        low = self.low < other.low or (self.low == other.low and (self.low_in or not other.low_in))
        high = self.high > other.high or (
            self.high == other.high and (self.high_in or not other.high_in)
        )
        return low and high


@dataclass(frozen=True, slots=True)
class Region:
    """The values a constant cell accepts: intervals of numbers, or words, or truth values."""

    kind: str  # "number", "string" or "boolean"
    intervals: tuple[Interval, ...] = ()
    words: frozenset[object] = frozenset()
    negated: bool = False


ANY = Region("any")


def read(text: str) -> Region | None:
    """The region of a cell; ANY for an empty cell or `-`; None when the cell is not made of constants."""
    text = text.strip()
    if text in ("", "-"):
        return ANY
    inner = _NOT.match(text)
    if inner:
        region = _items(inner["inner"])
        return Region(region.kind, region.intervals, region.words, True) if region else None
    return _items(text)


def _items(text: str) -> Region | None:
    intervals: list[Interval] = []
    words: list[object] = []
    kinds: set[str] = set()
    position, more = 0, True
    while more:
        item = _ITEM.match(text, position)
        if item is None:
            return None
        position, more = item.end(), item["end"] == ","
        kind, value = _item(item)
        kinds.add(kind)
        if isinstance(value, Interval):
            intervals.append(value)
        else:
            words.append(value)
    if len(kinds) != 1 or position < len(text):
        return None
    return Region(kinds.pop(), tuple(intervals), frozenset(words))


def _item(item: re.Match[str]) -> tuple[str, object]:
    if item["string"] is not None:
        return "string", item["string"][1:-1]
    if item["boolean"] is not None:
        return "boolean", item["boolean"] == "true"
    if item["range"] is not None:
        return "number", Interval(
            Decimal(item["low"]), Decimal(item["high"]), item["open"] == "[", item["close"] == "]"
        )
    number = Decimal(item["number"])
    match item["operator"]:
        case "<":
            return "number", Interval(-_INFINITE, number, True, False)
        case "<=":
            return "number", Interval(-_INFINITE, number)
        case ">":
            return "number", Interval(number, _INFINITE, False, True)
        case ">=":
            return "number", Interval(number, _INFINITE)
    return "number", Interval(number, number)


KINDS: dict[type, str] = {str: "string", int: "number", Decimal: "number", bool: "boolean"}
"""Kind of a value by its class. A quick test may only be asked about values of its region's kind."""


def quick(region: Region | None) -> Test | None:
    """A test of one value as fast as Python allows; None when only the expression language knows."""
    if region is None or region is ANY:
        return None
    test = _within(region.intervals) if region.kind == "number" else _among(region.words)
    if region.negated:
        return lambda value: not test(value)
    return test


def _among(words: frozenset[object]) -> Test:
    if len(words) == 1:
        (word,) = words
        return lambda value: value == word
    return words.__contains__


def _within(intervals: tuple[Interval, ...]) -> Test:
    if len(intervals) != 1:
        tests = [_within((one,)) for one in intervals]
        return lambda value: any(test(value) for test in tests)
    one = intervals[0]
    low, high = one.low, one.high
    if low == high and one.low_in and one.high_in:
        return lambda value: value == low
    if high == _INFINITE:
        return (lambda value: value >= low) if one.low_in else (lambda value: value > low)
    if low == -_INFINITE:
        return (lambda value: value <= high) if one.high_in else (lambda value: value < high)
    return one.has


def meet(one: Region | None, other: Region | None) -> bool | None:
    """Whether some value lies in both; None when that cannot be told."""
    if one is ANY or other is ANY:
        return True
    if one is None or other is None:
        return None
    if one.kind != other.kind:
        return None if one.negated or other.negated else False
    if one.negated and other.negated:
        return None if one.kind != "string" else True
    if one.negated or other.negated:
        positive, negative = (other, one) if one.negated else (one, other)
        return bool(positive.words - negative.words) if one.kind == "string" else None
    if one.kind == "number":
        return any(a.meets(b) for a in one.intervals for b in other.intervals)
    return bool(one.words & other.words)


def covers(one: Region | None, other: Region | None) -> bool:
    """Whether every value the other accepts is accepted by this one (False when it cannot be told)."""
    if one is ANY:
        return True
    if one is None or other is None or other is ANY or one.kind != other.kind:
        return False
    if one.negated or other.negated:
        return one.negated and other.negated and one.words <= other.words and one.kind == "string"
    if one.kind == "number":
        return all(any(a.covers(b) for a in one.intervals) for b in other.intervals)
    return other.words <= one.words
