"""The statement of account as a PDF, in Chinese and English, to print, seal and send back."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_login import login_required

from app.db import db
from app.i18n import _
from app.records import ar_entry, period, write
from app.records.ar_entry import ArEntry
from app.records.invoice import Invoice
from app.records.statement import Statement
from app.registry import printing, routes

MOST_LINES = 2000  # movements of one month on one paper


@routes.pages.get("/statement/<key>.pdf")
@login_required
def statement_pdf(key: str) -> Response:
    """The paper of a statement that this person may see."""
    row = routes.found("statement", key)
    return printing.attached(row, "registry/statement_paper.html", facts(row))


def facts(row: Statement) -> dict[str, Any]:
    """What the paper says: balances before and after the month, its movements, unpaid invoices."""
    first, last = period.first(row.period), period.last(row.period)
    customer = write.get("customer", row.customer_id)
    before = _net(customer.id, first - dt.timedelta(days=1))
    lines, standing = [], before
    for entry in _entries(customer.id, first, last):
        amount = entry.amount if entry.ledger == ar_entry.RECEIVABLE else -entry.amount
        standing += amount
        lines.append({"entry": entry, "amount": amount, "standing": standing})
    return {
        "row": row, "customer": customer, "first": first, "last": last, "before": before,
        "lines": lines[:MOST_LINES], "left_out": max(len(lines) - MOST_LINES, 0),
        "after": standing, "unpaid": _unpaid(customer.id, last), "words": _words(),
    }  # fmt: skip


def _net(customer_id: int, day: dt.date) -> Decimal:
    owed, prepaid, refundable = (
        ar_entry.balance(customer_id, name, day) for name in ar_entry.LEDGERS
    )
    return owed - prepaid - refundable


def _entries(customer_id: int, first: dt.date, last: dt.date) -> list[ArEntry]:
    query = sa.select(ArEntry).where(
        ArEntry.customer_id == customer_id, ArEntry.value_date.between(first, last)
    )
    return list(db.session.scalars(query.order_by(ArEntry.value_date, ArEntry.id)))


def _unpaid(customer_id: int, day: dt.date) -> list[dict[str, Any]]:
    query = sa.select(Invoice).where(
        Invoice.customer_id == customer_id, Invoice.color == "蓝", Invoice.open > 0,
        Invoice.state == "已入账",
    )  # fmt: skip
    return [
        {"invoice": one, "days": max((day - one.due_date).days, 0) if one.due_date else 0}
        for one in db.session.scalars(query.order_by(Invoice.due_date))
    ]


def _words() -> dict[str, str]:
    """What the entry types are called on paper."""
    return {
        "opening": _("期初"), "invoice": _("发票"), "red_invoice": _("红字发票"),
        "receipt": _("收款"), "prepay_in": _("预收"), "prepay_offset": _("预收冲抵"),
        "refund": _("退款"), "adjust": _("调整"), "write_off": _("核销"),
        "restock_fee": _("重新入库费"), "reversal": _("冲销"),
    }  # fmt: skip
