"""退款：申请、校验、复核、付款、入账、冲回（051-03-09）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.log import ApprovalLog
from app.records.refund import Refund
from handlers import ledger, prepay, refund_source, steps

OUTPUTS = (
    "source", "source_ref", "customer_id", "customer_name", "order_no", "amount", "reason",
    "payee_account", "payee_name", "payee_equals_payer", "refundable", "applicant", "owner",
    "department_id", "subject", "refund_no", "problems", "approval_facts", "outcome", "comment",
    "decision", "result", "failures", "ok", "bank_txn_id", "paid_at", "proof", "note",
    "offset_to", "levels", "recipients", "told", "source_ok", "customer_agrees", "paid",
    "posted",
)  # fmt: skip


@handler(outputs=OUTPUTS, pure=True)
def open(
    step: Step, *, source: str | None = None, source_ref: str | None = None,
    order_no: str | None = None, customer_id: str | None = None, amount: Any = None,
    reason: str | None = None, payee_account: str | None = None, starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备退款申请：带出来源单据、应退余额和客户登记的账号。"""
    customer = _customer(customer_id, order_no)
    account = _account(customer.id) if customer else None
    left = None
    if source and source_ref:
        left = refund_source.left(source, source_ref, customer.id if customer else None)
    department = customer.department_id if customer else None
    return dict.fromkeys(OUTPUTS) | {
        "source": source, "source_ref": source_ref, "order_no": order_no, "reason": reason,
        "customer_id": customer.number if customer else None, "failures": 0,
        "customer_name": customer.name if customer else None,
        "amount": Decimal(amount) if amount else left, "refundable": left,
        "payee_account": payee_account or (account.bank_account if account else None),
        "applicant": starter or (steps.actor(step) if step.by else None),
        "department_id": department or steps.department_of(step.by),
        "subject": " · ".join(x for x in (_("退款"), customer and customer.name, source_ref) if x),
    }  # fmt: skip


def _customer(number: str | None, order_no: str | None) -> Customer | None:
    order = ledger.order_of(order_no)
    if order is not None:
        return db.session.get_one(Customer, order.customer_id)
    return write.find("customer", number)


def _account(customer_id: int) -> CustomerAccount | None:
    query = sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer_id)
    return db.session.scalar(query)


@handler(
    outputs=("refund_no", "problems", "customer_id", "customer_name", "order_no", "refundable",
             "payee_equals_payer", "applicant", "subject", "department_id", "approval_facts",
             "offset_to", "customer_agrees", "comment", "amount"),
)  # fmt: skip
def validate(
    step: Step, *, source: str, source_ref: str, amount: Any, payee_account: str | None = None,
    payee_name: str | None = None, reason: str | None = None, customer_id: str | None = None,
    refund_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验退款：来源单据存在，金额不超过应退余额，账号是客户登记的，或者写明了户名。

    The refund exists afterwards in state 复核. Raises E_REFUND_EXCEEDS_PAID and
    E_ACCOUNT_MISMATCH (051-03-09); refunds that are on their way count.
    """
    found = refund_source.find(source, source_ref)
    if found is None:
        text = _("没有找到%(source)s单据 %(no)s。", source=source, no=source_ref)
        raise BpmnError("E_REFUND_EXCEEDS_PAID", text, problems=text)
    customer, order = found
    wanted = ledger.money(amount)
    _check_amount(source, source_ref, customer, wanted, refund_no)
    _check_order(order, wanted, refund_no)
    same = _check_account(customer, payee_account, payee_name)
    row = _saved(step, refund_no, {
        "customer_id": customer.id, "order_id": order.id if order else None, "source": source,
        "source_ref": source_ref, "amount": wanted, "payee_account": payee_account,
        "payee_name": payee_name or customer.name, "reason": reason,
        "owner_id": customer.owner_id, "department_id": customer.department_id,
    })  # fmt: skip
    left = refund_source.left(source, source_ref, customer.id)
    return {
        "refund_no": row.number, "problems": None, "customer_id": customer.number,
        "customer_name": customer.name, "order_no": order.number if order else None,
        "refundable": left, "payee_equals_payer": same, "applicant": steps.actor(step),
        "department_id": customer.department_id, "comment": None, "offset_to": None,
        "amount": wanted, "customer_agrees": None, "approval_facts": _facts(row, customer, left),
        "subject": f"{_('退款')} · {customer.name} · {row.number}",
    }  # fmt: skip


def _check_amount(
    source: str, ref: str, customer: Customer, wanted: Decimal, own: str | None
) -> None:
    left = refund_source.left(source, ref, customer.id) - refund_source.pending(source, ref, own)
    if wanted > left:
        raise _too_much(_("%(ref)s 最多还能退 %(left)s，申请了 %(wanted)s。", ref=ref,
                          left=ledger.shown(max(left, ledger.ZERO)),
                          wanted=ledger.shown(wanted)))  # fmt: skip


def _check_order(order: Any, wanted: Decimal, own: str | None) -> None:
    if order is None:
        return
    paid = refund_source.paid_on(order)
    gone = order.refunded_amount + refund_source.pending_on(order, own)
    if gone + wanted > paid:
        raise _too_much(_("订单 %(no)s 一共收过 %(paid)s，已退 %(gone)s，不能再退 %(wanted)s。",
                          no=order.number, paid=ledger.shown(paid), gone=ledger.shown(gone),
                          wanted=ledger.shown(wanted)))  # fmt: skip


def _too_much(text: str) -> BpmnError:
    return BpmnError("E_REFUND_EXCEEDS_PAID", text, problems=text)


def _check_account(customer: Customer, number: str | None, name: str | None) -> bool:
    """Is the payee the customer himself? Another account needs the name of its holder."""
    account = _account(customer.id)
    registered = account.bank_account if account else None
    if number and number == registered:
        return True
    if number and name:
        return name == customer.name
    text = _("收款账号和客户账务登记的不一致。请改回登记的账号；确实要退到别的账号，请写明户名。")
    raise BpmnError("E_ACCOUNT_MISMATCH", text, problems=text)


def _saved(step: Step, number: str | None, given: dict[str, Any]) -> Refund:
    how = steps.writing(step)
    row: Refund | None = write.find("refund", number)
    if row is None:
        row = write.create("refund", given, **how)
        step.set_business_key(row.number)
    else:
        write.change(row, given, **how)
    write.move(row, "复核", **how)
    return row


def _facts(row: Refund, customer: Customer, left: Decimal) -> list[dict[str, str]]:
    return [
        ledger.fact(_("客户"), customer.name), ledger.fact(_("退款单"), row.number),
        ledger.fact(_("来源"), f"{row.source} {row.source_ref}"),
        ledger.fact(_("退款金额"), row.amount), ledger.fact(_("应退余额"), left),
        ledger.fact(_("收款账号"), row.payee_account), ledger.fact(_("户名"), row.payee_name),
        ledger.fact(_("原因"), row.reason),
    ]  # fmt: skip


def _row(number: str) -> Refund:
    row: Refund = write.need("refund", number)
    db.session.refresh(row, with_for_update=True)
    return row


@handler(outputs=("problems",))
def send_back(step: Step, *, refund_no: str, comment: str | None = None) -> dict[str, Any]:
    """退回申请人修改。"""
    row, how = _row(refund_no), steps.writing(step)
    if row.state == "审批中":
        write.move(row, "复核", **how)
    write.move(row, "申请", reason=(comment or "")[:200], **how)
    return {"problems": _("退回修改：%(why)s", why=comment) if comment else None}


@handler(outputs=("comment", "approval_facts"))
def submit(
    step: Step, *, refund_no: str, approval_facts: list, comment: str | None = None
) -> dict[str, Any]:
    """复核通过，提交审批。"""
    write.move(_row(refund_no), "审批中", **steps.writing(step))
    return {
        "comment": None,
        "approval_facts": [*approval_facts, ledger.fact(_("财务复核"), comment or _("相符"))],
    }


@handler()
def approve(step: Step, *, refund_no: str) -> None:
    """审批通过，准予付款。"""
    write.move(_row(refund_no), "待付款", **steps.writing(step))


@handler(outputs=("result",))
def reject(step: Step, *, refund_no: str, comment: str | None = None) -> dict[str, Any]:
    """驳回退款：应退余额不变。"""
    write.move(_row(refund_no), "已驳回", reason=(comment or "")[:200], **steps.writing(step))
    return {"result": "退款驳回"}


@handler(outputs=("result",))
def withdraw(step: Step, *, refund_no: str | None = None) -> dict[str, Any]:
    """申请人撤回退款：应退余额不变。"""
    if refund_no:
        write.move(_row(refund_no), "已驳回", reason="申请人撤回", **steps.writing(step))
    return {"result": "已撤回"}


@handler(outputs=("problems", "ok"))
def record_payment(
    step: Step, *, refund_no: str, bank_txn_id: str, paid_at: Any = None,
    applicant: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记付款：回单号不能重复；申请人和审批人不能自己付款。"""
    row = _row(refund_no)
    decided = sa.select(ApprovalLog.by).where(
        ApprovalLog.entity == "refund", ApprovalLog.number == refund_no
    )
    if step.by is not None and step.by in {applicant, *db.session.scalars(decided)}:
        raise Invalid(_("申请或审批过这笔退款的人不能付款，请换一位出纳。"))
    _check_slip(bank_txn_id, row)
    given = {"bank_txn_id": bank_txn_id, "paid_at": ledger.moment(paid_at, step)}
    write.change(row, given, **steps.writing(step))
    write.move(row, "付款中", **steps.writing(step))
    return {"problems": None, "ok": None}


def _check_slip(slip: str, row: Refund) -> None:
    query = sa.select(Refund.number).where(Refund.bank_txn_id == slip, Refund.id != row.id)
    other = db.session.scalar(query)
    if other is not None:
        raise Invalid(
            _("银行回单 %(slip)s 已经登记在退款单 %(no)s 上。", slip=slip, no=other),
            fields={"bank_txn_id": _("已经登记过")},
        )


@handler(outputs=("failures", "problems", "outcome", "payee_account", "proof"))
def fail(
    step: Step, *, refund_no: str, failures: int = 0, reason_text: str | None = None
) -> dict[str, Any]:
    """银行退回付款：登记失败，回单号作废。"""
    row, how = _row(refund_no), steps.writing(step)
    write.change(row, {"bank_txn_id": None, "paid_at": None}, **how)
    write.move(row, "付款失败", reason=(reason_text or "")[:200], **how)
    text = reason_text or _("银行没有说明原因")
    return {"failures": int(failures) + 1, "problems": _("付款失败：%(why)s", why=text),
            "outcome": None, "payee_account": row.payee_account, "proof": None}  # fmt: skip


@handler(outputs=("problems", "bank_txn_id", "paid_at", "proof"))
def retry(step: Step, *, refund_no: str, payee_account: str | None = None) -> dict[str, Any]:
    """重新付款：用更正后的账号，换一张新回单。"""
    row, how = _row(refund_no), steps.writing(step)
    given = {"bank_txn_id": None, "paid_at": None}
    if payee_account:
        given["payee_account"] = payee_account
    write.change(row, given, **how)
    if row.state == "付款中":
        write.move(row, "付款失败", reason="核查未付", **how)
    write.move(row, "待付款", **how)
    return {"problems": None, "bank_txn_id": None, "paid_at": None, "proof": None}


@handler(outputs=("problems",))
def confirm_paid(
    step: Step, *, refund_no: str, bank_txn_id: str, note: str | None = None
) -> dict[str, Any]:
    """核查确认已付：登记查到的流水号。"""
    row, how = _row(refund_no), steps.writing(step)
    _check_slip(bank_txn_id, row)
    given = {"bank_txn_id": bank_txn_id, "paid_at": row.paid_at or step.now}
    write.change(row, given, reason=(note or "")[:200], **how)
    if row.state == "付款失败":
        write.move(row, "待付款", **how)
    write.move(row, "付款中", **how)
    return {"problems": None}


@handler(outputs=("posted", "result", "recipients", "told"))
def post(
    step: Step, *, refund_no: str, bank_txn_id: str | None = None, customer_id: str | None = None
) -> dict[str, Any]:
    """退款入账：应退余额或预收余额减少；一张银行回单只入账一次。

    `posted` is false when this refund, or another one with this slip, was booked before: then
    nothing is written.
    """
    row = _row(refund_no)
    slip = bank_txn_id or row.bank_txn_id
    done = sa.select(Refund.id).where(Refund.bank_txn_id == slip, Refund.state == "已退款")
    posted = row.state == "付款中" and db.session.scalar(done) is None
    if posted:
        refund_source.give_back(step, row)
        write.move(row, "已退款", **steps.writing(step))
        ledger.note_order(step, refund_source.order_of(row))
    return {"posted": posted, "result": "退款完成"} | _message(row)


def _message(row: Refund) -> dict[str, Any]:
    customer = db.session.get_one(Customer, row.customer_id)
    who: list[Any] = [customer.owner_id] if customer.owner_id else []
    who += refund_source.contact_of(customer)
    told = {"customer": customer.name, "number": row.number, "amount": ledger.shown(row.amount),
            "account": f"…{row.payee_account[-4:]}"}  # fmt: skip
    return {"recipients": who, "told": told}


@handler()
def reverse(step: Step, *, refund_no: str) -> None:
    """冲回退款（补偿）：余额恢复，账上记一笔相反的。"""
    row = _row(refund_no)
    if row.state != "已退款":
        return
    refund_source.take_back(step, row)
    write.change(row, {"bank_txn_id": None}, **steps.writing(step))
    write.move(row, "付款失败", reason="冲回", **steps.writing(step))
    ledger.note_order(step, refund_source.order_of(row))


@handler(outputs=("prepay_no", "result", "problems"))
def to_prepay(step: Step, *, refund_no: str, offset_to: str) -> dict[str, Any]:
    """不付现：应退余额转成预收款；客户同意抵应收的，马上冲抵他最早到期的发票。

    Raises E_REFUND_EXCEEDS_PAID when the balance has fallen meanwhile; then nothing is written.
    """
    row = _row(refund_no)
    customer = db.session.get_one(Customer, row.customer_id)
    if row.amount > refund_source.left(row.source, row.source_ref, customer.id):
        raise _too_much(_("%(ref)s 的应退余额已经变了，请重新核对。", ref=row.source_ref))
    if row.source == "退货":
        ledger.refundable(step, "prepay_in", -row.amount, customer_id=customer.id,
                          source=row.source_ref, doc_type="refund", doc_no=row.number)  # fmt: skip
        made = [prepay.create(step, customer, row.amount, None, source_no=row.number)]
    else:
        made = refund_source.prepayments(row.source, row.source_ref)
    if offset_to == "抵应收":
        refund_source.offset_oldest(step, made, row.amount, row.number)
    write.move(row, "已转抵", reason=offset_to, **steps.writing(step))
    ledger.note_order(step, refund_source.order_of(row))
    return {"prepay_no": made[0].number if made else None, "result": "已转抵", "problems": None}
