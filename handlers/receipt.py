"""收款：登记、匹配、认领、核销、入账、冲销（051-03-08）。"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import exposure, write
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment
from app.records.receipt import Receipt, ReceiptAllocation
from app.records.sales_order import ReceiptPlan, SalesOrder
from handlers import collecting, crediting, ledger, plan_rows, steps

OUTPUTS = (
    "mode", "plan_row", "order_no", "customer_id", "customer_name", "owner", "department_id",
    "subject", "amount", "received_at", "method", "bank_txn_id", "payer", "payer_account",
    "bank_fee", "note", "receipt_no", "matched", "rows", "to_prepay", "surplus", "short",
    "write_off", "write_off_refused", "fee_approved", "allocator", "touched_rows", "prepay_order",
    "prepay_row", "problems", "approval_facts", "outcome", "comment", "decision", "result",
    "overdue_items", "recipients", "told", "handling", "quiet_until", "reason", "claim_customer",
    "due_date", "level", "discount",
)  # fmt: skip
KEPT = ("plan_row", "order_no", "amount", "received_at", "method", "bank_txn_id", "payer",
        "payer_account", "bank_fee", "note")  # fmt: skip
MOST_ROWS = 50


@handler(outputs=OUTPUTS)
def open(
    step: Step, *, mode: str | None = None, plan_row: str | None = None,
    bank_txn_id: str | None = None, customer_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备收款：认出是盯一期计划、登记一笔到账，还是每日催收。"""
    if mode is None:
        mode = "plan" if plan_row else "bank" if bank_txn_id or step.started_by else "dunning"
    base = dict.fromkeys(OUTPUTS) | {name: step.variables.get(name) for name in KEPT}
    base |= {"mode": mode, "write_off_refused": False, "fee_approved": False, "rows": [],
             "touched_rows": [], "overdue_items": [], "customer_id": customer_id}  # fmt: skip
    if mode == "plan":
        row = write.need("receipt_plan", plan_row)
        customer = db.session.get_one(Customer, row.customer_id)
        return base | {"subject": f"{customer.name} · {row.number}",
                       "department_id": row.department_id or customer.department_id}  # fmt: skip
    if mode == "dunning":
        return base | {"subject": _("每日催收"), "overdue_items": collecting.overdue_items(step)}
    return base | {
        "subject": " · ".join(x for x in (_("收款"), base["payer"]) if x),
        "received_at": base["received_at"] or steps.today(step),
        "method": base["method"] or "电汇",
        "bank_fee": base["bank_fee"] or ledger.ZERO,
    }


@handler(outputs=("receipt_no", "problems", "subject"))
def register(
    step: Step, *, amount: Any, bank_txn_id: str, payer: str, received_at: Any = None,
    method: str = "电汇", bank_fee: Any = None, note: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存收款单（待认领）；同一银行流水号只能登记一次。"""
    known = db.session.scalar(sa.select(Receipt).where(Receipt.bank_txn_id == bank_txn_id))
    if known is not None or db.session.scalar(
        sa.select(Prepayment.id).where(Prepayment.bank_txn_id == bank_txn_id)
    ):
        raise Invalid(_("银行流水号 %(no)s 已经登记过。", no=bank_txn_id),
                      fields={"bank_txn_id": _("已经登记过")})  # fmt: skip
    total, fee = ledger.money(amount), ledger.money(bank_fee)
    if fee >= total:
        raise Invalid(_("手续费不能超过收款金额。"), fields={"bank_fee": _("太大")})
    row = write.create("receipt", {
        "amount": total, "received_at": ledger.moment(received_at, step), "method": method,
        "bank_txn_id": bank_txn_id, "payer": payer, "unallocated": total - fee, "to_prepay": 0,
        "bank_fee": fee, "remark": note,
    }, **steps.writing(step))  # fmt: skip
    step.set_business_key(row.number)
    return {"receipt_no": row.number, "problems": None,
            "subject": f"{_('收款')} · {payer} · {ledger.shown(total)}"}  # fmt: skip


@handler(
    outputs=("matched", "customer_id", "customer_name", "owner", "department_id", "rows",
             "prepay_order", "prepay_row", "recipients", "told", "outcome", "problems"),
    pure=True,
)  # fmt: skip
def match(
    step: Step, *, receipt_no: str, customer_id: str | None = None,
    payer_account: str | None = None, plan_row: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """匹配收款：先认客户（账号、户名），再排该收的预收、发票（到期早的在前）；只建议，不入账。"""
    row: Receipt = write.need("receipt", receipt_no)
    customer = write.find("customer", customer_id) or _payer(row.payer, payer_account)
    if customer is None:
        return {"matched": False, "rows": [], "customer_id": None, "customer_name": None,
                "owner": None, "department_id": None, "prepay_order": None, "prepay_row": None,
                "recipients": [], "told": None, "outcome": None, "problems": None}  # fmt: skip
    left = row.amount - row.bank_fee
    due = _due_prepay(customer)
    if due is not None and plan_row is None:
        left = max(left - due.open, ledger.ZERO)
    return {
        "matched": True, "customer_id": customer.number, "customer_name": customer.name,
        "owner": customer.owner_id, "department_id": customer.department_id, "outcome": None,
        "rows": _proposed(customer, left), "problems": None,
        "prepay_order": _order_no(due), "prepay_row": _contract_row(plan_row),
        "recipients": [customer.owner_id] if customer.owner_id else [],
        "told": {"customer": customer.name, "number": row.number, "payer": row.payer,
                 "amount": ledger.shown(row.amount)},
    }  # fmt: skip


def _payer(name: str, account: str | None) -> Customer | None:
    """The one customer with this bank account, else the one with this name or title."""
    if account:
        query = sa.select(CustomerAccount.customer_id).where(
            CustomerAccount.bank_account == account
        )
        found = list(db.session.scalars(query))
        if len(found) == 1:
            return db.session.get_one(Customer, found[0])
    titled = sa.select(CustomerAccount.customer_id).where(CustomerAccount.invoice_title == name)
    query = sa.select(Customer).where(sa.or_(Customer.name == name, Customer.id.in_(titled)),
                                      Customer.state.in_(("有效", "公海")))  # fmt: skip
    known = list(db.session.scalars(query))
    return known[0] if len(known) == 1 else None


def _due_prepay(customer: Customer) -> ReceiptPlan | None:
    """The first row of an order of the customer that is paid before there is an invoice."""
    query = (
        sa.select(ReceiptPlan).join(SalesOrder, SalesOrder.id == ReceiptPlan.order_id)
        .where(
            ReceiptPlan.customer_id == customer.id, ReceiptPlan.received < ReceiptPlan.amount,
            ReceiptPlan.state.in_(("待回款", "部分回款", "逾期")),
            sa.or_(ReceiptPlan.kind == "预收", SalesOrder.invoice_basis == "按收款"),
        )
    )  # fmt: skip
    return db.session.scalars(query.order_by(ReceiptPlan.id)).first()


def _order_no(row: ReceiptPlan | None) -> str | None:
    order = db.session.get(SalesOrder, row.order_id) if row and row.order_id else None
    return order.number if order else None


def _contract_row(plan_row: str | None) -> str | None:
    row = write.find("receipt_plan", plan_row)
    return plan_row if row is not None and row.contract_no else None


def _proposed(customer: Customer, left: Decimal) -> list[dict[str, Any]]:
    query = sa.select(Invoice).where(
        Invoice.customer_id == customer.id, Invoice.open > 0, Invoice.color == "蓝",
        Invoice.state == "已入账",
    ).order_by(Invoice.due_date, Invoice.id).limit(MOST_ROWS)  # fmt: skip
    rows = []
    for invoice in db.session.scalars(query):
        amount = min(left, invoice.open)
        left -= amount
        order = db.session.get(SalesOrder, invoice.order_id) if invoice.order_id else None
        rows.append({
            "application_no": invoice.number, "invoice_no": invoice.invoice_no,
            "order_no": order.number if order else None, "due_date": invoice.due_date,
            "open": invoice.open, "amount": amount, "discount": ledger.ZERO,
        })  # fmt: skip
    return rows


@handler(outputs=("customer_id",))
def claim(step: Step, *, receipt_no: str, claim_customer: str) -> dict[str, Any]:
    """登记认领：业务员说出是哪个客户的款。"""
    row, customer = _row(receipt_no), write.need("customer", claim_customer)
    write.change(row, {"customer_id": customer.id}, **steps.writing(step))
    return {"customer_id": customer.number}


@handler(outputs=("result",))
def park(step: Step, *, receipt_no: str) -> dict[str, Any]:
    """三十天没人认领，列为待查。"""
    write.move(_row(receipt_no), "待查", **steps.writing(step))
    return {"result": "待查"}


def _row(number: str) -> Receipt:
    row: Receipt = write.need("receipt", number)
    db.session.refresh(row, with_for_update=True)
    return row


@handler(
    outputs=("rows", "to_prepay", "surplus", "short", "write_off", "discount", "problems",
             "allocator", "approval_facts", "comment"),
)  # fmt: skip
def check_allocation(
    step: Step, *, receipt_no: str, customer_id: str, rows: list | None = None,
    write_off_refused: bool = False, fee_approved: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """检查核销：每行连同折让不超过发票未收，合计不超过收款；算出多收和少收。

    Raises E_OVER_ALLOCATION and E_ITEM_CLOSED; then nothing is written. The receipt waits in
    待核销. `short` is what the touched invoices would still miss, `discount` what they are let off.
    """
    row, customer = _row(receipt_no), write.need("customer", customer_id)
    wanted = [one for one in rows or [] if Decimal(one.get("amount") or 0) > 0]
    missing, discount = _check_rows(wanted), _checked_discount(rows or [], write_off_refused)
    total = sum((ledger.money(one["amount"]) for one in wanted), ledger.ZERO)
    free = row.amount - row.bank_fee
    if total > free:
        raise _over(_("核销合计 %(total)s，超过这笔收款的 %(free)s。", total=ledger.shown(total),
                      free=ledger.shown(free)))  # fmt: skip
    how = steps.writing(step)
    write.change(row, {"customer_id": customer.id, "owner_id": customer.owner_id,
                       "department_id": customer.department_id}, **how)  # fmt: skip
    write.move(row, "待核销", **how)
    surplus = free - total
    facts = [
        ledger.fact(_("客户"), customer.name), ledger.fact(_("收款单"), row.number),
        ledger.fact(_("收款金额"), row.amount), ledger.fact(_("核销合计"), total),
        ledger.fact(_("差额"), missing), ledger.fact(_("手续费"), row.bank_fee),
        ledger.fact(_("折让"), discount),
    ]  # fmt: skip
    return {
        "rows": rows or [], "to_prepay": surplus, "surplus": surplus,
        "short": missing if not surplus else ledger.ZERO, "problems": None, "comment": None,
        "write_off": ledger.ZERO if write_off_refused else missing, "discount": discount,
        "allocator": steps.actor(step), "approval_facts": facts,
    }  # fmt: skip


def _checked_discount(rows: Iterable[dict[str, Any]], refused: bool) -> Decimal:
    """What the rows are let off together; only rows that are paid, and never after a refusal."""
    let_off = [one for one in rows if _discount(one)]
    if let_off and refused:
        raise _over(_("折让没有批准，请去掉。"))
    if any(Decimal(one.get("amount") or 0) <= 0 for one in let_off):
        raise _over(_("有核销金额的发票才能给折让。"))
    return sum((_discount(one) for one in let_off), ledger.ZERO)


def _discount(one: dict[str, Any]) -> Decimal:
    return ledger.money(one.get("discount"))


def _check_rows(wanted: Iterable[dict[str, Any]]) -> Decimal:
    missing = ledger.ZERO
    for one in wanted:
        invoice = ledger.locked_invoice(one["application_no"])
        amount = ledger.money(one["amount"]) + _discount(one)
        if invoice.open <= 0 or invoice.state != "已入账":
            text = _("发票 %(no)s 已经结清，请去掉这一行。", no=invoice.invoice_no)
            raise BpmnError("E_ITEM_CLOSED", text, problems=text)
        if amount > invoice.open:
            raise _over(_("发票 %(no)s 未收 %(open)s，不能核销 %(amount)s。",
                          no=invoice.invoice_no, open=ledger.shown(invoice.open),
                          amount=ledger.shown(amount)))  # fmt: skip
        missing += invoice.open - amount
    return missing


def _over(text: str) -> BpmnError:
    return BpmnError("E_OVER_ALLOCATION", text, problems=text)


@handler(outputs=("write_off_refused", "fee_approved", "rows", "problems", "outcome"))
def refuse_difference(
    step: Step, *, receipt_no: str, comment: str | None = None, rows: list | None = None
) -> dict[str, Any]:
    """差额不核销、不给折让：回到财务专员，差额继续挂在发票上。"""
    return {"write_off_refused": True, "fee_approved": True, "outcome": None,
            "rows": [one | {"discount": ledger.ZERO} for one in rows or []],
            "problems": _("差额没有批准核销：%(why)s", why=comment or "")}  # fmt: skip


@handler(outputs=("touched_rows", "to_prepay", "result", "problems"))
def post(
    step: Step, *, receipt_no: str, rows: list | None = None, handling: str | None = None,
    to_prepay: Any = None, write_off_refused: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """收款入账：发票未收减少，应收减少，计划行的已收随之更新；多出的留给预收登记。

    Each bank line is booked once: a posted receipt is left as it is. A short amount is written
    off only when the difference was decided that way (`handling`), a discount only when somebody
    approved it; else Invalid.
    """
    row = _row(receipt_no)
    if row.state == "已入账":
        return {"touched_rows": [], "to_prepay": row.to_prepay, "result": "收款入账",
                "problems": None}  # fmt: skip
    drop = handling == "尾差核销" and not write_off_refused
    how, orders = steps.writing(step), {}
    wanted = [one for one in rows or [] if Decimal(one.get("amount") or 0) > 0]
    if any(map(_discount, wanted)) and not collecting.is_approved("receipt", receipt_no):
        raise Invalid(_("收款 %(no)s 的折让没有经过批准。", no=receipt_no))
    for line, one in enumerate(wanted, 1):
        order = _allocate(step, row, one, line, drop)
        if order is not None:
            orders[order.id] = order
    surplus = ledger.money(to_prepay)
    write.change(row, {"to_prepay": surplus, "unallocated": 0}, **how)
    write.move(row, "已入账", **how)
    touched = []
    for order in orders.values():
        ledger.note_order(step, order)
        touched += plan_rows.settle(step, order)
    if exposure.credit_of(row.customer_id) is not None:
        customer = db.session.get_one(Customer, row.customer_id)
        crediting.refresh_status(step, customer_id=customer.number)
    return {"touched_rows": [one for one in touched if one["paid"] > 0], "to_prepay": surplus,
            "result": "收款入账", "problems": None}  # fmt: skip


def _allocate(
    step: Step, row: Receipt, one: dict[str, Any], line: int, drop: bool
) -> SalesOrder | None:
    invoice, amount = ledger.locked_invoice(one["application_no"]), ledger.money(one["amount"])
    rest = invoice.open - amount if drop else _discount(one)
    write.create("receipt_allocation", {
        "receipt_id": row.id, "invoice_id": invoice.id, "amount": amount, "write_off": rest,
    }, **steps.writing(step))  # fmt: skip
    ledger.pay(step, invoice, amount + rest)
    order = db.session.get(SalesOrder, invoice.order_id) if invoice.order_id else None
    for kind, part in (("receipt", amount), ("write_off", rest)):
        ledger.book(step, "应收", kind, -part, customer_id=invoice.customer_id,
                    doc_type="receipt", doc_no=row.number, line=line,
                    on=ledger.day(row.received_at, step),
                    order_no=order.number if order else None)  # fmt: skip
    return order


@handler()
def reverse(step: Step, *, receipt_no: str) -> None:
    """冲销收款（补偿，例如退票）：每笔核销退回，计划行重新打开，账上记相反的一笔。

    What went on as a prepayment must still be there; else Invalid, and nothing is written.
    """
    row = _row(receipt_no)
    if row.state != "已入账":
        return
    how, orders = steps.writing(step), {}
    query = sa.select(ReceiptAllocation).where(
        ReceiptAllocation.receipt_id == row.id, sa.not_(ReceiptAllocation.reversed)
    )
    for one in list(db.session.scalars(query)):
        invoice = ledger.locked_invoice(db.session.get_one(Invoice, one.invoice_id).number)
        write.change(one, {"reversed": True}, **how)
        ledger.pay(step, invoice, -(one.amount + one.write_off))
        if invoice.order_id:
            orders[invoice.order_id] = db.session.get_one(SalesOrder, invoice.order_id)
    ledger.reverse(step, "receipt", row.number)
    _check_prepaid(row)
    write.move(row, "已冲销", **how)
    for order in orders.values():
        ledger.note_order(step, order)
        plan_rows.settle(step, order)


def _check_prepaid(row: Receipt) -> None:
    query = sa.select(Prepayment).where(Prepayment.source_receipt_id == row.id)
    for prepay in db.session.scalars(query):
        if prepay.balance or prepay.state not in ("已退款", "已转出"):
            raise Invalid(_("收款 %(no)s 已转成预收 %(pr)s，请先冲回预收。", no=row.number,
                            pr=prepay.number))  # fmt: skip
