"""活动效果：预期与实际、订单归因、该奖励谁（051-02-03）。"""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.campaign_effect import CampaignEffect
from app.records.customer import Customer
from app.records.lead import Lead
from app.records.opportunity import Opportunity
from app.records.sales_order import SalesOrder
from handlers import campaign, steps, survey_report

CONFIRMED = ("已生效", "履约中", "挂起", "已完成")
SHORT = Decimal("0.8")  # below it the deviation must be explained
WITHIN = dt.timedelta(days=90)
ZERO = Decimal(0)
CENT = Decimal("0.01")
LABELS = {"leads": "线索", "customers": "客户", "opportunities": "机会", "order_amount": "订单额"}


def actual(row: Campaign) -> dict[str, Any]:
    """What the campaign brought so far and what it cost."""
    counts = {
        "leads": _count(Lead, Lead.campaign_id == row.id, Lead.state != "已合并"),
        "customers": _count(Customer, Customer.campaign_id == row.number),
        "opportunities": _count(Opportunity, Opportunity.campaign_id == row.id),
    }
    orders = orders_of(row)
    amount = sum((net(order) for order in orders), ZERO)
    leads = counts["leads"]
    return counts | {
        "orders": len(orders), "order_amount": amount, "spent": row.spent,
        "cost_per_lead": _round(row.spent / leads) if leads else None,
        "roi": _round((amount - row.spent) / row.spent) if row.spent else None,
    }  # fmt: skip


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _count(model: Any, *conditions: Any) -> int:
    return int(db.session.scalar(sa.select(sa.func.count(model.id)).where(*conditions)) or 0)


def orders_of(row: Campaign) -> list[SalesOrder]:
    """Confirmed orders of what the campaign captured, from its start to 90 days after its end."""
    customers = sa.select(Customer.id).where(Customer.campaign_id == row.number)
    chances = sa.select(Opportunity.id).where(Opportunity.campaign_id == row.id)
    query = sa.select(SalesOrder).where(
        SalesOrder.state.in_(CONFIRMED), SalesOrder.order_date >= row.start_on,
        SalesOrder.order_date <= row.end_on + WITHIN + dt.timedelta(days=15),
        sa.or_(SalesOrder.customer_id.in_(customers), SalesOrder.opportunity_id.in_(chances)),
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(SalesOrder.id)))


def net(order: SalesOrder) -> Decimal:
    """What the customer keeps of the order."""
    return Decimal(order.total - order.refunded_amount)


@handler(
    topic="campaign.preview_effect", pure=True,
    outputs=("effect_rows", "short_of_plan", "summary", "problems"),
)  # fmt: skip
def preview_effect(
    step: Step, *, campaign_no: str, summary: dict | None = None, comment: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """汇总活动数据：预期和实际逐项对比；任何一项不到八成就要说明原因。"""
    row: Campaign = write.need("campaign", campaign_no)
    wanted, found = row.baseline or {}, actual(row)
    rows, short = [], False
    for name, label in LABELS.items():
        plan, got = Decimal(wanted.get(name) or 0), Decimal(found[name])
        reached = got / plan if plan else None
        short = short or (reached is not None and reached < SHORT)
        rows.append({"label": _(label), "plan": f"{plan:,}", "actual": f"{got:,}",
                     "rate": f"{reached:.0%}" if reached is not None else "—"})  # fmt: skip
    rows.append({"label": _("费用"), "plan": f"{row.budget_total:,.2f}",
                 "actual": f"{row.spent:,.2f}",
                 "rate": f"{row.spent / row.budget_total:.0%}" if row.budget_total else "—"})  # fmt: skip
    text = _("评审退回：%(why)s", why=comment) if comment else None
    return {"effect_rows": rows, "short_of_plan": short, "summary": summary or {}, "problems": text}


@handler(topic="campaign.compute_effect", outputs=("effect", "groups"))
def compute_effect(step: Step, *, campaign_no: str) -> dict[str, Any]:
    """效果评估：写下当天的效果快照（一天一张），并列出该奖励的线索、客户和机会。"""
    row: Campaign = write.need("campaign", campaign_no)
    found = actual(row)
    note_effect(step, row, found)
    return {"effect": found, "groups": _captures(row)}


def note_effect(step: Step, row: Campaign, found: dict[str, Any]) -> None:
    """The campaign knows its effect; one snapshot stands for the day."""
    write.change(row, {"actual": found}, **steps.writing(step))
    today = steps.today(step)
    known = sa.select(CampaignEffect.id).filter_by(campaign_id=row.id, run_date=today)
    if db.session.scalar(known) is None:
        given = {name: found[name] for name in
                 ("leads", "customers", "opportunities", "orders", "order_amount", "spent")}  # fmt: skip
        given |= {"campaign_id": row.id, "run_date": today,
                  "satisfaction": survey_report.satisfaction(row.id)}  # fmt: skip
        write.create("campaign_effect", given, by=steps.actor(step), at=step.now)


def _captures(row: Campaign) -> list[dict[str, Any]]:
    """What was captured, in groups that are rewarded alike; each item is [number, who]."""
    leads = sa.select(Lead.level, Lead.number, Lead.discoverer_id).where(
        Lead.campaign_id == row.id, Lead.state != "已合并"
    )
    by_level: dict[str | None, list[list[Any]]] = {}
    for level, number, who in db.session.execute(leads.order_by(Lead.id)):
        by_level.setdefault(level, []).append([number, who or row.owner_id])
    groups = [_group("线索", level, items) for level, items in by_level.items()]
    for label, model, mine in (
        ("新客户", Customer, Customer.campaign_id == row.number),
        ("新机会", Opportunity, Opportunity.campaign_id == row.id),
    ):
        query = sa.select(model.number, model.discoverer_id).where(mine).order_by(model.id)
        items = [[number, who or row.owner_id] for number, who in db.session.execute(query)]
        if items:
            groups.append(_group(label, None, items))
    return groups


def _group(
    label: str, level: str | None, items: list[list[Any]], amount: Decimal | None = None
) -> dict[str, Any]:
    return {"object": label, "level": level, "items": items, "net_amount": amount,
            "converted_90d": amount is not None}  # fmt: skip


@handler(topic="campaign.attribute_orders", outputs=("effect", "groups"))
def attribute_orders(step: Step, *, campaign_no: str) -> dict[str, Any]:
    """订单归因：活动带来的客户和机会成交的订单，逐单列出，供第二次奖励。"""
    row: Campaign = write.need("campaign", campaign_no)
    found = actual(row)
    note_effect(step, row, found)
    groups = []
    for order in orders_of(row):
        chance = db.session.get(Opportunity, order.opportunity_id) if order.opportunity_id else None
        customer = db.session.get_one(Customer, order.customer_id)
        who = (chance and chance.discoverer_id) or customer.discoverer_id or row.owner_id
        groups.append(_group("订单", None, [[order.number, who]], net(order)))
    return {"effect": found, "groups": groups}


@handler(topic="campaign.knowledge_candidate", pure=True, outputs=("candidate",))
def knowledge_candidate(
    step: Step, *, campaign_no: str, summary: dict | None = None
) -> dict[str, Any]:
    """把活动的经验整理成知识候选（交给 051-05-01）。"""
    row: Campaign = write.need("campaign", campaign_no)
    said = summary or {}
    return {
        "candidate": {
            "source_type": "市场活动", "source_no": campaign_no, "title": row.name,
            "content": "\n".join(str(said[key]) for key in ("result", "lessons") if said.get(key)),
            "facts": campaign.facts(row),
        }
    }  # fmt: skip
