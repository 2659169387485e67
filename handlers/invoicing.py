"""发票入账：应收增减、号码与账期检查、作废、红冲（051-03-07）。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.account_snapshot import AccountSnapshot
from app.records.customer import Customer
from app.records.invoice import Invoice, InvoiceLine
from app.records.sales_order import OrderLine, SalesOrder
from app.records.sales_return import SalesReturn
from handlers import billing, ledger, plan_rows, steps


@handler(
    topic="invoice.post",
    outputs=("posted", "cleared", "invoice_no", "invoice_date", "problems", "refundable",
             "result", "application_nos"),
)  # fmt: skip
def post(step: Step, *, application_no: str, pieces: list) -> dict[str, Any]:
    """发票入账：蓝票增加应收；红票先冲蓝票未收，多出的转为应退。

    One invoice per piece. Raises E_DUPLICATE_INVOICE_NO and E_PERIOD_CLOSED; then nothing is
    written. Asked again with the same number, nothing is booked twice (natural key).
    """
    first: Invoice = write.need("invoice", application_no)
    if first.state in ledger.BOOKED:
        return _answer([first], [], first.to_refundable)
    _check_numbers(first, pieces)
    for piece in pieces:
        _check_period(step, first.customer_id, ledger.day(piece["invoice_date"], step))
    rows = _as_pieces(step, first, pieces)
    order = db.session.get(SalesOrder, first.order_id) if first.order_id else None
    for row in rows:
        (_book_red if row.color == "红" else _book_blue)(step, row, order)
    ledger.note_order(step, order)
    changed = plan_rows.settle(step, order)
    return _answer(rows, changed, sum((row.to_refundable for row in rows), ledger.ZERO))


def _answer(
    rows: list[Invoice], changed: list[dict[str, Any]], refundable: Decimal
) -> dict[str, Any]:
    red = rows[0].color == "红"
    return {
        "posted": [{"invoice_no": row.invoice_no, "application_no": row.number,
                    "amount": row.gross} for row in rows],
        "cleared": plan_rows.cleared(changed) if red else [], "problems": None,
        "invoice_no": rows[0].invoice_no, "invoice_date": rows[0].invoice_date,
        "refundable": refundable, "result": "开票完成",
        "application_nos": [row.number for row in rows],
    }  # fmt: skip


def _check_numbers(first: Invoice, pieces: list[dict[str, Any]]) -> None:
    numbers = [str(piece["invoice_no"]).strip() for piece in pieces]
    query = sa.select(Invoice.invoice_no).where(
        Invoice.kind == first.kind, Invoice.invoice_no.in_(numbers), Invoice.id != first.id
    )
    taken = db.session.scalars(query).first()
    taken = taken or next((one for one in numbers if numbers.count(one) > 1), None)
    if taken:
        text = _("发票号码 %(no)s 已经用过，请核对。", no=taken)
        raise BpmnError("E_DUPLICATE_INVOICE_NO", text, problems=text)


def _check_period(step: Step, customer_id: int, on: dt.date) -> None:
    """A month is closed for a customer once it is over and its snapshot was taken."""
    today = steps.today(step)
    if on > today:
        text = _("开票日期不能晚于今天。")
        raise BpmnError("E_PERIOD_CLOSED", text, problems=text)
    if (on.year, on.month) == (today.year, today.month):
        return
    query = sa.select(AccountSnapshot.id).where(
        AccountSnapshot.customer_id == customer_id, AccountSnapshot.period == f"{on:%Y-%m}"
    )
    if db.session.scalar(query) is not None:
        text = _("%(month)s 已经结账，请改用本月日期。", month=f"{on:%Y-%m}")
        raise BpmnError("E_PERIOD_CLOSED", text, problems=text)


def _as_pieces(step: Step, first: Invoice, pieces: list[dict[str, Any]]) -> list[Invoice]:
    """One invoice per piece with its own lines; the application is the first one."""
    query = sa.select(InvoiceLine).where(InvoiceLine.invoice_id == first.id)
    rest = list(db.session.scalars(query.order_by(InvoiceLine.id)))
    rows = [first, *(_copy(step, first) for _piece in pieces[1:])]
    if len(pieces) > 1:
        for row, piece in zip(rows, pieces, strict=True):
            rest = _fill(step, row, rest, ledger.money(piece["amount"]), last=row is rows[-1])
    for row, piece in zip(rows, pieces, strict=True):
        _number(step, row, piece)
    return rows


def _number(step: Step, row: Invoice, piece: dict[str, Any]) -> None:
    """The paper's number and date, and the amounts that follow from the lines."""
    how = steps.writing(step)
    mine = list(db.session.scalars(
        sa.select(InvoiceLine).where(InvoiceLine.invoice_id == row.id)))  # fmt: skip
    gross = sum((line.amount for line in mine), ledger.ZERO)
    net = billing.net_of([{"amount": x.amount, "tax_rate": x.tax_rate} for x in mine])
    on = ledger.day(piece["invoice_date"], step)
    write.change(row, {
        "invoice_no": str(piece["invoice_no"]).strip(), "invoice_date": on, "gross": gross,
        "net": net, "tax": gross - net, "due_date": _due(row, on),
        "open": gross if row.color == "蓝" else ledger.ZERO,
    }, **how)  # fmt: skip
    write.move(row, "已入账", **how)


def _copy(step: Step, first: Invoice) -> Invoice:
    names = ("kind", "color", "blue_invoice_id", "customer_id", "source", "order_id", "wo_no",
             "title_text", "tax_no", "remark", "owner_id", "department_id", "return_id")  # fmt: skip
    how = steps.writing(step)
    row: Invoice = write.create("invoice", {name: getattr(first, name) for name in names}, **how)
    for state in ("审核中", "待开具"):
        write.move(row, state, **how)
    return row


def _fill(
    step: Step, row: Invoice, lines: list[InvoiceLine], amount: Decimal, *, last: bool
) -> list[InvoiceLine]:
    """Lines worth `amount` belong to `row`, the last of them cut if need be; what is left."""
    for at, line in enumerate(lines):
        if last or line.amount <= amount:
            line.invoice_id, amount = row.id, amount - line.amount
            continue
        if amount > 0:
            qty = billing.share(line.qty, amount, line.amount)
            write.create("invoice_line", {
                "invoice_id": row.id, "order_line_id": line.order_line_id, "text": line.text,
                "qty": qty, "amount": amount, "tax_rate": line.tax_rate,
            }, **steps.writing(step))  # fmt: skip
            line.qty, line.amount = line.qty - qty, line.amount - amount
        db.session.flush()
        return lines[at:]
    db.session.flush()
    return []


def _due(row: Invoice, on: dt.date) -> dt.date:
    account = billing.account_of(db.session.get_one(Customer, row.customer_id))
    return on + dt.timedelta(days=account.term_days if account else 0)


def _book_blue(step: Step, row: Invoice, order: SalesOrder | None) -> None:
    ledger.book(step, "应收", "invoice", row.gross, customer_id=row.customer_id,
                doc_type="invoice", doc_no=row.number, on=row.invoice_date,
                order_no=order.number if order else None)  # fmt: skip
    _count(step, row, 1)


def _book_red(step: Step, row: Invoice, order: SalesOrder | None) -> None:
    how = steps.writing(step)
    blue = ledger.locked_invoice(db.session.get_one(Invoice, row.blue_invoice_id).number)
    amount = -row.gross
    applied = min(amount, blue.open)
    number = order.number if order else None
    write.change(row, {"red_applied": applied, "to_refundable": amount - applied}, **how)
    write.change(blue, {"open": blue.open - applied, "red_applied": blue.red_applied + applied},
                 **how)  # fmt: skip
    ledger.book(step, "应收", "red_invoice", -applied, customer_id=row.customer_id,
                doc_type="invoice", doc_no=row.number, order_no=number,
                on=row.invoice_date)  # fmt: skip
    if amount > applied:
        ledger.refundable(step, "red_invoice", amount - applied, customer_id=row.customer_id,
                          source=refund_key(row), doc_type="invoice", doc_no=row.number,
                          order_no=number)  # fmt: skip
    _count(step, row, 1)
    write.move(row, "已结清", **how)
    if billing.taken_back(blue) >= blue.gross:
        write.move(blue, "已红冲", **how)
    elif blue.state == "已入账" and blue.open == 0:
        write.move(blue, "已结清", **how)


def refund_key(row: Invoice) -> str:
    """What a refund names as its source: the return, else the red invoice itself."""
    if row.return_id:
        return db.session.get_one(SalesReturn, row.return_id).number
    return row.number


def _count(step: Step, row: Invoice, sign: int) -> None:
    """The order lines know how many pieces are invoiced, net of red ones."""
    for line in db.session.scalars(sa.select(InvoiceLine).where(InvoiceLine.invoice_id == row.id)):
        if line.order_line_id:
            sold = db.session.get_one(OrderLine, line.order_line_id)
            sold.q_invoiced += sign * line.qty
    db.session.flush()


@handler(
    topic="invoice.void",
    outputs=("result", "application_no", "corrected", "outcome", "problems", "comment", "pieces"),
)
def void(
    step: Step, *, application_no: str, application_nos: list | None = None,
    reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """作废发票：当月、没有收过款的发票作废，应收冲回，可以重新申请。

    A red one gives back what it took. Raises Invalid for another month and for an invoice that
    something was received on: that one needs a red invoice.
    """
    for number in application_nos or [application_no]:
        row = ledger.locked_invoice(number)
        if row.state != "已作废":
            _void(step, row, reason)
    return {"result": "已作废", "application_no": None, "corrected": True, "outcome": None,
            "problems": None, "comment": None, "pieces": []}  # fmt: skip


def _void(step: Step, row: Invoice, reason: str | None) -> None:
    how = steps.writing(step)
    if not _is_voidable(step, row):
        raise Invalid(_("发票 %(no)s 不是本月的，或者已经收过款，不能作废，请开红字发票。",
                        no=row.invoice_no))  # fmt: skip
    order = db.session.get(SalesOrder, row.order_id) if row.order_id else None
    if row.color == "红":
        _undo_red(step, row)
    ledger.reverse(step, "invoice", row.number)
    _count(step, row, -1)
    write.change(row, {"open": ledger.ZERO}, **how)
    if row.state == "已结清":
        write.move(row, "已入账", **how)
    write.move(row, "已作废", reason=(reason or "")[:200], **how)
    ledger.note_order(step, order)
    plan_rows.settle(step, order)


def _is_voidable(step: Step, row: Invoice) -> bool:
    today, on = steps.today(step), row.invoice_date
    same = on is not None and (on.year, on.month) == (today.year, today.month)
    return same and (row.color == "红" or row.open == row.gross)


def _undo_red(step: Step, row: Invoice) -> None:
    how = steps.writing(step)
    blue = ledger.locked_invoice(db.session.get_one(Invoice, row.blue_invoice_id).number)
    if row.to_refundable:
        source = ledger.refundable_row(row.customer_id, refund_key(row))
        if source is None or source.balance < row.to_refundable:
            raise Invalid(_("红票 %(no)s 的应退款已经付出，不能作废。", no=row.invoice_no))
        source.balance -= row.to_refundable
    if blue.state in ("已结清", "已红冲"):
        # a red one is taken back before anything else: the blue one stands as it did
        write.move(blue, "已入账" if blue.state == "已结清" else "已结清", **how)
    write.change(blue, {"open": blue.open + row.red_applied,
                        "red_applied": blue.red_applied - row.red_applied}, **how)  # fmt: skip
    if blue.state == "已结清" and blue.open > 0:
        write.move(blue, "已入账", **how)
    elif blue.state == "已入账" and blue.open == 0:
        write.move(blue, "已结清", **how)


@handler(topic="invoice.reversal_facts", outputs=("same_month", "problems"), pure=True)
def reversal_facts(step: Step, *, application_no: str) -> dict[str, Any]:
    """核对发票月份：当月开的、没有收过款的才可以作废。"""
    return {"same_month": _is_voidable(step, write.need("invoice", application_no)),
            "problems": None}  # fmt: skip


@handler(
    topic="invoice.start_again",
    outputs=("application_no", "corrected", "outcome", "problems", "comment", "pieces"),
)
def start_again(step: Step, *, red_result: str | None = None) -> dict[str, Any]:
    """红冲以后重新申请开票；红票没有批准的，回到申请说明原因。"""
    text = None if red_result == "开票完成" else _("红字发票没有开出，请先处理。")
    return {"application_no": None, "corrected": True, "outcome": None, "problems": text,
            "comment": None, "pieces": []}  # fmt: skip
