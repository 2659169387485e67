"""订单变更：编制、校验、送客户、生效（051-03-04 E3）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.sales_order import OrderLine, SalesOrder
from handlers import goods, order, order_book, order_fulfil, receivable, steps

NONE = Decimal(0)


@handler(
    outputs=("change_rows", "change_note", "change_no", "change_problems", "changed_lines",
             "changed_total"),
    topic="order.open_change", pure=True,
)  # fmt: skip
def open_change(step: Step, *, order_no: str, change_reason: str | None = None) -> dict[str, Any]:
    """准备变更：列出订单现在的行，等待修改。"""
    found = write.need("sales_order", order_no)
    rows = [{**line, "open": goods.shown(line["qty"])} for line in order.shown_lines(found)]
    return {"change_rows": rows, "change_note": {"reason": change_reason}, "change_no": None,
            "change_problems": None, "changed_lines": [], "changed_total": found.total}  # fmt: skip


@handler(
    outputs=("change_no", "changed_lines", "changed_total", "change_problems", "change_review"),
    topic="order.prepare_change",
)
def prepare_change(
    step: Step, *, order_no: str, change_rows: list, change_note: dict,
    change_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验变更：有改动、不低于已发数量和已开票金额；变更单送审。

    Raises E_ORDER_INVALID and E_CHANGE_BELOW_DELIVERED, whose text the form shows.
    """
    found = write.need("sales_order", order_no)
    before = {line["line"]: line for line in order.shown_lines(found)}
    after = _after(change_rows, before)
    diff = _diff(before, after)
    if not diff:
        raise _refused("E_ORDER_INVALID", _("没有任何改动。"))
    total = _checked_total(found, after)
    row = write.find("order_change", change_no)
    if row is None or row.state in ("已生效", "已驳回"):
        revision = found.revision + 1
        given = {"order_id": found.id, "revision": revision, "reason": change_note.get("reason"),
                 "diff": diff, "owner_id": found.sales_rep_id,
                 "department_id": found.department_id}  # fmt: skip
        row = write.create("order_change", given, number=_number(found, revision),
                           **steps.writing(step))  # fmt: skip
    else:
        given = {"diff": diff, "reason": change_note.get("reason")}
        write.change(row, given, **steps.writing(step))
    if row.state == "草稿":
        write.move(row, "审批中", **steps.writing(step))
    return {"change_no": row.number, "changed_lines": after, "changed_total": total,
            "change_problems": None, "change_review": None}  # fmt: skip


def _number(found: SalesOrder, revision: int) -> str:
    """-rN of the order; a change that came to nothing has used its number up."""
    number, attempt = f"{found.number}-r{revision}", 1
    while write.find("order_change", number) is not None:
        attempt += 1
        number = f"{found.number}-r{revision}.{attempt}"
    return number


def _refused(code: str, text: str) -> Any:
    made = order.refused(code, text)
    made.variables["change_problems"] = text
    return made


def _after(rows: list[Any], before: Mapping[int, Any]) -> list[dict[str, Any]]:
    """Every line as it will be: changed ones, new ones with the next numbers, the others."""
    given = {int(row["line"]): row for row in rows if row.get("line")}
    merged = [{**line, **given.get(seq, {}), "product": line["product"]}
              for seq, line in before.items()]  # fmt: skip
    merged += [row for row in rows if not row.get("line") and row.get("product")]
    found = []
    for seq, row in enumerate(merged, 1):
        product = write.find("product", row["product"])
        qty, price = order.as_number(row.get("qty")), order.as_number(row.get("price"))
        if product is None or qty is None or qty < 0 or price is None or price < 0:
            raise _refused("E_ORDER_INVALID", _("第 %(seq)s 行没有填完整。", seq=seq))
        found.append({"line": seq, "product": product.number, "product_name": product.name,
                      "qty": qty, "price": price, "amount": order_book.money(qty * price),
                      "promised_date": order.as_day(row.get("promised_date"))})  # fmt: skip
    return found


def _diff(before: Mapping[int, Any], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for line in after:
        old = before.get(line["line"], {})
        for name in ("qty", "price", "promised_date"):
            if old.get(name) != line[name]:
                found.append({"line": line["line"], "product": line["product"], "field": name,
                              "old": old.get(name), "new": line[name]})  # fmt: skip
    return found


def _checked_total(found: SalesOrder, after: list[dict[str, Any]]) -> Decimal:
    shipped = {line.seq: line.q_shipped - line.q_rejected for line in order_book.lines_of(found)}
    for line in after:
        if line["qty"] < shipped.get(line["line"], NONE):
            raise _refused("E_CHANGE_BELOW_DELIVERED", _(
                "第 %(seq)s 行已发 %(shipped)s，不能改成 %(qty)s。", seq=line["line"],
                shipped=goods.shown(shipped[line["line"]]), qty=goods.shown(line["qty"])))  # fmt: skip
    total = sum((line["amount"] for line in after), NONE) - found.discount + found.freight
    if total < found.invoiced_amount:
        raise _refused("E_CHANGE_BELOW_DELIVERED", _(
            "变更后金额 %(total)s 低于已开票金额 %(invoiced)s。",
            total=total, invoiced=found.invoiced_amount))  # fmt: skip
    return order_book.money(total)


@handler(topic="order.offer_change")
def offer_change(step: Step, *, change_no: str) -> None:
    """送客户确认：变更单等客户签。"""
    write.move(write.need("order_change", change_no), "客户确认", **steps.writing(step))


@handler(topic="order.drop_change")
def drop_change(step: Step, *, change_no: str | None = None) -> None:
    """变更作废：订单照旧。"""
    row = write.find("order_change", change_no)
    if row is not None and row.state not in ("已生效", "已驳回"):
        write.move(row, "已驳回", **steps.writing(step))


@handler(outputs=("open_to_ship", "total", "change_problems"), topic="order.apply_change")
def apply_change(
    step: Step, *, order_no: str, change_no: str, changed_lines: list
) -> dict[str, Any]:
    """变更生效：订单行、预留、金额和回款计划一起改，订单修订号加一。

    Natural key: order and revision. Raises E_CHANGE_BELOW_DELIVERED when more was shipped or
    invoiced while the customer thought about it.
    """
    found, row = write.need("sales_order", order_no), write.need("order_change", change_no)
    db.session.refresh(found, with_for_update=True)
    if row.state != "已生效":
        _checked_total(found, changed_lines)
        _apply(step, found, changed_lines)
        write.change(found, {"revision": found.revision + 1}, **steps.writing(step))
        order_book.set_total(step, found)
        receivable.rebalance(step, found)
        order_book.note_progress(step, found)
        write.move(row, "已生效", **steps.writing(step))
    left = order_book.open_to_ship(order_book.lines_of(found))
    return {"open_to_ship": left, "total": found.total, "change_problems": None}


def _apply(step: Step, found: SalesOrder, after: list[dict[str, Any]]) -> None:
    lines = {line.seq: line for line in order_book.lines_of(found)}
    for given in after:
        line = lines.get(given["line"])
        if line is None:
            values = {"order_id": found.id, "seq": given["line"], "product_id": given["product"],
                      "q_ordered": given["qty"], "price": given["price"],
                      "promised_date": given["promised_date"]}  # fmt: skip
            line = write.create("order_line", values, **steps.writing(step))
            _settle_reserve(step, found, line, given["qty"])
        else:
            _change_line(step, found, line, given)


def _change_line(step: Step, found: SalesOrder, line: OrderLine, given: Mapping[str, Any]) -> None:
    more = given["qty"] - (line.q_ordered - line.q_cancelled)
    values = {"price": given["price"], "promised_date": given["promised_date"]}
    if more > 0:
        values["q_ordered"] = line.q_ordered + more
    elif more < 0:
        values["q_cancelled"] = line.q_cancelled - more
    write.change(line, values, **steps.writing(step))
    _settle_reserve(step, found, line, more)


def _settle_reserve(step: Step, found: SalesOrder, line: OrderLine, more: Decimal) -> None:
    if more > 0:
        qty = min(more, goods.available(line.product_id))
        if qty > 0:
            order_fulfil.hold_line(step, found, line, qty)
    elif line.q_reserved > line.open_to_ship:
        order_fulfil.free_line(step, found, line, line.q_reserved - line.open_to_ship)
