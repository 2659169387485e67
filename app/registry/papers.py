"""Quotations and orders as PDFs with our mark, for the customer."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Response
from flask_login import login_required

from app.accounts import people
from app.db import db
from app.records import record, write
from app.records.product import Product
from app.registry import capitals, printing, routes

# whose lines stand on the paper, by which column, and how many pieces a line is
LINES = {"quotation": ("quotation_line", "quotation_id"), "sales_order": ("order_line", "order_id")}
MOST_LINES = 1000


@routes.pages.get("/quotation/<key>.pdf", defaults={"entity": "quotation"})
@routes.pages.get("/sales_order/<key>.pdf", defaults={"entity": "sales_order"})
@login_required
def trade_pdf(entity: str, key: str) -> Response:
    """The paper of a quotation or an order that this person may see."""
    row = routes.found(entity, key)
    return printing.attached(row, "registry/trade_paper.html", facts(row))


def facts(row: Any) -> dict[str, Any]:
    """What the paper says: who, what, how much, and until when."""
    entity, via = LINES[row.__tablename__]
    model: Any = record.entity(entity)
    query = (
        sa.select(model, Product)
        .join(Product, model.product_id == Product.id)
        .where(getattr(model, via) == row.id)
        .order_by(model.seq)
        .limit(MOST_LINES)
    )
    lines = [{"line": line, "product": product, "qty": _pieces(line)}
             for line, product in db.session.execute(query)]  # fmt: skip
    seller = getattr(row, "sales_rep_id", None) or row.owner_id
    total = sa.select(sa.func.count(model.id)).where(getattr(model, via) == row.id)
    left_out = (db.session.scalar(total) or 0) - len(lines) if len(lines) == MOST_LINES else 0
    return {
        "left_out": left_out, "seller": people.names([seller]).get(seller) if seller else None,
        "capitals": capitals.capitals,
        "row": row, "lines": lines, "customer": write.get("customer", row.customer_id),
        "is_order": row.__tablename__ == "sales_order",
        "contact": write.get("contact", row.contact_id) if getattr(row, "contact_id", None) else None,
        "sum": sum((one["line"].amount for one in lines), Decimal("0.00")),
    }  # fmt: skip


def _pieces(line: Any) -> Decimal:
    return line.qty if hasattr(line, "qty") else line.q_ordered - line.q_cancelled
