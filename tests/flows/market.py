"""Campaigns as the tests of planning and execution find them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app.db import db
from app.records import write
from app.records.contact import Contact
from tests.flows.stage import Stage

PLANNING, EXECUTION = "p_051_02_02", "p_051_02_03"
START, END = dt.date(2026, 3, 16), dt.date(2026, 3, 20)
LINES = [{"item": "场地", "amount": 50000}, {"item": "物料", "amount": 20000},
         {"item": "差旅", "amount": 10000}]  # fmt: skip
APPROVERS = ("zhengjie", "liuyang", "luogang")  # of 50,000 to 200,000


def plan(**given: Any) -> dict[str, Any]:
    """The autumn fair of the catalogue, in the week after the tests' today."""
    return {
        "name": "秋季展销会", "type": "展销会", "goal": "认识华东的数控客户", "start_on": START,
        "end_on": END, "place": "上海新国际博览中心", "target_segment": "华东数控机床厂",
        "budget_total": 80000, "budget_lines": LINES, "expected_leads": 120,
        "expected_customers": 10, "expected_opportunities": 15, "expected_amount": 600000, **given,
    }  # fmt: skip


def proposed(stage: Stage, **given: Any) -> int:
    """A proposal is handed in."""
    case = stage.start(PLANNING, "wuhao")
    stage.do("draft", "wuhao", "submit", case=case, plan=plan(**given))
    return case


def approved(stage: Stage, **given: Any) -> int:
    """All levels agreed; the budget is reserved."""
    case = proposed(stage, **given)
    for who in APPROVERS:
        stage.do("approve", who, "approve")
    return case


def task(name: str, budget: int, executor: str = "hanxue", **given: Any) -> dict[str, Any]:
    return {"name": name, "executor_id": executor, "start_on": START, "due_on": END,
            "task_budget": budget, "deliverable": "总结", **given}  # fmt: skip


TASKS = [task("布展", 40000), task("邀约", 20000, "gongping"), task("接待", 15000, "wuhao")]


def contacts() -> list[str]:
    """The numbers of all contacts."""
    return list(db.session.scalars(db.select(Contact.number).order_by(Contact.id)))


def prepared(stage: Stage, case: int, tasks: list[dict[str, Any]] | None = None) -> str:
    """Tasks and invitations are settled, the campaign is released; its number."""
    stage.do("break_down", "zhengjie", case=case, tasks=tasks or TASKS)
    stage.do("choose_targets", "wuhao", case=case, invitation={
        "regions": ["华东"], "invite_text": "请来看看新主轴",
    })  # fmt: skip
    return stage.variables(case)["campaign_no"]


def released(
    stage: Stage, tasks: list[dict[str, Any]] | None = None, **given: Any
) -> tuple[int, int, str]:
    """(case of the planning, case of the execution, number)."""
    case = approved(stage, **given)
    number = prepared(stage, case, tasks)
    return case, stage.cases(EXECUTION)[-1].id, number


def department_budget(stage: Stage) -> Any:
    return stage.record("expense_budget", "FB-202601-0001")


def own_budget(number: str) -> Any:
    db.session.expire_all()
    model = write.record.entity("expense_budget")
    return db.session.scalars(db.select(model).filter_by(object_no=number)).one()


def money(value: int | str) -> Decimal:
    return Decimal(value)


def ending(stage: Stage, case: int) -> str:
    """The end event inside the life of the campaign, before the case's own."""
    assert stage.end(case) == "over"
    return stage.path(case)[-2]
