"""交付：发货通知、校验、拣货、签收和差异（051-03-05）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.delivery import Delivery, DeliveryLine
from app.records.product import Product
from app.records.sales_order import OrderLine, SalesOrder
from handlers import goods, order_book, receivable, steps, stock

NONE = Decimal(0)
RUNNING = ("已生效", "履约中")


@handler(
    outputs=("order_no", "customer_id", "customer_name", "source", "return_no", "note",
             "note_lines", "warehouses", "delivery_no", "problems", "result", "department_id",
             "subject", "outcome", "release_approver"),
    pure=True,
)  # fmt: skip
def open_note(
    step: Step, *, order_no: str, source: str | None = None, return_no: str | None = None,
    ship_lines: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备发货通知：列出订单还没有发的行；换货列出待换的行。

    `ship_lines` ([{line, qty}]) asks for certain quantities (message or batch); otherwise all that
    is open and not on another note.
    """
    order = write.need("sales_order", order_no)
    customer = db.session.get_one(write.record.entity("customer"), order.customer_id)
    source = source or "订单"
    return {
        "order_no": order_no, "customer_id": customer.number, "customer_name": customer.name,
        "source": source, "return_no": return_no, "delivery_no": None, "problems": None,
        "note": {"warehouse": goods.HOME, "ship_date": steps.today(step), "carrier": None,
                 "address": order.ship_to or customer.address, "instruction": None},
        "note_lines": _shippable(order, source, ship_lines), "warehouses": goods.warehouses(),
        "result": None, "department_id": order.department_id, "outcome": None,
        "subject": f"{customer.name} {order_no}", "release_approver": None,
    }  # fmt: skip


def _shippable(order: SalesOrder, source: str, asked: list | None) -> list[dict[str, Any]]:
    lines = order_book.lines_of(order)
    products, noted = order_book.products_of(lines), order_book.noted(line.id for line in lines)
    wanted = {int(one["line"]): Decimal(one["qty"]) for one in asked or []}
    found = []
    for line in lines:
        open_qty = line.exchange_due if source == "换货" else \
            line.open_to_ship - noted.get(line.id, NONE)  # fmt: skip
        if open_qty > 0 and (not wanted or line.seq in wanted):
            product = products[line.product_id]
            found.append({
                "line": line.seq, "product": product.number, "product_name": product.name,
                "uom": product.uom, "open": open_qty, "free": goods.available(product.id),
                "qty": wanted.get(line.seq, open_qty), "promised_date": line.promised_date,
            })  # fmt: skip
    return found


@handler(
    outputs=("delivery_no", "amount", "pick_lines", "problems", "note_lines", "subject"),
    topic="delivery.validate",
)
def check_note(
    step: Step, *, order_no: str, note: dict, note_lines: list, source: str = "订单",
    return_no: str | None = None, delivery_no: str | None = None, batch_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验发货：不超过未发数量、订单没有挂起、预收已到；通过后发货单待放行。

    A note that comes back keeps its number; its lines are those that are asked for now. Raises
    E_ORDER_HELD, E_PREPAY_MISSING, E_OVER_DELIVERY (051-03-05; tolerance per product).
    """
    order = write.need("sales_order", order_no)
    db.session.refresh(order, with_for_update=True)
    _check_order(order, source)
    known = write.find("delivery", delivery_no)
    asked = {int(one["line"]): Decimal(one["qty"] or 0) for one in note_lines}
    picked = _checked(order, source, {line: qty for line, qty in asked.items() if qty > 0},
                      known.id if known is not None else None)  # fmt: skip
    delivery = _saved(step, order, known, note, source, return_no, batch_no)
    _set_lines(step, delivery, picked)
    if delivery.state in ("草稿", "暂缓"):
        write.move(delivery, "待放行", **steps.writing(step))
    step.set_business_key(delivery.number)
    amount = sum((order_book.money(qty * line.price) for line, qty in picked), NONE)
    return {"delivery_no": delivery.number, "amount": amount if source == "订单" else NONE,
            "pick_lines": pick_rows(delivery), "problems": None}  # fmt: skip


def _check_order(order: SalesOrder, source: str) -> None:
    if order.state == "挂起":
        raise _refused("E_ORDER_HELD", _("订单 %(number)s 因信用停发而挂起，恢复后才能发货。",
                                         number=order.number))  # fmt: skip
    if source == "换货":
        return
    if order.state not in RUNNING:
        raise _refused("E_ORDER_HELD", _("订单 %(number)s 现在是“%(state)s”，不能发货。",
                                         number=order.number, state=order.state))  # fmt: skip
    if order.prepay_required > 0 and not order.released:
        raise _refused("E_PREPAY_MISSING", _(
            "订单 %(number)s 要先收到预收款 %(amount)s 才能发货。",
            number=order.number, amount=order.prepay_required))  # fmt: skip


def _refused(code: str, text: str) -> BpmnError:
    return BpmnError(code, text, problems=text)


def _checked(
    order: SalesOrder, source: str, asked: Mapping[int, Decimal], but: int | None
) -> list[tuple[OrderLine, Decimal]]:
    lines = order_book.lines_of(order)
    noted = order_book.noted([line.id for line in lines], but=but)
    products = order_book.products_of(lines)
    found, wrong = [], []
    for line in lines:
        qty = asked.get(line.seq, NONE)
        over = products[line.product_id].over_delivery_rate * (line.q_ordered - line.q_cancelled)
        most = line.exchange_due if source == "换货" else \
            line.open_to_ship - noted.get(line.id, NONE) + over  # fmt: skip
        if qty > most:
            wrong.append(_("第 %(seq)s 行 %(name)s 最多还能发 %(most)s，填了 %(qty)s。",
                           seq=line.seq, name=products[line.product_id].name,
                           most=goods.shown(max(most, NONE)), qty=goods.shown(qty)))  # fmt: skip
        elif qty > 0:
            found.append((line, qty))
    if wrong or not found:
        raise _refused("E_OVER_DELIVERY", "\n".join(wrong) or _("没有可以发货的行。"))
    return found


def _saved(
    step: Step, order: SalesOrder, known: Delivery | None, note: Mapping[str, Any], source: str,
    return_no: str | None, batch_no: str | None,
) -> Delivery:  # fmt: skip
    given = {"warehouse": note.get("warehouse") or goods.HOME, "carrier": note.get("carrier"),
             "remark": _remark(note)}  # fmt: skip
    if known is not None and known.state in order_book.ON_THE_WAY:
        write.change(known, given, **steps.writing(step))
        return known
    whose = {"order_id": order.id, "customer_id": order.customer_id, "source": source,
             "return_no": return_no, "batch_no": batch_no, "owner_id": order.sales_rep_id,
             "department_id": order.department_id}  # fmt: skip
    return write.create("delivery", {**whose, **given}, **steps.writing(step))


def _remark(note: Mapping[str, Any]) -> str | None:
    said = [str(note[name]) for name in ("address", "instruction") if note.get(name)]
    return "；".join(said) or None


def _set_lines(step: Step, delivery: Delivery, picked: list[tuple[OrderLine, Decimal]]) -> None:
    for old in stock.lines_of(delivery):
        db.session.delete(old)
    db.session.flush()
    for line, qty in picked:
        given = {"delivery_id": delivery.id, "order_line_id": line.id,
                 "product_id": line.product_id, "qty": qty}  # fmt: skip
        write.create("delivery_line", given, **steps.writing(step))


def pick_rows(delivery: Delivery) -> list[dict[str, Any]]:
    """The note's lines as the picking and signing forms show them."""
    lines = stock.lines_of(delivery)
    products = order_book.products_of(lines)
    return [
        {"id": line.id, "product": products[line.product_id].number,
         "product_name": products[line.product_id].name, "uom": products[line.product_id].uom,
         "serial_managed": products[line.product_id].serial_managed, "qty": line.qty,
         "picked_qty": line.qty, "batch": line.batch, "accepted_qty": line.qty,
         "refused_qty": NONE, "missing_qty": NONE, "damaged_qty": NONE,
         "free": goods.available(line.product_id, delivery.warehouse)}
        for line in lines
    ]  # fmt: skip


@handler(outputs=("result", "problems"))
def cancel(step: Step, *, delivery_no: str | None = None) -> dict[str, Any]:
    """取消发货：还没出库的发货单作废。"""
    delivery = write.find("delivery", delivery_no)
    if delivery is not None and delivery.state in order_book.ON_THE_WAY:
        write.move(delivery, "已取消", **steps.writing(step))
    return {"result": "取消发货", "problems": None}


@handler(outputs=("result",))
def hold(step: Step, *, delivery_no: str) -> dict[str, Any]:
    """暂缓发货：发货单暂缓，销售代表收到原因。"""
    delivery = write.need("delivery", delivery_no)
    if delivery.state == "待拣货":
        write.move(delivery, "已取消", reason="信用不能放行", **steps.writing(step))
    elif delivery.state == "待放行":
        write.move(delivery, "暂缓", **steps.writing(step))
    return {"result": "暂缓发货"}


@handler(outputs=("amount", "pick_lines", "problems"))
def adjust(step: Step, *, delivery_no: str, pick_lines: list) -> dict[str, Any]:
    """按现有库存少发：把发货单的数量改少，其余留在订单上以后再发。"""
    delivery = write.need("delivery", delivery_no)
    rows = {int(one["id"]): Decimal(one["qty"] or 0) for one in pick_lines}
    for line in stock.lines_of(delivery):
        qty = rows.get(line.id, line.qty)
        if qty > line.qty:
            raise Invalid(_("缺货处理只能把数量改少。"))
        if qty:
            write.change(line, {"qty": qty}, **steps.writing(step))
        else:
            db.session.delete(line)
    db.session.flush()
    return {"amount": amount_of(delivery), "pick_lines": pick_rows(delivery), "problems": None}


def amount_of(delivery: Delivery) -> Decimal:
    """What the note's goods cost the customer; nothing for an exchange."""
    if delivery.source == "换货":
        return NONE
    query = sa.select(DeliveryLine.qty, OrderLine.price).join(
        OrderLine, OrderLine.id == DeliveryLine.order_line_id
    ).where(DeliveryLine.delivery_id == delivery.id)  # fmt: skip
    return sum((order_book.money(qty * price) for qty, price in db.session.execute(query)), NONE)


@handler(outputs=("problems",))
def check_pick(step: Step, *, delivery_no: str, pick_lines: list) -> dict[str, Any]:
    """核对拣货：数量与发货单一致，序列号管理的产品一件一个号。

    Batch and serial numbers are kept on the lines. Raises E_PICK_MISMATCH (051-03-05 step 05.08).
    """
    delivery = write.need("delivery", delivery_no)
    rows, wrong, right = {int(one["id"]): one for one in pick_lines}, [], []
    for line in stock.lines_of(delivery):
        product, row = db.session.get_one(Product, line.product_id), rows.get(line.id, {})
        picked, serials = Decimal(row.get("picked_qty") or 0), serials_of(row.get("batch"))
        if picked != line.qty:
            wrong.append(_("%(name)s 应拣 %(qty)s，实拣 %(picked)s。", name=product.name,
                           qty=goods.shown(line.qty), picked=goods.shown(picked)))  # fmt: skip
        elif product.serial_managed and serials and len(set(serials)) != line.qty:
            wrong.append(_("%(name)s 应有 %(qty)s 个不同的序列号，填了 %(count)s 个。",
                           name=product.name, qty=goods.shown(line.qty),
                           count=len(set(serials))))  # fmt: skip
        else:
            right.append((line, {"picked": picked, "batch": ",".join(serials) or None}))
    if wrong:
        raise _refused("E_PICK_MISMATCH", "\n".join(wrong))
    for line, given in right:
        write.change(line, given, **steps.writing(step))
    return {"problems": None}


def serials_of(text: str | None) -> list[str]:
    """Serial numbers typed with commas, blanks or new lines."""
    return (text or "").replace("，", ",").replace("、", ",").replace(",", " ").split()


@handler(outputs=("has_difference", "differences", "problems"))
def record_signing(
    step: Step, *, delivery_no: str, pick_lines: list, signing: dict
) -> dict[str, Any]:
    """登记签收：每行签收、拒收、短少的数量加起来等于发货数量。"""
    delivery = write.need("delivery", delivery_no)
    rows = {int(one["id"]): one for one in pick_lines}
    found = []
    for line in stock.lines_of(delivery):
        found += _signed_line(step, line, rows[line.id])
    proof = signing.get("proof") or []
    given = {"signer": signing.get("signer"), "signed_at": signing.get("signed_at") or step.now,
             "proof": proof[0].get("name") if proof else None}  # fmt: skip
    write.change(delivery, given, **steps.writing(step))
    return {"has_difference": bool(found), "differences": found, "problems": None}


def _signed_line(step: Step, line: DeliveryLine, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    part = {name: Decimal(row.get(f"{name}_qty") or 0)
            for name in ("accepted", "refused", "missing", "damaged")}  # fmt: skip
    if part["accepted"] + part["refused"] + part["missing"] != line.qty:
        raise Invalid(
            _("签收、拒收、短少加起来要等于发货数量 %(qty)s。", qty=goods.shown(line.qty))
        )
    given = {name: part[name] for name in ("accepted", "refused", "missing")}
    write.change(line, given, **steps.writing(step))
    kinds = (("拒收", "refused", "退回入库"), ("破损", "damaged", "退货申请"),
             ("短少", "missing", "补发"))  # fmt: skip
    return [{"id": line.id, "product_name": row["product_name"], "product": row["product"],
             "kind": kind, "qty": part[name], "handling": handling, "note": None}
            for kind, name, handling in kinds if part[name] > 0]  # fmt: skip


@handler(outputs=("has_damage", "damage_lines", "damage_request_no"))
def settle_differences(step: Step, *, delivery_no: str, differences: list) -> dict[str, Any]:
    """处理签收差异：短少的补发，或者不再补发、从订单里减去。

    补发 re-opens the quantity of the order line; 抵减 cancels it. `damage_lines` are those that a
    return is asked for (`msg_return_request`).
    """
    delivery = write.need("delivery", delivery_no)
    lines = {line.id: line for line in stock.lines_of(delivery)}
    for row in differences:
        if row["kind"] == "短少":
            _settle_missing(step, delivery, lines[int(row["id"])], row["handling"])
    damaged = [row for row in differences if row["handling"] == "退货申请"]
    asked = [{"delivery_line": int(row["id"]), "qty": row["qty"]} for row in damaged]
    return {"has_damage": bool(damaged), "damage_lines": asked,
            "damage_request_no": f"{delivery_no}-D" if damaged else None}  # fmt: skip


def _settle_missing(step: Step, delivery: Delivery, line: DeliveryLine, handling: str) -> None:
    ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
    if delivery.source == "换货":
        if handling == "补发":
            given: dict[str, Any] = {"exchange_due": ordered.exchange_due + line.missing}
            write.change(ordered, given, **steps.writing(step))
        return
    given = {"q_rejected": ordered.q_rejected + line.missing}
    if handling == "抵减":
        given["q_cancelled"] = ordered.q_cancelled + line.missing
    write.change(ordered, given, **steps.writing(step))


@handler(outputs=("delivery_no", "note_lines", "problems"))
def note_lost(step: Step, *, delivery_no: str, order_no: str, loss: dict) -> dict[str, Any]:
    """登记丢失并补发：这张发货单结束，货的数量回到未发，另开一张发货单。"""
    delivery = write.need("delivery", delivery_no)
    for line in stock.lines_of(delivery):
        write.change(line, {"missing": line.qty}, **steps.writing(step))
        _settle_missing(step, delivery, line, "补发")
    reason = _("运输丢失，补发；%(note)s", note=loss.get("claim_no") or "")
    for state in ("签收差异", "已签收"):
        write.move(delivery, state, reason=reason, **steps.writing(step))
    order = write.need("sales_order", order_no)
    return {"delivery_no": None, "note_lines": _shippable(order, delivery.source, None),
            "problems": None}  # fmt: skip


@handler(outputs=("pick_lines", "signing", "has_difference", "differences"))
def note_claim(step: Step, *, delivery_no: str, loss: dict) -> dict[str, Any]:
    """登记向承运人索赔：全部按短少处理，接着决定补发还是抵减。"""
    delivery = write.need("delivery", delivery_no)
    rows = [{**row, "accepted_qty": NONE, "refused_qty": NONE, "missing_qty": row["qty"]}
            for row in pick_rows(delivery)]  # fmt: skip
    signing = {"signer": None, "signed_at": step.now, "proof": None}
    lines = {line.id: line for line in stock.lines_of(delivery)}
    found = [one for row in rows for one in _signed_line(step, lines[row["id"]], row)]
    write.change(delivery, {"remark": _("索赔单 %(no)s", no=loss.get("claim_no") or "—")},
                 **steps.writing(step))  # fmt: skip
    return {"pick_lines": rows, "signing": signing, "has_difference": True, "differences": found}


@handler(outputs=("result", "open_to_ship"))
def complete(step: Step, *, delivery_no: str, order_no: str) -> dict[str, Any]:
    """完成交付：签收数量记到订单行，在途为零，发货单已签收。

    Natural key: the note (one that is 已签收 counts nothing again). Shipped = delivered + rejected
    of this note (051-03-05 step 05.16).
    """
    delivery = write.need("delivery", delivery_no)
    order = write.need("sales_order", order_no)
    if delivery.state != "已签收":
        if delivery.source == "订单":
            _count_delivered(step, delivery)
        write.move(delivery, "已签收", **steps.writing(step))
    if delivery.source == "订单":
        order_book.set_total(step, order)
        receivable.rebalance(step, order)
        order_book.note_progress(step, order)
    left = order_book.open_to_ship(order_book.lines_of(order))
    return {"result": "已签收", "open_to_ship": left}


def _count_delivered(step: Step, delivery: Delivery) -> None:
    for line in stock.lines_of(delivery):
        ordered = db.session.get_one(OrderLine, line.order_line_id, with_for_update=True)
        given = {"q_delivered": ordered.q_delivered + line.accepted}
        write.change(ordered, given, **steps.writing(step))
