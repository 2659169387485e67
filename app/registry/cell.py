"""What a value looks like: words for people, departments and other records, in few queries."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import format_decimal

from app import show, workspace
from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.i18n import _, label
from app.records import record

NUMBERS = ("money", "price", "qty", "rate", "int")
PLACES = {"money": "#,##0.00", "price": "#,##0.00##", "qty": "#,##0.###"}
# states and words that deserve a colour; everything else is plain
TONES = {
    "done": ("有效", "在职", "已生效", "已完成", "已结清", "已确认", "已发布", "赢单", "成交", "已入账",
             "已开立", "已接受", "已签收", "正常", "已退款"),
    "due": ("公海", "审批中", "待签约", "待回款", "部分回款", "挂起", "关注", "待认领", "审核中", "暂停"),
    "over": ("停用", "已驳回", "逾期", "丢单", "流失", "冻结", "停止", "已取消", "无效", "已作废",
             "付款失败"),
}  # fmt: skip
TONE_OF = {word: tone for tone, words in TONES.items() for word in words}
# choices that flows name in English
CODES = {
    "goods": "发货", "project": "项目交付", "ok": "不低于底价", "below_floor": "低于底价",
    "below_cost": "低于成本", "opening": "期初", "invoice": "开票", "red_invoice": "红字发票",
    "receipt": "收款", "prepay_in": "预收入账", "prepay_offset": "预收冲抵", "refund": "退款",
    "adjust": "调整", "write_off": "核销", "restock_fee": "退货费", "reversal": "冲销",
    "incentive.已发": "已发放",  # where a word means something else in one table
}  # fmt: skip
NAMES = ("name", "title", "subject", "company")
Key = tuple[str, Any]


@dataclass(frozen=True)
class Cell:
    """A value ready to be shown: `kind` chooses the markup, `url` links it."""

    text: str = ""
    kind: str = "text"
    url: str = ""
    login: str = ""
    tone: str = ""
    moment: dt.datetime | None = None


EMPTY = Cell()
MASKED = Cell("•••", "masked")


class Words:
    """The names behind the ids of some rows, fetched together."""

    def __init__(self, rows: Sequence[Any], names: Iterable[str]) -> None:
        wanted: dict[str, set[Any]] = {}
        for row in rows:
            known = record.columns(type(row))
            for name in names:
                if name in known and getattr(row, name) is not None and _is_id(known[name]):
                    wanted.setdefault(kind(known[name]), set()).add(getattr(row, name))
        self._fetch(wanted)

    @classmethod
    def of(cls, wanted: dict[str, set[Any]]) -> "Words":
        """The names behind these ids, by the `kind` of their column."""
        words = cls([], [])
        words._fetch(wanted)
        return words

    def _fetch(self, wanted: dict[str, set[Any]]) -> None:
        self.people = people.names(wanted.get("user", ()))
        self.departments = _departments(wanted.get("department", set()))
        self.records: dict[Key, tuple[str, str]] = {}
        for one, ids in wanted.items():
            if one.startswith("ref:"):
                self._add_records(one.removeprefix("ref:"), ids)

    def _add_records(self, entity: str, ids: set[int]) -> None:
        model: Any = record.entity(entity)
        query = workspace.by_key(sa.select(model).where(model.id.in_(ids)))
        for row in db.session.scalars(query):
            self.records[entity, row.id] = (row.key, title(row))

    def cell(self, row: Any, name: str) -> Cell:
        """The value of this column of this row."""
        column = record.columns(type(row))[name]
        value = getattr(row, name)
        if value is None or value == "":
            return EMPTY
        return _SHOW.get(column.info["format"], _text)(self, column, value)


def title(row: Any) -> str:
    """What a record is called; a number if it has no name of its own."""
    named = getattr(row, row.record.title, None)
    return str(named) if isinstance(named, str) and named else row.key


def shown(column: sa.Column[Any], value: Any, words: Words | None = None) -> str:
    """The plain text of a value, for chips, totals and exports."""
    if value is None:
        return ""
    return _SHOW.get(column.info["format"], _text)(words or Words([], []), column, value).text


def kind(column: sa.Column[Any]) -> str:
    """The format of a column; of a reference also to what: `ref:customer`."""
    form = column.info["format"]
    return f"ref:{column.info['target']}" if form == "ref" else str(form)


def _is_id(column: sa.Column[Any]) -> bool:
    return column.info["format"] in ("user", "department", "ref")


def _departments(ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    query = sa.select(Department.id, Department.name).where(Department.id.in_(ids))
    return dict(db.session.execute(query).all())


def _text(_words: Words, column: Any, value: Any) -> Cell:
    # a short text is often a word that a form offered; a name stays as it was given
    is_word = len(text := str(value)) <= 8 and column.name not in NAMES
    return Cell(label(text) if is_word else text)


def _word(_words: Words, column: Any, value: Any) -> Cell:
    word = CODES.get(f"{column.table.name}.{value}") or CODES.get(value, value)
    return Cell(label(word), column.info["format"], tone=TONE_OF.get(value, ""))


def _number(_words: Words, column: Any, value: Any) -> Cell:
    form = column.info["format"]
    if form == "rate":
        percent = format_decimal((value * 100).normalize(), "#,##0.##")
        return Cell(f"{percent}%", "rate", tone=str(min(value, Decimal(1))))
    suffix = column.info.get("suffix", "")
    return Cell(format_decimal(value, PLACES.get(form, "#0")) + suffix, "number")


def _truth(_words: Words, _column: Any, value: Any) -> Cell:
    return Cell(_("是") if value else _("否"), "bool", tone="due" if value else "")


def _day(_words: Words, _column: Any, value: Any) -> Cell:
    return Cell(show.day(value), "date")


def _moment(_words: Words, _column: Any, value: Any) -> Cell:
    return Cell(show.stamp(value), "moment", moment=value)


def _person(words: Words, _column: Any, value: Any) -> Cell:
    return Cell(words.people.get(value, value), "person", login=value)


def _department(words: Words, _column: Any, value: Any) -> Cell:
    return Cell(label(words.departments.get(value, value)))


def _record(words: Words, column: Any, value: Any) -> Cell:
    entity = column.info["target"]
    key, name = words.records.get((entity, value), (str(value), str(value)))
    return Cell(name, "ref", url=url_for("records.page", entity=entity, key=key))


def _listed(_words: Words, _column: Any, value: Any) -> Cell:
    items = value if isinstance(value, list) else [value]
    return Cell(_("、").join(str(item) for item in items))


def _nested(_words: Words, _column: Any, value: Any) -> Cell:
    return Cell(_told(value))


def _told(value: Any) -> str:
    """Kept figures and rows in words, as deep as they go."""
    if isinstance(value, dict):
        pairs = ((label(str(name)), _told(one)) for name, one in value.items())
        return _("；").join(f"{name} {text}" for name, text in pairs)
    if isinstance(value, list):
        return _("、").join(_told(one) for one in value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Decimal | int):
        return format_decimal(value, "#,##0.####")
    return label(str(value)) if value is not None else "–"


def _link(_words: Words, column: Any, value: Any) -> Cell:
    form, text = column.info["format"], str(value)
    if form == "email":
        return Cell(text, "link", url=f"mailto:{text}")
    if form == "phone":
        return Cell(text, "link", url=f"tel:{text.replace(' ', '')}")
    safe = text if text.startswith(("http://", "https://")) else f"https://{text}"
    return Cell(text, "link", url=safe)


def _numbered(_words: Words, column: Any, value: Any) -> Cell:
    target = column.info.get("target")
    if target is None or target not in record.entities():
        return Cell(str(value))
    return Cell(str(value), "ref", url=url_for("records.page", entity=target, key=value))


_SHOW = {
    "choice": _word, "state": _word, "code": _word, "money": _number, "price": _number,
    "qty": _number, "rate": _number, "int": _number, "bool": _truth, "date": _day,
    "datetime": _moment, "user": _person, "department": _department, "ref": _record,
    "list": _listed, "json": _nested, "email": _link, "phone": _link, "url": _link, "number": _numbered,
}  # fmt: skip
