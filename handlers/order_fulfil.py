"""订单履约：生效、预收要求、放行、排批次、关闭，以及生效的撤销（051-03-04 步骤 04.12 … 04.16）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import write
from app.records.ar_entry import RECEIVABLE, ArEntry
from app.records.customer import Customer
from app.records.delivery import Delivery
from app.records.invoice import Invoice
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder
from app.records.sales_return import SalesReturn
from handlers import goods, order_book, receivable, steps, stock

NONE = Decimal(0)
LEAD = dt.timedelta(days=2)  # goods leave the warehouse this long before the promised date
DUE_AT_ONCE = 7  # days that a customer has for what is collected before delivery
RETURN_OVER = ("已完成", "已拒绝", "逾期关闭", "协商撤回")


@handler(
    outputs=("open_to_ship", "delivery_mode", "problems", "total", "result"), topic="order.confirm"
)
def confirm(
    step: Step, *, order_no: str, plan_rows: list, atp: list | None = None
) -> dict[str, Any]:
    """订单生效：占用检查时承诺的现货，建立回款计划，报价记已下单，客户记成交。

    One transaction; natural key: the order (051-03-04). Raises E_STOCK_SHORT when stock that was
    free at the check has been taken since.
    """
    order = write.need("sales_order", order_no)
    db.session.refresh(order, with_for_update=True)
    with db.session.begin_nested():  # a shortage of the last line leaves nothing reserved
        _reserve(step, order, atp or [])
    write.move(order, "已生效", **steps.writing(step))
    _make_plan(step, order, plan_rows)
    quote = write.find("quotation", order.quote_no)
    if quote is not None:
        write.move(quote, "已下单", **steps.writing(step))
    customer = db.session.get_one(Customer, order.customer_id)
    write.change(customer, {"life_stage": "成交"}, **steps.writing(step))
    left = order_book.open_to_ship(order_book.lines_of(order))
    return {"open_to_ship": left, "delivery_mode": order.delivery_mode, "problems": None,
            "total": order.total, "result": None}  # fmt: skip


def _reserve(step: Step, order: SalesOrder, atp: list[Mapping[str, Any]]) -> None:
    promised: dict[str, Decimal] = {}
    for row in atp:
        promised[row["product"]] = promised.get(row["product"], NONE) + Decimal(row["free"])
    lines = order_book.lines_of(order)
    products = order_book.products_of(lines)
    for line in lines:
        number = products[line.product_id].number
        qty = min(line.q_ordered, promised.get(number, NONE))
        if qty > 0:
            promised[number] -= qty
            hold_line(step, order, line, qty)


def hold_line(step: Step, order: SalesOrder, line: OrderLine, qty: Decimal) -> None:
    """So many pieces are reserved for the line. Raises E_STOCK_SHORT."""
    goods.post(step, "预留", line.product_id, qty, doc=order.number, line=line.seq, reserved=1)
    write.change(line, {"q_reserved": line.q_reserved + qty}, **steps.writing(step))


def free_line(step: Step, order: SalesOrder, line: OrderLine, qty: Decimal) -> None:
    """So many pieces of the line are free for others again."""
    qty = min(qty, line.q_reserved)
    if qty > 0:
        goods.post(step, "释放", line.product_id, qty, doc=order.number, line=line.seq, reserved=-1)
        write.change(line, {"q_reserved": line.q_reserved - qty}, **steps.writing(step))


def _make_plan(step: Step, order: SalesOrder, rows: list[Mapping[str, Any]]) -> None:
    known = {row.seq for row in order_book.plan_of(order, live=False)}
    for row in rows:
        if row["seq"] not in known:
            days = row.get("days")
            rule = _("%(basis)s %(days)s 天", basis="发货后", days=days) if days else row["basis"]
            _plan_row(step, order, row["seq"], row["kind"], row["basis"], row["amount"], rule,
                      row.get("due_date"))  # fmt: skip


def _plan_row(
    step: Step, order: SalesOrder, seq: int, kind: str, basis: str, amount: Decimal, rule: str,
    due: dt.date | None,
) -> ReceiptPlan:  # fmt: skip
    if due is None and basis in order_book.BEFORE_DELIVERY:
        due = steps.today(step) + dt.timedelta(days=DUE_AT_ONCE)
    given = {
        "order_id": order.id, "customer_id": order.customer_id, "seq": seq, "kind": kind,
        "basis": basis, "amount": amount, "due_rule": rule, "due_date": due,
        "owner_id": order.sales_rep_id, "department_id": order.department_id,
    }  # fmt: skip
    number = f"{order.number}-{seq}"
    made = write.create("receipt_plan", given, number=number, **steps.writing(step))
    write.move(made, "待回款", **steps.writing(step))
    return made


@handler(
    outputs=("prepay_required", "prepay_rate", "prepay_due", "receivable_rows"),
    topic="order.require_prepay",
)
def require_prepay(step: Step, *, order_no: str, rate: Decimal | int = 0) -> dict[str, Any]:
    """确定预收：取规则要求和订单约定中较高的；规则要得更多时，从后面的期次挪到发货前。

    Plan rows 预收 sum up to what is required afterwards; `receivable_rows` are the others
    (`prepay_requirement`; the order's own terms may ask more).
    """
    order = write.need("sales_order", order_no)
    rows = order_book.plan_of(order)
    planned = sum((row.amount for row in rows if row.kind == "预收"), NONE)
    required = max(planned, order_book.money(order.total * Decimal(rate)))
    _bring_forward(step, order, rows, required - planned)
    write.change(order, {"prepay_required": required}, **steps.writing(step))
    rows = order_book.plan_of(order)
    due = min((row.due_date for row in rows if row.kind == "预收" and row.due_date), default=None)
    return {
        "prepay_required": required, "prepay_due": due,
        "prepay_rate": (required / order.total).quantize(Decimal("0.0001")) if order.total else NONE,
        "receivable_rows": [{"number": row.number, "seq": row.seq, "amount": row.amount}
                            for row in rows if row.kind == "应收"],
    }  # fmt: skip


def _bring_forward(
    step: Step, order: SalesOrder, rows: list[ReceiptPlan], missing: Decimal
) -> None:
    if missing <= 0:
        return
    amount = missing
    for row in [row for row in rows if row.kind == "应收"]:
        take = min(missing, row.amount)
        if not take:
            break
        missing -= take
        if take == row.amount:
            write.move(row, "作废", reason="规则要求预收", **steps.writing(step))
        else:
            write.change(row, {"amount": row.amount - take}, **steps.writing(step))
    _plan_row(step, order, receivable.next_seq(order), "预收", "发货前", amount, "发货前", None)


@handler(outputs=("released",), topic="order.release_for_delivery")
def release_for_delivery(step: Step, *, order_no: str) -> dict[str, Any]:
    """放行发货：预收已满足（或不需要），订单进入履约。"""
    order = write.need("sales_order", order_no)
    write.change(order, {"released": True}, **steps.writing(step))
    if order.state == "已生效":
        write.move(order, "履约中", **steps.writing(step))
    return {"released": True}


@handler(outputs=("ship_at", "open_to_ship"), topic="order.next_batch", pure=True)
def next_batch(step: Step, *, order_no: str, ship_result: str | None = None) -> dict[str, Any]:
    """排下一批：最早的交期提前两天；上一次没发成的，明天再排。"""
    order = write.need("sales_order", order_no)
    lines = order_book.lines_of(order)
    days = [line.promised_date for line in lines if line.open_to_ship > 0 and line.promised_date]
    day = min(days, default=steps.today(step)) - LEAD
    if ship_result in ("取消发货", "暂缓发货"):
        day = max(day, steps.today(step) + dt.timedelta(days=1))
    return {"ship_at": stock.morning(day, step.now), "open_to_ship": order_book.open_to_ship(lines)}


@handler(outputs=("open_to_ship", "total"), topic="order.refresh_open", pure=True)
def refresh_open(step: Step, *, order_no: str) -> dict[str, Any]:
    """更新未发数量。"""
    order = write.need("sales_order", order_no)
    left = order_book.open_to_ship(order_book.lines_of(order))
    return {"open_to_ship": left, "total": order.total}


@handler(outputs=("result",), topic="order.close")
def close(step: Step, *, order_no: str) -> dict[str, Any]:
    """关闭订单：货已发完、款已结清、没有未办结的退货。

    Raises E_ORDER_NOT_CLOSABLE that says what is open (051-03-04 step 04.16).
    """
    order = write.need("sales_order", order_no)
    db.session.refresh(order, with_for_update=True)
    open_points = _open_points(order)
    if open_points:
        text = _("订单还不能关闭：%(points)s。", points="、".join(open_points))
        raise BpmnError("E_ORDER_NOT_CLOSABLE", text, problems=text)
    write.move(order, "已完成", **steps.writing(step))
    return {"result": "已完成"}


def _open_points(order: SalesOrder) -> list[str]:
    found = []
    left = order_book.open_to_ship(order_book.lines_of(order))
    if left > 0:
        found.append(_("还有 %(qty)s 没有发", qty=goods.shown(left)))
    owed = net_receivable(order)
    if owed > 0:
        found.append(_("应收还有 %(amount)s", amount=owed))
    query = sa.select(SalesReturn.number).where(
        SalesReturn.order_id == order.id, SalesReturn.state.not_in(RETURN_OVER)
    )
    returns = list(db.session.scalars(query))
    if returns:
        found.append(_("退货 %(numbers)s 没有办结", numbers="、".join(returns)))
    return found


def net_receivable(order: SalesOrder) -> Decimal:
    """What the customer still owes on this order, by the ledger."""
    query = sa.select(sa.func.sum(ArEntry.amount)).where(
        ArEntry.order_no == order.number, ArEntry.ledger == RECEIVABLE
    )
    return db.session.scalar(query) or NONE


@handler(topic="order.release")
def release(step: Step, *, order_no: str) -> None:
    """释放订单占用：没出库的发货单作废，预留放回，回款计划作废，没开的发票不再开。

    Compensates order.confirm (051-03-04 step 04.12).
    """
    order = write.need("sales_order", order_no)
    for delivery in _of_order(Delivery, order, order_book.ON_THE_WAY):
        stock.unreserve(step, delivery_no=delivery.number)
    for line in order_book.lines_of(order):
        free_line(step, order, line, line.q_reserved)
    for row in order_book.plan_of(order):
        if row.state in ("待生效", "待回款", "部分回款", "逾期"):
            write.move(row, "作废", reason="订单取消", **steps.writing(step))
    for invoice in _of_order(Invoice, order, ("审核中", "待开具")):
        write.move(invoice, "已驳回", reason="订单取消", **steps.writing(step))


def _of_order(model: Any, order: SalesOrder, states: tuple[str, ...]) -> list[Any]:
    query = sa.select(model).where(model.order_id == order.id, model.state.in_(states))
    return list(db.session.scalars(query))
