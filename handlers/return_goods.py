"""退货的货：授权、收货点数、质检、换货、退货费和办结（051-03-06 步骤 06.07 … 06.15）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.invoice import Invoice
from app.records.sales_order import OrderLine
from app.records.sales_return import SalesReturn
from handlers import goods, ledger, order_book, sales_return, steps, stock

NONE = Decimal(0)


@handler(outputs=("rma_no", "return_address", "count_rows"), topic="sales_return.authorise")
def authorise(step: Step, *, return_no: str) -> dict[str, Any]:
    """退货授权：客户凭授权号把货寄回仓库。"""
    row = write.need("sales_return", return_no)
    rma = f"RMA-{row.number}"
    write.change(row, {"rma_no": rma}, **steps.writing(step))
    write.move(row, "待到货", **steps.writing(step))
    return {
        "rma_no": rma,
        "return_address": goods.HOME,
        "count_rows": sales_return.rows_of(row, "q_approved"),
    }


@handler(outputs=("inspect_rows", "problems", "arrived"), topic="sales_return.check_received")
def check_received(step: Step, *, return_no: str, count_rows: list) -> dict[str, Any]:
    """核对实收：登记点数；比授权多的先处理。

    Raises E_OVER_RECEIPT (051-03-06 step 06.09). The count is kept either way.
    """
    row = write.need("sales_return", return_no)
    counted = {int(one["id"]): Decimal(one["received_qty"] or 0) for one in count_rows}
    over = []
    for line in stock.return_lines(row):
        qty = counted.get(line.id, NONE)
        write.change(line, {"q_received": qty}, **steps.writing(step))
        if qty > line.q_approved:
            over.append(f"{goods.shown(line.q_approved)} → {goods.shown(qty)}")
    write.change(row, {"arrived_at": step.now}, **steps.writing(step))
    write.move(row, "已收货", **steps.writing(step))
    if over:
        text = _("实收多于授权：%(rows)s。", rows="、".join(over))
        raise BpmnError("E_OVER_RECEIPT", text, problems=text, arrived=True)
    return {"inspect_rows": inspect_rows(row), "problems": None, "arrived": True}


def inspect_rows(row: SalesReturn) -> list[dict[str, Any]]:
    """What the inspector judges: all good until he says otherwise."""
    return [{**one, "good_qty": one["qty"], "repair_qty": NONE, "scrap_qty": NONE,
             "refused_qty": NONE} for one in sales_return.rows_of(row, "q_received")]  # fmt: skip


@handler(outputs=("return_amount", "return_facts"), topic="sales_return.extend")
def extend(
    step: Step, *, return_no: str, return_facts: list, over: dict | None = None
) -> dict[str, Any]:
    """追加审批：按实收数量重新送审。"""
    row = write.need("sales_return", return_no)
    amount = sales_return.amount_of(row, "q_received")
    extra = {"label": _("实收金额（含多收）"), "value": ledger.shown(amount)}
    return {"return_amount": amount, "return_facts": [*return_facts, extra]}


@handler(outputs=("inspect_rows", "problems"), topic="sales_return.accept_extra")
def accept_extra(step: Step, *, return_no: str) -> dict[str, Any]:
    """按实收接收：追加的数量已批准。"""
    row = write.need("sales_return", return_no)
    for line in stock.return_lines(row):
        write.change(line, {"q_approved": max(line.q_approved, line.q_received)},
                     **steps.writing(step))  # fmt: skip
    return {"inspect_rows": inspect_rows(row), "problems": None}


@handler(outputs=("inspect_rows", "problems", "return_amount"), topic="sales_return.send_back")
def send_back(step: Step, *, return_no: str) -> dict[str, Any]:
    """退回多收：只留授权的数量，其余退给客户。"""
    row = write.need("sales_return", return_no)
    for line in stock.return_lines(row):
        write.change(line, {"q_received": min(line.q_received, line.q_approved)},
                     **steps.writing(step))  # fmt: skip
    return {"inspect_rows": inspect_rows(row), "problems": None,
            "return_amount": sales_return.amount_of(row, "q_received")}  # fmt: skip


@handler(outputs=("accepted", "return_amount"), topic="sales_return.record_inspection")
def record_inspection(
    step: Step, *, return_no: str, inspect_rows: list, expect: str, cause: str | None = None
) -> dict[str, Any]:
    """登记质检：良品、待修、报废各多少；拒收的退还客户，不算退货。"""
    row = write.need("sales_return", return_no)
    judged, accepted = {int(one["id"]): one for one in inspect_rows}, NONE
    for line in stock.return_lines(row):
        given = {f"q_{name}": Decimal(judged[line.id].get(f"{name}_qty") or 0)
                 for name in ("good", "repair", "scrap")}  # fmt: skip
        kept = sum(given.values(), NONE)
        given |= {"q_received": kept, "treatment": expect if kept else "拒绝"}
        write.change(line, given, **steps.writing(step))
        accepted += kept
    note = _("责任：%(cause)s", cause=_(cause)) if cause else None
    write.change(row, {"remark": note}, **steps.writing(step))
    write.move(row, "已质检", **steps.writing(step))
    return {"accepted": accepted, "return_amount": sales_return.amount_of(row, "q_received")}


@handler(topic="sales_return.open_exchange")
def open_exchange(step: Step, *, return_no: str) -> None:
    """登记待换货：换货只从这里发，不动订单的未发数量（051-03-06 handlers）。"""
    _change_due(step, write.need("sales_return", return_no), 1)


def _change_due(step: Step, row: SalesReturn, sign: int) -> None:
    for line in stock.return_lines(row):
        ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
        due = max(NONE, ordered.exchange_due + sign * line.q_received)
        write.change(ordered, {"exchange_due": due}, **steps.writing(step))
    if row.state == "已入库":
        write.move(row, "处理中", **steps.writing(step))


@handler(outputs=("expect",), topic="sales_return.turn_to_refund")
def turn_to_refund(step: Step, *, return_no: str) -> dict[str, Any]:
    """换货改退款：换的货没有发成，不再换。"""
    row = write.need("sales_return", return_no)
    _change_due(step, row, -1)
    for line in stock.return_lines(row):
        if line.treatment == "换货":
            write.change(line, {"treatment": "退款"}, **steps.writing(step))
    write.change(row, {"expect": "退款"}, **steps.writing(step))
    return {"expect": "退款"}


@handler(
    outputs=("invoiced", "blue_no", "return_net"), pure=True, topic="sales_return.prepare_refund"
)
def prepare_refund(step: Step, *, return_no: str, order_no: str) -> dict[str, Any]:
    """核对开票：退回的货开过票的要开红票。"""
    row, order = write.need("sales_return", return_no), write.need("sales_order", order_no)
    lines = [db.session.get_one(OrderLine, one.order_line_id) for one in stock.return_lines(row)]
    query = sa.select(Invoice.number).where(
        Invoice.order_id == order.id, Invoice.color == "蓝", Invoice.state.in_(ledger.BOOKED)
    )
    blue = db.session.scalar(query.order_by(Invoice.gross.desc()).limit(1))
    invoiced = blue is not None and any(line.q_invoiced > 0 for line in lines)
    return {
        "invoiced": invoiced,
        "blue_no": blue,
        "return_net": sales_return.amount_of(row, "q_received"),
    }


@handler(outputs=("refundable", "fee_ledger"), topic="sales_return.settle_fee")
def settle_fee(step: Step, *, return_no: str, order_no: str) -> dict[str, Any]:
    """记退货费：要退款的从应退里扣，不退款的记到应收，只记一次（invariant 12）。"""
    row = write.need("sales_return", return_no)
    balance = ledger.refundable_row(row.customer_id, row.number)
    left = balance.balance if balance is not None else NONE
    if row.fee and row.fee_ledger is None:
        where = "应退" if left >= row.fee else "应收"
        write.change(row, {"fee_ledger": where}, **steps.writing(step))
        booked = {"customer_id": row.customer_id, "doc_type": "sales_return",
                  "doc_no": row.number, "order_no": order_no}  # fmt: skip
        if where == "应退":
            left = ledger.refundable(step, "restock_fee", -row.fee, source=row.number, **booked)
        else:
            ledger.book(step, "应收", "restock_fee", row.fee, **booked)
    return {"refundable": left, "fee_ledger": row.fee_ledger}


@handler(outputs=("result",), topic="sales_return.complete")
def complete(step: Step, *, return_no: str, order_no: str) -> dict[str, Any]:
    """完成退货：退货数量记到订单行，退货单办结。

    Natural key: the return (one that is 已完成 counts nothing again).
    """
    row = write.need("sales_return", return_no)
    if row.state != "已完成":
        for line in stock.return_lines(row):
            ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
            given = {"q_returned": ordered.q_returned + line.q_received}
            write.change(ordered, given, **steps.writing(step))
        write.move(row, "已完成", **steps.writing(step))
    order_book.note_progress(step, write.need("sales_order", order_no))
    return {"result": "退货完成"}
