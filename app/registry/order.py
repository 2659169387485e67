"""The page of one order: what became of each piece, and what the order waits for, in words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import format_decimal

from app.db import db
from app.i18n import _
from app.records import sight
from app.records.delivery import Delivery
from app.records.invoice import Invoice
from app.records.product import Product
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder
from app.registry.figures import Figure

STEPS = ("审批中", "待签约", "已生效", "履约中", "已完成")
FEW = 6


@dataclass(frozen=True)
class Waiting:
    """One thing the order waits for; tone due where somebody must act."""

    text: str
    tone: str = ""


def facts(row: SalesOrder, viewer: sight.Viewer) -> dict[str, Any]:
    """What the template of an order needs besides the common sheet."""
    lines = _lines(row)
    return {
        "lines": lines, "figures": figures(row), "waiting": waiting(row, lines),
        "steps": _steps(row), "received": received(row),
        "deliveries": _hanging(Delivery, row, viewer, Delivery.id.desc()),
        "invoices": _hanging(Invoice, row, viewer, Invoice.id.desc()),
        "plan": _hanging(ReceiptPlan, row, viewer, ReceiptPlan.seq),
    }  # fmt: skip


def _lines(row: SalesOrder) -> list[dict[str, Any]]:
    query = (
        sa.select(OrderLine, Product)
        .join(Product, OrderLine.product_id == Product.id)
        .where(OrderLine.order_id == row.id)
        .order_by(OrderLine.seq)
    )
    return [{"line": line, "product": product, "due": line.q_ordered - line.q_cancelled}
            for line, product in db.session.execute(query)]  # fmt: skip


def _hanging(model: Any, row: SalesOrder, viewer: sight.Viewer, order: Any) -> list[Any]:
    query = sa.select(model).where(
        model.order_id == row.id, sight.visible(model.__tablename__, viewer)
    )
    return list(db.session.scalars(query.order_by(order).limit(FEW)))


def received(row: SalesOrder) -> Decimal:
    """Money that came in for the order, prepayments included, refunds taken off."""
    return row.received_amount + row.prepay_used - row.refunded_amount


def figures(row: SalesOrder) -> list[Figure]:
    """Total, delivered, invoiced, received and what is still to come, each with its share."""
    whole = row.total or Decimal(1)
    parts = (
        (_("已交付"), row.delivered_amount), (_("已开票"), row.invoiced_amount),
        (_("已收款"), received(row)),
    )  # fmt: skip
    found = [Figure(_("订单金额"), _money(row.total), note=_("含税"))]
    for called, amount in parts:
        share = float(amount / whole)
        found.append(Figure(called, _money(amount), note=f"{share:.0%}", share=share,
                            tone="done" if share >= 1 else ""))  # fmt: skip
    left = row.total - received(row)
    found.append(Figure(_("未收"), _money(left), tone="due" if left > 0 else "",
                        share=float(left / whole)))  # fmt: skip
    return found


def _money(amount: Decimal) -> str:
    return format_decimal(amount, "#,##0.00")


def _steps(row: SalesOrder) -> list[tuple[str, str]]:
    """(state, did | now | empty) of the way of an order; empty when it left that way."""
    state = "履约中" if row.state == "挂起" else row.state
    state = "审批中" if state == "草稿" else state
    if state not in STEPS:
        return []
    here = STEPS.index(state)
    marks = ["did" if n < here else "now" if n == here else "" for n in range(len(STEPS))]
    return list(zip(STEPS, marks, strict=True))


def waiting(row: SalesOrder, lines: list[dict[str, Any]]) -> list[Waiting]:
    """What must still happen until the order can be closed, the next first."""
    if row.state in ("已完成", "已驳回", "未签约", "已取消"):
        return []
    if row.state == "挂起":
        return [Waiting(_("订单挂起。恢复信用或由审批人放行后继续。"), "over")]
    if row.state in ("草稿", "审批中", "待签约"):
        return [Waiting(_("还没有生效：审核通过、客户签回后开始履约。"), "due")]
    found = []
    if row.prepay_required > 0 and not row.released:
        found.append(Waiting(_("等预收 %(amount)s；到账后才能发货。",
                               amount=_money(row.prepay_required)), "due"))  # fmt: skip
    found += _to_deliver(lines)
    if row.delivered_amount > row.invoiced_amount and row.invoice_kind != "不开票":
        amount = _money(row.delivered_amount - row.invoiced_amount)
        found.append(Waiting(_("已交付 %(amount)s 还没有开票。", amount=amount), "due"))
    left = row.total - received(row)
    if left > 0:
        found.append(Waiting(_("还有 %(amount)s 没有收到。", amount=_money(left))))
    return found or [Waiting(_("交付、开票、收款都已完成，等系统关闭订单。"))]


def _to_deliver(lines: list[dict[str, Any]]) -> list[Waiting]:
    found = []
    for one in lines:
        left = one["due"] - one["line"].q_delivered
        if left > 0:
            by = one["line"].promised_date
            text = _("%(product)s 还有 %(left)s %(unit)s没有签收", product=one["product"].name,
                     left=format_decimal(left, "#,##0.###"), unit=one["product"].uom)  # fmt: skip
            until = _("，交期 %(day)s", day=f"{by:%m-%d}") if by else ""
            found.append(Waiting(f"{text}{until}{_('。')}", "due"))
    return found
