"""催收：盯住每期应收，到期前提醒、逾期催收、坏账核销（051-03-08）。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import Step, handler
from app.errors import Invalid
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.log import ApprovalLog
from app.records.sales_order import ReceiptPlan, SalesOrder
from handlers import ledger, plan_rows, refund_source, steps

BEFORE = dt.timedelta(days=3)  # the reminder
AFTER = dt.timedelta(days=1)  # the first dunning
AGAIN = dt.timedelta(days=7)  # without a promise
LOOK = dt.timedelta(days=30)  # while nobody knows the due date
WORST = 4
ENTERED = (1, 8, 31, 61)  # days overdue on which an item enters the next level
DEAD = ("作废", "已核销", "已结清")


@handler(
    topic="receivable.watch",
    outputs=("row_open", "next_at", "next_step", "overdue_days", "recipients", "told", "clerks",
             "customer_id", "owner", "outcome", "dispute", "promise_date", "contact_result",
             "result", "due_date", "level", "comment", "proposer", "approval_facts", "problems"),
)  # fmt: skip
def watch(step: Step, *, plan_row: str, quiet_until: Any = None) -> dict[str, Any]:
    """查看计划行：还差多少、什么时候提醒或催收；逾期的记为逾期。"""
    row: ReceiptPlan = write.need("receipt_plan", plan_row)
    unpaid = ledger.ZERO if row.state in DEAD else row.open
    customer = db.session.get_one(Customer, row.customer_id)
    order = db.session.get(SalesOrder, row.order_id) if row.order_id else None
    today = steps.today(step)
    overdue = max((today - row.due_date).days, 0) if row.due_date else 0
    if overdue and unpaid and row.state in ("待回款", "部分回款"):
        write.move(row, "逾期", **steps.writing(step))
    next_at, next_step = _next(step, row, quiet_until)
    owner = order.sales_rep_id if order else row.owner_id or customer.owner_id
    told = {"customer": customer.name, "row": row.number, "amount": ledger.shown(unpaid),
            "due": str(row.due_date or "—"), "days": overdue}  # fmt: skip
    return {
        "row_open": unpaid, "next_at": next_at, "next_step": next_step, "overdue_days": overdue,
        "recipients": [owner, *refund_source.contact_of(customer)], "told": told,
        "clerks": people.holders("finance_clerk"), "customer_id": customer.number,
        "owner": owner, "outcome": None, "dispute": None, "promise_date": None,
        "contact_result": None, "due_date": row.due_date, "level": None, "comment": None,
        "result": None if unpaid else "收款完成", "proposer": None, "problems": None,
        "approval_facts": _facts(row, customer, unpaid, overdue),
    }  # fmt: skip


def _next(step: Step, row: ReceiptPlan, quiet_until: Any) -> tuple[dt.datetime, str]:
    if row.due_date is None:
        return step.now + LOOK, "look"
    due = ledger.moment(row.due_date, step)
    if step.now < due - BEFORE:
        return due - BEFORE, "remind"
    at = due + AFTER
    if quiet_until is not None:
        at = max(at, ledger.moment(quiet_until, step))
    return at, "dun"


def _facts(
    row: ReceiptPlan, customer: Customer, unpaid: Decimal, overdue: int
) -> list[dict[str, str]]:
    return [
        ledger.fact(_("客户"), customer.name), ledger.fact(_("回款计划"), row.number),
        ledger.fact(_("未收"), unpaid), ledger.fact(_("到期日"), row.due_date),
        ledger.fact(_("逾期天数"), overdue),
    ]  # fmt: skip


@handler(topic="receivable.stop_goods")
def stop_goods(step: Step, *, customer_id: str, plan_row: str, overdue_days: Any = 0) -> None:
    """停止发货：这个客户在途的每张订单都挂起。

    Every running order of the customer hears `msg_credit_stop`, be there none or many (051-03-08).
    """
    reason = _("货款逾期 %(days)s 天", days=overdue_days)
    told = {"customer_id": customer_id, "plan_row": plan_row, "reason": reason}
    step.send_every("msg_credit_stop", customer_id, told)


@handler(topic="receivable.raise_level", outputs=("level",), pure=True)
def raise_level(step: Step, *, level: Any = 1) -> dict[str, Any]:
    """三天没有催，升到下一级；最高四级（停发）。"""
    return {"level": min(int(level) + 1, WORST)}


@handler(topic="receivable.note_dunning", outputs=("quiet_until",), pure=True)
def note_dunning(step: Step, *, promise_date: Any = None) -> dict[str, Any]:
    """登记催收结果：客户承诺的日期过后再看；没有承诺的七天后再看。"""
    if promise_date:
        return {"quiet_until": ledger.moment(promise_date, step) + AFTER}
    return {"quiet_until": step.now + AGAIN}


@handler(topic="receivable.propose_write_off", outputs=("proposer", "approval_facts", "comment"),
         pure=True)  # fmt: skip
def propose_write_off(
    step: Step, *, approval_facts: list, reason: str | None = None
) -> dict[str, Any]:
    """提出核销：把理由列给总经理看。"""
    facts = [one for one in approval_facts if one["label"] != _("核销理由")]
    return {"proposer": steps.actor(step), "comment": None,
            "approval_facts": [*facts, ledger.fact(_("核销理由"), reason)]}  # fmt: skip


@handler(topic="receivable.write_off", outputs=("cleared", "written", "result"))
def write_off(step: Step, *, plan_row: str, reason: str | None = None) -> dict[str, Any]:
    """核销坏账：发票未收和应收减少，计划行记为已核销；必须有总经理的批准。

    `cleared` are the other rows that are settled by it. Raises Invalid without an approval.
    """
    row: ReceiptPlan = write.need("receipt_plan", plan_row)
    if row.state == "已核销":
        return {"cleared": [], "written": ledger.ZERO, "result": "已核销"}
    if not is_approved("receipt_plan", plan_row):
        raise Invalid(_("核销 %(row)s 没有经过批准。", row=plan_row))
    order = db.session.get(SalesOrder, row.order_id) if row.order_id else None
    rest = row.open
    for invoice in _unpaid(order):
        part = min(rest, invoice.open)
        if part:
            rest -= part
            ledger.pay(step, invoice, part)
            ledger.book(step, "应收", "write_off", -part, customer_id=row.customer_id,
                        doc_type="invoice", doc_no=invoice.number, line=row.id,
                        order_no=order.number if order else None)  # fmt: skip
    written = row.open - rest
    write.move(row, "已核销", reason=(reason or "")[:200], **steps.writing(step))
    ledger.note_order(step, order)
    cleared = plan_rows.cleared(plan_rows.settle(step, order))
    return {"cleared": cleared, "written": written, "result": "已核销"}


def is_approved(entity: str, number: str) -> bool:
    """Did somebody agree to what was asked of him about this record?"""
    query = sa.select(ApprovalLog.id).where(
        ApprovalLog.entity == entity, ApprovalLog.number == number,
        ApprovalLog.decision == "同意",
    )  # fmt: skip
    return db.session.scalar(query.limit(1)) is not None


def _unpaid(order: SalesOrder | None) -> list[Invoice]:
    if order is None:
        return []
    query = sa.select(Invoice).where(
        Invoice.order_id == order.id, Invoice.open > 0, Invoice.state == "已入账"
    )
    return list(db.session.scalars(query.order_by(Invoice.due_date, Invoice.id).with_for_update()))


def overdue_items(step: Step) -> list[dict[str, Any]]:
    """Customers with an unpaid invoice that no plan row watches and that enters the next dunning
    level today; one item per customer."""
    today = steps.today(step)
    days = [today - dt.timedelta(days=count) for count in ENTERED]
    planned = sa.select(ReceiptPlan.order_id).where(
        ReceiptPlan.order_id.is_not(None), ReceiptPlan.state.not_in(DEAD)
    )
    query = (
        sa.select(Invoice.customer_id, sa.func.sum(Invoice.open), sa.func.min(Invoice.due_date))
        .where(Invoice.open > 0, Invoice.color == "蓝", Invoice.due_date < today,
               Invoice.state == "已入账",
               sa.or_(Invoice.order_id.is_(None), Invoice.order_id.not_in(planned)))
        .group_by(Invoice.customer_id).having(sa.func.min(Invoice.due_date).in_(days))
    )  # fmt: skip
    found = [tuple(row) for row in db.session.execute(query)]
    names = {row.id: row for row in db.session.scalars(
        sa.select(Customer).where(Customer.id.in_([one[0] for one in found])))}  # fmt: skip
    items = [_item(names[id], ledger.money(total), (today - due).days) for id, total, due in found]
    return [item for item in items if _is_news(step, item)]


def _is_news(step: Step, item: dict[str, Any]) -> bool:
    """The owner is told; False when he was told of this level already, so that timers that were
    missed and fire together ask once."""
    clerks = people.holders("finance_clerk")
    person = deliver.recipient(item["owner"] or next(iter(clerks), None))
    if person is None:
        return True
    key = f"overdue:{item['customer_id']}:{item['overdue_days']}:{steps.today(step):%Y%m}"
    return bool(deliver.deliver(person, "payment_overdue", item["told"], ("站内",), key=key,
                                at=step.now))  # fmt: skip


def _item(customer: Customer, total: Decimal, days: int) -> dict[str, Any]:
    return {
        "customer_id": customer.number, "open": total, "overdue_days": days,
        "owner": customer.owner_id, "subject": f"{customer.name} {ledger.shown(total)}",
        "told": {"customer": customer.name, "row": "—", "amount": ledger.shown(total),
                 "due": "—", "days": days},
    }  # fmt: skip
