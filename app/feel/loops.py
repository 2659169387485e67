"""Closures of `for`, `some`, `every` and filters. Every round is charged to the budget."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from app.feel import budget, nodes
from app.feel.build import Builder, Closure, Scope, writes
from app.feel.values import NUMBERS, PLAIN, Range, imported

Domain = Callable[[Scope], Iterable[Any] | None]
_DAY = dt.timedelta(days=1)


def domain(builder: Builder, node: Any) -> Domain:
    """What an iterator runs over, made anew each time; None when it cannot be run over."""
    if isinstance(node, nodes.RangeOf):
        start, end = builder.build(node.start), builder.build(node.end)
        low, high = node.start_included, node.end_included
        return lambda scope: _between(start(scope), end(scope), low, high, scope)
    source = builder.build(node)

    def run_over(scope: Scope) -> Iterable[Any] | None:
        value = source(scope)
        if value.__class__ is list:
            return value
        if value.__class__ is Range:
            return _between(*_ends(value), scope)
        return None if value is None else [value]

    return run_over


def _ends(value: Range) -> tuple[Any, Any, bool, bool]:
    return value.start, value.end, value.start_included, value.end_included


def _between(a: Any, b: Any, low: bool, high: bool, scope: Scope) -> Iterable[Any] | None:
    """The whole numbers or days from a to b, downwards when b is below a."""
    if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
        if a != int(a) or b != int(b):
            return None
        first, last = int(a), int(b)
        step = 1 if first <= last else -1
        first, last = first + (0 if low else step), last + (step if high else 0)
        if abs(last - first) > scope.run.steps:
            scope.run.spend(abs(last - first))
        return range(first, last, step)
    if type(a) is dt.date and type(b) is dt.date:
        return _days(a, b, low, high)
    return None


def _days(a: dt.date, b: dt.date, low: bool, high: bool) -> Iterator[dt.date]:
    step = 1 if a <= b else -1
    first, last = a.toordinal() + (0 if low else step), b.toordinal() + (step if high else 0)
    return (dt.date.fromordinal(number) for number in range(first, last, step))


class _Iterators:
    """Several iterators as one stream of scopes, the last one turning fastest."""

    def __init__(self, builder: Builder, iterators: list[tuple[str, Any]]) -> None:
        self.names = [name for name, _ in iterators]
        self.domains: list[Domain] = []
        bound: list[str] = []
        for name, source in iterators:
            builder.locals.append(frozenset(bound))
            self.domains.append(domain(builder, source))
            builder.locals.pop()
            bound.append(name)

    def rounds(self, scope: Scope, given: dict[str, Any], cost: int) -> Iterator[Scope]:
        """A scope for every round; raises TypeError when a domain cannot be run over."""
        inner = Scope(given, scope, scope.run)
        return self._turn(0, inner, given, cost)

    def _turn(self, level: int, scope: Scope, given: dict[str, Any], cost: int) -> Iterator[Scope]:
        values = self.domains[level](scope)
        if values is None:
            raise NotIterable
        name, last = self.names[level], level == len(self.names) - 1
        spend = scope.run.spend
        for value in values:
            spend(cost)
            made = {**given, name: value if value.__class__ in PLAIN else imported(value)}
            inner = Scope(made, scope.parent, scope.run)
            if last:
                yield inner
            else:
                yield from self._turn(level + 1, inner, made, cost)


class NotIterable(Exception):
    """A domain is null; the loop gives null."""


@writes(nodes.For)
def _for(builder: Builder, node: nodes.For) -> Closure:
    iterators = _Iterators(builder, node.iterators)
    body, cost = builder.inside([*iterators.names, "partial"], node.body)

    partial = "partial" in builder.used

    def loop(scope: Scope) -> Any:
        results: list[Any] = []
        try:
            for inner in iterators.rounds(scope, {}, cost):
                if partial:  # a copy: the body may keep what it was given
                    scope.run.spend(len(results))
                    inner.vars["partial"] = list(results)  # type: ignore[index]
                results.append(body(inner))
        except NotIterable:
            return None
        budget.check_items(len(results))
        return results

    return loop


@writes(nodes.Quantified)
def _quantified(builder: Builder, node: nodes.Quantified) -> Closure:
    iterators = _Iterators(builder, node.iterators)
    condition, cost = builder.inside(iterators.names, node.condition)
    decisive = not node.every

    def quantified(scope: Scope) -> bool | None:
        result: bool | None = not decisive
        try:
            for inner in iterators.rounds(scope, {}, cost):
                value = condition(inner)
                if value is decisive:
                    return decisive
                if value.__class__ is not bool:
                    result = None
        except NotIterable:
            return None
        return result

    return quantified


# filters


@writes(nodes.Filter)
def _filter(builder: Builder, node: nodes.Filter) -> Closure:
    source = builder.build(node.source)
    shift = 1 if node.from_zero else 0
    if isinstance(node.condition, nodes.Literal) and node.condition.value.__class__ in NUMBERS:
        return _index(source, node.condition.value, shift)
    # any property of an item may be named inside, so nothing in there is surely free
    before = dict(builder.free)
    condition, cost = builder.inside(["item"], node.condition)
    inside = [name for name in builder.free if name not in before]
    builder.filtered.update(inside)

    def filtered(scope: Scope) -> Any:
        items = source(scope)
        if node.from_zero and items.__class__ is dict:
            return _by_key(items, condition(scope))
        if items is None:
            return None
        if items.__class__ is not list:
            items = [items]
        return _kept(items, condition, cost, scope, shift)

    return filtered


def _by_key(context: dict[str, Any], key: Any) -> Any:
    return imported(context.get(key)) if key.__class__ is str else None


def _index(source: Closure, position: Any, shift: int) -> Closure:
    def pick(scope: Scope) -> Any:
        items = source(scope)
        if items.__class__ is not list:
            items = [] if items is None else [items]
        return at(items, position, shift)

    return pick


def at(items: list[Any], position: int | Decimal, shift: int = 0) -> Any:
    """The item at a position that counts from 1 (or, shifted, from 0), or from the end."""
    if position != int(position):
        return None
    index = int(position)
    if index >= 0:
        index += shift - 1
        if index < 0:
            return None
    if not -len(items) <= index < len(items):
        return None
    return imported(items[index])


def _kept(items: list[Any], condition: Closure, cost: int, scope: Scope, shift: int) -> Any:
    kept: list[Any] = []
    spend = scope.run.spend
    for position, item in enumerate(items):
        spend(cost)
        if item.__class__ not in PLAIN:
            item = imported(item)
        inner = Scope({"item": item}, scope, scope.run)
        if item.__class__ is dict:
            inner = Scope(item, inner, scope.run)
        result = condition(inner)
        if result is True:
            kept.append(item)
        elif position == 0 and result.__class__ in NUMBERS:
            return at(items, result, shift)
    return kept
