"""退货：申请、校验、审批前后、收货、质检、换货和办结（051-03-06）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import numbers, write
from app.records.customer import Customer
from app.records.delivery import Delivery, DeliveryLine
from app.records.sales_order import OrderLine, SalesOrder
from app.records.sales_return import ReturnLine, SalesReturn
from handlers import delivery, goods, ledger, order_book, steps, stock

NONE = Decimal(0)
OPEN = ("申请", "审批中", "待到货", "已收货", "已质检", "已入库", "处理中")


@handler(
    outputs=("order_no", "customer_id", "customer_name", "delivery_no", "return_rows", "reason",
             "expect", "photo", "return_no", "problems", "starter", "requester", "department_id",
             "subject", "result", "arrived", "policy", "contact_result", "refundable", "rma_no",
             "red_refundable", "opened", "request_no", "accepted", "fee"),
    pure=True,
)  # fmt: skip
def open_return(
    step: Step, *, order_no: str | None = None, delivery_no: str | None = None,
    return_lines: list | None = None, reason: str | None = None, expect: str | None = None,
    request_no: str | None = None, starter: str | None = None, return_no: str | None = None,
    photo: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备退货申请：列出订单已签收、还能退的每一行。

    `return_lines` ([{delivery_line, qty}]) are quantities that a customer or a delivery asks for.
    """
    note = write.find("delivery", delivery_no)
    if note is not None:
        order_no = db.session.get_one(SalesOrder, note.order_id).number
    order = write.find("sales_order", order_no)
    customer = db.session.get_one(Customer, order.customer_id) if order is not None else None
    problems = None if order is not None or not order_no else _("没有找到这张订单，请重新选择。")
    who = starter or step.started_by
    return {
        "order_no": order_no, "customer_id": customer.number if customer else None,
        "customer_name": customer.name if customer else None, "delivery_no": delivery_no,
        "return_rows": _rows(order, note, return_lines) if order is not None else [],
        "reason": reason, "expect": expect, "photo": photo, "return_no": return_no,
        "problems": problems, "starter": who, "requester": who, "request_no": request_no,
        "department_id": order.department_id if order is not None else None,
        "subject": f"{customer.name} {order_no}" if customer else _("退货申请"), "result": None,
        "arrived": False, "policy": None, "contact_result": None, "refundable": NONE,
        "rma_no": None, "red_refundable": None, "opened": False, "accepted": NONE, "fee": NONE,
    }  # fmt: skip


def _rows(order: SalesOrder, note: Delivery | None, asked: list | None) -> list[dict[str, Any]]:
    """Each signed line of the order (or of one delivery) with what can still come back."""
    query = (
        sa.select(DeliveryLine, Delivery)
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(Delivery.order_id == order.id, Delivery.state == "已签收", DeliveryLine.accepted > 0)
    )
    if note is not None:
        query = query.where(Delivery.id == note.id)
    found = [tuple(row) for row in db.session.execute(query.order_by(DeliveryLine.id))]
    products = order_book.products_of(line for line, _note in found)
    back, wanted = _returned([line.id for line, _note in found]), _asked(asked)
    return [
        {"delivery_line": line.id, "delivery_no": sent.number, "signed_at": sent.signed_at,
         "product": products[line.product_id].number,
         "product_name": products[line.product_id].name,
         "can_return": line.accepted - back.get(line.id, NONE), "qty": wanted.get(line.id, NONE),
         "serials": None}
        for line, sent in found if line.accepted > back.get(line.id, NONE)
    ]  # fmt: skip


def _asked(asked: list | None) -> dict[int, Decimal]:
    return {int(one["delivery_line"]): Decimal(one["qty"]) for one in asked or []}


def _returned(delivery_lines: list[int], but: int | None = None) -> dict[int, Decimal]:
    """{delivery line: what came back of it or is on its way back}."""
    qty = sa.case((SalesReturn.state.in_(("申请", "审批中")), ReturnLine.q_requested),
                  (SalesReturn.state == "待到货", ReturnLine.q_approved),
                  else_=ReturnLine.q_received)  # fmt: skip
    query = (
        sa.select(ReturnLine.delivery_line_id, sa.func.sum(qty))
        .join(SalesReturn, SalesReturn.id == ReturnLine.return_id)
        .where(ReturnLine.delivery_line_id.in_(delivery_lines),
               SalesReturn.state.in_((*OPEN, "已完成")), SalesReturn.id != (but or 0))
        .group_by(ReturnLine.delivery_line_id)
    )  # fmt: skip
    return dict(tuple(row) for row in db.session.execute(query))


@handler(
    outputs=("return_no", "return_amount", "days_since_sign", "problems", "return_facts", "subject",
             "agree_rows", "agreed_fee"),
)  # fmt: skip
def validate(
    step: Step, *, order_no: str | None, return_rows: list, reason: str, expect: str,
    return_no: str | None = None, request_no: str | None = None, requester: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验退货：每行不超过签收减去已退；序列号是卖给这个客户的；通过后编号。

    Natural key: request_no. Raises E_NOT_DELIVERED, E_RETURN_EXCEEDS_DELIVERED, E_SERIAL_NOT_SOLD.
    """
    order = write.find("sales_order", order_no)
    asked = {int(row["delivery_line"]): row for row in return_rows or []
             if Decimal(row.get("qty") or 0) > 0}  # fmt: skip
    known = write.find("sales_return", return_no)
    lines = _checked(order, asked, known)
    row = _saved(step, order, known, reason, expect, request_no, requester)
    _set_lines(step, row, lines, asked)
    step.set_business_key(row.number)
    amount = amount_of(row, "q_requested")
    first = min((note.signed_at for _line, note in lines if note.signed_at), default=step.now)
    return {
        "return_no": row.number, "return_amount": amount, "problems": None,
        "days_since_sign": (steps.today(step) - numbers.local_date(first)).days,
        "return_facts": _facts(order, row, amount), "agreed_fee": None,
        "subject": f"{db.session.get_one(Customer, row.customer_id).name} {row.number}",
        "agree_rows": rows_of(row, "q_requested"),
    }  # fmt: skip


def _refused(code: str, text: str) -> BpmnError:
    return BpmnError(code, text, problems=text)


def _checked(
    order: SalesOrder | None, asked: Mapping[int, Any], known: SalesReturn | None
) -> list[tuple[DeliveryLine, Delivery]]:
    query = (
        sa.select(DeliveryLine, Delivery)
        .join(Delivery, Delivery.id == DeliveryLine.delivery_id)
        .where(DeliveryLine.id.in_(list(asked)), Delivery.state == "已签收",
               Delivery.order_id == (order.id if order is not None else 0))
    )  # fmt: skip
    found = [tuple(row) for row in db.session.execute(query.order_by(DeliveryLine.id))]
    if not found or len(found) < len(asked):
        raise _refused("E_NOT_DELIVERED", _("请选择已签收的货，并填写要退的数量。"))
    products = order_book.products_of(line for line, _note in found)
    back = _returned(list(asked), known.id if known is not None else None)
    for line, _note in found:
        left, qty = line.accepted - back.get(line.id, NONE), Decimal(asked[line.id]["qty"])
        if qty > left:
            raise _refused("E_RETURN_EXCEEDS_DELIVERED", _(
                "%(name)s 最多还能退 %(left)s，填了 %(qty)s。",
                name=products[line.product_id].name, left=goods.shown(left),
                qty=goods.shown(qty)))  # fmt: skip
        _check_serials(line, asked[line.id].get("serials"))
    return found


def _check_serials(line: DeliveryLine, typed: str | None) -> None:
    sold = set(delivery.serials_of(line.batch))
    strange = [one for one in delivery.serials_of(typed) if sold and one not in sold]
    if strange:
        raise _refused("E_SERIAL_NOT_SOLD", _("序列号 %(numbers)s 不是这次发给客户的。",
                                              numbers="、".join(strange)))  # fmt: skip


def _saved(
    step: Step, order: SalesOrder, known: SalesReturn | None, reason: str, expect: str,
    request_no: str | None, requester: str | None,
) -> SalesReturn:  # fmt: skip
    given = {"reason": reason, "expect": expect}
    if known is None and request_no:
        query = sa.select(SalesReturn).where(SalesReturn.request_no == request_no)
        known = db.session.scalar(query)
    if known is not None:
        write.change(known, given, **steps.writing(step))
        return known
    whose = {"customer_id": order.customer_id, "order_id": order.id, "request_no": request_no,
             "owner_id": order.sales_rep_id, "department_id": order.department_id}  # fmt: skip
    return write.create("sales_return", {**whose, **given}, **steps.writing(step))


def _set_lines(
    step: Step, row: SalesReturn, lines: list[tuple[DeliveryLine, Delivery]],
    asked: Mapping[int, Any],
) -> None:  # fmt: skip
    for old in stock.return_lines(row):
        db.session.delete(old)
    db.session.flush()
    for line, _note in lines:
        given = {"return_id": row.id, "delivery_line_id": line.id, "product_id": line.product_id,
                 "order_line_id": line.order_line_id, "q_requested": asked[line.id]["qty"],
                 "serials": asked[line.id].get("serials")}  # fmt: skip
        write.create("return_line", given, **steps.writing(step))
    write.change(row, {"delivery_id": lines[0][1].id}, **steps.writing(step))


def amount_of(row: SalesReturn, column: str) -> Decimal:
    """What the returned goods cost the customer, by one of the quantities."""
    found = NONE
    for line in stock.return_lines(row):
        price = db.session.get_one(OrderLine, line.order_line_id).price
        found += order_book.money(getattr(line, column) * price)
    return found


def rows_of(row: SalesReturn, column: str) -> list[dict[str, Any]]:
    """The lines as the forms of verifying, counting and inspecting show them."""
    lines = stock.return_lines(row)
    products = order_book.products_of(lines)
    return [{"id": line.id, "product": products[line.product_id].number,
             "product_name": products[line.product_id].name, "expected": getattr(line, column),
             "qty": getattr(line, column), "serials": line.serials} for line in lines]  # fmt: skip


def _facts(order: SalesOrder, row: SalesReturn, amount: Decimal) -> list[dict[str, str]]:
    customer = db.session.get_one(Customer, row.customer_id)
    rows = [(_("退货单"), row.number), (_("客户"), customer.name), (_("订单"), order.number),
            (_("原因"), _(row.reason)), (_("客户期望"), _(row.expect)),
            (_("退货金额"), ledger.shown(amount))]  # fmt: skip
    rows += [(one["product_name"], goods.shown(one["qty"])) for one in rows_of(row, "q_requested")]
    return [{"label": label, "value": value} for label, value in rows]


@handler(outputs=("approvers", "return_amount", "fee", "return_facts", "special"))
def agree(
    step: Step, *, return_no: str, agree_rows: list, policy: dict, contact_result: str,
    return_facts: list, agreed_fee: Decimal | None = None, order_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """提交审批：谈定的数量和退货费；政策不允许的是特批。

    The fee is what was agreed, else the policy's rate of the amount (`return_policy`).
    """
    row = write.need("sales_return", return_no)
    agreed = {int(one["id"]): Decimal(one["qty"] or 0) for one in agree_rows}
    for line in stock.return_lines(row):
        qty = min(agreed.get(line.id, line.q_requested), line.q_requested)
        write.change(line, {"q_approved": qty}, **steps.writing(step))
    amount = amount_of(row, "q_approved")
    rate = Decimal(policy["restock_fee_rate"] or 0)
    fee = agreed_fee if agreed_fee is not None else order_book.money(amount * rate)
    write.change(row, {"fee": fee}, **steps.writing(step))
    write.move(row, "审批中", **steps.writing(step))
    special = not policy["allowed"]
    facts = [*return_facts[:6], {"label": _("核实情况"), "value": contact_result},
             {"label": _("退货费"), "value": f"{fee:,.2f}"}, *return_facts[6:]]  # fmt: skip
    if special:
        facts.insert(0, {"label": _("特批"), "value": _("不符合退货政策，要特别批准")})
    return {"approvers": policy["approvers"], "return_amount": amount, "fee": fee,
            "return_facts": facts, "special": special}  # fmt: skip


def _moved(step: Step, return_no: str, state: str, result: str | None) -> dict[str, Any]:
    write.move(write.need("sales_return", return_no), state, **steps.writing(step))
    return {"result": result}


@handler(outputs=("result",))
def withdraw(step: Step, *, return_no: str) -> dict[str, Any]:
    """协商撤回：问题不退货就解决，转服务处理。"""
    return _moved(step, return_no, "协商撤回", "协商撤回")


@handler(outputs=("result",))
def refuse(step: Step, *, return_no: str) -> dict[str, Any]:
    """拒绝退货：库存和账都不变。"""
    return _moved(step, return_no, "已拒绝", "拒绝退货")


@handler(outputs=("result",))
def expire(step: Step, *, return_no: str) -> dict[str, Any]:
    """逾期关闭：授权以后十五天货没有到。"""
    return _moved(step, return_no, "逾期关闭", "逾期关闭")


@handler(outputs=("problems", "outcome"))
def take_back(step: Step, *, return_no: str) -> dict[str, Any]:
    """退回核实：审批人要求再和客户核实。"""
    row = write.need("sales_return", return_no)
    if row.state == "审批中":
        write.move(row, "申请", **steps.writing(step))
    return {"problems": _("审批退回，请再和客户核实后提交。"), "outcome": None}
