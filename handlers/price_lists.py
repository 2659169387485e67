"""价格表：准备、校验、测算（051-01-05）。"""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import record, write
from app.records.customer import Customer
from app.records.price_list import PriceList, PriceListLine
from app.records.product import Product
from handlers import price, steps

HEADER = ("name", "scope", "customer_id", "grade", "salesperson_id", "effective_from",
          "effective_to", "reason")  # fmt: skip
ANNOUNCED = ("待生效", "已生效")
STANDARD_POLICY = "标准价"
CHANGE_PLACES = Decimal("0.0001")
QUOTED = ("草稿", "审批中", "已批准", "已发送")
RUNNING = ("草稿", "审批中", "待签约", "已生效", "履约中", "挂起")
Key = tuple[int, Decimal, str | None]  # product, minimum quantity, salesperson


@handler(
    topic="price.prepare",
    outputs=("due", "header", "lines", "base_no", "subject", "problems", "department_id",
             "occasion", "list_no", "submitter"),
    pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, base_no: str | None = None, occasion: str | None = None,
    customer_id: str | None = None, old_grade: str | None = None, new_grade: str | None = None,
    starter: str | None = None, header: dict | None = None, lines: list | None = None,
    list_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备价格表：带出要改的那一版；等级变化时看这个客户要不要调价。

    After a change of grade the list is due when the new grade has a policy of its own or the
    customer still has a list of his own (051-01-05).
    """
    found: dict[str, Any] = {
        "due": True, "header": header or {}, "lines": lines or [], "base_no": base_no,
        "subject": _("调整价格表"), "problems": None, "department_id": None, "list_no": list_no,
        "occasion": occasion or ("grade" if new_grade else "manual"),
        "submitter": starter or step.started_by,
    }  # fmt: skip
    customer = write.find("customer", customer_id)
    if new_grade and customer is not None:
        return found | _after_grade(step, customer, old_grade, new_grade)
    if base_no is None:
        return found
    base = latest(base_no)
    if base is None:
        text = _("没有找到价格表 %(number)s，请重新选择。", number=base_no)
        return found | {"problems": text, "base_no": None}
    return found | _copied(step, base)


def latest(number: str) -> PriceList | None:
    """The newest version of a list that was announced, by its number with or without -vN."""
    base = number.rsplit("-v", 1)[0]
    query = sa.select(PriceList).where(
        PriceList.base_no == base, PriceList.state.in_((*ANNOUNCED, "已失效"))
    )
    return db.session.scalar(query.order_by(PriceList.version.desc()).limit(1))


def _copied(step: Step, base: PriceList) -> dict[str, Any]:
    """Header and lines of the next version; products that are no longer sold are left out."""
    rows = db.session.execute(
        sa.select(PriceListLine, Product)
        .join(Product, PriceListLine.product_id == Product.id)
        .where(PriceListLine.list_id == base.id)
        .order_by(Product.number, PriceListLine.min_qty)
    ).all()
    kept = [_line(line, goods) for line, goods in rows if goods.state != "停售"]
    gone = [goods.name for _line_row, goods in rows if goods.state == "停售"]
    text = _("已停售的产品没有带出：%(list)s。", list="、".join(gone)) if gone else None
    tomorrow = steps.today(step) + dt.timedelta(days=1)
    customer = write.get("customer", base.customer_id) if base.customer_id else None
    return {
        "header": {
            "name": base.name, "scope": base.scope, "grade": base.grade,
            "customer_id": customer.number if customer else None,
            "salesperson_id": base.salesperson_id, "effective_to": None, "reason": None,
            "effective_from": max(tomorrow, (base.effective_to or tomorrow) + dt.timedelta(
                days=1 if base.effective_to else 0)),
        },
        "lines": kept, "base_no": base.number, "subject": base.name, "problems": text,
    }  # fmt: skip


def _line(line: PriceListLine, goods: Product) -> dict[str, Any]:
    return {
        "product": goods.number, "min_qty": line.min_qty, "salesperson": line.salesperson_id,
        "unit_price": line.unit_price, "discount_rate": None, "floor_price": line.floor_price,
        "max_discount": line.max_discount,
    }  # fmt: skip


def _after_grade(
    step: Step, customer: Customer, old_grade: str | None, new_grade: str
) -> dict[str, Any]:
    own = db.session.scalar(
        sa.select(PriceList)
        .where(PriceList.customer_id == customer.id, PriceList.state.in_(ANNOUNCED))
        .order_by(PriceList.id.desc())
        .limit(1)
    )
    policy = customer.price_policy or STANDARD_POLICY
    if policy == STANDARD_POLICY and own is None:
        return {"due": False, "subject": customer.name}
    why = _("客户等级由 %(old)s 变为 %(new)s，价格政策：%(policy)s。",
            old=old_grade or "—", new=new_grade, policy=policy)  # fmt: skip
    found = _copied(step, own) if own is not None else {
        "header": {"name": _("%(customer)s 协议价", customer=customer.name), "scope": "客户",
                   "customer_id": customer.number},
        "lines": [],
    }  # fmt: skip
    header = found["header"] | {"reason": why}
    return found | {"header": header, "subject": customer.name, "problems": why,
                    "department_id": customer.department_id}  # fmt: skip


@handler(
    topic="price.validate_lines", outputs=("header", "lines", "problems", "submitter"), pure=True
)
def validate_lines(
    step: Step, *, header: dict, lines: list | None = None, base_no: str | None = None
) -> dict[str, Any]:
    """校验价格行：不重叠、不低于成本、阶梯价不颠倒。

    A line with a discount and no price has the standard price less the discount. Raises
    E_PRICE_OVERLAP, E_TIER_NOT_MONOTONIC, E_PRICE_BELOW_COST, E_PRICE_INVALID.
    """
    kept = [cleaned(one) for one in lines or []]
    if not kept:
        raise _refused("E_PRICE_INVALID", _("请至少填写一行价格。"))
    goods = products(kept)
    for number, one in enumerate(kept, 1):
        _fill(number, one, goods[one["product"]])
    _check_tiers(kept)
    clash = overlapping(header, kept, base_no)
    if clash:
        raise _refused("E_PRICE_OVERLAP", clash)
    _check_cost(step, header, kept, goods, base_no)
    return {"header": header, "lines": kept, "problems": None, "submitter": steps.actor(step)}


def _refused(code: str, text: str) -> BpmnError:
    return BpmnError(code, text, problems=text)


def cleaned(one: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the form with every name."""
    names = ("product", "salesperson", "unit_price", "discount_rate", "floor_price", "max_discount")
    return {name: one.get(name) for name in names} | {"min_qty": Decimal(one.get("min_qty") or 0)}


def products(lines: Iterable[Mapping[str, Any]]) -> dict[str, Product]:
    """The products of the rows by number, in one query. Raises NotFound."""
    numbers = {one["product"] for one in lines}
    rows = db.session.scalars(sa.select(Product).where(Product.number.in_(numbers)))
    found = {row.number: row for row in rows}
    for number in numbers - set(found):
        write.need("product", number)
    return found


def _fill(number: int, one: dict[str, Any], goods: Product) -> None:
    if one["unit_price"] is None and one["discount_rate"] is not None and goods.std_price:
        one["unit_price"] = (goods.std_price * (1 - one["discount_rate"])).quantize(CHANGE_PLACES)
    if not one["unit_price"] or one["unit_price"] <= 0:
        text = _("第 %(row)s 行：请填写单价，或者填写折扣。", row=number)
        raise _refused("E_PRICE_INVALID", text)
    one["floor_price"] = one["floor_price"] if one["floor_price"] is not None else min(
        goods.floor_price or one["unit_price"], one["unit_price"])  # fmt: skip
    if one["floor_price"] > one["unit_price"]:
        text = _("第 %(row)s 行：底价不能高于单价。", row=number)
        raise _refused("E_PRICE_INVALID", text)


def _check_tiers(lines: list[dict[str, Any]]) -> None:
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for one in lines:
        groups.setdefault((one["product"], one["salesperson"]), []).append(one)
    for (product, _who), rows in groups.items():
        rows.sort(key=lambda one: one["min_qty"])
        for less, more in itertools.pairwise(rows):
            if more["unit_price"] > less["unit_price"]:
                text = _("%(product)s：起订量 %(qty)s 的单价不能高于起订量 %(less)s 的单价。",
                         product=product, qty=more["min_qty"], less=less["min_qty"])  # fmt: skip
                raise _refused("E_TIER_NOT_MONOTONIC", text)


def key_of(one: Mapping[str, Any], goods: Mapping[str, Product]) -> Key:
    """What two live lines of one scope may not share."""
    return (goods[one["product"]].id, Decimal(one["min_qty"]), one["salesperson"])


def overlapping(
    header: Mapping[str, Any], lines: list[dict[str, Any]], base_no: str | None
) -> str | None:
    """Why these lines cannot be live at once with the announced ones; None if they can."""
    goods = products(lines)
    mine: set[Key] = set()
    for one in lines:
        if key_of(one, goods) in mine:
            return _("%(product)s 起订量 %(qty)s 写了两行。",
                     product=one["product"], qty=one["min_qty"])  # fmt: skip
        mine.add(key_of(one, goods))
    for line, other in _announced(header, base_no):
        if (line.product_id, line.min_qty, line.salesperson_id) in mine:
            return _("与价格表 %(number)s（%(start)s 起）的价格行重叠：请改生效日期，或者改那一张。",
                     number=other.number, start=other.effective_from.isoformat())  # fmt: skip
    return None


def _announced(
    header: Mapping[str, Any], base_no: str | None
) -> Iterable[tuple[PriceListLine, PriceList]]:
    """Lines of announced lists of the same scope whose days meet these; not of older versions."""
    customer = write.find("customer", header.get("customer_id"))
    start, end = header["effective_from"], header.get("effective_to")
    query = (
        sa.select(PriceListLine, PriceList)
        .join(PriceList, PriceListLine.list_id == PriceList.id)
        .where(
            PriceList.state.in_(ANNOUNCED), PriceList.scope == header["scope"],
            PriceList.customer_id.is_not_distinct_from(customer.id if customer else None),
            PriceList.grade.is_not_distinct_from(header.get("grade")),
            PriceList.salesperson_id.is_not_distinct_from(header.get("salesperson_id")),
            PriceList.base_no.is_distinct_from((base_no or "").rsplit("-v", 1)[0]),
            sa.or_(PriceList.effective_to.is_(None), PriceList.effective_to >= start),
        )
    )  # fmt: skip
    if end is not None:
        query = query.where(PriceList.effective_from <= end)
    return (tuple(row) for row in db.session.execute(query))


def _check_cost(
    step: Step, header: Mapping[str, Any], lines: list[dict[str, Any]],
    goods: Mapping[str, Product], base_no: str | None,
) -> None:  # fmt: skip
    """A floor below cost is only for a list that the general manager has to approve."""
    below = [one for one in lines if one["floor_price"] < goods[one["product"]].std_cost]
    if not below:
        return
    found = _figures(step, header, lines, base_no)
    asked = {name: found[name] for name in ("max_change_rate", "min_margin", "scope")}
    if step.decide("price_change_route", asked)[0]["route"] != "review_gm":
        text = _("%(product)s 的底价低于成本；这样的价格要总经理批准，请提高底价。",
                 product=below[0]["product"])  # fmt: skip
        raise _refused("E_PRICE_BELOW_COST", text)


@handler(
    topic="price.simulate",
    outputs=("max_change_rate", "min_margin", "scope", "price_rows", "price_facts"), pure=True,
)  # fmt: skip
def simulate(
    step: Step, *, header: dict, lines: list, base_no: str | None = None
) -> dict[str, Any]:
    """影响测算：每一行的调整幅度和毛利，受影响的报价和订单有多少。

    Rates are fractions; margin = (price - cost) / price. A product without a price so far
    counts as unchanged.
    """
    return _figures(step, header, lines, base_no)


def _figures(
    step: Step, header: Mapping[str, Any], lines: list[dict[str, Any]], base_no: str | None
) -> dict[str, Any]:
    goods, today = products(lines), steps.today(step)
    customer = write.find("customer", header.get("customer_id"))
    rows, changes, margins = [], [Decimal(0)], []
    for one in lines:
        product = goods[one["product"]]
        seller = one["salesperson"] or header.get("salesperson_id")
        now = price.find(step, product, Decimal(one["min_qty"]), customer, seller, today)
        old = now.line.unit_price if now else None
        new = Decimal(one["unit_price"])
        change = (new / old - 1).quantize(CHANGE_PLACES) if old else Decimal(0)
        margin = ((new - product.std_cost) / new).quantize(CHANGE_PLACES)
        changes.append(abs(change))
        margins.append(margin)
        rows.append({
            "product": f"{product.name}（{product.number}）", "min_qty": one["min_qty"],
            "old": old, "new": new, "change": change, "margin": margin,
            "floor": one["floor_price"],
        })  # fmt: skip
    quotes, orders = _touched(goods.values(), customer)
    pairs = (
        (_("价格表"), header.get("name") or "—"), (_("适用范围"), header["scope"]),
        (_("客户"), customer.name if customer else "—"),
        (_("生效日"), str(header["effective_from"])), (_("最大调整幅度"), f"{max(changes):.1%}"),
        (_("最低毛利率"), f"{min(margins):.1%}"), (_("受影响的报价"), str(quotes)),
        (_("受影响的订单"), str(orders)), (_("调整原因"), header.get("reason") or "—"),
    )  # fmt: skip
    return {
        "max_change_rate": max(changes), "min_margin": min(margins), "scope": header["scope"],
        "price_rows": rows,
        "price_facts": [{"label": label, "value": value} for label, value in pairs],
    }  # fmt: skip


def _touched(goods: Iterable[Product], customer: Customer | None) -> tuple[int, int]:
    """How many open quotations and orders contain one of the products."""
    ids = [one.id for one in goods]
    pairs = (("quotation", "quotation_line", "quotation_id", QUOTED),
             ("sales_order", "order_line", "order_id", RUNNING))  # fmt: skip
    found = []
    for head, lines, via, states in pairs:
        document: Any = record.entity(head)
        line: Any = record.entity(lines)
        query = (
            sa.select(sa.func.count(sa.distinct(document.id)))
            .join(line, getattr(line, via) == document.id)
            .where(document.state.in_(states), line.product_id.in_(ids))
        )
        if customer is not None:
            query = query.where(document.customer_id == customer.id)
        found.append(int(db.session.scalar(query) or 0))
    return found[0], found[1]
