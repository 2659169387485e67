"""Closures of the operators. Numbers take a short way; everything else goes by kind."""

import operator
from collections.abc import Callable
from typing import Any

from app.feel import arithmetic, compare, errors, nodes
from app.feel.build import Builder, Closure, Scope, writes
from app.feel.compare import Ternary
from app.feel.values import EXACT_INT, NUMBERS, Function, type_name

_FAST: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERS: dict[str, Callable[[Any, Any], Ternary]] = {
    "<": compare.less,
    "<=": compare.less_equal,
    ">": compare.greater,
    ">=": compare.greater_equal,
}
_INT: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


def _mismatch(sign: str, at: int, text: str, a: Any, b: Any) -> errors.FeelError:
    left, right = type_name(a), type_name(b)
    return errors.error(
        "types",
        at,
        text,
        operator=sign,
        left_en=left,
        right_en=right,
        left=errors.TYPE_NAMES.get(left, (left, left))[0],
        right=errors.TYPE_NAMES.get(right, (right, right))[0],
    )


@writes(nodes.Binary)
def _binary(builder: Builder, node: nodes.Binary) -> Closure:
    if node.operator in ("=", "!="):
        return _equality(builder, node)
    return _order(builder, node) if node.operator in _FAST else _arithmetic(builder, node)


def _equality(builder: Builder, node: nodes.Binary) -> Closure:
    left, right = builder.build(node.left), builder.build(node.right)
    if isinstance(node.right, nodes.Literal) and node.right.value.__class__ is str:
        return _text_equality(left, node.right.value, node.operator == "!=")
    if node.operator == "=":
        return lambda scope: compare.equal(left(scope), right(scope))
    return lambda scope: compare.not_equal(left(scope), right(scope))


def _text_equality(left: Closure, wanted: str, negated: bool) -> Closure:
    def equal(scope: Scope) -> Ternary:
        value = left(scope)
        if value.__class__ is str:
            return (value == wanted) is not negated
        return negated if value is None else None

    return equal


def _order(builder: Builder, node: nodes.Binary) -> Closure:
    sign, at, text = node.operator, node.at, builder.text
    left, right = builder.build(node.left), builder.build(node.right)
    fast, slow = _FAST[sign], _ORDERS[sign]

    def other(scope: Scope, a: Any, b: Any) -> Ternary:
        result = slow(a, b)
        if result is None and scope.run.strict and a is not None and b is not None:
            raise _mismatch(sign, at, text, a, b)
        return result

    if isinstance(node.right, nodes.Literal) and node.right.value.__class__ in NUMBERS:
        limit = node.right.value

        def against(scope: Scope) -> Ternary:
            a = left(scope)
            if a.__class__ in NUMBERS:
                return fast(a, limit)
            return other(scope, a, limit)

        return against

    def ordered(scope: Scope) -> Ternary:
        a, b = left(scope), right(scope)
        if a.__class__ in NUMBERS and b.__class__ in NUMBERS:
            return fast(a, b)
        return other(scope, a, b)

    return ordered


def _arithmetic(builder: Builder, node: nodes.Binary) -> Closure:
    sign, at, text = node.operator, node.at, builder.text
    left, right = builder.build(node.left), builder.build(node.right)
    slow, whole = arithmetic.OPERATIONS[sign], _INT.get(sign)

    def other(scope: Scope, a: Any, b: Any) -> Any:
        result = slow(a, b)
        if result is None and scope.run.strict and a is not None and b is not None:
            numbers = a.__class__ in NUMBERS and b.__class__ in NUMBERS
            if not numbers and type_name(a) + sign + type_name(b) not in _MAY_BE_NULL:
                raise _mismatch(sign, at, text, a, b)
        return result

    if whole is None:
        return lambda scope: other(scope, left(scope), right(scope))

    def whole_first(scope: Scope) -> Any:
        a, b = left(scope), right(scope)
        if a.__class__ is int and b.__class__ is int:
            result = whole(a, b)
            if -EXACT_INT < result < EXACT_INT:
                return result
        return other(scope, a, b)

    return whole_first


# kinds that fit together, where null means "out of range" or "one has no zone"
_MAY_BE_NULL = frozenset(
    f"{a}{sign}{b}"
    for a in (
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
    )
    for sign in "+-*/"
    for b in (
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "number",
    )
)


@writes(nodes.Logic)
def _logic(builder: Builder, node: nodes.Logic) -> Closure:
    parts = [builder.build(operand) for operand in node.operands]
    decisive = node.operator == "or"
    if len(parts) == 2:
        return _two(parts[0], parts[1], decisive)

    def combined(scope: Scope) -> Ternary:
        result: Ternary = not decisive
        for part in parts:
            value = part(scope)
            if value is decisive:
                return decisive
            if value.__class__ is not bool:
                result = None
        return result

    return combined


def _two(left: Closure, right: Closure, decisive: bool) -> Closure:
    def combined(scope: Scope) -> Ternary:
        a = left(scope)
        if a is decisive:
            return decisive
        b = right(scope)
        if b is decisive:
            return decisive
        return (not decisive) if a.__class__ is bool and b.__class__ is bool else None

    return combined


@writes(nodes.Negate)
def _negate(builder: Builder, node: nodes.Negate) -> Closure:
    operand = builder.build(node.operand)
    return lambda scope: arithmetic.negate(operand(scope))


@writes(nodes.Not)
def negation(builder: Builder, node: nodes.Not) -> Closure:
    operand = builder.build(node.operand)
    return lambda scope: compare.negated(operand(scope))


@writes(nodes.Empty)
def _empty(builder: Builder, node: nodes.Empty) -> Closure:
    operand = builder.build(node.operand)

    def empty(scope: Scope) -> bool:
        value = operand(scope)
        return value is None or (value.__class__ in (str, list, dict) and not value)

    return empty


@writes(nodes.Between)
def _between(builder: Builder, node: nodes.Between) -> Closure:
    value, low, high = (builder.build(part) for part in (node.operand, node.low, node.high))

    def between(scope: Scope) -> Ternary:
        a = value(scope)
        return compare.both(
            compare.greater_equal(a, low(scope)), compare.less_equal(a, high(scope))
        )

    return between


@writes(nodes.RangeOf)
def _range(builder: Builder, node: nodes.RangeOf) -> Closure:
    from app.feel import ranges

    start, end = builder.build(node.start), builder.build(node.end)
    low, high = node.start_included, node.end_included
    return lambda scope: ranges.make(start(scope), end(scope), low, high)


# unary tests


@writes(nodes.Test)
def _test_value(builder: Builder, node: nodes.Test) -> Closure:
    """A test such as `(< 5)` where a value is wanted: the range it describes."""
    from app.feel import ranges

    operand, sign = builder.build(node.operand), node.operator
    return lambda scope: ranges.from_test(sign, operand(scope))


@writes(nodes.In)
def _in(builder: Builder, node: nodes.In) -> Closure:
    operand = builder.build(node.operand)
    tests = [_tester(builder, test) for test in node.tests.tests]

    def is_in(scope: Scope) -> Ternary:
        value = operand(scope)
        result: Ternary = False
        for test in tests:
            passed = test(value, scope)
            if passed is True:
                return True
            if passed is None:
                result = None
        return result

    return is_in


@writes(nodes.Tests)
def _tests(builder: Builder, node: nodes.Tests) -> Closure:
    """The cell of a decision table: true or false, never null."""
    builder.free["?"] = None
    value = builder.build(nodes.Name("?", node.at))
    tests = [_tester(builder, test) for test in node.tests]
    negated = node.negated
    if not tests:
        return lambda scope: True
    if len(tests) == 1 and not negated:
        only = tests[0]
        return lambda scope: only(value(scope), scope) is True

    def passes(scope: Scope) -> bool:
        tested = value(scope)
        return any(test(tested, scope) is True for test in tests) is not negated

    return passes


Tester = Callable[[Any, Scope], Ternary]


def _tester(builder: Builder, node: nodes.Test) -> Tester:
    if isinstance(node.operand, nodes.Literal):
        builder.size += 1
        return _literal_tester(node.operator, node.operand.value)
    if node.operator:
        operand = builder.build(node.operand)
        order = _ORDERS.get(node.operator) or (
            compare.equal if node.operator == "=" else compare.not_equal
        )
        return lambda value, scope: order(value, operand(scope))
    if isinstance(node.operand, nodes.RangeOf):
        return _range_tester(builder, node.operand)
    if isinstance(node.operand, nodes.Test):
        return _tester(builder, node.operand)
    if isinstance(node.operand, nodes.ListOf) and any(
        isinstance(item, nodes.Test) for item in node.operand.items
    ):
        items = [
            item if isinstance(item, nodes.Test) else nodes.Test("", item)
            for item in node.operand.items
        ]
        testers = [_tester(builder, item) for item in items]
        return lambda value, scope: any(test(value, scope) is True for test in testers)
    return _value_tester(builder, node.operand)


def _literal_tester(sign: str, wanted: Any) -> Tester:
    if sign in _FAST and wanted.__class__ in NUMBERS:
        fast, slow = _FAST[sign], _ORDERS[sign]
        return lambda value, scope: (
            fast(value, wanted) if value.__class__ in NUMBERS else slow(value, wanted)
        )
    if sign in _ORDERS:
        slow_order = _ORDERS[sign]
        return lambda value, scope: slow_order(value, wanted)
    if sign == "!=":
        return lambda value, scope: compare.not_equal(value, wanted)
    if wanted.__class__ is str and not sign:
        return lambda value, scope: (
            value == wanted if value.__class__ is str else compare.matches(value, wanted)
        )
    return lambda value, scope: compare.equal(value, wanted)


def _range_tester(builder: Builder, node: nodes.RangeOf) -> Tester:
    start, end = builder.build(node.start), builder.build(node.end)
    low = compare.greater_equal if node.start_included else compare.greater
    high = compare.less_equal if node.end_included else compare.less
    whole = builder.build(node)

    def test(value: Any, scope: Scope) -> Ternary:
        if value.__class__ is list or value.__class__ is type(None):
            return compare.matches(value, whole(scope))
        return compare.both(low(value, start(scope)), high(value, end(scope)))

    return test


def _value_tester(builder: Builder, node: Any) -> Tester:
    before = "?" in builder.free
    builder.free.pop("?", None)
    made = builder.build(node)
    asks = "?" in builder.free
    if before:
        builder.free["?"] = None

    def test(value: Any, scope: Scope) -> Ternary:
        wanted = made(scope)
        if wanted.__class__ is Function:
            return None
        if asks and (wanted.__class__ is bool or wanted is None):
            return wanted
        return compare.matches(value, wanted)

    return test


@writes(nodes.InstanceOf)
def _instance_of(builder: Builder, node: nodes.InstanceOf) -> Closure:
    from app.feel import types

    operand, test = builder.build(node.operand), types.test_of(builder, node.type)
    return lambda scope: test(operand(scope))
