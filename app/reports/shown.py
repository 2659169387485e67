"""What a value of a report looks like as text, on the page and in the export."""

import datetime as dt
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, format_percent

from app import show
from app.i18n import _, label
from app.reports.answer import Answer, shown_as
from app.reports.report import Ask, Column, Row

PLACES = {"money": "#,##0.00", "price": "#,##0.00##", "qty": "#,##0.###", "int": "#,##0",
          "days": "#,##0.#", "hours": "#,##0.#"}  # fmt: skip
TONES = {
    "over": ("停止", "冻结", "已挂起", "高", "逾期", "签收差异", "低于成本", "两项都有", "红",
             "重复驳回", "已驳回", "付款失败"),
    "due": ("关注", "等收款", "等预收", "等发货", "等签收", "等开票", "中", "联系超期", "无业务",
            "低于底价", "审批中", "待查", "待认领", "部分回款"),
    "done": ("正常", "等关闭", "已结束", "低", "已签收", "已结清", "已入账", "已退款", "已接受",
             "已下单", "已生效", "已完成", "已关闭", "已发", "已发放"),
}  # fmt: skip
TONE_OF = {word: tone for tone, words in TONES.items() for word in words}


def text(column: Column, row: Row, ask: Ask, answer: Answer) -> str:
    """The value for people; an empty text for nothing."""
    value = row.get(column.name)
    kind = _kind(column, ask)
    if value is None or value == "":
        return _nothing(kind)
    if kind in PLACES:
        return format_decimal(value, PLACES[kind])
    return _SHOW.get(kind, _plain)(value, answer)


def plain(column: Column, row: Row, ask: Ask, answer: Answer) -> str:
    """The value for spreadsheets: numbers stay numbers."""
    value = row.get(column.name)
    if column.is_number:
        return "" if value is None else _rounded(value, column.format)
    return text(column, row, ask, answer)


def _rounded(value: Any, form: str) -> str:
    step = {"rate": "0.0001", "days": "0.1", "hours": "0.1", "money": "0.01"}.get(form)
    return str(Decimal(str(value)).quantize(Decimal(step)) if step else value)


def _kind(column: Column, ask: Ask) -> str:
    return shown_as(ask.chosen.get("by", "")) if column.format == "by" else column.format


def _nothing(kind: str) -> str:
    if kind in ("person", "role"):
        return _("无负责人")
    return _("未填写") if kind in ("word", "department", "text") else ""


def _plain(value: Any, _answer: Answer) -> str:
    return str(value)


def _word(value: Any, _answer: Answer) -> str:
    return label(str(value))


def _person(value: Any, answer: Answer) -> str:
    return answer.names.get(value, value)


def _department(value: Any, answer: Answer) -> str:
    return label(answer.departments.get(value, value))


def _role(value: Any, answer: Answer) -> str:
    return label(answer.roles.get(value, value))


def _quarter(value: Any, _answer: Answer) -> str:
    year, quarter = divmod(int(value), 10)
    return f"{year}-Q{quarter}"


def _rate(value: Any, _answer: Answer) -> str:
    return format_percent(Decimal(str(value)), "#,##0.#%")


def _date(value: dt.date, _answer: Answer) -> str:
    return show.day(value)


def _birthday(value: dt.date, _answer: Answer) -> str:
    return f"{value:%m-%d}"


def _month(value: Any, _answer: Answer) -> str:
    year, month = divmod(int(value), 100)
    return f"{year}-{month:02d}"


_SHOW = {
    "word": _word, "tone": _word, "person": _person, "department": _department, "rate": _rate,
    "role": _role, "quarter": _quarter, "date": _date, "birthday": _birthday, "month": _month,
}  # fmt: skip
