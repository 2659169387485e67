"""预收：通知、登记、入账、冲回（051-03-10）。冲抵与转单见 prepay_use。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.customer import Customer
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import Receipt
from app.records.sales_order import SalesOrder
from handlers import ledger, plan_rows, prepay_use, steps

GRACE = dt.timedelta(days=10)  # after the due date, before somebody is asked to chase
MOST_PROMISES = 2
SPENT = ("已退款", "已转出")
OUTPUTS = (
    "mode", "order_no", "customer_id", "customer_name", "owner", "subject", "department_id",
    "rate", "due_date", "required", "missing", "remind_at", "promises", "promise_date",
    "chase_result", "amount", "bank_txn_id", "received_at", "payer", "note", "source_no",
    "receipt_no", "plan_row", "invoice_no", "application_no", "cashier", "needs_review",
    "problems", "approval_facts", "outcome", "comment", "decision", "result", "idle_rows",
    "proposal", "cleaner", "next_after",
)  # fmt: skip


@handler(outputs=OUTPUTS)
def open(
    step: Step, *, mode: str | None = None, order_no: str | None = None,
    customer_id: str | None = None, invoice_no: str | None = None, due_date: Any = None,
    rate: Any = None, amount: Any = None, after: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备预收：认出要做什么（收取、登记、冲抵、清理），带出客户和订单。

    Without a mode: an invoice is offset, a person registers, the clock cleans up.
    """
    mode = mode or ("offset" if invoice_no else "register" if step.started_by else "idle")
    order = ledger.order_of(order_no)
    customer = _customer(order, customer_id)
    seen = step.variables
    kept = ("bank_txn_id", "received_at", "payer", "source_no", "receipt_no", "plan_row",
            "application_no", "required")  # fmt: skip
    idle, next_after = prepay_use.idle_rows(step, after) if mode == "idle" else ([], None)
    found = dict.fromkeys(OUTPUTS) | {name: seen.get(name) for name in kept}
    return found | {
        "mode": mode, "order_no": order_no, "invoice_no": invoice_no, "due_date": due_date,
        "amount": amount, "rate": Decimal(rate or 0), "promises": 0, "missing": ledger.ZERO,
        "customer_id": customer.number if customer else None,
        "customer_name": customer.name if customer else None,
        "owner": order.sales_rep_id if order else customer.owner_id if customer else None,
        "department_id": (order or customer).department_id if order or customer else None,
        "subject": _subject(mode, customer, order_no), "proposal": [],
        "needs_review": False, "idle_rows": idle, "next_after": next_after,
    }  # fmt: skip


def _customer(order: SalesOrder | None, number: str | None) -> Customer | None:
    if order is not None:
        return db.session.get_one(Customer, order.customer_id)
    return write.find("customer", number)


def _subject(mode: str, customer: Customer | None, order_no: str | None) -> str:
    words = {"collect": _("收取预收"), "register": _("登记预收"), "offset": _("预收冲抵"),
             "idle": _("清理闲置预收")}  # fmt: skip
    parts = [words.get(mode, mode), customer.name if customer else None, order_no]
    return " · ".join(part for part in parts if part)


@handler(outputs=("required", "missing", "remind_at", "result"))
def request(
    step: Step, *, order_no: str, rate: Any = None, due_date: Any = None, required: Any = None
) -> dict[str, Any]:  # fmt: skip
    """算出订单还要预收多少：订单金额乘比例，减去已经收在这张订单上的。

    `required` given by the order counts instead of the rate. The order's required amount is
    written once; never lowered by a later call.
    """
    order = write.need("sales_order", order_no)
    asked = ledger.money(required or order.total * Decimal(rate or 0))
    required = max(asked, order.prepay_required)
    if required != order.prepay_required:
        write.change(order, {"prepay_required": required}, **steps.writing(step))
    missing = max(required - _tied(order), ledger.ZERO)
    return {
        "required": required, "missing": missing,
        "remind_at": ledger.moment(due_date, step) + GRACE,
        "result": None if missing else "预收已满足",
    }  # fmt: skip


def _tied(order: SalesOrder) -> Decimal:
    """What has been prepaid for the order and was not given back: balances and offsets."""
    mine = Prepayment.order_id == order.id
    left = db.session.scalar(sa.select(sa.func.sum(Prepayment.balance)).where(mine))
    used = db.session.scalar(
        sa.select(sa.func.sum(PrepayOffset.amount)).where(
            PrepayOffset.prepayment_id.in_(sa.select(Prepayment.id).where(mine)),
            sa.not_(PrepayOffset.reversed),
        )
    )
    return (left or ledger.ZERO) + (used or ledger.ZERO)


@handler(outputs=("missing", "result"), pure=True)
def count_in(step: Step, *, order_no: str, required: Any) -> dict[str, Any]:
    """核对这张订单已收的预收够不够。"""
    missing = max(Decimal(required) - _tied(write.need("sales_order", order_no)), ledger.ZERO)
    return {"missing": missing, "result": None if missing else "预收完成"}


@handler(outputs=("remind_at", "promises", "outcome"), pure=True)
def promise(step: Step, *, promise_date: Any, promises: int = 0) -> dict[str, Any]:
    """登记客户承诺的付款日；过了那一天再催，最多两次。"""
    after = ledger.moment(promise_date, step) + dt.timedelta(days=1)
    return {"remind_at": after, "promises": int(promises) + 1, "outcome": None}


@handler(
    outputs=("needs_review", "problems", "cashier", "approval_facts", "customer_id",
             "customer_name", "subject", "department_id", "comment", "owner"),
    pure=True,
)  # fmt: skip
def check_register(
    step: Step, *, amount: Any, bank_txn_id: str, payer: str | None = None,
    customer_id: str | None = None, order_no: str | None = None, receipt_no: str | None = None,
    received_at: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """检查预收登记：流水号没有用过，订单是这个客户的；没有订单或别人代付的要复核。"""
    order, customer = ledger.order_of(order_no), write.find("customer", customer_id)
    if customer is None and order is not None:
        customer = db.session.get_one(Customer, order.customer_id)
    if customer is None:
        raise _invalid(_("请选择客户，或者选择订单。"))
    if order is not None and order.customer_id != customer.id:
        raise _invalid(_("订单 %(no)s 不是客户 %(name)s 的。", no=order.number, name=customer.name))
    if _is_used(bank_txn_id, receipt_no):
        raise _invalid(_("银行流水号 %(no)s 已经登记过。", no=bank_txn_id))
    facts = [
        ledger.fact(_("客户"), customer.name), ledger.fact(_("付款方"), payer),
        ledger.fact(_("订单"), order_no), ledger.fact(_("金额"), Decimal(amount)),
        ledger.fact(_("银行流水号"), bank_txn_id),
        ledger.fact(_("到账日期"), ledger.day(received_at, step)),
    ]  # fmt: skip
    other = bool(payer) and payer != customer.name
    return {
        "needs_review": order is None or other, "problems": None, "cashier": steps.actor(step),
        "approval_facts": facts, "customer_id": customer.number, "customer_name": customer.name,
        "subject": _subject("register", customer, order_no), "comment": None,
        "department_id": customer.department_id, "owner": customer.owner_id,
    }  # fmt: skip


def _invalid(text: str) -> BpmnError:
    return BpmnError("E_PREPAY_INVALID", text, problems=text)


def _is_used(bank_txn_id: str, receipt_no: str | None) -> bool:
    """A bank line pays one receipt and at most the prepayment out of that receipt."""
    if db.session.scalar(sa.select(Prepayment.id).where(Prepayment.bank_txn_id == bank_txn_id)):
        return True
    query = sa.select(Receipt.number).where(Receipt.bank_txn_id == bank_txn_id)
    receipt = db.session.scalar(query)
    return receipt is not None and receipt != receipt_no


@handler(outputs=("prepay_no", "posted_key", "result", "problems"))
def post(
    step: Step, *, customer_id: str, amount: Any, bank_txn_id: str | None = None,
    order_no: str | None = None, receipt_no: str | None = None, source_no: str | None = None,
    plan_row: str | None = None, received_at: Any = None, note: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """预收入账：预收账增加，回款计划的预收期次随之更新。

    One prepayment per bank line (natural key): asked twice, the first one is the answer. Whoever
    waits for a plan row is told.
    """
    known = sa.select(Prepayment).where(
        Prepayment.bank_txn_id == bank_txn_id, Prepayment.bank_txn_id.is_not(None)
    )
    row = db.session.scalar(known)
    order = ledger.order_of(order_no)
    if row is None:
        receipt = write.find("receipt", receipt_no)
        row = create(
            step, write.need("customer", customer_id), ledger.money(amount), order,
            bank_txn_id=bank_txn_id, receipt=receipt, source_no=plan_row or source_no,
            on=ledger.day(received_at, step), note=note,
        )  # fmt: skip
        _tell_rows(step, plan_rows.settle(step, order))
        _tell_rows(step, plan_rows.settle_contract(step, plan_row))
    step.set_business_key(row.number)
    return {"prepay_no": row.number, "posted_key": order_no or source_no or row.number,
            "result": "预收已登记", "problems": None}  # fmt: skip


def create(
    step: Step, customer: Customer, amount: Decimal, order: SalesOrder | None, *,
    bank_txn_id: str | None = None, receipt: Receipt | None = None, source_no: str | None = None,
    on: dt.date | None = None, note: str | None = None,
) -> Prepayment:  # fmt: skip
    """A prepayment and its entry in the ledger 预收."""
    given = {
        "customer_id": customer.id, "order_id": order.id if order else None, "amount": amount,
        "balance": amount, "bank_txn_id": bank_txn_id, "source_no": source_no, "remark": note,
        "source_receipt_id": receipt.id if receipt else None,
        "owner_id": order.sales_rep_id if order else customer.owner_id,
        "department_id": customer.department_id,
    }  # fmt: skip
    row: Prepayment = write.create("prepayment", given, **steps.writing(step))
    ledger.book(step, "预收", "prepay_in", amount, customer_id=customer.id,
                doc_type="prepayment", doc_no=row.number,
                order_no=order.number if order else None, on=on)  # fmt: skip
    return row


def _tell_rows(step: Step, changed: list[dict[str, Any]]) -> None:
    for one in changed:
        row = write.need("receipt_plan", one["plan_row"])
        if one["paid"] > 0 and (row.kind == "应收" or row.contract_no):
            step.send("msg_receipt_posted", row.number,
                      {"plan_row": row.number, "order_no": one["order_no"]})  # fmt: skip


@handler()
def reverse(step: Step, *, prepay_no: str) -> None:
    """冲回预收（补偿）：没有用过的余额全部冲回，预收账减少。"""
    row = write.need("prepayment", prepay_no)
    if row.state in SPENT:
        return
    prepay_use.take(step, row, row.balance, "已退款")
    ledger.reverse(step, "prepayment", row.number)
    plan_rows.settle(step, prepay_use.order_of(row))
