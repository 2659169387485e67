"""The columns that reports are made of, each in one word."""

from typing import Any

from app.i18n import _l
from app.reports.report import Column


def text(name: str, label: Any) -> Column:
    """Words as they are."""
    return Column(name, label)


def word(name: str, label: Any) -> Column:
    """A word of the catalogue; shown in the reader's language."""
    return Column(name, label, "word")


def tone(name: str, label: Any) -> Column:
    """A word with a colour."""
    return Column(name, label, "tone")


def person(name: str, label: Any) -> Column:
    """A login; shown as the name."""
    return Column(name, label, "person")


def day(name: str, label: Any) -> Column:
    """A day, or the day of a moment."""
    return Column(name, label, "date")


def money(name: str, label: Any, *, total: bool = True) -> Column:
    """CNY."""
    return Column(name, label, "money", total=total)


def price(name: str, label: Any) -> Column:
    """CNY for one piece."""
    return Column(name, label, "price")


def count(name: str, label: Any, *, total: bool = True) -> Column:
    """How many."""
    return Column(name, label, "int", total=total)


def qty(name: str, label: Any, *, total: bool = True) -> Column:
    """Pieces."""
    return Column(name, label, "qty", total=total)


def rate(name: str, label: Any) -> Column:
    """A share, in per cent; worked out for the totals too."""
    return Column(name, label, "rate")


def days(name: str, label: Any) -> Column:
    """Days with one place; worked out for the totals too."""
    return Column(name, label, "days")


def hours(name: str, label: Any) -> Column:
    """Hours with one place; worked out for the totals too."""
    return Column(name, label, "hours")


KEY = Column("key", _l("分类"), "by")
OWNER = person("person", _l("负责人"))
SELLER = person("person", _l("业务员"))
BUYER = text("customer", _l("客户"))
ORDER = text("order_no", _l("订单"))
PRODUCT = text("product", _l("产品"))
STATE = tone("state", _l("状态"))
GRADES = {"": _l("全部"), "A": "A", "B": "B", "C": "C", "D": "D"}
