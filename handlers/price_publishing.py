"""价格表：登记、驳回、发布、撤回、生效、到期续期（051-01-05）。"""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.notify import deliver
from app.records import numbers, record, write
from app.records.customer import Customer
from app.records.price_list import PriceList, PriceListLine
from handlers import price_lists, steps

WARN_DAYS = 30  # a list that ends within these days is proposed for renewal (051-01-05)
EVERYBODY = ("标准", "客户等级")  # scopes that every sales representative must know


@handler(topic="price.save_draft", outputs=("list_no", "base_no", "subject", "problems"))
def save_draft(
    step: Step, *, header: dict, lines: list, route: str, base_no: str | None = None,
    list_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记价格表：新的一版带着它的价格行入册，要批的进入审批中。

    The number is PL-YYYYMM-nnnn-vN; a list that was returned keeps its number. Nothing is edited
    after 待生效.
    """
    how = steps.writing(step)
    row = write.find("price_list", list_no)
    given = {name: header.get(name) for name in price_lists.HEADER}
    given["effective_to"] = given["effective_to"] or None
    if row is None:
        row = _new(step, given, base_no)
    else:
        write.change(row, given, **how)
        db.session.execute(sa.delete(PriceListLine).where(PriceListLine.list_id == row.id))
    for one in lines:
        write.create("price_list_line", _line(row, one), **how)
    if route != "none":
        write.move(row, "审批中", **how)
    elif row.state == "审批中":
        write.move(row, "草稿", **how)
    step.set_business_key(row.number)
    return {"list_no": row.number, "base_no": base_no, "subject": row.name, "problems": None}


def _new(step: Step, given: Mapping[str, Any], base_no: str | None) -> PriceList:
    base = price_lists.latest(base_no) if base_no else None
    if base is None:
        number, version = numbers.draw("PL", step.now), 1
    else:
        number = base.base_no or base.number.rsplit("-v", 1)[0]
        highest = sa.select(sa.func.max(PriceList.version)).where(PriceList.base_no == number)
        version = int(db.session.scalar(highest) or 0) + 1
    who = {"owner_id": step.started_by or steps.actor(step), "base_no": number, "version": version}
    return write.create(
        "price_list", dict(given) | who, number=f"{number}-v{version}", **steps.writing(step)
    )


def _line(row: PriceList, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "list_id": row.id, "product_id": one["product"], "min_qty": one["min_qty"],
        "salesperson_id": one["salesperson"], "unit_price": one["unit_price"],
        "discount_rate": one["discount_rate"], "floor_price": one["floor_price"],
        "max_discount": one["max_discount"],
    }  # fmt: skip


@handler(topic="price.reject", outputs=("result",))
def reject(step: Step, *, list_no: str) -> dict[str, Any]:
    """驳回价格表：这一版作废，现行价格不变。"""
    write.move(write.need("price_list", list_no), "已驳回", **steps.writing(step))
    return {"result": "价格驳回"}


@handler(topic="price.publish", outputs=("effective_at", "problems"))
def publish(step: Step, *, list_no: str) -> dict[str, Any]:
    """发布价格表：从此不能再改，等到生效日。

    `effective_at` is the first moment of that day in the company's zone.
    """
    row = write.need("price_list", list_no)
    write.move(row, "待生效", **steps.writing(step))
    return {"effective_at": _start_of(row.effective_from), "problems": None}


def _start_of(day: dt.date) -> dt.datetime:
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


@handler(topic="price.withdraw", outputs=("result",))
def withdraw(step: Step, *, list_no: str) -> dict[str, Any]:
    """撤回价格表：还没生效的这一版撤回；已经生效的只能出新版本。"""
    row = write.need("price_list", list_no)
    if row.state == "待生效":
        write.move(row, "已撤回", **steps.writing(step))
    return {"result": "已撤回"}


@handler(topic="price.activate", outputs=("reps", "price_notice", "result", "problems"))
def activate(step: Step, *, list_no: str) -> dict[str, Any]:
    """价格表生效：旧版本到昨天为止，新版本从今天起算。

    Key (list, version). Raises E_PRICE_OVERLAP when another list of the same scope has the same
    line at this moment.
    """
    row, how = write.need("price_list", list_no), steps.writing(step)
    if row.state == "待生效":
        _check_overlap(row)
        _close_former(row, how)
        write.move(row, "已生效", **how)
    notice = {"name": row.name, "number": row.number, "day": row.effective_from.isoformat(),
              "key": f"price_list_active:{row.number}"}  # fmt: skip
    return {"reps": _reps(row), "price_notice": notice, "result": "价格表已生效", "problems": None}


def _lines(row: PriceList) -> list[PriceListLine]:
    query = sa.select(PriceListLine).where(PriceListLine.list_id == row.id)
    return list(db.session.scalars(query))


def _check_overlap(row: PriceList) -> None:
    customer = write.get("customer", row.customer_id) if row.customer_id else None
    header = {name: getattr(row, name) for name in price_lists.HEADER} | {
        "customer_id": customer.number if customer else None
    }
    lines = [
        {"product": write.get("product", one.product_id).number, "min_qty": one.min_qty,
         "salesperson": one.salesperson_id} for one in _lines(row)
    ]  # fmt: skip
    clash = price_lists.overlapping(header, lines, row.number)
    if clash:
        raise BpmnError("E_PRICE_OVERLAP", clash, problems=clash)


def _close_former(row: PriceList, how: dict[str, Any]) -> None:
    query = sa.select(PriceList).where(
        PriceList.base_no == row.base_no, PriceList.state == "已生效", PriceList.id != row.id
    )
    for former in db.session.scalars(query):
        last = row.effective_from - dt.timedelta(days=1)
        ends = min(former.effective_to or last, last)
        write.change(former, {"effective_to": max(ends, former.effective_from)}, **how)
        write.move(former, "已失效", **how)


def _reps(row: PriceList) -> list[str]:
    """Whom the list concerns: those whom its lines name, the customer's owner, or everybody."""
    found = dict.fromkeys(one.salesperson_id for one in _lines(row) if one.salesperson_id)
    if row.salesperson_id:
        found[row.salesperson_id] = None
    if row.customer_id:
        owner = write.get("customer", row.customer_id).owner_id
        found |= dict.fromkeys([owner] if owner else [])
    if row.scope in EVERYBODY:
        found |= dict.fromkeys(people.holders("sales_rep"))
    return list(found)


@handler(topic="price.flag_open_quotes", outputs=("flagged",))
def flag_open_quotes(step: Step, *, list_no: str) -> dict[str, Any]:
    """标记未接受报价：报价单保留原来的价格，负责人收到提示。

    Once per quotation and version of the list (natural key of the message).
    """
    row = write.need("price_list", list_no)
    quotes = _quotes(row)
    for quote in quotes:
        person = deliver.recipient(quote.owner_id)
        if person is not None:
            deliver.deliver(
                person, "price_changed_for_quote", {"quote": quote.number, "list": row.name},
                (deliver.INSIDE,), key=f"price_changed:{quote.number}:{row.number}", at=step.now,
                origin=vars(steps.origin(step)) | {"by": steps.actor(step)},
            )  # fmt: skip
    return {"flagged": len(quotes)}


def _quotes(row: PriceList) -> list[Any]:
    """Open quotations of the customers whom the list concerns, with one of its products."""
    quote: Any = record.entity("quotation")
    line: Any = record.entity("quotation_line")
    ids = [one.product_id for one in _lines(row)]
    query = (
        sa.select(quote)
        .where(quote.state.in_(price_lists.QUOTED), quote.id.in_(
            sa.select(line.quotation_id).where(line.product_id.in_(ids))))
        .order_by(quote.id)
    )  # fmt: skip
    if row.customer_id:
        query = query.where(quote.customer_id == row.customer_id)
    if row.grade:
        graded = sa.select(Customer.id).where(Customer.grade == row.grade)
        query = query.where(quote.customer_id.in_(graded))
    return list(db.session.scalars(query))


@handler(topic="price.list_ending", outputs=("ending",))
def list_ending(step: Step) -> dict[str, Any]:
    """查找快到期的价格表：过期的失效；三十天内到期的提出续期，每一版只提一次。"""
    today, how = steps.today(step), steps.writing(step)
    live = sa.select(PriceList).where(
        PriceList.state == "已生效", PriceList.effective_to.is_not(None)
    )
    for row in db.session.scalars(live.where(PriceList.effective_to < today)):
        write.move(row, "已失效", **how)
    soon = live.where(
        PriceList.effective_to >= today,
        PriceList.effective_to <= today + dt.timedelta(days=WARN_DAYS),
        PriceList.renewal_on.is_(None),
    )
    found = list(db.session.scalars(soon.order_by(PriceList.id)))
    for row in found:
        write.change(row, {"renewal_on": today}, **how)
    return {"ending": [row.number for row in found]}
