"""The statement of account as a PDF, in Chinese and English, to print, seal and send back."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Response, render_template
from flask_login import login_required

from app import errors
from app.db import db
from app.i18n import _
from app.records import ar_entry, period, sight, write
from app.records.ar_entry import ArEntry
from app.records.invoice import Invoice
from app.records.statement import Statement
from app.registry import routes

MOST_LINES = 2000  # movements of one month on one paper


@routes.pages.get("/statement/<key>.pdf")
@login_required
def statement_pdf(key: str) -> Response:
    """The paper of a statement that this person may see."""
    query = db.select(Statement).where(
        Statement.number == key, sight.visible("statement", routes.viewer.here())
    )
    row = db.session.scalar(query)
    if row is None:
        raise errors.NotFound()
    answer = Response(drawn(row), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
    return answer


def drawn(row: Statement) -> bytes:
    """The bytes of the PDF. Nothing is fetched from anywhere while it is drawn."""
    from weasyprint import HTML  # takes half a second to load, and only papers need it

    html = render_template("registry/statement_paper.html", **facts(row))
    made: bytes = HTML(string=html, url_fetcher=refuse).write_pdf()
    return made


def refuse(url: str, *_rest: Any, **_more: Any) -> Mapping[str, Any]:
    """Papers load nothing from anywhere; whatever address is asked for."""
    raise ValueError(f"a paper fetches nothing: {url}")


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
