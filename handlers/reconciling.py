"""对账：编制对账单、登记回复、调整差异、确认（051-01-03）。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.notify import deliver
from app.records import ar_entry, period, write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.statement import Statement
from handlers import grading, ledger, steps

ZERO = Decimal("0.00")
DISPUTED, CONFIRMED, OPEN, ADJUSTED = "有差异", "已确认", "未对账", "已调整"


@handler(topic="account.create_statement", outputs=("statement_no", "statement_balance"))
def create_statement(step: Step, *, customer_id: str, month: str) -> dict[str, Any]:
    """编制对账单：这个月底客户欠我们多少，并发给首要联系人。

    One statement per customer and month (natural key); its balance is receivable less prepaid
    less refundable.
    """
    customer = write.need("customer", customer_id)
    query = sa.select(Statement).where(
        Statement.customer_id == customer.id, Statement.period == month
    )
    row = db.session.scalar(query)
    if row is None:
        given = {
            "customer_id": customer.id, "period": month, "balance": _net(customer.id, month),
            "sent_at": step.now, "owner_id": customer.owner_id,
            "department_id": customer.department_id,
        }  # fmt: skip
        row = write.create("statement", given, **steps.writing(step))
        _mail(step, customer, row)
    return {"statement_no": row.number, "statement_balance": row.balance}


def _net(customer_id: int, month: str) -> Decimal:
    day = period.last(month)
    owed, prepaid, refundable = (
        ar_entry.balance(customer_id, name, day) for name in ar_entry.LEDGERS
    )
    return owed - prepaid - refundable


def _mail(step: Step, customer: Customer, row: Statement) -> None:
    query = sa.select(Contact).where(Contact.customer_id == customer.id, Contact.is_primary)
    contact = db.session.scalar(query.limit(1))
    person = deliver.recipient({
        "name": contact.name if contact else customer.name, "is_customer": True, "consent": True,
        "email": (contact.email if contact else None) or customer.email,
    })  # fmt: skip
    if person is not None:
        context = {"customer": customer.name, "number": row.number, "month": row.period,
                   "balance": str(row.balance)}  # fmt: skip
        deliver.deliver(person, "statement", context, ("邮件",), key=f"statement:{row.number}",
                        at=step.now, origin=vars(steps.origin(step)) | {"by": steps.actor(step)})  # fmt: skip


@handler(topic="account.note_reply", outputs=("reply_note",), pure=True)
def note_reply(
    step: Step, *, reply_result: str | None = None, confirmed_balance: Any = None,
    reply_text: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """客户补来的回复显示在待办上，由登记的人采用。"""
    words = {"confirmed": _("一致"), "disputed": _("有差异")}
    parts = [words.get(reply_result or "", _("已回复"))]
    if confirmed_balance is not None:
        parts.append(_("客户账上余额 %(amount)s", amount=confirmed_balance))
    return {"reply_note": "；".join([*parts, *([reply_text] if reply_text else [])])}


@handler(topic="account.record_reply", outputs=("reply_result", "problems"))
def record_reply(
    step: Step, *, statement_no: str, reply_result: str | None = None,
    confirmed_balance: Decimal | None = None, dispute_lines: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记对账回复：一致、有差异或没有回复；有差异的对账单等财务核对。"""
    row = write.need("statement", statement_no)
    result = reply_result if reply_result in ("confirmed", "disputed") else "no_reply"
    if result == "confirmed" and confirmed_balance not in (None, row.balance):
        result = "disputed"  # who confirms another balance does not agree
    given = {"confirmed_balance": confirmed_balance, "dispute_lines": dispute_lines or []}
    write.change(row, given, **steps.writing(step))
    if result == "disputed":
        write.move(row, DISPUTED, **steps.writing(step))
    return {"reply_result": result, "problems": None}


@handler(
    topic="account.propose_adjustment",
    outputs=("adjuster", "adjust_facts", "adjust_amount", "value_date", "problems"), pure=True,
)  # fmt: skip
def propose_adjustment(
    step: Step, *, statement_no: str, adjust_amount: Decimal | None = None,
    value_date: dt.date | None = None, cause: str | None = None, month: str | None = None,
    fix_note: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记调整申请：先看金额和月份能不能记，再交财务经理审批。

    Without a day the adjustment belongs to the statement's month. Raises E_OVER_ADJUST,
    E_PERIOD_CLOSED.
    """
    row = write.need("statement", statement_no)
    day = value_date or period.last(month or row.period)
    amount = Decimal(adjust_amount or 0)
    _check(row, amount, day)
    customer = write.get("customer", row.customer_id)
    pairs = (
        (_("客户"), customer.name), (_("对账单"), row.number), (_("月份"), row.period),
        (_("我方余额"), ledger.shown(row.balance)), (_("客户余额"), _balance(row)),
        (_("差异原因"), cause or "—"), (_("调整金额"), ledger.shown(amount)), (_("记账日"), day.isoformat()),
        (_("说明"), fix_note or "—"),
    )  # fmt: skip
    return {
        "adjuster": steps.actor(step), "adjust_amount": amount, "value_date": day,
        "adjust_facts": [{"label": label, "value": value} for label, value in pairs],
        "problems": None,
    }  # fmt: skip


def _balance(row: Statement) -> str:
    return "—" if row.confirmed_balance is None else ledger.shown(row.confirmed_balance)


def _check(row: Statement, amount: Decimal, day: dt.date) -> None:
    if period.is_closed(day):
        text = _("%(month)s 已经结账，请把记账日改到 %(day)s 或以后。",
                 month=period.of(day), day=period.first_open(day).isoformat())  # fmt: skip
        raise BpmnError("E_PERIOD_CLOSED", text, problems=text)
    left = ar_entry.balance(row.customer_id, ar_entry.RECEIVABLE)
    if not amount or left + amount < 0:
        text = (
            _("调整金额不能是 0。") if not amount
            else _("调整 %(amount)s 超过了客户的应收 %(left)s，未收金额会小于 0。",
                   amount=amount, left=left)
        )  # fmt: skip
        raise BpmnError("E_OVER_ADJUST", text, problems=text)


@handler(topic="account.post_adjustment", outputs=("problems",))
def post_adjustment(
    step: Step, *, statement_no: str, adjust_amount: Decimal, value_date: dt.date,
    cause: str | None = None, evidence: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """过账调整：应收明细加一笔调整，对账单变为已调整，这个月的快照重新生成。

    The entry names the statement; key (statement, approval). What is unpaid never falls below
    0 (E_OVER_ADJUST) and a closed month stays as it is (E_PERIOD_CLOSED).
    """
    row = write.need("statement", statement_no)
    _check(row, adjust_amount, value_date)
    how = steps.writing(step)
    entry = {
        "customer_id": row.customer_id, "type": "adjust", "ledger": ar_entry.RECEIVABLE,
        "amount": adjust_amount, "doc_type": "statement", "doc_no": row.number,
        "value_date": value_date,
    }  # fmt: skip
    write.create("ar_entry", entry, **how)
    given = {"cause": cause, "adjust_amount": adjust_amount, "value_date": value_date,
             "evidence": evidence or []}  # fmt: skip
    write.change(row, given, **how)
    write.move(row, ADJUSTED, **how)
    month = period.of(value_date)
    if month == row.period:
        grading.keep(step, write.get("customer", row.customer_id), month)
    return {"problems": None}


@handler(topic="account.confirm_statement", outputs=("problems",))
def confirm_statement(
    step: Step, *, statement_no: str, ending: str = CONFIRMED, cause: str | None = None,
    fix_note: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """确认对账：对账单已确认；没有回复或者要更正单据的，标为未对账。"""
    row = write.need("statement", statement_no)
    how = steps.writing(step)
    if ending == OPEN:
        write.change(row, {"cause": cause, "remark": fix_note}, **how)
    write.move(row, ending, **how)
    return {"problems": None}


def open_invoices(customer_id: int) -> list[Invoice]:
    """The unpaid blue invoices, oldest due first."""
    query = sa.select(Invoice).where(
        Invoice.customer_id == customer_id, Invoice.color == "蓝", Invoice.open > 0
    )
    return list(db.session.scalars(query.order_by(Invoice.due_date)))
