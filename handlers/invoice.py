"""发票：归集可开票、校验、审核、寄送与客户确认（051-03-07）。入账与作废见 invoicing。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import NotFound
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.customer import Customer
from app.records.invoice import Invoice, InvoiceLine
from app.records.sales_order import OrderLine, SalesOrder
from handlers import billing, ledger, steps

KINDS = {"增值税专用发票": "专票", "普通发票": "普票", "电子发票": "普票"}
SHOWN = {"专票": "增值税专用发票", "普票": "普通发票", "不开票": "普通发票"}
BIG = Decimal(500000)
OUTPUTS = (
    "mode", "order_no", "delivery_no", "return_no", "blue_no", "wo_no", "customer_id",
    "customer_name", "owner", "department_id", "subject", "applicant", "basis", "taxpayer_type",
    "lines", "amount", "invoice_kind", "title_text", "tax_no", "deliver_to", "remark",
    "complete", "problems", "application_no", "approval_facts", "needs_manager", "pieces",
    "posted", "cleared", "invoice_no", "invoice_date", "outcome", "comment", "decision",
    "recipients", "told", "result", "refundable", "customer_used", "same_month", "reason", "note",
    "file", "sent_way", "tracking_no", "sent_at", "corrected", "unbilled",
)  # fmt: skip
KEPT = ("delivery_no", "return_no", "blue_no", "wo_no", "deliver_to", "remark", "applicant",
        "application_no", "corrected", "reason", "order_no", "invoice_kind")  # fmt: skip


@handler(outputs=OUTPUTS)
def collect_billable(
    step: Step, *, mode: str | None = None, order_no: str | None = None,
    return_no: str | None = None, blue_no: str | None = None, wo_no: str | None = None,
    customer_id: str | None = None, amount: Any = None, outcome: str | None = None,
    corrected: bool | None = None, title_text: str | None = None, tax_no: str | None = None,
    plan_row: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """归集可开票：列出订单（或退货、服务工单）还能开票的每一行和开票资料。

    Without an order somebody fills the form in; the clock makes the list of the month.
    `complete` says that nobody needs to fill in anything (051-03-07.03).
    """
    mode = mode or ("list" if step.by is None and not (order_no or wo_no) else "blue")
    base = dict.fromkeys(OUTPUTS) | {name: step.variables.get(name) for name in KEPT}
    if mode == "list":
        return base | {"mode": mode, "unbilled": billing.unbilled(), "complete": False,
                       "subject": _("月末未开票清单"), "lines": []}  # fmt: skip
    try:
        order = ledger.order_of(order_no)
        customer = _customer(order, customer_id, blue_no)
    except NotFound as error:
        return base | {"mode": mode, "lines": [], "complete": False, "problems": error.message,
                       "subject": _("开票申请"), "customer_id": customer_id}  # fmt: skip
    lines = _lines(mode, order, return_no, blue_no, wo_no, amount)
    row = write.find("receipt_plan", plan_row) if mode == "blue" else None
    lines = billing.up_to(lines, row.amount) if row is not None else lines
    account = billing.account_of(customer) if customer else None
    title = title_text or (account.invoice_title if account else None)
    tax = tax_no or (account.tax_no if account else None)
    asked = outcome is None and not corrected
    return base | {
        "mode": mode, "order_no": order_no, "lines": lines,
        "customer_id": customer.number if customer else None,
        "customer_name": customer.name if customer else None,
        "owner": order.sales_rep_id if order else customer.owner_id if customer else step.by,
        "department_id": customer.department_id if customer else None,
        "applicant": base["applicant"] or step.by or (order.sales_rep_id if order else None),
        "basis": order.invoice_basis if order else None, "title_text": title, "tax_no": tax,
        "taxpayer_type": account.taxpayer_type if account else None,
        "invoice_kind": _kind(order, account)
        if outcome == "load" else base["invoice_kind"] or _kind(order, account),
        "complete": bool(asked and lines and title and tax), "cleared": [],
        "amount": sum((line["amount"] for line in lines), ledger.ZERO), "pieces": [],
        "subject": _subject(mode, customer, order_no or wo_no), "refundable": ledger.ZERO,
    }  # fmt: skip


def _customer(order: SalesOrder | None, number: str | None, blue_no: str | None) -> Customer | None:
    if order is not None:
        return db.session.get_one(Customer, order.customer_id)
    blue = write.find("invoice", blue_no)
    if blue is not None:
        return db.session.get_one(Customer, blue.customer_id)
    return write.find("customer", number)


def _lines(
    mode: str, order: SalesOrder | None, return_no: str | None, blue_no: str | None,
    wo_no: str | None, amount: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    if mode == "red":
        back, blue = write.find("sales_return", return_no), write.find("invoice", blue_no)
        lines = billing.returned_lines(back) if back is not None else []
        return lines or (billing.lines_on(blue) if blue is not None else [])
    if order is not None:
        return billing.lines_of(order)
    if wo_no:
        total = ledger.money(amount)
        return [{"seq": 0, "text": _("服务费"), "qty": Decimal(1), "billable": total,
                 "amount": total, "tax_rate": billing.TAX}]  # fmt: skip
    return []


def _kind(order: SalesOrder | None, account: Any) -> str:
    kind = order.invoice_kind if order else None
    if kind is None:
        kind = "专票" if account and account.taxpayer_type == "一般纳税人" else "普票"
    return SHOWN[kind]


def _subject(mode: str, customer: Customer | None, number: str | None) -> str:
    word = _("红字发票") if mode == "red" else _("开票")
    return " · ".join(part for part in (word, customer and customer.name, number) if part)


@handler(outputs=("result",))
def list_unbilled(step: Step, *, unbilled: list) -> dict[str, Any]:
    """发出未开票清单：每位业务员收到自己的，财务专员收到全部。"""
    by_owner: dict[str, list[dict[str, Any]]] = {}
    for row in unbilled:
        for who in (row["owner"], *people.holders("finance_clerk")):
            by_owner.setdefault(who, []).append(row)
    for login, rows in by_owner.items():
        person = deliver.recipient(login)
        total = sum((Decimal(row["amount"]) for row in rows), ledger.ZERO)
        if person is not None:
            deliver.deliver(
                person, "unbilled_list",
                {"count": len(rows), "amount": ledger.shown(total),
                 "orders": "、".join(row["order_no"] for row in rows[:10])},
                ("站内",), key=f"unbilled:{step.now:%Y%m}", at=step.now,
            )  # fmt: skip
    return {"result": "清单已发"}


@handler(
    outputs=("application_no", "amount", "needs_manager", "approval_facts", "problems", "basis",
             "taxpayer_type", "customer_id", "applicant", "comment", "blue_no", "lines",
             "subject", "recipients", "told"),
)  # fmt: skip
def validate(
    step: Step, *, mode: str = "blue", order_no: str | None = None, lines: list | None = None,
    customer_id: str | None = None, wo_no: str | None = None, blue_no: str | None = None,
    return_no: str | None = None, title_text: str | None = None, tax_no: str | None = None,
    invoice_kind: str | None = None, application_no: str | None = None,
    applicant: str | None = None, reason: str | None = None, remark: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验开票：有订单、不超过可开票、抬头税号齐全；红票不超过蓝票。

    The application exists afterwards in state 审核中, with its lines. Raises E_NO_ORDER,
    E_OVER_INVOICE, E_BILLING_INFO_INCOMPLETE, E_RED_EXCEEDS_BLUE; then nothing is written.
    """
    order = _order(order_no, wo_no, blue_no)
    wanted = [line for line in lines or [] if Decimal(line.get("amount") or 0)]
    total = ledger.money(sum((Decimal(line["amount"]) for line in wanted), ledger.ZERO))
    own = write.find("invoice", application_no)
    blue = _blue(mode, order, blue_no, total)
    customer = _customer(order, customer_id, blue_no)
    if customer is None:
        raise _refused("E_NO_ORDER", _("请选择订单。"))
    account = billing.account_of(customer)
    _check_amounts(mode, order, own, wanted, total)
    kind = KINDS.get(invoice_kind or "", "普票")
    if mode != "red":
        _check_billing(customer, kind, title_text, tax_no)
    row = _saved(step, own, {
        "kind": blue.kind if blue else kind, "color": "红" if mode == "red" else "蓝",
        "blue_invoice_id": blue.id if blue else None, "customer_id": customer.id,
        "source": "服务工单" if wo_no else "订单", "order_id": order.id if order else None,
        "return_id": getattr(write.find("sales_return", return_no), "id", None), "wo_no": wo_no,
        "title_text": (blue.title_text if blue else title_text) or customer.name,
        "tax_no": blue.tax_no if blue else tax_no, "remark": remark or reason,
        "owner_id": order.sales_rep_id if order else customer.owner_id,
        "department_id": customer.department_id,
    }, wanted, order)  # fmt: skip
    return {
        "application_no": row.number, "amount": total, "problems": None, "comment": None,
        "basis": order.invoice_basis if order else None, "customer_id": customer.number,
        "taxpayer_type": account.taxpayer_type if account else None,
        "applicant": applicant or steps.actor(step), "blue_no": blue.number if blue else None,
        "needs_manager": _needs_manager(mode, row, order, account, total), "lines": wanted,
        "approval_facts": _facts(row, customer, order, blue, total, reason),
        "subject": _subject(mode, customer, row.number), "recipients": [], "told": None,
    }  # fmt: skip


def _order(order_no: str | None, wo_no: str | None, blue_no: str | None) -> SalesOrder | None:
    order = write.find("sales_order", order_no)
    if order is None and not wo_no and not blue_no:
        raise _refused("E_NO_ORDER", _("没有找到订单 %(no)s，请重新选择。", no=order_no or ""))
    if order is not None and order.state in (
        "草稿",
        "审批中",
        "待签约",
        "已驳回",
        "未签约",
        "已取消",
    ):
        raise _refused("E_NO_ORDER", _("订单 %(no)s 没有生效，不能开票。", no=order.number))
    return order


def _blue(
    mode: str, order: SalesOrder | None, blue_no: str | None, total: Decimal
) -> Invoice | None:
    if mode != "red":
        return None
    blue: Invoice | None = write.find("invoice", blue_no)
    if blue is None and order is not None:
        blue = billing.blue_of(order, total)
    if blue is None or blue.state not in ("已入账", "已结清"):
        raise _refused("E_RED_EXCEEDS_BLUE", _("没有可以红冲的蓝字发票。"))
    left = blue.gross - billing.taken_back(blue)
    if total > left or total <= 0:
        text = _("蓝票 %(no)s 还能红冲 %(left)s，申请了 %(wanted)s。", no=blue.invoice_no,
                 left=ledger.shown(left), wanted=ledger.shown(total))  # fmt: skip
        raise _refused("E_RED_EXCEEDS_BLUE", text)
    return blue


def _refused(code: str, text: str, **more: Any) -> BpmnError:
    return BpmnError(code, text, problems=text, **more)


def _check_amounts(
    mode: str, order: SalesOrder | None, own: Invoice | None, wanted: list[Any], total: Decimal
) -> None:
    if total <= 0:
        raise _refused("E_OVER_INVOICE", _("请填写开票金额。"))
    if mode == "red" or order is None:
        return
    free = {row["seq"]: row["billable"] for row in billing.lines_of(order, own)}
    for line in wanted:
        most = free.get(line["seq"], ledger.ZERO)
        if Decimal(line["amount"]) > most:
            text = _("%(text)s 最多还能开 %(most)s，申请了 %(wanted)s。", text=line["text"],
                     most=ledger.shown(most), wanted=ledger.shown(line["amount"]))  # fmt: skip
            raise _refused("E_OVER_INVOICE", text)


def _check_billing(customer: Customer, kind: str, title: str | None, tax: str | None) -> None:
    missing = [_("抬头")] * (not title) + [_("税号")] * (not tax and kind == "专票")
    if not missing:
        return
    text = _("%(name)s 的开票资料缺 %(what)s，已通知财务补充。", name=customer.name,
             what="、".join(missing))  # fmt: skip
    told = {"customer": customer.name, "missing": "、".join(missing), "key": customer.number}
    raise _refused("E_BILLING_INFO_INCOMPLETE", text,
                   recipients=people.holders("finance_clerk"), told=told)  # fmt: skip


def _saved(
    step: Step, own: Invoice | None, given: dict[str, Any], wanted: list[Any],
    order: SalesOrder | None,
) -> Invoice:  # fmt: skip
    how = steps.writing(step)
    if own is None:
        own = write.create("invoice", given, **how)
    else:
        write.change(own, given, **how)
    step.set_business_key(own.number)
    db.session.execute(sa.delete(InvoiceLine).where(InvoiceLine.invoice_id == own.id))
    known = {line.seq: line for line in _order_lines(order)}
    sign = -1 if own.color == "红" else 1
    for line in wanted:
        sold = known.get(int(line["seq"]))
        amount = ledger.money(line["amount"])
        qty = billing.share(Decimal(line["qty"]), amount, Decimal(line["billable"]))
        write.create("invoice_line", {
            "invoice_id": own.id, "order_line_id": sold.id if sold else None,
            "text": line["text"], "qty": sign * qty, "amount": sign * amount,
            "tax_rate": Decimal(line["tax_rate"]),
        }, **how)  # fmt: skip
    write.move(own, "审核中", **how)
    return own


def _order_lines(order: SalesOrder | None) -> list[OrderLine]:
    if order is None:
        return []
    return list(db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == order.id)))


def _needs_manager(
    mode: str, row: Invoice, order: SalesOrder | None, account: Any, total: Decimal
) -> bool:
    small = account is not None and account.taxpayer_type != "一般纳税人" and row.kind == "专票"
    early = (
        order is not None and order.invoice_basis != "按交付" and (order.delivery_status != "全部")
    )
    return mode == "red" or total > BIG or early or small


def _facts(
    row: Invoice, customer: Customer, order: SalesOrder | None, blue: Invoice | None,
    total: Decimal, reason: str | None,
) -> list[dict[str, str]]:  # fmt: skip
    facts = [
        ledger.fact(_("客户"), customer.name), ledger.fact(_("订单"), order and order.number),
        ledger.fact(_("种类"), f"{row.kind}（{row.color}字）"), ledger.fact(_("金额"), total),
        ledger.fact(_("抬头"), row.title_text), ledger.fact(_("税号"), row.tax_no),
    ]  # fmt: skip
    if blue is not None:
        facts.append(ledger.fact(_("对应蓝票"), blue.invoice_no))
    if order is not None and order.invoice_basis != "按交付" and order.delivery_status != "全部":
        facts.append(ledger.fact(_("注意"), _("预开票：货还没有交完")))
    if reason:
        facts.append(ledger.fact(_("原因"), reason))
    return facts


def _row(number: str | None) -> Invoice:
    row: Invoice = write.need("invoice", number)
    return row


@handler(outputs=("problems", "complete"))
def give_back(step: Step, *, application_no: str, comment: str | None = None) -> dict[str, Any]:
    """退回申请：由申请人修改后再提交。"""
    write.move(_row(application_no), "申请", reason=(comment or "")[:200], **steps.writing(step))
    return {"problems": _("退回修改：%(why)s", why=comment or ""), "complete": False}


@handler(outputs=("result",))
def reject(
    step: Step, *, application_no: str | None = None, comment: str | None = None,
    closing: str = "开票驳回",
) -> dict[str, Any]:  # fmt: skip
    """驳回或撤销开票：不入账，应收不变。"""
    row = write.find("invoice", application_no)
    if row is not None:
        how = steps.writing(step)
        if row.state == "申请":
            write.move(row, "审核中", **how)
        write.move(row, "已驳回", reason=(comment or closing)[:200], **how)
    return {"result": closing}


@handler(outputs=("pieces", "problems"))
def approve(
    step: Step, *, application_no: str, amount: Any, rule: dict | None = None
) -> dict[str, Any]:
    """准予开具：超过单张上限的拆成几张。"""
    row = _row(application_no)
    write.move(row, "待开具", **steps.writing(step))
    most = (rule or {}).get("split") if row.color == "蓝" else None
    parts = billing.split(ledger.money(amount), most)
    taxes = billing.taxed(row, parts)
    return {"problems": None, "pieces": [
        {"seq": n, "amount": part, "invoice_no": None, "invoice_code": None,
         "invoice_date": steps.today(step)} | tax
        for n, (part, tax) in enumerate(zip(parts, taxes, strict=True), 1)
    ]}  # fmt: skip


@handler()
def note_sent(step: Step, *, application_no: str, tracking_no: str | None = None) -> None:
    """登记发票寄送单号。"""
    write.change(_row(application_no), {"tracking_no": tracking_no}, **steps.writing(step))


@handler(outputs=("result",))
def note_received(step: Step, *, application_no: str) -> dict[str, Any]:
    """登记客户已收到发票。"""
    write.change(_row(application_no), {"received_confirmed": True}, **steps.writing(step))
    return {"result": "开票完成"}
