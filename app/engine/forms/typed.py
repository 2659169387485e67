"""What a person types becomes a value of the right type, and back.

`read` raises `Unfit` with a sentence for the person. Amounts are Decimals, whole numbers ints,
moments aware UTC; a `rate` is typed in percent and kept as a fraction (12.5 % is 0.125).
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from app.engine.forms.component import FORMATS, TEXTS, Component
from app.i18n import _

TEXT_LIMIT = {"textfield": 200, "textarea": 10_000}
HARD_LIMIT = 100_000
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile(r"[\r\n\t]+")


class Unfit(Exception):
    """The text is no value of this field; the message says what is expected."""


def read(component: Component, texts: Sequence[str], zone: ZoneInfo) -> Any:
    """The value that the posted texts mean; None, "" never: an empty field is None (or [])."""
    for text in texts:
        _plain(text)
    kind = component.type
    if kind == "checkbox":
        return _boolean(texts)
    if kind in ("checklist", "taglist", "filepicker"):
        return [text for text in texts if text.strip()]
    text = texts[-1] if texts else ""
    if kind in TEXTS:
        return _text(component, text)
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return None
    if kind == "number":
        return _number(component, text)
    if kind == "datetime":
        return _moment(component, text, zone)
    return text


def take(component: Component, value: Any, zone: ZoneInfo) -> Any:
    """As `read`, for a value that a program hands in already typed."""
    kind = component.type
    if value is None or value == "":
        return [] if kind in ("checklist", "taglist", "filepicker") else None
    if kind in ("checklist", "taglist", "filepicker"):
        return list(value) if isinstance(value, list | tuple) else [value]
    if kind == "checkbox" and isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, int | float | Decimal):
        if isinstance(value, bool):
            raise Unfit(_("请填写数字"))
        return _exact(component, Decimal(str(value)))
    if kind == "datetime" and isinstance(value, dt.date | dt.time):
        return _of_subtype(component, value)
    if isinstance(value, str):
        return read(component, [value], zone)
    if kind in ("radio", "select"):
        return value
    raise Unfit(_("这里的内容类型不对，请重新填写"))


def show(component: Component, value: Any, zone: ZoneInfo) -> str:
    """The text that stands in the field for a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return number_text(value, component.format, component.digits)
    if isinstance(value, dt.datetime):
        return value.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return str(value)


def number_text(value: int | float | Decimal, style: str, digits: int | None = None) -> str:
    """A number as people read it: money `1,234.50`, a rate `12.5` (percent), else plain."""
    number = Decimal(str(value))
    if style == "rate":
        return f"{(number * 100).normalize():f}"
    if style == "money":
        return f"{number:,.2f}"
    if style == "price":
        # four places are kept, two are always shown
        whole = f"{number:,.4f}"
        return whole[:-2] if whole.endswith("00") else whole.rstrip("0")
    if style == "qty":
        return f"{number.normalize():f}" if number else "0"
    return f"{number:.{digits}f}" if digits else f"{number:f}"


def _plain(text: str) -> None:
    if not isinstance(text, str):
        raise Unfit(_("这里的内容类型不对，请重新填写"))
    if len(text) > HARD_LIMIT:
        raise Unfit(_("内容太长，最多 %(max)s 个字", max=HARD_LIMIT))
    if _CONTROL.search(text):
        raise Unfit(_("含有看不见的控制字符，请删去后再试"))


def _text(component: Component, text: str) -> str | None:
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    if component.type == "textfield":
        text = _BREAKS.sub(" ", text)
    return text.strip() or None


def _boolean(texts: Sequence[str]) -> bool:
    # an unchecked box posts nothing; a checked one posts its value last
    text = texts[-1].strip().lower() if texts else ""
    if text in ("true", "on", "1", "yes"):
        return True
    if text in ("", "false", "off", "0", "no"):
        return False
    raise Unfit(_("请勾选或不勾选"))


def _number(component: Component, text: str) -> int | Decimal:
    text = text.replace(",", "").replace(" ", "").lstrip("¥").removesuffix("%")
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        raise Unfit(_("请填写数字"))
    try:
        number = Decimal(text)
    except InvalidOperation as problem:
        raise Unfit(_("请填写数字")) from problem
    return _exact(component, number / 100 if component.format == "rate" else number)


def _exact(component: Component, number: Decimal) -> int | Decimal:
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise Unfit(_("数字太大，请检查"))
    digits = component.digits
    if digits is None:
        whole = number == number.to_integral_value()
        return int(number) if whole and number.as_tuple().exponent >= 0 else number
    rounded = round(number, digits)
    if rounded != number:
        raise Unfit(_too_fine(component, digits))
    return int(rounded) if digits == 0 and not component.format else rounded


def _too_fine(component: Component, digits: int) -> str:
    if digits == 0:
        return _("请填写整数")
    shown = digits - 2 if component.format == "rate" else digits
    return _("小数最多 %(digits)s 位", digits=shown)


def _moment(component: Component, text: str, zone: ZoneInfo) -> dt.date | dt.time | dt.datetime:
    text = text.replace("/", "-") if component.subtype != "time" else text
    try:
        if component.subtype == "time":
            return dt.time.fromisoformat(text)
        if component.subtype == "date":
            return _sane(dt.date.fromisoformat(text))
        moment = dt.datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError as problem:
        raise Unfit(_expected(component)) from problem
    _sane(moment.date())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


def _sane(day: dt.date) -> dt.date:
    if not 1900 <= day.year <= 2200:
        raise Unfit(_("年份不对，请检查日期"))
    return day


def _expected(component: Component) -> str:
    if component.subtype == "time":
        return _("请填写时间，例如 09:30")
    if component.subtype == "datetime":
        return _("请填写日期和时间，例如 2026-03-10 09:30")
    return _("请填写日期，例如 2026-03-10")


def _of_subtype(component: Component, value: dt.date | dt.time) -> dt.date | dt.time:
    wanted = {"date": dt.date, "time": dt.time, "datetime": dt.datetime}[component.subtype]
    if type(value) is not wanted:
        raise Unfit(_expected(component))
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise Unfit(_("时间须带时区"))
    return value


def places(style: str, digits: int | None) -> int | None:
    """How many places after the point a number of this format keeps."""
    return digits if digits is not None else FORMATS.get(style)
