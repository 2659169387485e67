"""What the log of changes holds of a value (its text) becomes what people read."""

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.i18n import label
from app.registry import cell

Column = sa.Column[Any] | None

_READ: dict[str, Callable[[str], Any]] = {
    "money": Decimal, "price": Decimal, "qty": Decimal, "rate": Decimal, "int": int,
    "date": dt.date.fromisoformat, "datetime": dt.datetime.fromisoformat, "ref": int,
    "bool": lambda text: text == "True",
}  # fmt: skip
SPOKEN = {*_READ, "user", "department", "choice", "state", "code"}


def words(said: Iterable[tuple[Column, str | None]]) -> cell.Words:
    """The names behind the people, departments and records in some changes, fetched together."""
    wanted: dict[str, set[Any]] = {}
    for column, text in said:
        value = _value(column, text)
        if column is not None and value is not None:
            wanted.setdefault(cell.kind(column), set()).add(value)
    return cell.Words.of(wanted)


def shown(column: Column, text: str | None, names: cell.Words) -> str | None:
    """The value of this column that the log holds as `text`; itself if it is of an older kind."""
    value = _value(column, text)
    if column is not None and value is not None:
        if isinstance(value, dt.datetime):
            return cell.shown(column, value, names)[:16]  # seconds tell nobody anything
        return cell.shown(column, value, names)
    return label({"True": "是", "False": "否", "[]": "无"}.get(text, text)) if text else text


def _value(column: Column, text: str | None) -> Any:
    form = column.info.get("format") if column is not None else None
    if not text or form not in SPOKEN:
        return None
    try:
        return _READ.get(form, str)(text)
    except (ValueError, ArithmeticError):
        return None
