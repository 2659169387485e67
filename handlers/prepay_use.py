"""预收的使用：冲抵发票、转到别的订单、闲置清理（051-03-10）。"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.customer import Customer
from app.records.invoice import Invoice
from app.records.log import StateHistory
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.sales_order import SalesOrder
from handlers import ledger, plan_rows, steps

OPEN_ORDERS = ("已生效", "履约中", "挂起")
LIVE = ("已登记", "部分冲抵")
IDLE_DAYS = 90  # until then `prepay_idle` keeps a balance


def order_of(row: Prepayment) -> SalesOrder | None:
    """The order that the money was taken for."""
    return db.session.get(SalesOrder, row.order_id) if row.order_id else None


def take(step: Step, row: Prepayment, amount: Decimal, when_empty: str) -> None:
    """The balance falls by `amount`; its state follows, `when_empty` if nothing is left."""
    how = steps.writing(step)
    write.change(row, {"balance": ledger.money(row.balance - amount)}, **how)
    write.move(row, when_empty if row.balance == 0 else "部分冲抵", **how)


def locked(number: str) -> Prepayment:
    """The prepayment, locked until the transaction ends. Raises NotFound."""
    row: Prepayment = write.need("prepayment", number)
    db.session.refresh(row, with_for_update=True)
    return row


@handler(
    topic="prepay.propose_offset",
    outputs=("proposal", "result", "problems", "application_no", "offset_total"),
    pure=True,
)
def propose_offset(
    step: Step, *, invoice_no: str | None = None, application_no: str | None = None,
    customer_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """排出预收冲应收的建议：先同一张订单的预收，再没有指定订单的，先收的先用。"""
    invoice = _invoice(application_no, invoice_no)
    rows = proposed(invoice) if invoice is not None else []
    return {
        "proposal": rows, "problems": None, "result": None if rows else "无预收可冲",
        "application_no": invoice.number if invoice else None,
        "offset_total": sum((row["amount"] for row in rows), ledger.ZERO),
    }  # fmt: skip


def _invoice(number: str | None, tax_no: str | None) -> Invoice | None:
    if number:
        found: Invoice | None = write.find("invoice", number)
        return found
    query = sa.select(Invoice).where(Invoice.invoice_no == tax_no, Invoice.state == "已入账")
    return db.session.scalars(query.order_by(Invoice.id.desc())).first()


def proposed(invoice: Invoice) -> list[dict[str, Any]]:
    """Which prepayments pay the invoice, each with amount and balance."""
    query = sa.select(Prepayment).where(
        Prepayment.customer_id == invoice.customer_id, Prepayment.balance > 0,
        Prepayment.state.in_(LIVE),
        sa.or_(Prepayment.order_id == invoice.order_id, Prepayment.order_id.is_(None)),
    ).order_by(Prepayment.order_id.is_(None), Prepayment.id)  # fmt: skip
    left, rows = invoice.open, []
    for row in db.session.scalars(query):
        amount = min(left, row.balance)
        if amount <= 0:
            break
        left -= amount
        order = order_of(row)
        rows.append({
            "prepay_no": row.number, "application_no": invoice.number,
            "invoice_no": invoice.invoice_no, "order_no": order.number if order else None,
            "balance": row.balance, "open": invoice.open, "amount": amount,
        })  # fmt: skip
    return rows


@handler(
    topic="prepay.offset", outputs=("cleared", "result", "problems", "offset_ids", "offset_total")
)
def offset(step: Step, *, proposal: list, application_no: str | None = None) -> dict[str, Any]:
    """预收冲抵入账：预收减少、发票未收减少，两本账各记一笔。

    Raises E_OFFSET_EXCEEDS_BALANCE and E_OFFSET_EXCEEDS_OPEN; then nothing is written. The same
    prepayment pays the same invoice once per proposal (natural key).
    """
    wanted = [row for row in proposal if Decimal(row.get("amount") or 0) > 0]
    _check(wanted)
    ids: list[int] = []
    orders: dict[int, SalesOrder] = {}
    for row in wanted:
        invoice, prepay = ledger.locked_invoice(row["application_no"]), locked(row["prepay_no"])
        made = apply(step, prepay, invoice, ledger.money(row["amount"]), str(step.instance_id))
        ids += [made.id] if made else []
        for order in (order_of(prepay), _order(invoice)):
            if order is not None:
                orders[order.id] = order
    changed = [one for order in orders.values() for one in _settle(step, order)]
    return {
        "cleared": plan_rows.cleared(changed), "result": "已冲抵", "problems": None,
        "offset_ids": ids,
        "offset_total": sum((ledger.money(row["amount"]) for row in wanted), ledger.ZERO),
    }  # fmt: skip


def _settle(step: Step, order: SalesOrder) -> list[dict[str, Any]]:
    ledger.note_order(step, order)
    return plan_rows.settle(step, order)


def _check(wanted: list[dict[str, Any]]) -> None:
    balances: dict[str, Decimal] = {}
    opens: dict[str, Decimal] = {}
    for row in wanted:
        amount = ledger.money(row["amount"])
        prepay, invoice = locked(row["prepay_no"]), ledger.locked_invoice(row["application_no"])
        left = balances.setdefault(prepay.number, prepay.balance) - amount
        if left < 0:
            raise _exceeds("BALANCE", _("预收 %(no)s 只剩 %(left)s，不能冲 %(amount)s。",
                                        no=prepay.number, left=ledger.shown(prepay.balance),
                                        amount=ledger.shown(amount)))  # fmt: skip
        due = opens.setdefault(invoice.number, invoice.open) - amount
        if due < 0 or invoice.state != "已入账":
            raise _exceeds("OPEN", _("发票 %(no)s 未收 %(left)s，不能冲 %(amount)s。",
                                     no=invoice.invoice_no or invoice.number,
                                     left=ledger.shown(invoice.open),
                                     amount=ledger.shown(amount)))  # fmt: skip
        balances[prepay.number], opens[invoice.number] = left, due


def _exceeds(what: str, text: str) -> BpmnError:
    return BpmnError(f"E_OFFSET_EXCEEDS_{what}", text, problems=text)


def apply(
    step: Step, prepay: Prepayment, invoice: Invoice, amount: Decimal, proposal: str
) -> PrepayOffset | None:
    """One offset with its pair of entries; None if this proposal was booked already."""
    known = sa.select(PrepayOffset.id).where(
        PrepayOffset.prepayment_id == prepay.id, PrepayOffset.invoice_id == invoice.id,
        PrepayOffset.proposal == proposal,
    )  # fmt: skip
    if db.session.scalar(known) is not None:
        return None
    given = {"prepayment_id": prepay.id, "invoice_id": invoice.id, "amount": amount,
             "proposal": proposal}  # fmt: skip
    made: PrepayOffset = write.create("prepay_offset", given, **steps.writing(step))
    take(step, prepay, amount, "已用完")
    ledger.pay(step, invoice, amount)
    order = _order(invoice)
    for book in ("预收", "应收"):
        ledger.book(step, book, "prepay_offset", -amount, customer_id=invoice.customer_id,
                    doc_type="prepay_offset", doc_no=prepay.number, line=made.id,
                    order_no=order.number if order else None)  # fmt: skip
    return made


def _order(invoice: Invoice) -> SalesOrder | None:
    return db.session.get(SalesOrder, invoice.order_id) if invoice.order_id else None


@handler(topic="prepay.reverse_offset")
def reverse_offset(step: Step, *, offset_ids: list) -> None:
    """冲回冲抵（补偿）：预收和发票未收都恢复，两本账各记一笔相反的。"""
    for id in offset_ids:
        made = db.session.get_one(PrepayOffset, int(id))
        if made.reversed:
            continue
        prepay = db.session.get_one(Prepayment, made.prepayment_id)
        invoice = db.session.get_one(Invoice, made.invoice_id)
        write.change(made, {"reversed": True}, **steps.writing(step))
        take(step, prepay, -made.amount, "已用完")
        if prepay.balance == prepay.amount:
            write.move(prepay, "已登记", **steps.writing(step))
        ledger.pay(step, invoice, -made.amount)
        ledger.reverse(step, "prepay_offset", prepay.number, [made.id])
        order = _order(invoice)
        if order is not None:
            _settle(step, order)


def idle_rows(step: Step, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """One batch of the balances that are left, in the order of their numbers from the one behind
    `after`, with what `prepay_idle` asks; and the last number of the batch when there are more."""
    query = (
        sa.select(Prepayment).where(
            Prepayment.balance > 0, Prepayment.state.in_(LIVE), Prepayment.number > (after or "")
        ).order_by(Prepayment.number).limit(steps.BATCH + 1)
    )  # fmt: skip
    rows, rest = steps.batch(list(db.session.scalars(query)))
    owners = {row.customer_id for row in rows}
    names = {one.id: one for one in db.session.scalars(
        sa.select(Customer).where(Customer.id.in_(owners)))}  # fmt: skip
    busy = set(db.session.scalars(
        sa.select(SalesOrder.customer_id).where(
            SalesOrder.customer_id.in_(owners), SalesOrder.state.in_(OPEN_ORDERS))
    ))  # fmt: skip
    moved = _last_moved([row.id for row in rows])
    found = [_idle(step, row, names[row.customer_id], moved, busy) for row in rows]
    return [one for one in found if _is_news(step, one)], rows[-1].number if rest else None


def _is_news(step: Step, one: dict[str, Any]) -> bool:
    """Who looks after an idle balance is told once a month; False when he was told, so that
    timers that were missed and fire together ask once."""
    if one["idle_days"] <= IDLE_DAYS:
        return True
    person = deliver.recipient(one["owner"] or next(iter(people.holders("finance_clerk")), None))
    told = {"customer": one["subject"], "amount": ledger.shown(one["balance"]),
            "days": one["idle_days"]}  # fmt: skip
    key = f"idle:{one['prepay_no']}:{step.now:%Y%m}"
    return person is None or bool(
        deliver.deliver(person, "prepay_idle", told, ("站内",), key=key, at=step.now)
    )


def _last_moved(ids: list[int]) -> dict[int, dt.datetime]:
    query = (
        sa.select(StateHistory.record_id, sa.func.max(StateHistory.at))
        .where(StateHistory.entity == "prepayment", StateHistory.record_id.in_(ids))
        .group_by(StateHistory.record_id)
    )
    return dict(tuple(row) for row in db.session.execute(query))


def _idle(
    step: Step, row: Prepayment, customer: Customer, moved: dict[int, dt.datetime],
    busy: Iterable[int],
) -> dict[str, Any]:  # fmt: skip
    order = order_of(row)
    days = (step.now - moved.get(row.id, row.created_at)).days
    return {
        "prepay_no": row.number, "customer_id": customer.number, "balance": row.balance,
        "order_no": order.number if order else None, "idle_days": days,
        "owner": row.owner_id or customer.owner_id,
        "has_open_order": customer.id in set(busy), "subject": f"{customer.name} {row.number}",
        "facts": [
            ledger.fact(_("客户"), customer.name), ledger.fact(_("预收单"), row.number),
            ledger.fact(_("余额"), row.balance), ledger.fact(_("闲置天数"), days),
            ledger.fact(_("原订单"), order.number if order else None),
        ],
    }  # fmt: skip


@handler(topic="prepay.note_plan", outputs=("cleaner", "approval_facts", "comment"), pure=True)
def note_plan(
    step: Step, *, approval_facts: list, target_order: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """记下是谁要转单，列给审批人看。"""
    known = {_("转到订单"), _("理由")}
    facts = [one for one in approval_facts if one["label"] not in known]
    facts += [ledger.fact(_("转到订单"), target_order), ledger.fact(_("理由"), reason)]
    return {"cleaner": steps.actor(step), "approval_facts": facts, "comment": None}


@handler(topic="prepay.transfer", outputs=("result", "problems", "prepay_to"))
def transfer(
    step: Step, *, prepay_no: str, target_order: str, reason: str | None = None
) -> dict[str, Any]:
    """预收转单：余额转到同一客户的另一张订单，原单关闭，新单登记。

    Raises E_CUSTOMER_MISMATCH when the order is another customer's. Asked twice, nothing is
    moved twice.
    """
    row, order = locked(prepay_no), write.need("sales_order", target_order)
    if order.customer_id != row.customer_id:
        text = _("订单 %(no)s 不是同一客户的，不能转。", no=order.number)
        raise BpmnError("E_CUSTOMER_MISMATCH", text, problems=text)
    if row.balance == 0:
        return {"result": "已转单", "problems": None, "prepay_to": None}
    amount, before = row.balance, order_of(row)
    given = {
        "customer_id": row.customer_id, "order_id": order.id, "amount": amount,
        "balance": amount, "source_no": row.number, "owner_id": order.sales_rep_id,
        "department_id": order.department_id, "remark": reason,
    }  # fmt: skip
    new = write.create("prepayment", given, **steps.writing(step))
    write.create("prepay_transfer", {"from_id": row.id, "to_id": new.id, "amount": amount},
                 by=steps.actor(step), at=step.now)  # fmt: skip
    take(step, row, amount, "已转出")
    for number, part, where in ((row.number, -amount, before), (new.number, amount, order)):
        ledger.book(step, "预收", "adjust", part, customer_id=row.customer_id,
                    doc_type="prepay_transfer", doc_no=number,
                    order_no=where.number if where else None)  # fmt: skip
    plan_rows.settle(step, before)
    plan_rows.settle(step, order)
    return {"result": "已转单", "problems": None, "prepay_to": new.number}
