"""The sales plan of the demo company, played by its people through the flow: for the rest of the
year, handed down to each representative, confirmed, and compared with what was signed so far; a
second one waits for its last approval.
"""

from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import db
from app.engine import run
from app.engine.models import Timer
from app.inbox import play
from app.records.sales_plan import SalesPlan

PLAN = "p_051_03_01"
TEAM = {"zhangwei": 150_000, "lina": 40_000}  # a month; the orders of the demo are 168,000


def load_plans() -> int:
    """The plans are there, each act committed; how many (0 the second time)."""
    if db.session.scalar(sa.select(SalesPlan.id).limit(1)) is not None:
        return 0
    _a_plan_that_runs()
    _a_plan_to_approve()
    return 2


def _a_plan_that_runs() -> None:
    case = _drafted(sum(TEAM.values()))
    play.do("approve", "zhaomin", "approve", case=case)
    play.do("approve", "gaoyuan", "approve", case=case)
    rows = [{"rep": rep, **_months(amount)} for rep, amount in TEAM.items()]
    play.do("split", "wangqiang", case=case, rep_rows=rows)
    for rep in reversed(TEAM):  # the newest task first
        play.do("confirm_own", rep, "confirm", case=case)
    play.do("confirm_department", "wangqiang", case=case)
    _look_at_this_month(case)


def _a_plan_to_approve() -> None:
    case = _drafted(160_000, metric="回款额")
    play.do("approve", "zhaomin", "approve", case=case)


def _drafted(amount: int, **plan: Any) -> int:
    case = play.begin(PLAN, "yangfan")
    months = _months(amount)
    play.do("draft_plan", "yangfan", "submit", case=case,
            plan={"company_target": sum(months.values()), **plan},
            department_rows=[{"department": "east", **months}])  # fmt: skip
    return case


def _months(amount: int) -> dict[str, int]:
    """So much in this month and in each that follows."""
    now = clock.now().astimezone(clock.zone()).month
    return {f"m{month}": amount if month >= now else 0 for month in range(1, 13)}


def _look_at_this_month(case: int) -> None:
    """The check of the third of next month happens today, so that there is something to see."""
    timer = db.session.scalar(sa.select(Timer.id).where(Timer.instance_id == case))
    if timer is not None:
        run.fire_timer(timer)
        play.settle()
