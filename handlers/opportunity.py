"""机会：报备、查重、裁定、登记（051-03-02 步骤 02.02 … 02.07）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.competitor import Competitor
from app.records.customer import Customer
from app.records.opportunity import Opportunity, OpportunityLine
from app.records.product import Product
from handlers import chances, quote_book, steps

NONE = Decimal(0)
PROTECTED = dt.timedelta(days=90)
LIVE = ("报备中", "跟进中", "暂停")
HEADER = ("name", "amount", "close_date", "need", "decision_chain", "campaign_id", "source")


@handler(
    outputs=("chance", "product_lines", "opportunity_no", "customer_id", "opportunity_name",
             "enterer", "enterer_group", "owner", "helpers", "discoverer", "department_id",
             "subject", "problems", "candidates", "best", "review", "ruling", "team", "team_needed",
             "allow_parallel", "first_owner", "duplicate_context", "stage", "outcome", "action",
             "expense_rows", "follow", "supervision", "suspension", "suspensions", "winning",
             "loss", "lesson", "result", "others", "accepted_quotes", "won_quote_no",
             "source_no", "starter", "competitor_id", "resume_at", "missing", "amount",
             "expense_limit"),
    pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, chance: dict | None = None, opportunity: dict | None = None,
    product_lines: list | None = None, customer_id: str | None = None,
    contact_id: str | None = None, need: str | None = None, owner_id: str | None = None,
    discoverer: str | None = None, discoverer_id: str | None = None, source_no: str | None = None,
    lead_id: str | None = None, campaign_id: str | None = None, campaign_no: str | None = None,
    product_interest: Any = None, starter: str | None = None, name: str | None = None,
    amount: Any = None, source: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备机会：自己报备的填空表，转来的带上线索、活动或服务的资料。

    Every variable of the flow is set. A chance that came by message is 委派: the manager enters it
    and names the owner; `discoverer` stays who found it.
    """
    assigned = bool(source_no or lead_id) or starter is None
    found_by = discoverer_id or discoverer or starter
    given = {
        "name": name, "customer_id": customer_id, "contact_id": contact_id, "need": need,
        "amount": amount, "close_date": None, "origin": "委派" if assigned else "自找",
        "decision_chain": [], "competitors": [], "campaign_id": campaign_id or campaign_no,
        "source": source, "lead_no": lead_id,
    }  # fmt: skip
    given |= {k: v for k, v in (opportunity or chance or {}).items() if v is not None}
    customer: Customer | None = write.find("customer", given["customer_id"])
    who = owner_id or (None if assigned else starter)
    department = customer.department_id if customer is not None else None
    return _empty() | {
        "chance": given, "product_lines": _typed(product_lines or _wanted(product_interest)),
        "customer_id": given["customer_id"], "source_no": source_no or lead_id, "starter": starter,
        "enterer": None if assigned else starter,
        "enterer_group": "sales_manager" if assigned else None,
        "owner": who, "discoverer": found_by, "team_needed": assigned,
        "department_id": steps.department_of(who) or department,
        "subject": given["name"] or (customer.name if customer is not None else _("新机会")),
    }  # fmt: skip


def _empty() -> dict[str, Any]:
    lists = ("helpers", "candidates", "others", "accepted_quotes", "missing")
    blank = ("opportunity_no", "opportunity_name", "problems", "best", "review", "ruling", "team",
             "first_owner", "duplicate_context", "outcome", "action", "expense_rows", "follow",
             "supervision", "suspension", "winning", "loss", "lesson", "result", "won_quote_no",
             "competitor_id", "resume_at", "amount", "expense_limit")  # fmt: skip
    return dict.fromkeys(blank) | {name: [] for name in lists} | {
        "allow_parallel": False, "stage": "初步接触", "suspensions": 0,
    }  # fmt: skip


def _typed(lines: list | None) -> list[dict[str, Any]]:
    return [{"product": one.get("product"), "qty": one.get("qty"),
             "est_price": one.get("est_price")} for one in lines or []]  # fmt: skip


def _wanted(interest: Any) -> list[dict[str, Any]]:
    """The products that somebody was interested in, as far as they are products of ours."""
    named = interest if isinstance(interest, list) else [interest]
    return [{"product": one, "qty": 1} for one in named if one and write.find("product", str(one))]


@handler(
    outputs=("opportunity_no", "customer_id", "opportunity_name", "subject", "problems", "owner",
             "discoverer", "department_id", "amount"),
)  # fmt: skip
def save(
    step: Step, *, chance: dict, product_lines: list, opportunity_no: str | None = None,
    owner: str | None = None, discoverer: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存报备：机会有编号、产品和产品线，等经理审核（报备中）。"""
    customer = _customer(chance)
    products = [write.need("product", one["product"]) for one in product_lines]
    if not products:
        raise Invalid(_("请至少填写一个产品。"))
    if chance["close_date"] < steps.today(step):
        raise Invalid(_("预计成交日期不能早于今天。"))
    who = owner or (step.by if chance["origin"] == "自找" else None) or customer.owner_id \
        or steps.actor(step)  # fmt: skip
    row = _written(step, chance, customer, products, opportunity_no, who, discoverer)
    _set_lines(step, row, product_lines, products)
    if row.state == "草稿":
        write.move(row, "报备中", **steps.writing(step))
    step.set_business_key(row.number)
    return {
        "opportunity_no": row.number, "customer_id": customer.number, "problems": None,
        "opportunity_name": row.name, "subject": f"{customer.name} {row.name}", "owner": who,
        "discoverer": row.discoverer_id, "department_id": row.department_id,
        "amount": row.amount,
    }  # fmt: skip


def _customer(chance: Mapping[str, Any]) -> Customer:
    customer: Customer | None = write.find("customer", chance.get("customer_id"))
    if customer is None or customer.state not in ("有效", "公海"):
        raise Invalid(_("请选择一个有效的客户。"), fields={"customer_id": _("请选择客户")})
    return customer


def _written(
    step: Step, chance: Mapping[str, Any], customer: Customer, products: list[Product],
    number: str | None, owner: str, discoverer: str | None,
) -> Opportunity:  # fmt: skip
    given = {name: chance.get(name) for name in HEADER} | {
        "customer_id": customer.id, "contact_id": chance.get("contact_id"),
        "product_line": "、".join(chances.product_lines(products))[:40],
        "competitors": [one.get("competitor") for one in chance.get("competitors") or []],
        "origin": chance["origin"], "owner_id": owner,
        "department_id": steps.department_of(owner) or customer.department_id,
    }  # fmt: skip
    row: Opportunity | None = write.find("opportunity", number)
    if row is not None:
        write.change(row, given, **steps.writing(step))
        return row
    lead = write.find("lead", chance.get("lead_no"))
    given |= {"discoverer_id": discoverer or owner, "lead_id": lead.id if lead else None}
    made: Opportunity = write.create("opportunity", given, **steps.writing(step))
    if lead is not None:
        write.change(lead, {"opportunity_no": made.number}, **steps.writing(step))
    return made


def _set_lines(step: Step, row: Opportunity, typed: list[Any], products: list[Product]) -> None:
    db.session.execute(sa.delete(OpportunityLine).where(OpportunityLine.opportunity_id == row.id))
    for one, product in zip(typed, products, strict=True):
        given = {"opportunity_id": row.id, "product_id": product.id, "qty": one["qty"],
                 "est_price": one.get("est_price")}  # fmt: skip
        write.create("opportunity_line", given, **steps.writing(step))


@handler(outputs=("result",))
def drop(step: Step, *, opportunity_no: str | None = None) -> dict[str, Any]:
    """取消报备：还没有保存过的不留下任何东西，退回后取消的按重复驳回关闭。"""
    row = write.find("opportunity", opportunity_no)
    if row is not None and row.state == "报备中":
        write.move(row, "重复驳回", reason=_("报备人取消"), **steps.writing(step))
    return {"result": "已取消"}


@handler(outputs=("candidates", "best"), pure=True)
def find_duplicates(step: Step, *, opportunity_no: str) -> dict[str, Any]:
    """列出相似机会：同一客户的机会，还在跟进的或九十天内关闭的；同一产品线的排在前面。

    `best` is the number of the most suspicious one, None if nothing is alike.
    """
    row: Opportunity = write.need("opportunity", opportunity_no)
    found = chances.similar(row, steps.today(step))
    same = [one for one in found if one["same_line"]]
    return {"candidates": found, "best": same[0]["number"] if same else None}


@handler(outputs=("allow_parallel", "best", "review"))
def settle_ruling(
    step: Step, *, opportunity_no: str, ruling: dict, best: str | None = None,
    review: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """执行裁定：归先报退掉这次；归后报时先报的失去保护；并行时两边都跟。"""
    said = ruling["ruling"]
    first: Opportunity | None = write.find("opportunity", best)
    if said != "归先报" and first is not None:
        write.change(first, {"allow_parallel": True}, reason=ruling["reason"],
                     **steps.writing(step))  # fmt: skip
    if said == "归后报" and first is not None:
        over = steps.today(step) - dt.timedelta(days=1)
        write.change(first, {"protect_until": over}, reason=ruling["reason"],
                     **steps.writing(step))  # fmt: skip
    note = {"same_as": best, "reason": ruling["reason"]}
    return {"allow_parallel": said != "归先报", "best": best, "review": (review or {}) | note}


@handler(outputs=("result", "first_owner", "duplicate_context"))
def reject(
    step: Step, *, opportunity_no: str, review: dict | None = None, best: str | None = None,
    customer_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """重复驳回：写明和哪一个重复，没有保护期；先报的人会收到通知。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    same_as = (review or {}).get("same_as") or best
    first: Opportunity | None = write.find("opportunity", same_as)
    if first is None or first.id == row.id or first.customer_id != row.customer_id:
        raise Invalid(_("请指出和这个客户的哪一个机会重复。"), fields={"same_as": _("请选择")})
    write.change(row, {"same_as": first.number}, **steps.writing(step))
    write.move(row, "重复驳回", reason=(review or {}).get("reason") or "", **steps.writing(step))
    customer = db.session.get_one(Customer, row.customer_id)
    return {
        "result": "重复驳回", "first_owner": first.owner_id or first.created_by,
        "duplicate_context": {"who": steps.name_of(row.owner_id), "customer": customer.name,
                              "name": first.name, "number": first.number},
    }  # fmt: skip


@handler(outputs=("stage", "problems", "owner", "helpers", "department_id", "allow_parallel"))
def register(
    step: Step, *, opportunity_no: str, owner: str, team: dict | None = None,
    review: dict | None = None, allow_parallel: bool = False, helpers: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记报备：跟进中、初步接触，保护九十天；客户从潜在变为意向。

    Unique among the open ones of the customer and product line (E_DUPLICATE_OPPORTUNITY) unless
    the manager or director allowed both; who found it is kept.
    """
    row: Opportunity = write.need("opportunity", opportunity_no)
    parallel = allow_parallel or bool((review or {}).get("allow_parallel"))
    customer = db.session.get_one(Customer, row.customer_id, with_for_update=True)
    twin = next((one for one in chances.live_twins(row) if not one.allow_parallel), None)
    if twin is not None and not parallel:
        text = _("%(customer)s 的这条产品线已有机会 %(number)s（%(owner)s）在跟进。",
                 customer=customer.name, number=twin.number,
                 owner=steps.name_of(twin.owner_id))  # fmt: skip
        raise BpmnError("E_DUPLICATE_OPPORTUNITY", text, problems=text)
    who = (team or {}).get("owner") or owner
    if people.get(who) is None:
        raise Invalid(_("请选择负责人。"))
    together = [one["helper"] for one in (team or {}).get("helpers") or []] or helpers or []
    given = {"allow_parallel": parallel, "owner_id": who, "team": together,
             "department_id": steps.department_of(who) or row.department_id,
             "protect_until": steps.today(step) + PROTECTED, "last_action_at": step.now}  # fmt: skip
    write.change(row, given, **steps.writing(step))
    write.move(row, "跟进中", **steps.writing(step))
    chances.note_stage(step, row, None, row.stage)
    if customer.life_stage == "潜在":
        write.change(customer, {"life_stage": "意向"}, **steps.writing(step))
    return {"stage": row.stage, "problems": None, "owner": who, "helpers": together,
            "department_id": row.department_id, "allow_parallel": parallel}  # fmt: skip


@handler(outputs=("accepted_quotes", "winning", "problems"), pure=True)
def prepare_win(step: Step, *, opportunity_no: str, problems: str | None = None) -> dict[str, Any]:
    """列出已接受报价：业务员从中选成交的一张；定制产品默认走合同。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    quotes = chances.quotes_of(row, ("已接受",))
    chosen = quotes[0].number if len(quotes) == 1 else None
    return {
        "accepted_quotes": [{"value": one.number, "label": f"{one.number} · {one.total:,.2f}"}
                            for one in quotes],
        "winning": {"quote": chosen, "direct": False, "lesson": None,
                    "contract": any(one.custom_made for one in chances.products_of(row))},
        "problems": None,
    }  # fmt: skip


@handler(outputs=("result", "won_quote_no", "others", "by_contract", "lesson", "problems"))
def win(step: Step, *, opportunity_no: str, winning: dict) -> dict[str, Any]:
    """登记赢单：机会赢单，成交报价记下，其余报价被替代（E_NO_ACCEPTED_QUOTE）。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    quote = write.find("quotation", winning.get("quote"))
    fits = quote is not None and quote.opportunity_id == row.id and quote.state == "已接受"
    if not fits and not winning.get("direct"):
        text = _("没有客户已接受的报价。请先登记客户的答复，或者选“直接下单”。")
        raise BpmnError("E_NO_ACCEPTED_QUOTE", text, problems=text)
    won = quote.number if fits else None
    given = {"won_quote_no": won, "probability": 100, "lesson": winning.get("lesson")}
    if fits:
        given["amount"] = quote.total
    write.change(row, given, **steps.writing(step))
    write.move(row, "赢单", **steps.writing(step))
    others = quote_book.supersede_all(step, row.id, but=quote.id if fits else None)
    return {"result": "赢单", "won_quote_no": won, "others": others, "problems": None,
            "by_contract": bool(winning.get("contract")), "lesson": winning.get("lesson")}  # fmt: skip


@handler(
    outputs=("result", "others", "lesson", "competitor_id", "customer_name", "amount", "problems"),
)  # fmt: skip
def lose(step: Step, *, opportunity_no: str, loss: dict) -> dict[str, Any]:
    """登记丢单：原因、对手、价格、教训；加权金额归零（E_HAS_ACCEPTED_QUOTE）。"""
    row: Opportunity = write.need("opportunity", opportunity_no)
    accepted = chances.quotes_of(row, ("已接受", "已下单"))
    if accepted:
        text = _("报价单 %(number)s 客户已经接受，不能登记丢单。", number=accepted[0].number)
        raise BpmnError("E_HAS_ACCEPTED_QUOTE", text, problems=text)
    rival: Competitor | None = write.find("competitor", loss.get("competitor"))
    given = {
        "lost_reason": loss["reason"], "lost_price": loss.get("competitor_price"),
        "lost_competitor": rival.name if rival is not None else _("无竞争"),
        "lesson": loss["lesson"], "probability": 0,
    }  # fmt: skip
    amount = row.amount
    write.change(row, given, **steps.writing(step))
    write.move(row, "丢单", reason=loss["reason"], **steps.writing(step))
    others = quote_book.supersede_all(step, row.id)
    return {
        "result": "丢单", "others": others, "lesson": loss["lesson"], "amount": amount,
        "competitor_id": rival.number if rival is not None else None, "problems": None,
        "customer_name": db.session.get_one(Customer, row.customer_id).name,
    }  # fmt: skip
