"""The functions everybody can call: how they are declared, chosen by arguments and called.

A declaration such as `"string:s, start position:n, length?:n"` names the parameters; `?` marks an
optional one, a name ending in `*` takes the rest; ` | ` parts alternatives. The letters:
s string, n number, i whole number, b boolean, l list, c context, f function, r range, d date,
m date and time, D date or date and time, t time, T any of the three, u duration, p a point (any
ordered value), a anything. An argument that does not fit makes the result null, as the standard
says; a list of one item fits where the item would, and a single item where a list is wanted.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from app.feel import lexer
from app.feel.budget import Run
from app.feel.compare import order_key
from app.feel.errors import FeelError, error
from app.feel.scope import Names
from app.feel.values import NUMBERS, Function, Range, YearsMonths, imported, measured


class Parameter(NamedTuple):
    name: str
    kind: str
    optional: bool
    rest: bool


Signature = list[Parameter]


class Builtin(NamedTuple):
    name: str
    signatures: list[Signature]
    call: Callable[..., Any]
    wants_run: bool
    nulls: bool  # null is a value for the required parameters too
    extension: bool = False

    def describe(self) -> str:
        """The parameters in words, for an error."""
        return " | ".join(
            "("
            + ", ".join(p.name + ("?" if p.optional else "…" if p.rest else "") for p in signature)
            + ")"
            for signature in self.signatures
        )


FUNCTIONS: dict[str, Builtin] = {}
_VALUES: dict[str, Function] = {}


def builtin(
    name: str, parameters: str, run: bool = False, nulls: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a built-in function."""

    def declare(call: Callable[..., Any]) -> Callable[..., Any]:
        signatures = [signature_of(part) for part in parameters.split("|")]
        add(Builtin(name, signatures, call, run, nulls))
        return call

    return declare


def add(function: Builtin) -> None:
    FUNCTIONS[function.name] = function
    tricky_names.cache_clear()
    widest = max(function.signatures, key=len)
    _VALUES[function.name] = Function(
        function.name,
        tuple(parameter.name for parameter in widest),
        lambda run, *arguments: call(function, run, arguments, None),
        wants_run=True,
    )


def remove(name: str) -> None:
    del FUNCTIONS[name], _VALUES[name]
    tricky_names.cache_clear()


@lru_cache(maxsize=1)
def tricky_names() -> Names:
    """The names of functions that hold a keyword or symbol, which plain reading takes apart."""
    return Names(
        name
        for name in FUNCTIONS
        if not lexer.KEYWORDS.isdisjoint(name.split()) or not name.replace(" ", "").isidentifier()
    )


def as_value(name: str) -> Function | None:
    """The built-in function `name` as a value."""
    return _VALUES.get(name)


def signature_of(text: str) -> Signature:
    found: Signature = []
    for part in text.split(","):
        name, _, kind = part.strip().partition(":")
        if name:
            optional, rest = name.endswith("?"), name.endswith("*")
            found.append(Parameter(name.rstrip("?*"), kind or "a", optional, rest))
    return found


def call(function: Builtin, run: Run, arguments: Sequence[Any], names: Sequence[str] | None) -> Any:
    """The value of a built-in function for these arguments."""
    fitting = [
        bound
        for signature in function.signatures
        if (bound := fit(signature, arguments, names)) is not None
    ]
    if not fitting:
        if run.strict:
            raise error("arguments", text=run.text, name=function.name, wanted=function.describe())
        return None
    for parameters, values in fitting:
        ready = _converted(parameters, values, function.nulls)
        if ready is not None:
            return _called(function, run, ready)
    return None


Bound = tuple[list[Parameter], list[Any]]


def fit(
    signature: Signature, arguments: Sequence[Any], names: Sequence[str] | None
) -> Bound | None:
    """Parameters and values side by side; None when number or names do not fit."""
    if names is not None:
        return _bound_by_name(signature, arguments, names)
    if signature and signature[-1].rest:
        fixed = signature[:-1]
        extra = len(arguments) - len(fixed)
        if extra < 0:
            return None
        return fixed + [signature[-1]] * extra, list(arguments)
    required = sum(not parameter.optional for parameter in signature)
    if not required <= len(arguments) <= len(signature):
        return None
    return signature[: len(arguments)], list(arguments)


def _bound_by_name(
    signature: Signature, arguments: Sequence[Any], names: Sequence[str]
) -> Bound | None:
    given = dict(zip(names, arguments, strict=True))
    if len(given) < len(names):
        return None
    bound: Bound = ([], [])
    for parameter in signature:
        if parameter.name in given:
            bound[0].append(parameter)
            bound[1].append(given.pop(parameter.name))
        elif parameter.optional:
            bound[0].append(parameter._replace(kind="a"))
            bound[1].append(None)
        else:
            return None
    return None if given else bound


def _converted(parameters: list[Parameter], values: list[Any], nulls: bool) -> list[Any] | None:
    ready: list[Any] = []
    for parameter, value in zip(parameters, values, strict=True):
        kind = parameter.kind
        if kind == "a" or (value is None and nulls):
            ready.append(value)
            continue
        fits = KINDS[kind]
        if not fits(value):
            value = _coerced(kind, fits, value)
            if value is None:
                return None
        ready.append(value)
    return ready


def _coerced(kind: str, fits: Callable[[Any], bool], value: Any) -> Any:
    if value is None:
        return None
    if kind == "l":
        return [value]
    if value.__class__ is list and len(value) == 1:
        only = imported(value[0])
        return only if fits(only) else None
    return None


def _called(function: Builtin, run: Run, arguments: list[Any]) -> Any:
    for argument in arguments:
        if argument.__class__ is list:
            run.spend(len(argument))
        elif argument.__class__ is str:
            run.spend(len(argument) >> 6)
    if function.extension:
        return _called_extension(function, arguments)
    try:
        if function.wants_run:
            return function.call(run, *arguments)
        return function.call(*arguments)
    except (ArithmeticError, ValueError):
        return None


def _called_extension(function: Builtin, arguments: list[Any]) -> Any:
    try:
        value = imported(function.call(*arguments))
        return measured(value) if value.__class__ in (list, dict) else value
    except FeelError:
        raise
    except RecursionError:
        raise
    except Exception as reason:
        raise error(
            "function_failed", name=function.name, reason=str(reason) or type(reason).__name__
        ) from reason


def _is_whole(value: Any) -> bool:
    return value.__class__ is int or (value.__class__ is Decimal and value == int(value))


def _is_date(value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


KINDS: dict[str, Callable[[Any], bool]] = {
    "s": lambda value: value.__class__ is str,
    "n": lambda value: value.__class__ in NUMBERS,
    "i": _is_whole,
    "b": lambda value: value.__class__ is bool,
    "l": lambda value: value.__class__ is list,
    "c": lambda value: value.__class__ is dict,
    "f": lambda value: value.__class__ is Function,
    "r": lambda value: value.__class__ is Range,
    "d": _is_date,
    "m": lambda value: isinstance(value, dt.datetime),
    "D": lambda value: isinstance(value, dt.date),
    "t": lambda value: isinstance(value, dt.time),
    "T": lambda value: isinstance(value, dt.date | dt.time),
    "u": lambda value: isinstance(value, dt.timedelta) or value.__class__ is YearsMonths,
    "p": lambda value: order_key(value) is not None,
}


def invoke(
    function: Function, run: Run, arguments: Sequence[Any], names: Sequence[str] | None = None
) -> Any:
    """The value of a function value for these arguments; null when they do not fit."""
    name = function.name
    if name in FUNCTIONS and function is _VALUES.get(name):
        return call(FUNCTIONS[name], run, arguments, names)
    if names is not None:
        given = dict(zip(names, arguments, strict=True))
        if set(given) != set(function.parameters):
            return _wrong(function, run)
        arguments = [given[parameter] for parameter in function.parameters]
    if len(arguments) != len(function.parameters):
        return _wrong(function, run)
    run.spend(8)  # a call is dearer than a node
    run.calls -= 1
    if run.calls < 0:
        raise error("deep", text=run.text)
    try:
        if function.wants_run:
            return function.call(run, *arguments)
        return function.call(*arguments)
    finally:
        run.calls += 1


def _wrong(function: Function, run: Run) -> None:
    if run.strict:
        wanted = f"({', '.join(function.parameters)})"
        raise error("arguments", text=run.text, name=function.name, wanted=wanted)
