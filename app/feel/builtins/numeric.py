"""Functions on numbers."""

import decimal
import random
from decimal import Decimal
from typing import Any

from app.feel.arithmetic import checked, modulo
from app.feel.builtins.registry import builtin
from app.feel.values import CONTEXT, YearsMonths

_WIDE = decimal.Context(prec=200, Emax=9999, Emin=-9999, traps=[decimal.InvalidOperation])


def _rounded(value: Any, scale: Any, mode: str) -> Any:
    """`value` with `scale` digits after the point; None when the scale is out of range."""
    if not -6111 <= scale <= 6176 or scale != int(scale):
        return None
    if value.__class__ is int and scale >= 0:
        return value if not scale else _quantized(Decimal(value), int(scale), mode)
    return _quantized(Decimal(value), int(scale), mode)


def _quantized(value: Decimal, scale: int, mode: str) -> Any:
    if scale > 140:
        return value  # more digits than a number can have
    if -scale > value.adjusted() + 2 and -scale > 140:
        return 0 if mode in ("ROUND_HALF_EVEN", "ROUND_DOWN") else value
    made = value.quantize(Decimal(1).scaleb(-scale), rounding=mode, context=_WIDE)
    if scale <= 0:
        return checked(int(made))
    return checked(CONTEXT.plus(made))


@builtin("decimal", "n:n, scale:n")
def decimal_(value: Any, scale: Any) -> Any:
    return _rounded(value, int(scale), decimal.ROUND_HALF_EVEN)


@builtin("floor", "n:n, scale?:n")
def floor(value: Any, scale: Any = 0) -> Any:
    return _rounded(value, int(scale or 0), decimal.ROUND_FLOOR)


@builtin("ceiling", "n:n, scale?:n")
def ceiling(value: Any, scale: Any = 0) -> Any:
    return _rounded(value, int(scale or 0), decimal.ROUND_CEILING)


@builtin("round up", "n:n, scale:n")
def round_up(value: Any, scale: Any) -> Any:
    return _rounded(value, int(scale), decimal.ROUND_UP)


@builtin("round down", "n:n, scale:n")
def round_down(value: Any, scale: Any) -> Any:
    return _rounded(value, int(scale), decimal.ROUND_DOWN)


@builtin("round half up", "n:n, scale:n")
def round_half_up(value: Any, scale: Any) -> Any:
    return _rounded(value, int(scale), decimal.ROUND_HALF_UP)


@builtin("round half down", "n:n, scale:n")
def round_half_down(value: Any, scale: Any) -> Any:
    return _rounded(value, int(scale), decimal.ROUND_HALF_DOWN)


@builtin("abs", "n:n | n:u")
def absolute(value: Any) -> Any:
    if value.__class__ is YearsMonths:
        return YearsMonths(abs(value.months))
    return value.copy_abs() if value.__class__ is Decimal else abs(value)


@builtin("modulo", "dividend:n, divisor:n")
def modulo_(dividend: Any, divisor: Any) -> Any:
    return modulo(dividend, divisor)


@builtin("sqrt", "number:n")
def sqrt(value: Any) -> Any:
    return None if value < 0 else checked(CONTEXT.sqrt(value))


@builtin("log", "number:n")
def log(value: Any) -> Any:
    return None if value <= 0 else checked(CONTEXT.ln(value))


@builtin("exp", "number:n")
def exp(value: Any) -> Any:
    if value < -20_000:
        return 0
    return checked(CONTEXT.exp(min(value, 20_000)))


@builtin("odd", "number:n")
def odd(value: Any) -> bool | None:
    return None if value != int(value) else int(value) % 2 == 1


@builtin("even", "number:n")
def even(value: Any) -> bool | None:
    return None if value != int(value) else int(value) % 2 == 0


@builtin("random number", "")
def random_number() -> Decimal:
    """A number from 0 up to, not including, 1."""
    return CONTEXT.divide(random.getrandbits(100), 2**100)
