"""Functions on lists. A list given is never changed; what comes back is a new one."""

import datetime as dt
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from app.feel import arithmetic, budget, compare
from app.feel.budget import Run
from app.feel.builtins.registry import builtin, invoke
from app.feel.values import CONTEXT, NUMBERS, Function, YearsMonths, imported

_LIST_OR_ITEMS = "list:l | items*:a"


def _items(arguments: tuple[Any, ...]) -> list[Any]:
    """The items of a function that takes one list or its items one by one."""
    if len(arguments) == 1 and arguments[0].__class__ is list:
        return arguments[0]
    return list(arguments)


def _numbers(arguments: tuple[Any, ...]) -> list[Any] | None:
    """The items when there are some and all are numbers."""
    items = _items(arguments)
    return items if items and all(item.__class__ in NUMBERS for item in items) else None


@builtin("count", "list:l | items*:a")
def count(*arguments: Any) -> int | None:
    if (len(arguments) == 1 and arguments[0] is None) or not arguments:
        return None
    return len(_items(arguments))


@builtin("list contains", "list:l, element:a")
def list_contains(items: list[Any], element: Any) -> bool:
    return any(compare.equal(imported(item), element) is True for item in items)


@builtin("min", _LIST_OR_ITEMS)
def minimum(*arguments: Any) -> Any:
    return _extreme(_items(arguments), -1)


@builtin("max", _LIST_OR_ITEMS)
def maximum(*arguments: Any) -> Any:
    return _extreme(_items(arguments), 1)


def _extreme(items: list[Any], side: int) -> Any:
    if not items or compare.order_key(items[0]) is None:
        return None
    best = items[0]
    for item in items[1:]:
        order = compare.comparison(item, best)
        if order is None:
            return None
        if order == side:
            best = item
    return best


@builtin("sum", _LIST_OR_ITEMS)
def total(*arguments: Any) -> Any:
    items = _items(arguments)
    if not items or not all(_adds_up(item) for item in items):
        return None
    result = items[0]
    for item in items[1:]:
        result = arithmetic.add(result, item)
    return result


def _adds_up(item: Any) -> bool:
    return item.__class__ in NUMBERS or isinstance(item, dt.timedelta | YearsMonths)


@builtin("product", _LIST_OR_ITEMS)
def product(*arguments: Any) -> Any:
    items = _numbers(arguments)
    if items is None:
        return None
    result: Any = 1
    for item in items:
        result = arithmetic.multiply(result, item)
    return result


@builtin("mean", _LIST_OR_ITEMS)
def mean(*arguments: Any) -> Any:
    items = _items(arguments)
    return arithmetic.divide(total(*arguments), len(items)) if items else None


@builtin("median", _LIST_OR_ITEMS)
def median(*arguments: Any) -> Any:
    items = _numbers(arguments)
    if items is None:
        return None
    ordered, half = sorted(items), len(items) // 2
    if len(items) % 2:
        return ordered[half]
    return arithmetic.divide(arithmetic.add(ordered[half - 1], ordered[half]), 2)


@builtin("stddev", _LIST_OR_ITEMS)
def stddev(*arguments: Any) -> Any:
    """The standard deviation of a sample."""
    items = _numbers(arguments)
    if items is None or len(items) < 2:
        return None
    middle = mean(items)
    squares = total([arithmetic.power(arithmetic.subtract(item, middle), 2) for item in items])
    return CONTEXT.sqrt(Decimal(arithmetic.divide(squares, len(items) - 1)))


@builtin("mode", _LIST_OR_ITEMS)
def mode(*arguments: Any) -> Any:
    """The numbers that occur most often, in ascending order."""
    if not _items(arguments):
        return [] if arguments else None
    items = _numbers(arguments)
    if items is None:
        return None
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values())
    return sorted(item for item, times in counts.items() if times == most)


@builtin("all", _LIST_OR_ITEMS)
def all_true(*arguments: Any) -> bool | None:
    return _decided(arguments, False)


@builtin("any", _LIST_OR_ITEMS)
def any_true(*arguments: Any) -> bool | None:
    return _decided(arguments, True)


def _decided(arguments: tuple[Any, ...], decisive: bool) -> bool | None:
    if not arguments:
        return None
    items = _items(arguments)
    if any(item is decisive for item in items):
        return decisive
    return (not decisive) if all(item.__class__ is bool for item in items) else None


def _position(items: list[Any], position: Any) -> int | None:
    """The index of a position from 1, or from the end; None outside the list."""
    index = int(position)
    index = index - 1 if index > 0 else len(items) + index
    return index if int(position) and 0 <= index < len(items) else None


@builtin("sublist", "list:l, start position:i, length?:i")
def sublist(items: list[Any], start: Any, length: Any = None) -> list[Any] | None:
    index = _position(items, start)
    if index is None:
        return None
    if length is None:
        return items[index:]
    end = index + int(length)
    return items[index:end] if length >= 0 and end <= len(items) else None


@builtin("append", "list:l, items*:a | list:l, item:a")
def append(items: list[Any], *more: Any) -> list[Any] | None:
    budget.check_items(len(items) + len(more))
    return [*items, *more] if more else None


@builtin("concatenate", "lists*:l")
def concatenate(*lists: list[Any]) -> list[Any] | None:
    budget.check_items(sum(map(len, lists)))
    return [item for items in lists for item in items] if lists else None


@builtin("union", "lists*:l")
def union(*lists: list[Any]) -> list[Any] | None:
    joined = concatenate(*lists)
    return None if joined is None else distinct_values(joined)


@builtin("insert before", "list:l, position:i, newItem:a")
def insert_before(items: list[Any], position: Any, item: Any) -> list[Any] | None:
    index = _position(items, position)
    return None if index is None else [*items[:index], item, *items[index:]]


@builtin("remove", "list:l, position:i")
def remove(items: list[Any], position: Any) -> list[Any] | None:
    index = _position(items, position)
    return None if index is None else items[:index] + items[index + 1 :]


@builtin("list replace", "list:l, position:i, newItem:a | list:l, match:f, newItem:a", run=True)
def list_replace(run: Run, items: list[Any], which: Any, new: Any) -> list[Any] | None:
    if which.__class__ is not Function:
        index = _position(items, which)
        return None if index is None else [*items[:index], new, *items[index + 1 :]]
    made = []
    for item in items:
        found = invoke(which, run, [imported(item), new])
        if found.__class__ is not bool:
            return None
        made.append(new if found else item)
    return made


@builtin("reverse", "list:l")
def reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@builtin("index of", "list:l, match:a")
def index_of(items: list[Any], match: Any) -> list[int]:
    return [at for at, item in enumerate(items, 1) if compare.equal(imported(item), match) is True]


@builtin("distinct values", "list:l")
def distinct_values(items: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(compare.identity(item), item)
    return list(seen.values())


@builtin("duplicate values", "list:l")
def duplicate_values(items: list[Any]) -> list[Any]:
    seen: dict[Any, Any] = {}
    twice: dict[Any, Any] = {}
    for item in items:
        key = compare.identity(item)
        if key in seen:
            twice.setdefault(key, seen[key])
        seen.setdefault(key, item)
    return list(twice.values())


@builtin("flatten", "list:l", run=True)
def flatten(run: Run, items: list[Any]) -> list[Any]:
    made: list[Any] = []
    _flatten(items, made, run)
    return made


def _flatten(items: list[Any], made: list[Any], run: Run) -> None:
    run.spend(len(items))
    for item in items:
        if item.__class__ is list:
            _flatten(item, made, run)
        else:
            made.append(imported(item))


@builtin("sort", "list:l, precedes?:f", run=True)
def sort(run: Run, items: list[Any], precedes: Function | None = None) -> list[Any] | None:
    """In the order of `precedes(a, b)`; without it, ascending."""
    if precedes is None:
        for other in items[1:]:
            if compare.comparison(items[0], other) is None:
                return None
        return sorted(items, key=cmp_to_key(lambda a, b: compare.comparison(a, b) or 0))
    if len(precedes.parameters) != 2:
        return None
    return [each.item for each in sorted(_Sorted(item, precedes, run) for item in items)]


class _Sorted:
    """An item that asks the given function whether it comes before another."""

    __slots__ = ("item", "precedes", "run")

    def __init__(self, item: Any, precedes: Function, run: Run) -> None:
        self.item, self.precedes, self.run = imported(item), precedes, run

    def __lt__(self, other: "_Sorted") -> bool:
        return invoke(self.precedes, self.run, [self.item, other.item]) is True


@builtin("partition", "list:l, size:i")
def partition(items: list[Any], size: Any) -> list[list[Any]] | None:
    """The list in pieces of `size` items."""
    step = int(size)
    return [items[at : at + step] for at in range(0, len(items), step)] if step > 0 else None
