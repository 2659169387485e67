"""How times, money, names and due dates read on a page, in the reader's language and zone."""

import datetime as dt
import re
import unicodedata
import zlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Flask
from flask_babel import format_date, format_decimal, to_user_timezone
from markupsafe import Markup

from app import clock
from app.i18n import _, label, language, ngettext

_QUOTED = re.compile(r'"([^"]*)"')
_WORDS = re.compile(r'\[\s*("[^"]*"\s*(,\s*"[^"]*"\s*)*)?\]')
_LONG = re.compile(r"(?<![\d.])\d{5,}")


class Due(NamedTuple):
    """A due date in words: tone is over, due or empty; icon names a picture."""

    tone: str
    text: str
    icon: str


def init_app(app: Flask) -> None:
    """Templates can say `moment|when`, `amount|money`, `name|initials`."""
    app.jinja_env.filters.update(
        when=when,
        stamp=stamp,
        day=day,
        money=money,
        number=number,
        span=span,
        qty=qty,
        price=price,
        initials=initials,
        tone=tone,
        label=label,
    )
    app.jinja_env.globals.update(due_in_words=due, today_in_words=today)


def today() -> str:
    """`2025-11-20 周四`: the day that the workspace's clock shows."""
    now = to_user_timezone(clock.now())
    return f"{now:%Y-%m-%d} {format_date(now, 'EEE')}"


def stamp(moment: dt.datetime) -> str:
    """`2025-11-20 16:42:08`, in the reader's zone."""
    return f"{to_user_timezone(moment):%Y-%m-%d %H:%M:%S}"


def day(date: dt.date | None) -> str:
    """`2025-11-20`; empty for None. A moment is turned into the reader's day."""
    if isinstance(date, dt.datetime):
        date = to_user_timezone(date).date()
    return f"{date:%Y-%m-%d}" if date else ""


def when(moment: dt.datetime | None) -> str:
    """Short and relative to now: `16:42`, `昨天 16:42`, `11-19 16:20`, `2024-11-19`."""
    if moment is None:
        return ""
    then, now = to_user_timezone(moment), to_user_timezone(clock.now())
    days = (then.date() - now.date()).days
    at = f"{then:%H:%M}"
    if days == 0:
        return _("今天 %(at)s", at=at)
    if days == -1:
        return _("昨天 %(at)s", at=at)
    if days == 1:
        return _("明天 %(at)s", at=at)
    if 1 < days < 7 and then.isocalendar().week == now.isocalendar().week:
        return f"{format_date(then, 'EEE')} {at}"
    return f"{then:%m-%d %H:%M}" if then.year == now.year else f"{then:%Y-%m-%d}"


def due(moment: dt.datetime | None) -> Due | None:
    """When something is due, and how urgent that is; None without a due date."""
    if moment is None:
        return None
    now = clock.now()
    if moment < now:
        return Due("over", _("逾期 %(time)s", time=span(now - moment)), icon="alert-circle")
    if to_user_timezone(moment).date() == to_user_timezone(now).date():
        return Due("due", when(moment), icon="clock-hour-4")
    return Due("", when(moment), icon="clock-hour-4")


def span(late: dt.timedelta) -> str:
    """How long, in the one unit that fits: `20 分钟`, `5 小时`, `3 天`."""
    minutes = max(1, int(late.total_seconds() // 60))
    if minutes < 60:
        return ngettext("%(num)d 分钟", "%(num)d 分钟", minutes)
    if minutes < 48 * 60:
        return ngettext("%(num)d 小时", "%(num)d 小时", minutes // 60)
    return ngettext("%(num)d 天", "%(num)d 天", minutes // 1440)


def money(amount: Decimal | int | float | None, sign: str = "¥") -> str:
    """`¥141,040.00`; empty for None."""
    if amount is None:
        return ""
    value = Decimal(str(amount)).quantize(Decimal("0.01"))
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.2f}"


def number(value: Decimal | int | None) -> str:
    """With thousands separators; empty for None."""
    return "" if value is None else format_decimal(value)


def qty(value: Decimal | int | None) -> str:
    """A quantity without needless zeros, at most three places."""
    return "" if value is None else format_decimal(value, "#,##0.###")


def price(value: Decimal | int | None) -> str:
    """Two places, four where they are needed."""
    return "" if value is None else format_decimal(value, "#,##0.00##")


def initials(name: str) -> str:
    """The last two characters of a Chinese name, else the first letters of two words."""
    name = name.strip()
    if any(unicodedata.east_asian_width(char) == "W" for char in name):
        return name[-2:]
    return "".join(word[0] for word in name.split()[:2]).upper() or "?"


def tone(key: str) -> str:
    """t1 … t6: the same person has the same colour on every page."""
    return f"t{zlib.crc32(key.encode()) % 6 + 1}"


def bar(share: float, tone: str = "") -> Markup:
    """A bar as SVG, so that its width needs no style attribute; share from 0 to 1."""
    width = max(0.0, min(1.0, share)) * 100
    return Markup(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bg" width="100" height="6"/><rect class="fg {}" width="{}" height="6"/></svg>'
    ).format(tone, f"{width:.1f}")


def of_language(zh: str, en: str | None) -> str:
    """One of two texts that were both given."""
    return en if en and language() == "en" else zh


def rule(text: str, names: Mapping[str, str]) -> str:
    """A cell of a decision table for reading: roles (`names`) and words as people call them, long
    figures grouped; everything else as it stands in the file."""
    text = text.strip()
    if text in ("true", "false"):
        return fact(text == "true", names)
    if _WORDS.fullmatch(text):
        return fact(_QUOTED.findall(text), names)
    text = _QUOTED.sub(lambda word: fact(word[1], names), text)
    text = _LONG.sub(lambda figure: f"{int(figure[0]):,}", text)
    return text.replace(">=", "≥ ").replace("<=", "≤ ")


def fact(value: Any, names: Mapping[str, str]) -> str:
    """A value that a decision table met or gave, for reading."""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return _("、").join(fact(one, names) for one in value) or _("无")
    if isinstance(value, Mapping):
        return _("，").join(f"{key} {fact(one, names)}" for key, one in value.items())
    if isinstance(value, Decimal | int):
        return format_decimal(value)
    return "—" if value is None else label(names.get(str(value), str(value)))
