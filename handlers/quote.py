"""报价：编制、计算、送审、冻结发送、答复和换版（051-03-03）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import numbers, write
from app.records.customer import Customer
from app.records.opportunity import Opportunity, OpportunityLine
from app.records.product import Product
from app.records.quotation import Quotation
from handlers import quote_book, steps

NONE = Decimal(0)
USUAL_DAYS, MOST_DAYS = 30, 90
REMIND_BEFORE = dt.timedelta(days=3)
HEADER = ("valid_until", "delivery_days", "payment_terms", "prepay_rate", "freight")


@handler(
    outputs=("quote", "quote_lines", "quote_no", "opportunity_no", "customer_id", "sales_rep",
             "department_id", "subject", "priced", "problems", "levels", "total", "reply",
             "reply_verdict", "renew", "outcome", "result", "others", "approval_facts",
             "expires_at", "remind_at", "valid_until"),
)  # fmt: skip
def open_quote(
    step: Step, *, opportunity_no: str | None = None, customer_id: str | None = None,
    previous_no: str | None = None, sales_rep: str | None = None, starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备报价：从机会带入客户和产品，或者复制一张已有的报价单作新版本。

    Every variable of the flow is set. With `previous_no` a new version of that quotation exists as
    a draft; else the record is made when the quotation is handed in.
    """
    opportunity: Opportunity | None = write.find("opportunity", opportunity_no)
    who = sales_rep or starter or step.started_by
    if opportunity is not None:
        who = sales_rep or opportunity.owner_id or who
    found = _blank(step) | {"sales_rep": who, "department_id": steps.department_of(who)}
    before: Quotation | None = write.find("quotation", previous_no)
    if before is not None:
        copy = quote_book.copied(step, before)
        return found | quote_book.shown(copy)
    found["opportunity_no"] = opportunity_no
    if opportunity is not None:
        found |= _from_opportunity(opportunity, found["quote"])
    else:
        found["quote"]["customer_id"] = customer_id
    found["customer_id"] = found["quote"]["customer_id"]
    return found


def _blank(step: Step) -> dict[str, Any]:
    until = steps.today(step) + dt.timedelta(days=USUAL_DAYS)
    return {
        "quote": {"customer_id": None, "contact_id": None, "valid_until": until,
                  "delivery_days": None, "payment_terms": "月结", "prepay_rate": NONE,
                  "freight": NONE, "tax_incl": True},
        "quote_lines": [], "quote_no": None, "opportunity_no": None, "customer_id": None,
        "subject": _("新报价"), "priced": [], "problems": None, "levels": [], "total": None,
        "reply": None, "reply_verdict": None, "renew": False, "outcome": None, "result": None,
        "others": [], "approval_facts": [], "expires_at": None, "remind_at": None,
        "valid_until": None,
    }  # fmt: skip


def _from_opportunity(row: Opportunity, quote: dict[str, Any]) -> dict[str, Any]:
    customer = db.session.get_one(Customer, row.customer_id)
    query = (
        sa.select(OpportunityLine, Product.number)
        .join(Product, Product.id == OpportunityLine.product_id)
        .where(OpportunityLine.opportunity_id == row.id)
        .order_by(OpportunityLine.id)
    )
    lines = [quote_book.line(number, one.qty, one.est_price)
             for one, number in db.session.execute(query)]  # fmt: skip
    contact = quote_book.contact_number(row.contact_id)
    return {"quote": quote | {"customer_id": customer.number, "contact_id": contact},
            "quote_lines": lines, "subject": f"{customer.name} {row.name}"}  # fmt: skip


@handler(outputs=("quote_lines", "priced", "problems"), pure=True)
def show_prices(step: Step, *, quote_lines: list, priced: list | None = None) -> dict[str, Any]:
    """填上适用价：每行显示标准价和适用价，没有填报价的行先用适用价。"""
    rows = []
    for row, fact in zip(quote_lines, priced or [], strict=True):
        price = row.get("price")
        price = (NONE if row.get("gift") else fact["resolved_price"]) if price is None else price
        rows.append(quote_book.line(row["product"], row["qty"], price, gift=row.get("gift"),
                                    fact=fact))  # fmt: skip
    return {"quote_lines": rows, "priced": [], "problems": None}


@handler(
    outputs=("quote_no", "customer_id", "total", "discount_rate", "margin", "below_floor",
             "below_cost", "approval_facts", "quote_lines", "priced", "problems", "subject",
             "valid_until", "opportunity_no"),
)  # fmt: skip
def compute(
    step: Step, *, quote: dict, quote_lines: list, priced: list, quote_no: str | None = None,
    opportunity_no: str | None = None, sales_rep: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """计算报价：金额、折扣、毛利和底价，保存这一版并送审；从此不能再改（051-03 P6）。

    discount_rate is that of the worst line against the applicable price, as the order audit counts
    it; margin = 1 - cost without tax / total without tax.
    """
    opportunity_no = opportunity_no or quote.get("opportunity_no")
    customer = _checked(step, quote, quote_lines)
    lines = [_counted(n, row, fact)
             for n, (row, fact) in enumerate(zip(quote_lines, priced, strict=True), 1)]  # fmt: skip
    figures = quote_book.figures(lines, Decimal(quote.get("freight") or 0))
    row = _saved(step, quote, quote_no, customer, opportunity_no, sales_rep)
    quote_book.set_lines(step, row, lines)
    write.change(row, figures, **steps.writing(step))
    write.move(row, "审批中", **steps.writing(step))
    step.set_business_key(row.number)
    return {
        "quote_no": row.number, "customer_id": customer.number, "total": row.total,
        "discount_rate": row.discount_rate, "margin": row.margin, "priced": [], "problems": None,
        "below_floor": row.min_line_flag != "ok", "below_cost": row.min_line_flag == "below_cost",
        "approval_facts": quote_book.facts(row, customer, lines), "valid_until": row.valid_until,
        "subject": f"{customer.name} {row.number}", "opportunity_no": opportunity_no,
        "quote_lines": [quote_book.line(one["product"].number, one["qty"], one["price"],
                                        gift=one["gift"], fact=one) for one in lines],
    }  # fmt: skip


def _checked(step: Step, quote: Mapping[str, Any], lines: list[Any]) -> Customer:
    customer: Customer | None = write.find("customer", quote.get("customer_id"))
    if customer is None:
        raise Invalid(_("请选择客户。"), fields={"customer_id": _("此项必填")})
    if customer.state not in ("有效", "公海"):
        raise Invalid(_("客户 %(name)s 现在是“%(state)s”，不能报价。",
                        name=customer.name, state=customer.state))  # fmt: skip
    if not lines:
        raise Invalid(_("报价单至少要有一行产品。"))
    days = (quote["valid_until"] - steps.today(step)).days
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(_("有效期要在明天到 %(days)s 天以内。", days=MOST_DAYS))
    for number, row in enumerate(lines, 1):
        if row.get("price") is None:
            raise Invalid(_("第 %(line)s 行没有填报价。", line=number))
        if not Decimal(row["price"]) and not row.get("gift"):
            raise Invalid(_("第 %(line)s 行价格是 0，只有赠品可以不收钱。", line=number))
    return customer


def _counted(seq: int, row: Mapping[str, Any], fact: Mapping[str, Any]) -> dict[str, Any]:
    product: Product = write.need("product", row["product"])
    return {
        "seq": seq, "product": product, "qty": Decimal(row["qty"]), "gift": bool(row.get("gift")),
        "price": Decimal(row["price"]), "list_price": fact["list_price"],
        "resolved_price": fact["resolved_price"], "floor_price": fact["floor_price"],
    }  # fmt: skip


def _saved(
    step: Step, quote: Mapping[str, Any], quote_no: str | None, customer: Customer,
    opportunity_no: str | None, sales_rep: str | None,
) -> Quotation:  # fmt: skip
    """The draft of this version with its header; a new one draws the number."""
    opportunity = write.find("opportunity", opportunity_no)
    given = {name: quote.get(name) for name in HEADER} | {
        "customer_id": customer.id, "contact_id": quote.get("contact_id"),
        "opportunity_id": opportunity.id if opportunity is not None else None,
        "freight": quote.get("freight") or NONE,
    }  # fmt: skip
    known: Quotation | None = write.find("quotation", quote_no)
    if known is not None:
        write.change(known, given, **steps.writing(step))
        return known
    base = numbers.draw("QT", step.now)
    who = sales_rep or steps.actor(step)
    owner = {"owner_id": who, "department_id": steps.department_of(who), "base_no": base}
    made: Quotation = write.create("quotation", given | owner | {"version": 1},
                                   number=f"{base}-v1", **steps.writing(step))  # fmt: skip
    return made


@handler(outputs=("result",))
def drop(step: Step, *, quote_no: str | None = None) -> dict[str, Any]:
    """取消报价：已有的草稿作废。"""
    row = write.find("quotation", quote_no)
    if row is not None and row.state == "草稿":
        write.move(row, "已替代", reason=_("取消报价"), **steps.writing(step))
    return {"result": "已取消"}


@handler(outputs=("problems",))
def close_returned(step: Step, *, quote_no: str, reason: str | None = None) -> dict[str, Any]:
    """关闭退回的版本：这一版不再用，审批人的意见留在新版本的表单上。"""
    row: Quotation = write.need("quotation", quote_no)
    write.move(row, "已退回", reason=reason or "", **steps.writing(step))
    said = quote_book.last_opinion(quote_no)
    return {"problems": _("%(number)s 被退回：%(why)s", number=quote_no, why=said or "—")}


@handler(
    outputs=("quote", "quote_lines", "quote_no", "subject", "priced", "reply", "reply_verdict",
             "renew", "customer_id", "opportunity_no"),
)  # fmt: skip
def clone_version(step: Step, *, quote_no: str) -> dict[str, Any]:
    """复制新版本：内容照旧，版本加一，指向上一版；旧版本不动（051-03 P6）。"""
    copy = quote_book.copied(step, write.need("quotation", quote_no))
    return quote_book.shown(copy) | {
        "priced": [], "reply": None, "reply_verdict": None, "renew": False,
    }  # fmt: skip


@handler(outputs=("result",))
def reject(step: Step, *, quote_no: str) -> dict[str, Any]:
    """驳回报价：这张报价单不能用了。"""
    write.move(write.need("quotation", quote_no), "已驳回", **steps.writing(step))
    return {"result": "报价驳回"}


@handler(outputs=("expires_at", "remind_at", "problems", "reply", "reply_verdict", "renew"))
def freeze_and_send(step: Step, *, quote_no: str) -> dict[str, Any]:
    """冻结并发送：已批准，随即已发送；有效期到当天结束为止。"""
    row: Quotation = write.need("quotation", quote_no)
    write.move(row, "已批准", **steps.writing(step))
    write.change(row, {"sent_at": step.now}, **steps.writing(step))
    write.move(row, "已发送", **steps.writing(step))
    over = expiry(row)
    return {"expires_at": over, "remind_at": over - REMIND_BEFORE, "problems": None,
            "reply": None, "reply_verdict": None, "renew": False}  # fmt: skip


def expiry(row: Quotation) -> dt.datetime:
    """The end of the last day on which the customer may accept, in the company's zone."""
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    after = dt.datetime.combine(row.valid_until + dt.timedelta(days=1), dt.time(), zone)
    return after.astimezone(dt.UTC)


@handler(outputs=("result", "others"))
def accept(step: Step, *, quote_no: str, reply: dict | None = None) -> dict[str, Any]:
    """客户接受：这张报价单已接受，同一机会的其他报价单被替代。

    `others` are the numbers of those that still waited; E_QUOTE_EXPIRED after its last day.
    """
    row: Quotation = write.need("quotation", quote_no)
    if step.now >= expiry(row):
        text = _("报价单 %(number)s 已过有效期，不能再接受。", number=quote_no)
        raise BpmnError("E_QUOTE_EXPIRED", text, problems=text)
    note = (reply or {}).get("reason") or ""
    write.move(row, "已接受", reason=note, **steps.writing(step))
    others = quote_book.supersede_others(step, row)
    return {"result": "已接受", "others": others}


@handler(outputs=("result",))
def supersede(step: Step, *, quote_no: str, reply_verdict: str | None = None) -> dict[str, Any]:
    """报价被替代：别的报价成交了，或者要换新版本；已有结果的不动。"""
    quote_book.finish(step, quote_no, "已替代", reply_verdict or "")
    return {"result": "已替代"}


@handler(outputs=("result",))
def refuse(step: Step, *, quote_no: str, reply: dict | None = None) -> dict[str, Any]:
    """客户拒绝：记下原因；已有结果的不动。"""
    quote_book.finish(step, quote_no, "已拒绝", (reply or {}).get("reason") or "")
    return {"result": "已拒绝"}


@handler(outputs=("result",))
def expire(step: Step, *, quote_no: str) -> dict[str, Any]:
    """报价过期；已有结果的不动。"""
    quote_book.finish(step, quote_no, "已过期", "")
    return {"result": "报价过期"}
