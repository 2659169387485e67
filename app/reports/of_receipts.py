"""Reports of 051-03-08, -09 and -10: what is late, unclaimed, allocated, refunded, prepaid."""

from typing import Any

import sqlalchemy as sa

from app import clock
from app.i18n import _l
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import Receipt, ReceiptAllocation
from app.records.refund import Refund, RefundableBalance
from app.records.sales_order import ReceiptPlan, SalesOrder
from app.reports import columns as c
from app.reports import of_approvals, spans
from app.reports.of_returns import mean_days
from app.reports.report import MONEY, Ask, Chart, Link, Report, Row, count_if, share, to, within

SOURCES = {"": _l("全部"), "退货": _l("退货"), "订单取消": _l("订单取消"), "预收": _l("预收"),
           "多收": _l("多收")}  # fmt: skip
TOOK_BY = {"source": _l("来源"), "month": _l("月份")}
ARRIVED_BY = {"month": _l("月份"), "person": _l("业务员"), "customer": _l("客户")}
REFUND = {"allowed": ("待付款",), "paid": ("已退款",)}
PLANNED = ("待回款", "部分回款", "逾期", "已结清", "已核销")


def overdue(ask: Ask) -> sa.Select[Any]:
    """Each plan row whose day is over, the oldest first (R08-2)."""
    row, buyer, order = ReceiptPlan, Customer, SalesOrder
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            buyer.owner_id.label("person"), order.number.label("order_no"),
            row.due_date.label("due"), spans.days(row.due_date, ask.today).label("days"),
            row.amount.label("amount"), row.received.label("received"),
            (row.amount - row.received).label("open"), row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(order, row.order_id == order.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.state.in_(("待回款", "部分回款", "逾期")), row.due_date < ask.today,
               row.received < row.amount, *ask.only("grade", buyer.grade),
               *ask.found(buyer.name, order.number, row.number))
        .order_by(row.due_date, row.id)
    )  # fmt: skip


def unclaimed(ask: Ask) -> sa.Select[Any]:
    """Money of which nobody knows yet whose it is (R08-3)."""
    row = Receipt
    return (
        sa.select(
            row.number.label("number"), row.payer.label("payer"), row.amount.label("amount"),
            row.received_at.label("on"),
            spans.days(row.received_at, clock.now()).label("days"),
            row.method.label("method"), row.bank_txn_id.label("slip"),
            row.state.label("state"),
        )
        .where(*within(ask, row), row.state.in_(("待认领", "待查")), *ask.found(row.payer, row.number))
        .order_by(row.received_at, row.id)
    )  # fmt: skip


def allocations(ask: Ask) -> sa.Select[Any]:
    """Which receipt paid which invoice or plan row (R08-4)."""
    part, row, buyer = ReceiptAllocation, Receipt, Customer
    return (
        sa.select(
            row.number.label("number"), row.received_at.label("on"),
            buyer.name.label("customer"), Invoice.number.label("invoice"),
            Invoice.invoice_no.label("invoice_no"), ReceiptPlan.number.label("plan"),
            part.amount.label("amount"), part.write_off.label("write_off"),
            sa.case((part.reversed, "已冲销"), else_=row.state).label("state"),
        )
        .select_from(part)
        .join(row, part.receipt_id == row.id)
        .outerjoin(buyer, row.customer_id == buyer.id)
        .outerjoin(Invoice, part.invoice_id == Invoice.id)
        .outerjoin(ReceiptPlan, part.plan_id == ReceiptPlan.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.period.moments(row.received_at),
               *ask.found(row.number, buyer.name, Invoice.number, Invoice.invoice_no))
        .order_by(row.received_at.desc(), part.id.desc())
    )  # fmt: skip


def refunds(ask: Ask) -> sa.Select[Any]:
    """Every refund, where it comes from and where it stands (R09-1)."""
    row, buyer = Refund, Customer
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            row.source.label("source"), row.source_ref.label("source_ref"),
            row.created_at.label("on"), row.paid_at.label("paid"), row.amount.label("amount"),
            row.bank_txn_id.label("slip"), row.reason.label("reason"), row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.only("source", row.source), *ask.period.moments(row.created_at),
               *ask.found(row.number, buyer.name, row.source_ref))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def took(ask: Ask) -> sa.Select[Any]:
    """Days from the request to the consent and to the payment (R09-2)."""
    row, buyer, at = Refund, Customer, of_approvals.lasted("refund", **REFUND)
    key = row.source if ask.chosen["by"] == "source" else spans.month(row.created_at)
    parts = [
        expression
        for name, begin, end in (
            ("allow", row.created_at, at.c.allowed), ("pay", at.c.allowed, at.c.paid),
            ("whole", row.created_at, at.c.paid))
        for expression in (
            sa.func.sum(spans.days(begin, end)).label(f"{name}_days"),
            sa.func.count(spans.days(begin, end)).label(f"{name}_count"))
    ]  # fmt: skip
    return (
        sa.select(key.label("key"), sa.func.count().label("count"),
                  count_if(row.state == "已退款").label("done"),
                  count_if(row.state.in_(("已驳回", "已转抵"))).label("other"),
                  sa.func.sum(row.amount).label("amount"), *parts)
        .select_from(row)
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(at, at.c.record_id == row.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.period.moments(row.created_at))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


PARTS = tuple(f"{name}_{what}" for name in ("allow", "pay", "whole")
              for what in ("days", "count"))  # fmt: skip


def of_took(row: Row, ask: Ask) -> Link | None:
    """The refunds from this source."""
    return ("refund", {"source": row["key"]}) if ask.chosen["by"] == "source" else None


def owed_back(ask: Ask) -> sa.Select[Any]:
    """What customers are still to get back, and from which document (R09-3)."""
    row, buyer = RefundableBalance, Customer
    return (
        sa.select(
            buyer.name.label("customer"), buyer.number.label("customer_no"),
            buyer.owner_id.label("person"), row.source.label("source"),
            row.balance.label("balance"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.balance > 0, *ask.found(buyer.name, row.source))
        .order_by(row.balance.desc(), row.id)
    )  # fmt: skip


def offsets(ask: Ask) -> sa.Select[Any]:
    """Which prepayment paid which invoice (R10-2)."""
    part, row, buyer = PrepayOffset, Prepayment, Customer
    return (
        sa.select(
            row.number.label("number"), buyer.name.label("customer"),
            SalesOrder.number.label("order_no"), Invoice.number.label("invoice"),
            Invoice.invoice_no.label("invoice_no"), Invoice.invoice_date.label("on"),
            part.amount.label("amount"), row.balance.label("balance"),
            sa.case((part.reversed, "已冲销"), else_=row.state).label("state"),
        )
        .select_from(part)
        .join(row, part.prepayment_id == row.id)
        .join(Invoice, part.invoice_id == Invoice.id)
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(SalesOrder, Invoice.order_id == SalesOrder.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.period.days(Invoice.invoice_date),
               *ask.found(row.number, buyer.name, Invoice.number, SalesOrder.number))
        .order_by(Invoice.invoice_date.desc(), part.id.desc())
    )  # fmt: skip


def arrived(ask: Ask) -> sa.Select[Any]:
    """Prepayments that orders asked for, and how much of them came (R10-3)."""
    row, order, buyer = ReceiptPlan, SalesOrder, Customer
    keys = {"month": [spans.month_of(order.order_date).label("key")],
            "person": [order.sales_rep_id.label("key")],
            "customer": [buyer.name.label("key"), buyer.number.label("number")]}[
        ask.chosen["by"]]  # fmt: skip
    return (
        sa.select(
            *keys, sa.func.count().label("count"),
            count_if(row.received >= row.amount).label("whole"),
            count_if((row.received < row.amount) & (row.due_date < ask.today)).label("late"),
            sa.func.sum(row.amount).label("asked"), sa.func.sum(row.received).label("received"),
        )
        .select_from(row)
        .join(order, row.order_id == order.id)
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=order.sales_rep_id, department=order.department_id),
               row.kind == "预收", row.state.in_(PLANNED), *ask.period.days(order.order_date))
        .group_by(*keys)
        .order_by(keys[0])
    )  # fmt: skip


def rate_arrived(row: Row) -> None:
    """Received of what was asked for."""
    row["rate"] = share(row["received"], row["asked"])


def of_arrived(row: Row, ask: Ask) -> Link | None:
    """The customer's plan rows of prepayments."""
    if ask.chosen["by"] != "customer":
        return None
    return "receipt_plan", {"customer_id": row["number"], "kind": "预收"}


REPORTS = (
    Report("051-03/R08-2b", _l("逾期明细"), _l("到期还没有收到的每一笔，最久的在前。"),
           (c.text("number", _l("计划行")), c.BUYER, c.OWNER, c.ORDER, c.day("due", _l("到期日")),
            c.days("days", _l("逾期天数")), c.money("amount", _l("金额")),
            c.money("received", _l("已收")), c.money("open", _l("未收")), c.STATE),
           overdue, MONEY, link=to("receipt_plan", key="number"), choices={"grade": c.GRADES}, dated=False,
           finds=_l("客户、订单、计划行")),
    Report("051-03/R08-3", _l("未认领收款"), _l("到账了还不知道是谁付的款。"),
           (c.text("number", _l("收款单")), c.text("payer", _l("付款方")),
            c.day("on", _l("到账日")), c.days("days", _l("等了天数")), c.money("amount", _l("金额")),
            c.word("method", _l("方式")), c.text("slip", _l("银行流水号")), c.STATE),
           unclaimed, MONEY, Chart("bars", "payer", ("amount",)),
           link=to("receipt", key="number"), dated=False,
           finds=_l("付款方、收款单")),
    Report("051-03/R08-4", _l("收款核销明细"), _l("每笔收款付了哪张发票、哪个计划行。"),
           (c.text("number", _l("收款单")), c.day("on", _l("到账日")), c.BUYER,
            c.text("invoice", _l("发票")), c.text("invoice_no", _l("发票号码")),
            c.text("plan", _l("计划行")), c.money("amount", _l("核销额")),
            c.money("write_off", _l("尾差核销")), c.STATE),
           allocations, MONEY, link=to("receipt", key="number"), finds=_l("收款单、客户、发票")),
    Report("051-03/R09-1", _l("退款明细"), _l("为什么退款，退了多少，走到哪里。"),
           (c.text("number", _l("退款单")), c.BUYER, c.word("source", _l("来源")),
            c.text("source_ref", _l("来源单据")), c.day("on", _l("申请日")),
            c.day("paid", _l("付款日")), c.money("amount", _l("金额")),
            c.text("slip", _l("银行流水号")), c.text("reason", _l("原因")), c.STATE),
           refunds, MONEY, link=to("refund", key="number"), choices={"source": SOURCES},
           finds=_l("退款单、客户、来源单据")),
    Report("051-03/R09-2", _l("退款周期"), _l("从申请到批准、付款各用几天。"),
           (c.KEY, c.count("count", _l("退款单数")), c.count("done", _l("已退款")),
            c.count("other", _l("驳回与转抵")), c.money("amount", _l("金额")),
            c.days("allow", _l("批准天数")), c.days("pay", _l("付款天数")), c.days("whole", _l("全程天数"))),
           took, MONEY, Chart("bars", "key", ("whole",)), mean_days, of_took, {"by": TOOK_BY},
           parts=PARTS),
    of_approvals.step_report(
        "051-03/R09-2b", _l("退款步骤用时"), _l("申请、复核、付款的每一步用了多久。"),
        ("p_051_03_09",), MONEY),
    Report("051-03/R09-3", _l("应退未退余额"), _l("还欠客户多少退款，从哪张单据来。"),
           (c.BUYER, c.text("source", _l("来源单据")), c.OWNER, c.money("balance", _l("余额"))),
           owed_back, MONEY, Chart("bars", "customer", ("balance",)),
           link=to("refundable_balance", customer_id="customer_no"), dated=False,
           finds=_l("客户、来源单据")),
    Report("051-03/R10-2", _l("预收冲抵明细"), _l("每笔预收冲了哪张发票，还剩多少。"),
           (c.text("number", _l("预收款")), c.BUYER, c.ORDER, c.text("invoice", _l("发票")),
            c.text("invoice_no", _l("发票号码")), c.day("on", _l("开票日期")),
            c.money("amount", _l("冲抵")), c.money("balance", _l("余额"), total=False), c.STATE),
           offsets, MONEY, link=to("prepayment", key="number"), finds=_l("预收款、客户、发票、订单")),
    Report("051-03/R10-3", _l("预收到账率"), _l("订单要求的预收款到了多少。"),
           (c.KEY, c.count("count", _l("笔数")), c.count("whole", _l("已到齐")),
            c.count("late", _l("逾期")), c.money("asked", _l("应预收")),
            c.money("received", _l("已收款")), c.rate("rate", _l("到账率"))),
           arrived, MONEY, Chart("plan", "key", ("asked", "received")), rate_arrived,
           of_arrived, {"by": ARRIVED_BY}),
)  # fmt: skip
