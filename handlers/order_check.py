"""订单检查与审核：核对成交价、登记检查结果、逐项审核（051-03-04 步骤 04.04 … 04.10）。"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.product import Product
from app.records.quotation import QuotationLine
from handlers import order_book, steps

NONE = Decimal(0)


@handler(
    outputs=("price_facts", "price_levels", "needs_project", "item_rejected", "item_returned",
             "result", "problems", "object_no", "object_label", "credit_amount", "credit_verdict",
             "same_as_quote", "custom_made", "promise", "atp"),
    topic="order.prepare_checks", pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, order_no: str, doc_amount: Decimal, change: str | None = None
) -> dict[str, Any]:
    """准备检查：清空上一次的结论；变更只按增加的金额查信用。"""
    order = write.need("sales_order", order_no)
    more = doc_amount - order.total if change else doc_amount
    return {
        "price_facts": [], "price_levels": [], "needs_project": False, "item_rejected": False,
        "item_returned": False, "result": "passed", "problems": None, "atp": [],
        "object_no": change or order_no, "object_label": "订单变更" if change else "销售订单",
        "credit_amount": max(NONE, more), "credit_verdict": None, "same_as_quote": False,
        "custom_made": False, "promise": None,
    }  # fmt: skip


@handler(
    outputs=("discount_rate", "below_floor", "below_cost", "same_as_quote", "price_levels"),
    topic="order.compare_prices", pure=True,
)  # fmt: skip
def compare_prices(
    step: Step, *, lines: list, price_facts: list, quote_no: str | None = None
) -> dict[str, Any]:
    """核对成交价：最差的一行决定折扣率，低于底价、低于成本都要审批；与报价一致的不再审。

    discount = 1 - price / applicable price (051-03-04 step 04.05a, objective O6).
    """
    facts = {row["line"]: row for row in price_facts}
    worst, floor, cost = NONE, False, False
    for line in lines:
        fact, price = facts[line["line"]], Decimal(line["price"])
        product: Product = write.need("product", line["product"])
        resolved = Decimal(fact["resolved_price"])
        if resolved:
            worst = max(worst, (1 - price / resolved).quantize(Decimal("0.0001")))
        floor = floor or (fact["floor_price"] is not None and price < fact["floor_price"])
        cost = cost or price < product.std_cost
    return {"discount_rate": worst, "below_floor": floor, "below_cost": cost, "price_levels": [],
            "same_as_quote": bool(quote_no) and _equals(quote_no, lines)}  # fmt: skip


def _equals(quote_no: str, lines: list[Mapping[str, Any]]) -> bool:
    """Every line stands in the quotation at this price and with at least this quantity."""
    quote = write.find("quotation", quote_no)
    if quote is None:
        return False
    query = sa.select(QuotationLine).where(QuotationLine.quotation_id == quote.id)
    offered = list(db.session.scalars(query))
    numbers = order_book.products_of(offered)
    left = {(numbers[one.product_id].number, one.price): one.qty for one in offered}
    for line in lines:
        key = (line["product"], Decimal(line["price"]))
        left[key] = left.get(key, NONE) - Decimal(line["qty"])
    return all(qty >= 0 for qty in left.values())


@handler(outputs=("delivery_mode",), topic="order.record_checks")
def record_checks(
    step: Step, *, order_no: str, price_facts: list, needs_project: bool = False,
    change: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记检查结果：适用价记到订单行；有一行要做项目，整单按项目交付。"""
    order = write.need("sales_order", order_no)
    if change:
        return {"delivery_mode": order.delivery_mode}
    mode = "project" if needs_project or order.delivery_mode == "project" else "goods"
    write.change(order, {"delivery_mode": mode}, **steps.writing(step))
    facts = {row["line"]: row["resolved_price"] for row in price_facts}
    for line in order_book.lines_of(order):
        write.change(line, {"resolved_price": facts.get(line.seq)}, **steps.writing(step))
    return {"delivery_mode": mode}


REFUSALS = {
    "block": "客户信用已停止，订单不能继续：改成全额预收，或者先恢复客户信用。",
    "no_credit": "客户还没有信用档案，请信用专员先建立。",
    "no_price": "有产品没有适用的价格，请价格主管补上价格后再提交。",
}


@handler(outputs=("result", "problems"), topic="order.note_refusal", pure=True)
def note_refusal(step: Step, *, verdict: str, problems: str | None = None) -> dict[str, Any]:
    """说明检查不通过的原因，订单退回录入人。"""
    return {"result": "blocked", "problems": problems or _(REFUSALS[verdict])}


@handler(outputs=("item_facts",), topic="order.item_facts", pure=True)
def item_facts(
    step: Step, *, item: dict, order_no: str, lines: list, doc_amount: Decimal, customer_id: str,
    discount_rate: Decimal | None = None, credit_facts: dict | None = None, atp: list | None = None,
    submitter: str | None = None, change: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备审批内容：审批人看到订单，以及他要审的那一项的事实。"""
    customer = write.need("customer", customer_id)
    rows = [
        (_("审批项"), _(item["item"])), (_("订单"), change or order_no),
        (_("客户"), customer.name), (_("申请人"), steps.name_of(submitter)),
        (_("金额"), str(doc_amount)),
    ]  # fmt: skip
    if item["item"] == "价格" and discount_rate is not None:
        rows.append((_("最大折扣"), f"{discount_rate:.2%}"))
        rows += [(line["product_name"], f"{line['qty']} × {line['price']}") for line in lines]
    if item["item"] == "信用" and credit_facts:
        rows += [(_("信用占用"), str(credit_facts["exposure_after"])),
                 (_("信用额度"), str(credit_facts["limit"])),
                 (_("最长逾期天数"), str(credit_facts["overdue_days"]))]  # fmt: skip
    if item["item"] == "交期":
        rows += [(line["product_name"], _("交期 %(day)s，现货 %(free)s / %(qty)s",
                                          day=line["promised_date"], free=line.get("free", 0),
                                          qty=line["qty"])) for line in lines]  # fmt: skip
    return {"item_facts": [{"label": label, "value": value} for label, value in rows]}


NOTED = {"return": "退回", "withdraw": "撤回", "reject": "拒绝"}


@handler(
    outputs=("item_rejected", "item_returned", "result", "problems"), topic="order.note_item",
    pure=True,
)  # fmt: skip
def note_item(
    step: Step, *, verdict: str, item: dict, item_rejected: bool = False,
    item_returned: bool = False, problems: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """记录一项审批的结论；拒绝比退回更重。"""
    said = _("“%(item)s”的审批%(verdict)s。", item=_(item["item"]), verdict=_(NOTED[verdict]))
    rejected = item_rejected or verdict == "reject"
    return {
        "item_rejected": rejected, "item_returned": item_returned or verdict != "reject",
        "result": "rejected" if rejected else "returned",
        "problems": f"{problems}\n{said}" if problems else said,
    }  # fmt: skip
