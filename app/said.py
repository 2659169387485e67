"""A variable as people read it: figures grouped, dates and times as days and hours, lists and
objects as indented lines. Every digit is there; what is stored is seen where it can be edited."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask import Flask

from app import show
from app.i18n import _, ngettext

GROUPED = 10_000  # smaller whole numbers may be years
DEEPEST = 20


def init_app(app: Flask) -> None:
    """Templates can say `value|said`."""
    app.jinja_env.filters["said"] = said


def said(value: Any) -> str:
    """The value in words; every digit of it."""
    return "\n".join(_lines(value, 0))


def _lines(value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if not value or not isinstance(value, Mapping | list):
        yield pad + _one(value)
    elif depth > DEEPEST:
        yield pad + "…"
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _named(f"{name}{_('：')}", inner, pad, depth)
    elif not any(isinstance(one, Mapping | list) for one in value):
        yield pad + _("、").join(_one(one) for one in value)
    else:
        for number, inner in enumerate(value, 1):
            yield from _named(f"{number}. ", inner, pad, depth)


def _named(name: str, inner: Any, pad: str, depth: int) -> Iterator[str]:
    lines = list(_lines(inner, depth + 1))
    if len(lines) == 1:
        yield f"{pad}{name}{lines[0].strip()}"
    else:
        yield pad + name.rstrip()
        yield from lines


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Decimal | int | float):
        return _figure(value)
    if isinstance(value, dt.timedelta):
        return _lasting(value)
    if isinstance(value, dt.datetime):
        return show.stamp(value) if value.tzinfo else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dt.date):
        return show.day(value)
    if value is None or value == [] or value == {}:
        return _("空") if value is None else _("无")
    return str(value)


def _figure(value: Decimal | int | float) -> str:
    exact = value if isinstance(value, int) else Decimal(str(value))
    if isinstance(exact, Decimal) and not exact.is_finite():
        return str(exact)
    cents = isinstance(exact, Decimal) and exact.as_tuple().exponent == -2
    return f"{exact:,f}" if cents and isinstance(exact, Decimal) else _grouped(exact)


def _grouped(value: Decimal | int) -> str:
    plain = isinstance(value, int)
    if abs(value) < GROUPED:
        return str(value) if plain else f"{value:f}"
    return f"{value:,d}" if plain else f"{value:,f}"


def _lasting(value: dt.timedelta) -> str:
    """`2 天 3 小时`; what is shorter than a minute as seconds."""
    rest = abs(value)
    hours, left = divmod(rest.seconds, 3600)
    minutes, seconds = divmod(left, 60)
    exact = Decimal(seconds) + Decimal(rest.microseconds) / 1_000_000
    parts = [
        ngettext("%(num)d 天", "%(num)d 天", rest.days) if rest.days else "",
        ngettext("%(num)d 小时", "%(num)d 小时", hours) if hours else "",
        ngettext("%(num)d 分钟", "%(num)d 分钟", minutes) if minutes else "",
        _("%(n)s 秒", n=f"{exact.normalize():f}") if exact or not rest else "",
    ]
    return ("−" if value < dt.timedelta() else "") + " ".join(part for part in parts if part)
