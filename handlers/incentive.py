"""活动激励：算出奖励、登记激励（051-02-03 03.11–03.14）。"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.incentive import Incentive
from handlers import steps

CENT = Decimal("0.01")
KINDS = {"线索": "获客", "新客户": "获客", "新机会": "获客", "订单": "成交"}


@handler(outputs=("rewards",), pure=True)
def tally(
    step: Step, *, group: dict, reward: Any = None, rewards: list | None = None
) -> dict[str, Any]:
    """按判定的单项奖励，给这一组里的每一个对象各算一笔；没有命中规则的没有奖励。"""
    hits = reward if isinstance(reward, list) else [reward]
    each = sum((Decimal(one) for one in hits if one is not None), Decimal(0))
    made = [
        {"object": group["object"], "object_no": number, "payee": who,
         "amount": each.quantize(CENT, ROUND_HALF_UP)}
        for number, who in group["items"] if each
    ]  # fmt: skip
    return {"rewards": [*(rewards or []), *made]}


@handler(outputs=("payout", "incentive_facts", "reward_rows"), pure=True)
def propose(
    step: Step, *, campaign_no: str, rewards: list | None = None, effect: dict | None = None,
    summary: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """汇总激励：合计多少、各人多少，给审批人看；已经奖励过的对象不再重复。"""
    row: Campaign = write.need("campaign", campaign_no)
    known = _known(row)
    fresh = [one for one in rewards or [] if (one["object"], one["object_no"]) not in known]
    total = sum((one["amount"] for one in fresh), Decimal(0))
    people: dict[str, Decimal] = {}
    for one in fresh:
        people[one["payee"]] = people.get(one["payee"], Decimal(0)) + one["amount"]
    found = effect or {}
    shown = [
        (_("活动"), f"{row.name} {row.number}"),
        (_("实际"), _("线索 %(leads)s、客户 %(customers)s、机会 %(chances)s、订单 %(amount)s 元",
                    leads=found.get("leads", 0), customers=found.get("customers", 0),
                    chances=found.get("opportunities", 0),
                    amount=f"{found.get('order_amount') or 0:,.2f}")),
        (_("费用"), f"{row.spent:,.2f} / {row.budget_total:,.2f}"),
        (_("总结"), (summary or {}).get("result") or "—"),
        (_("偏差原因"), (summary or {}).get("deviation_reason") or "—"),
        (_("激励合计"), f"{total:,.2f}"),
        *((steps.name_of(login) or login, f"{amount:,.2f}") for login, amount in people.items()),
    ]  # fmt: skip
    return {
        "payout": total, "reward_rows": fresh,
        "incentive_facts": [{"label": label, "value": value} for label, value in shown],
    }  # fmt: skip


def _known(row: Campaign) -> set[tuple[str, str]]:
    query = sa.select(Incentive.object, Incentive.object_no).filter_by(campaign_id=row.id)
    return {(kind, number) for kind, number in db.session.execute(query)}


@handler(outputs=("incentive_count",))
def create(step: Step, *, campaign_no: str, reward_rows: list | None = None) -> dict[str, Any]:
    """登记激励：每个对象一张，已批；同一对象不会奖励两次（活动 + 对象 + 种类）。"""
    row: Campaign = write.need("campaign", campaign_no)
    known = _known(row)
    made = 0
    for one in reward_rows or []:
        if (one["object"], one["object_no"]) in known:
            continue
        given = {
            "campaign_id": row.id, "payee_id": one["payee"], "object": one["object"],
            "object_no": one["object_no"], "kind": KINDS.get(one["object"], one["object"]),
            "amount": one["amount"], "owner_id": one["payee"],
            "department_id": steps.department_of(one["payee"]),
        }  # fmt: skip
        reward = write.create("incentive", given, **steps.writing(step))
        write.move(reward, "已批", **steps.writing(step))
        made += 1
    return {"incentive_count": made}
