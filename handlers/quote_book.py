"""报价单：行、金额、版本，供报价和机会两个流程共用。"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step
from app.i18n import _
from app.records import log, write
from app.records.contact import Contact
from app.records.customer import Customer
from app.records.product import Product
from app.records.quotation import Quotation, QuotationLine
from handlers import steps

NONE, PLACES = Decimal(0), Decimal("0.0001")
CENT = Decimal("0.01")
OPEN = ("草稿", "审批中", "已批准", "已发送", "已接受")
FINAL = ("已下单", "已退回", "已驳回", "已拒绝", "已过期", "已替代")
COPIED = ("base_no", "customer_id", "contact_id", "opportunity_id", "valid_until", "delivery_days",
          "payment_terms", "prepay_rate", "freight", "owner_id", "department_id")  # fmt: skip


def line(
    product: str, qty: Any, price: Any, *, gift: Any = False,
    fact: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A row of the form: what is typed, and what is known about prices."""
    resolved = (fact or {}).get("resolved_price")
    discount = amount = None
    if price is not None:
        amount = (Decimal(qty or 0) * Decimal(price)).quantize(CENT, ROUND_HALF_UP)
        if resolved:
            discount = (1 - Decimal(price) / Decimal(resolved)).quantize(PLACES)
    return {"product": product, "qty": qty, "price": price, "gift": bool(gift),
            "list_price": (fact or {}).get("list_price"), "resolved_price": resolved,
            "discount_rate": discount, "line_amount": amount}  # fmt: skip


def contact_number(contact_id: int | None) -> str | None:
    """The number of a contact."""
    found = db.session.get(Contact, contact_id) if contact_id else None
    return found.number if found is not None else None


def figures(lines: Iterable[Mapping[str, Any]], freight: Decimal) -> dict[str, Any]:
    """total, discount_rate (worst line), margin (without tax) and min_line_flag of a quotation."""
    total = net = cost = worst = NONE
    flag = "ok"
    for one in lines:
        amount = (one["qty"] * one["price"]).quantize(CENT, ROUND_HALF_UP)
        total += amount
        net += amount / (1 + one["product"].tax_rate)
        cost += one["qty"] * one["product"].std_cost
        if one["resolved_price"]:
            worst = max(worst, 1 - one["price"] / Decimal(one["resolved_price"]))
        if one["price"] < one["product"].std_cost:
            flag = "below_cost"
        elif one["floor_price"] is not None and one["price"] < one["floor_price"]:
            flag = "below_floor" if flag == "ok" else flag
    margin = ((net - cost) / net).quantize(PLACES) if net else NONE
    return {"total": (total + freight).quantize(CENT, ROUND_HALF_UP), "margin": max(margin, -MOST),
            "discount_rate": worst.quantize(PLACES), "min_line_flag": flag}  # fmt: skip


MOST = Decimal(999)  # the column of a rate holds no more


def set_lines(step: Step, row: Quotation, lines: Iterable[Mapping[str, Any]]) -> None:
    """The draft has these lines and no others."""
    db.session.execute(sa.delete(QuotationLine).where(QuotationLine.quotation_id == row.id))
    for one in lines:
        given = {name: one[name] for name in
                 ("seq", "qty", "price", "list_price", "resolved_price", "gift")}  # fmt: skip
        write.create("quotation_line", given | {"quotation_id": row.id,
                     "product_id": one["product"].id}, **steps.writing(step))  # fmt: skip


def lines_of(row: Quotation) -> list[tuple[QuotationLine, str]]:
    """(line, number of its product), in order."""
    query = (
        sa.select(QuotationLine, Product.number)
        .join(Product, Product.id == QuotationLine.product_id)
        .where(QuotationLine.quotation_id == row.id)
        .order_by(QuotationLine.seq)
    )
    return [(one, number) for one, number in db.session.execute(query)]


def copied(step: Step, before: Quotation) -> Quotation:
    """A draft with the next version, everything else as before; its lines come when it is handed
    in. A draft that is there already is that copy."""
    known = sa.select(Quotation).where(Quotation.base_no == before.base_no)
    versions = list(db.session.scalars(known.order_by(Quotation.version)))
    if versions[-1].state == "草稿":
        return versions[-1]
    version = versions[-1].version + 1
    given = {name: getattr(before, name) for name in COPIED}
    made: Quotation = write.create(
        "quotation", given | {"version": version, "previous_id": before.id},
        number=f"{before.base_no}-v{version}", **steps.writing(step),
    )  # fmt: skip
    for one, number in lines_of(before):
        fields = {name: getattr(one, name) for name in
                  ("seq", "qty", "price", "list_price", "resolved_price", "gift")}  # fmt: skip
        write.create("quotation_line", fields | {"quotation_id": made.id, "product_id": number},
                     **steps.writing(step))  # fmt: skip
    return made


def shown(row: Quotation) -> dict[str, Any]:
    """The variables of the form for this version."""
    customer = db.session.get_one(Customer, row.customer_id)
    opportunity = row.opportunity_id and write.get("opportunity", row.opportunity_id)
    return {
        "quote": {"customer_id": customer.number, "contact_id": contact_number(row.contact_id),
                  "valid_until": row.valid_until, "delivery_days": row.delivery_days,
                  "payment_terms": row.payment_terms, "prepay_rate": row.prepay_rate,
                  "freight": row.freight, "tax_incl": True},
        "quote_lines": [line(number, one.qty, one.price, gift=one.gift,
                             fact={"list_price": one.list_price,
                                   "resolved_price": one.resolved_price})
                        for one, number in lines_of(row)],
        "quote_no": row.number, "customer_id": customer.number,
        "opportunity_no": opportunity.number if opportunity else None,
        "subject": f"{customer.name} {row.number}",
    }  # fmt: skip


def facts(
    row: Quotation, customer: Customer, lines: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What the approvers look at: the terms, each line against its prices, the figures."""
    found = [
        {"label": _("客户"), "value": customer.name}, {"label": _("报价单"), "value": row.number},
        {"label": _("业务员"), "value": steps.name_of(row.owner_id)},
        {"label": _("有效期至"), "value": row.valid_until.isoformat()},
        {"label": _("付款条件"), "value": row.payment_terms or "—"},
    ]  # fmt: skip
    for one in lines:
        found.append({"label": f"{one['product'].name} × {one['qty'].normalize():f}", "value": _(
            "报价 %(price)s，适用价 %(resolved)s，底价 %(floor)s",
            price=_price(one["price"]), resolved=_price(one["resolved_price"]),
            floor=_price(one["floor_price"]))})  # fmt: skip
    rates = {"discount": row.discount_rate, "margin": row.margin}
    percent = {name: f"{value or 0:.1%}" for name, value in rates.items()}
    flags = {"ok": _("不低于底价"), "below_floor": _("低于底价"), "below_cost": _("低于成本")}
    return [
        *found, {"label": _("总额"), "value": f"{row.total:,.2f}"},
        {"label": _("最大折扣"), "value": percent["discount"]},
        {"label": _("毛利率"), "value": percent["margin"]},
        {"label": _("底价"), "value": flags[row.min_line_flag]},
    ]  # fmt: skip


def _price(value: Decimal | None) -> str:
    return "—" if value is None else f"{value.normalize():,f}"


def last_opinion(number: str) -> str | None:
    """What the last approver of this quotation wrote."""
    query = sa.select(log.ApprovalLog.reason).where(log.ApprovalLog.number == number)
    return db.session.scalar(query.order_by(log.ApprovalLog.id.desc()).limit(1))


def finish(step: Step, number: str, state: str, reason: str) -> None:
    """The quotation is in this final state; one that has its result already stays as it is."""
    row: Quotation = write.need("quotation", number)
    if row.state not in FINAL:
        write.move(row, state, reason=reason, **steps.writing(step))


def supersede_others(step: Step, chosen: Quotation) -> list[str]:
    """The other open quotations of the opportunity are 已替代; the numbers of those that waited
    for the customer, whose cases must hear of it."""
    if chosen.opportunity_id is None:
        return []
    return supersede_all(step, chosen.opportunity_id, but=chosen.id)


def supersede_all(step: Step, opportunity_id: int, *, but: int | None = None) -> list[str]:
    """As `supersede_others`, for an opportunity; `but` is left as it is."""
    query = sa.select(Quotation).where(
        Quotation.opportunity_id == opportunity_id, Quotation.state.in_(OPEN),
        Quotation.id != (but or 0),
    )  # fmt: skip
    waited = []
    for row in db.session.scalars(query.order_by(Quotation.id)):
        if row.state == "已发送":
            waited.append(row.number)
        if row.state == "已批准":
            write.move(row, "已发送", **steps.writing(step))
        write.move(row, "已替代", reason=_("同一机会的另一张报价已接受"), **steps.writing(step))
    return waited
