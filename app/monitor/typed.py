"""Variables as an administrator sees and types them: each value has a kind, each kind its text."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from flask_babel import get_timezone, to_user_timezone

from app import errors, values
from app.i18n import _, _l
from app.said import said

KINDS = {
    "text": _l("文字"), "number": _l("数字"), "money": _l("金额"), "date": _l("日期"),
    "moment": _l("日期时间"), "boolean": _l("是/否"), "json": _l("列表或对象（JSON）"),
    "nothing": _l("空"),
}  # fmt: skip
LARGEST = 100_000  # characters of one value
MOST = 500  # variables on a page
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Row:
    """One variable on the page. `text` is its value as the editor shows it, `said` as people
    read it."""

    name: str
    kind: str
    text: str
    said: str = ""
    new: str = ""  # what was typed
    new_kind: str = ""
    problem: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.new_kind) and (self.new, self.new_kind) != (self.text, self.kind)


def kind_of(value: Any) -> str:
    """The kind of a value; what nobody types as a line is JSON."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Decimal):
        return "money" if value.is_finite() and value.as_tuple().exponent == -2 else "number"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dt.datetime):
        return "moment"
    if isinstance(value, dt.date):
        return "date"
    return "text" if isinstance(value, str) else "json"


def text_of(value: Any) -> str:
    """The value as its editor shows it."""
    kind = kind_of(value)
    if kind == "nothing":
        return ""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "moment":
        local = to_user_timezone(value) if value.tzinfo else value
        return f"{local:%Y-%m-%dT%H:%M:%S}"
    if kind == "json":
        plain = orjson.loads(values.dumps(value))
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()
    return str(value)


def rows(found: Mapping[str, Any]) -> list[Row]:
    """The variables as lines, by name."""
    return [_plain(name, found) for name in sorted(found)[:MOST]]


def typed(found: Mapping[str, Any], given: Mapping[str, str]) -> list[Row]:
    """The lines with what was typed: fields `kind:<name>` and `value:<name>`; a name that the case
    does not have is a new variable. A line that does not fit its kind says so."""
    made = []
    names = [key[5:] for key in given if key.startswith("kind:") and key[5:] in found]
    for name in sorted({*names, *sorted(found)[:MOST]}):
        made.append(_typed(name, found[name], given) if name in names else _plain(name, found))
    return made + _new(found, given)


def _plain(name: str, found: Mapping[str, Any]) -> Row:
    return Row(name, kind_of(found[name]), text_of(found[name]), said(found[name]))


def _typed(name: str, value: Any, given: Mapping[str, str]) -> Row:
    kind, text = given[f"kind:{name}"], given.get(f"value:{name}", "").replace("\r\n", "\n")
    before = kind_of(value), text_of(value)
    problem = "" if (kind, text) == before else _problem(kind, text)
    return Row(name, *before, said(value), text, kind, problem)


def _new(found: Mapping[str, Any], given: Mapping[str, str]) -> list[Row]:
    name = given.get("new_name", "").strip()
    if not name:
        return []
    kind, text = given.get("new_kind", "text"), given.get("new_value", "").replace("\r\n", "\n")
    problem = _problem(kind, text)
    if name in found:
        problem = _("已经有这个变量。请在上面修改它。")
    elif not name.isidentifier() or len(name) > 100:
        problem = _("变量名只能用字母、数字和下划线，不能以数字开头。")
    return [Row(name, "nothing", "", "", text, kind, problem)]


def _problem(kind: str, text: str) -> str:
    try:
        parse(kind, text)
    except errors.Invalid as refusal:
        return refusal.message
    return ""


def changes(lines: list[Row]) -> dict[str, Any]:
    """{name: new value} of the lines that were changed. Raises Invalid naming every bad one."""
    bad = {row.name: row.problem for row in lines if row.problem}
    if bad:
        what = _("；").join(f"{name}：{text}" for name, text in bad.items())
        raise errors.Invalid(_("有变量填得不对。%(what)s", what=what), fields=bad)
    return {row.name: parse(row.new_kind, row.new) for row in lines if row.changed}


def parse(kind: str, text: str) -> Any:
    """The value that the text says. Raises Invalid with what is expected."""
    if kind not in _READERS:
        raise errors.Invalid(_("不认识的类型。"))
    if len(text) > LARGEST:
        raise errors.Invalid(_("太长了，最多 %(n)s 个字符。", n=LARGEST))
    try:
        return _READERS[kind](text.strip() if kind != "text" else text)
    except (ValueError, InvalidOperation, OverflowError, RecursionError) as error:
        raise errors.Invalid(_EXPECTED[kind]()) from error


def _number(text: str) -> int | Decimal:
    found = Decimal(text.replace(",", ""))
    if not found.is_finite() or found.adjusted() > 30 or found.as_tuple().exponent < -30:
        raise ValueError(text)
    return int(text.replace(",", "")) if "." not in text and "e" not in text.lower() else found


def _money(text: str) -> Decimal:
    found = Decimal(text.replace(",", "").removeprefix("¥").strip())
    if not found.is_finite() or found.adjusted() > 15 or found != found.quantize(CENT):
        raise ValueError(text)
    return found.quantize(CENT)


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else get_timezone().localize(found)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _json(text: str) -> Any:
    # written closely, as tags of decimals and dates are looked for
    found = values.loads(orjson.dumps(orjson.loads(text)))
    if not isinstance(found, list | dict):
        # a tagged value (a time, a duration) is one too
        if isinstance(orjson.loads(text), list | dict):
            return found
        raise ValueError(text)
    return found


def _nothing(text: str) -> None:
    if text:
        raise ValueError(text)


_READERS: dict[str, Any] = {
    "text": str, "number": _number, "money": _money, "date": dt.date.fromisoformat,
    "moment": _moment, "boolean": _boolean, "json": _json, "nothing": _nothing,
}  # fmt: skip
_EXPECTED = {
    "text": lambda: _("请写一段文字。"),
    "number": lambda: _("请写一个数字，例如 12 或 3.5。"),
    "money": lambda: _("请写一个金额，最多两位小数，例如 1200.50。"),
    "date": lambda: _("请写一个日期，例如 2026-03-10。"),
    "moment": lambda: _("请写日期和时间，例如 2026-03-10T09:30。"),
    "boolean": lambda: _("请选“是”或“否”。"),
    "json": lambda: _('请写 JSON 列表或对象，例如 [1, 2] 或 {"a": 1}。'),
    "nothing": lambda: _("“空”没有值。要写值请先选类型。"),
}
