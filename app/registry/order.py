"""The page of one order: what became of each piece, and what the order waits for, in words."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import format_decimal

from app import clock, show
from app.db import db
from app.i18n import _, label
from app.records import numbers, sight, write
from app.records.delivery import Delivery
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment
from app.records.product import Product
from app.records.refund import Refund
from app.records.sales_order import OrderChange, OrderLine, ReceiptPlan, SalesOrder
from app.records.sales_return import SalesReturn
from app.registry.figures import Figure

STEPS = ("审批中", "待签约", "已生效", "履约中", "已完成")
FEW = 6
SOON = 7  # days before a receipt is due that deserve a look


@dataclass(frozen=True)
class Waiting:
    """One thing the order waits for; tone due where somebody must act."""

    text: str
    tone: str = ""


def facts(row: SalesOrder, viewer: sight.Viewer) -> dict[str, Any]:
    """What the template of an order needs besides the common sheet."""
    lines, held = _lines(row), _held(row, viewer)
    return {
        "lines": lines, "figures": figures(row, held), "waiting": waiting(row, lines, held),
        "steps": _steps(row), "received": received(row), "documents": _documents(row, viewer),
        "plan": _plan(row, viewer), "customer": write.get("customer", row.customer_id),
    }  # fmt: skip


def _lines(row: SalesOrder) -> list[dict[str, Any]]:
    """Each line with its pieces; the money of the order is shared out by the lines' amounts."""
    query = (
        sa.select(OrderLine, Product)
        .join(Product, OrderLine.product_id == Product.id)
        .where(OrderLine.order_id == row.id)
        .order_by(OrderLine.seq)
    )
    found = list(db.session.execute(query))
    whole = sum((line.amount for line, _product in found), Decimal(0)) or Decimal(1)
    return [{"line": line, "product": product, "due": line.q_ordered - line.q_cancelled,
             "received": (received(row) * line.amount / whole).quantize(Decimal("0.01"))}
            for line, product in found]  # fmt: skip


def _held(row: SalesOrder, viewer: sight.Viewer) -> Decimal:
    """Prepaid for this order and not yet set against an invoice."""
    query = sa.select(sa.func.sum(Prepayment.balance)).where(
        Prepayment.order_id == row.id, sight.visible("prepayment", viewer)
    )
    return db.session.scalar(query) or Decimal(0)


def _documents(row: SalesOrder, viewer: sight.Viewer) -> list[tuple[str, str, list[Any], int]]:
    """(heading, entity, the newest rows, how many) of all that came out of the order."""
    kinds = ((_("交付"), Delivery), (_("发票"), Invoice), (_("退货"), SalesReturn),
             (_("退款"), Refund), (_("变更"), OrderChange))  # fmt: skip
    found = []
    for heading, model in kinds:
        mine = model.order_id == row.id, sight.visible(model.__tablename__, viewer)
        rows = list(db.session.scalars(
            sa.select(model).where(*mine).order_by(model.id.desc()).limit(FEW)
        ))  # fmt: skip
        count = len(rows)
        if count == FEW:
            count = db.session.scalar(sa.select(sa.func.count(model.id)).where(*mine)) or 0
        if rows or model in (Delivery, Invoice):
            found.append((heading, model.__tablename__, rows, count))
    return found


def _plan(row: SalesOrder, viewer: sight.Viewer) -> list[tuple[ReceiptPlan, str, str]]:
    """(row, tone, light in words) of the receipts that are planned."""
    query = sa.select(ReceiptPlan).where(
        ReceiptPlan.order_id == row.id, sight.visible("receipt_plan", viewer)
    )
    today = numbers.local_date(clock.now())
    rows = db.session.scalars(query.order_by(ReceiptPlan.seq).limit(60))
    return [(one, *_light(one, today)) for one in rows]


def _light(one: ReceiptPlan, today: dt.date) -> tuple[str, str]:
    if one.state in ("已结清", "已核销"):
        return "done", label(one.state)
    if one.state == "作废" or one.state == "待生效":
        return "", label(one.state)
    if one.due_date is None:
        return "", _("未到条件")
    days = (one.due_date - today).days
    if days < 0:
        return "over", _("逾期 %(n)s 天", n=-days)
    if days <= SOON:
        return "due", _("还有 %(n)s 天到期", n=days) if days else _("今天到期")
    return "", _("%(day)s 到期", day=show.day(one.due_date))


def received(row: SalesOrder) -> Decimal:
    """Money that came in for the order, prepayments included, refunds taken off."""
    return row.received_amount + row.prepay_used - row.refunded_amount


def figures(row: SalesOrder, held: Decimal) -> list[Figure]:
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
    left = row.total - received(row) - held
    note = _("另有预收 %(held)s 等冲抵", held=_money(held)) if held else ""
    found.append(Figure(_("未收"), _money(left), tone="due" if left > 0 else "", note=note,
                        share=max(float(left / whole), 0.0)))  # fmt: skip
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


def waiting(
    row: SalesOrder, lines: list[dict[str, Any]], held: Decimal = Decimal(0)
) -> list[Waiting]:
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
    left = row.total - received(row) - held
    if held > 0:
        found.append(Waiting(_("预收 %(held)s，开票后冲抵。", held=_money(held))))
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
