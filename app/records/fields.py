"""Columns that know their business name, format and rule; and how a typed value becomes theirs.

Each function returns a mapped column whose `info` holds: label, format, values, target, required,
and the marks once (written at creation only), derived (never typed), quiet (not in the change
log), private (never in any log; shown to owner and superiors only, and only with consent).
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MappedColumn, mapped_column

from app.db import Exact, Json, Money, UtcDateTime
from app.i18n import _, label

LONG_TEXT = 4000


def _column(
    kind: Any, label: str, form: str, *, required: bool, default: Any, index: bool, info: dict
) -> MappedColumn[Any]:
    info = {"label": label, "format": form, "required": required and default is None, **info}
    return mapped_column(kind, nullable=not required, default=default, index=index, info=info)


def text(
    label: str, size: int = 200, *, required: bool = False, default: str | None = None,
    index: bool = False, form: str = "text", **info: Any,
) -> MappedColumn[Any]:  # fmt: skip
    """A line of at most `size` characters."""
    return _column(
        sa.String(size), label, form, required=required, default=default, index=index, info=info
    )


def long(label: str, *, required: bool = False, **info: Any) -> MappedColumn[Any]:
    """Several lines, at most 4,000 characters."""
    return _column(
        sa.String(LONG_TEXT), label, "long", required=required, default=None, index=False, info=info
    )


def choice(
    label: str, values: Sequence[str], *, required: bool = False, default: str | None = None,
    index: bool = False, **info: Any,
) -> MappedColumn[Any]:  # fmt: skip
    """One of the catalogue's words."""
    info["values"] = tuple(values)
    return _column(
        sa.String(20), label, "choice", required=required, default=default, index=index, info=info
    )


def money(label: str, *, required: bool = False, default: Any = None, **info: Any) -> Any:
    """CNY with two places."""
    return _column(
        Money(), label, "money", required=required, default=default, index=False, info=info
    )


def price(label: str, *, required: bool = False, default: Any = None, **info: Any) -> Any:
    """CNY per piece, four places."""
    return _column(
        Exact(18, 4), label, "price", required=required, default=default, index=False, info=info
    )


def qty(label: str, *, required: bool = False, default: Any = None, **info: Any) -> Any:
    """A quantity, three places."""
    return _column(
        Exact(18, 3), label, "qty", required=required, default=default, index=False, info=info
    )


def rate(label: str, *, required: bool = False, default: Any = None, **info: Any) -> Any:
    """A share, 0..1, four places; shown as per cent."""
    return _column(
        Exact(7, 4), label, "rate", required=required, default=default, index=False, info=info
    )


def whole(label: str, *, required: bool = False, default: int | None = None, **info: Any) -> Any:
    """A whole number."""
    return _column(
        sa.Integer, label, "int", required=required, default=default, index=False, info=info
    )


def flag(label: str, *, default: bool = False, **info: Any) -> MappedColumn[Any]:
    """Yes or no."""
    return _column(
        sa.Boolean, label, "bool", required=True, default=default, index=False, info=info
    )


def day(label: str, *, required: bool = False, index: bool = False, **info: Any) -> Any:
    """A date."""
    return _column(sa.Date, label, "date", required=required, default=None, index=index, info=info)


def moment(label: str, *, required: bool = False, index: bool = False, **info: Any) -> Any:
    """A date and time, stored in UTC."""
    return _column(
        UtcDateTime(), label, "datetime", required=required, default=None, index=index, info=info
    )


def person(label: str, *, required: bool = False, index: bool = True, **info: Any) -> Any:
    """The login of a person."""
    return _column(
        sa.String(40), label, "user", required=required, default=None, index=index, info=info
    )


def department(label: str, *, required: bool = False, index: bool = True, **info: Any) -> Any:
    """The id of a department."""
    return _column(
        sa.String(40), label, "department", required=required, default=None, index=index, info=info
    )


def ref(label: str, target: str, *, required: bool = False, **info: Any) -> MappedColumn[Any]:
    """Another record, by its id; written as id or as number."""
    return mapped_column(
        sa.ForeignKey(f"{target}.id"),
        nullable=not required,
        index=True,
        info={"label": label, "format": "ref", "target": target, "required": required, **info},
    )


def json(label: str, *, required: bool = False, form: str = "json", **info: Any) -> Any:
    """A list or an object, replaced whole."""
    return _column(Json(), label, form, required=required, default=None, index=False, info=info)


def shown_name(column: sa.Column[Any]) -> str:
    """What people call the column, in the reader's language."""
    return label(column.info.get("label", column.key))


def clean(column: sa.Column[Any], value: Any) -> Any:
    """`value` as the column stores it. Raises ValueError with the words for the person."""
    if isinstance(value, str):
        value = value.replace("\x00", "").strip()
    if value is None or value == "":
        if column.info.get("required"):
            raise ValueError(_("请填写%(label)s。", label=shown_name(column)))
        return None if column.nullable or column.default is None else column.default.arg
    read = _READERS.get(column.info.get("format", "text"), _line)
    return read(column, value)


def _line(column: sa.Column[Any], value: Any) -> str:
    written = value if isinstance(value, str) else str(value)
    size = getattr(column.type, "length", None)
    if size and len(written) > size:
        raise ValueError(
            _(
                "%(label)s最多 %(size)s 个字，现在有 %(now)s 个。请缩短。",
                label=shown_name(column),
                size=size,
                now=len(written),
            )
        )
    return written


def _word(column: sa.Column[Any], value: Any) -> str:
    if value not in column.info["values"]:
        raise ValueError(
            _(
                "%(label)s只能是：%(values)s。",
                label=shown_name(column),
                values="、".join(map(label, column.info["values"])),
            )
        )
    return str(value)


def _exact(column: sa.Column[Any], value: Any) -> Decimal:
    try:
        number = Decimal(str(value).replace(",", "").replace("，", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    kind = column.type
    assert isinstance(kind, Exact)
    if not number.is_finite() or abs(number) >= Decimal(10) ** (kind.precision - kind.scale):
        raise ValueError(_("%(label)s不是可用的数字。", label=shown_name(column)))
    if "least" in column.info and number < column.info["least"]:
        raise ValueError(
            _("%(label)s不能小于 %(least)s。", label=shown_name(column), least=column.info["least"])
        )
    return number


def _count(column: sa.Column[Any], value: Any) -> int:
    try:
        number = Decimal(str(value).replace(",", ""))
        if isinstance(value, bool) or number != int(number) or abs(number) > 2**31:
            raise ValueError
    except (ValueError, InvalidOperation, OverflowError):
        raise ValueError(_("%(label)s要填整数。", label=shown_name(column))) from None
    if "least" in column.info and number < column.info["least"]:
        raise ValueError(
            _("%(label)s不能小于 %(least)s。", label=shown_name(column), least=column.info["least"])
        )
    return int(number)


def _truth(column: sa.Column[Any], value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1", "是", "on", "yes"):
        return True
    if str(value).lower() in ("false", "0", "否", "off", "no"):
        return False
    raise ValueError(_("%(label)s要填是或否。", label=shown_name(column)))


def _date(column: sa.Column[Any], value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ValueError(
            _("%(label)s不是日期，请写成 2026-03-10。", label=shown_name(column))
        ) from None


def _instant(column: sa.Column[Any], value: Any) -> dt.datetime:
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(_("%(label)s不是时间。", label=shown_name(column))) from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _as_is(_column: sa.Column[Any], value: Any) -> Any:
    return value


_READERS = {
    "choice": _word, "money": _exact, "price": _exact, "qty": _exact, "rate": _exact,
    "int": _count, "bool": _truth, "date": _date, "datetime": _instant, "json": _as_is,
    "list": _as_is, "ref": _as_is,
}  # fmt: skip
