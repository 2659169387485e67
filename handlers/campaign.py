"""市场活动的立项：校验、保存、送审、分解、下达（051-02-02）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.accounts.models import Department, User
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.engine.models import Definition
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.campaign import Campaign
from app.records.product import Product
from handlers import profile, steps

YEARLY = "年度计划"
SURVEY = "p_051_02_05"
RESULTS = {
    "expected_leads": "leads", "expected_customers": "customers",
    "expected_opportunities": "opportunities", "expected_amount": "order_amount",
}  # fmt: skip
FIELDS = (
    "name", "type", "goal", "start_on", "end_on", "place", "products", "target_segment", "risk",
    "budget_total", "budget_lines", "expected_satisfaction", "owner_id", "post_survey", *RESULTS,
)  # fmt: skip
LESSONS = 5


@handler(outputs=("units",), pure=True)
def list_units(step: Step) -> dict[str, Any]:
    """列出要做年度计划的市场部门：有市场专员的部门，各派一人编制。"""
    query = (
        sa.select(Department.id, Department.name, sa.func.min(User.login))
        .join(User, User.department_id == Department.id)
        .where(User.login.in_(people.holders("marketing_specialist")))
        .group_by(Department.id, Department.name)
        .order_by(Department.id)
    )
    return {
        "units": [
            {
                "department_id": id,
                "name": name,
                "planner": login,
                "year": steps.today(step).year + 1,
            }
            for id, name, login in db.session.execute(query)
        ]
    }


@handler(
    outputs=("plan", "lessons", "kind", "submitter", "department_id", "over_budget", "problems",
             "campaign_no", "subject", "survey_ready", "choices"),
)  # fmt: skip
def prepare(
    step: Step, *, kind: str | None = None, planner: str | None = None, year: int | None = None
) -> dict[str, Any]:
    """准备立项表：填好负责人和类型，列出做过的活动的经验（051-02 P8）。"""
    who = planner or step.started_by
    plan: dict[str, Any] = {"owner_id": who}
    if kind == YEARLY:
        year = int(year or steps.today(step).year + 1)
        plan |= {
            "name": _("%(year)s 年度市场计划", year=year), "type": YEARLY,
            "start_on": dt.date(year, 1, 1), "end_on": dt.date(year, 12, 31),
        }  # fmt: skip
    return {
        "plan": plan, "lessons": _lessons(), "kind": kind or "活动", "submitter": who,
        "department_id": steps.department_of(who), "over_budget": False, "problems": None,
        "campaign_no": None, "subject": plan.get("name"), "survey_ready": _survey_ready(),
        "choices": profile.choices(),
    }  # fmt: skip


def _survey_ready() -> bool:
    """Is the survey flow published, so that a plan may ask for one?"""
    query = sa.select(Definition.id).where(Definition.process_id == SURVEY).limit(1)
    return db.session.scalar(query) is not None


def _lessons() -> list[dict[str, Any]]:
    query = (
        sa.select(Campaign.name, Campaign.type, Campaign.lessons)
        .where(Campaign.lessons.is_not(None))
        .order_by(Campaign.id.desc())
        .limit(LESSONS)
    )
    return [dict(row._mapping) for row in db.session.execute(query)]


@handler(outputs=("problems",), pure=True)
def validate(step: Step, *, plan: dict) -> dict[str, Any]:
    """校验立项：有预算且明细合计等于总额，有预期效果，日期合理（051-02 P2）。

    Raises E_NO_BUDGET, E_NO_EXPECTED_RESULT or E_DATE_RANGE; nothing is written.
    """
    check_dates(plan.get("start_on"), plan.get("end_on"))
    total = Decimal(plan.get("budget_total") or 0)
    lines = sum((Decimal(row.get("amount") or 0) for row in plan.get("budget_lines") or []),
                Decimal(0))  # fmt: skip
    if total <= 0:
        raise _refused("E_NO_BUDGET", _("没有预算的活动不能立项，请填写预算。"))
    if lines != total:
        text = _("预算明细合计 %(lines)s 元，与预算 %(total)s 元不一致。",
                 lines=f"{lines:,.2f}", total=f"{total:,.2f}")  # fmt: skip
        raise _refused("E_NO_BUDGET", text)
    if any(plan.get(name) is None for name in RESULTS):
        text = _("请填写预期的线索、客户、机会和订单金额，活动结束后要与实际对比。")
        raise _refused("E_NO_EXPECTED_RESULT", text)
    return {"problems": None}


def check_dates(start: dt.date | None, end: dt.date | None) -> None:
    """Raises E_DATE_RANGE when the end is missing or before the start."""
    if start is None or end is None or end < start:
        raise _refused("E_DATE_RANGE", _("活动的结束日期不能早于开始日期。"))


def _refused(code: str, text: str) -> BpmnError:
    return BpmnError(code, text, problems=text)


@handler(outputs=("campaign_no", "subject", "problems"))
def save(
    step: Step, *, plan: dict, campaign_no: str | None = None, department_id: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存立项：活动是草稿，有编号；再次提交改同一个活动。"""
    given = {name: plan[name] for name in FIELDS if name in plan}
    given["department_id"] = department_id
    if "products" in plan:
        given["products"] = [one["product"] for one in plan["products"] or []]
    if kind == YEARLY:
        given["type"] = YEARLY
    given["expected"] = _expected(plan)
    how = steps.writing(step)
    if campaign_no is None:
        row = write.create("campaign", given, **how)
        step.set_business_key(row.number)
    else:
        row = write.need("campaign", campaign_no)
        write.change(row, given, **how)
        if row.state == "审批中":
            write.move(row, "草稿", **how)
    return {"campaign_no": row.number, "subject": row.name, "problems": None}


def _expected(plan: Mapping[str, Any]) -> dict[str, Any]:
    given = {short: plan.get(name) for name, short in RESULTS.items()}
    return given | {"satisfaction": plan.get("expected_satisfaction")}


@handler(outputs=("approval_facts",))
def submit(step: Step, *, campaign_no: str, over_budget: bool = False) -> dict[str, Any]:
    """送审：活动在审批中，审批人看得到目的、预算和预期效果。"""
    row: Campaign = write.need("campaign", campaign_no)
    write.move(row, "审批中", **steps.writing(step))
    return {"approval_facts": facts(row, over_budget)}


def facts(row: Campaign, over_budget: bool = False) -> list[dict[str, Any]]:
    """What an approver sees of a campaign."""
    lines = "、".join(f"{one['item']} {one['amount']:,.2f}" for one in row.budget_lines or [])
    shown = [
        (_("活动"), f"{row.name} {row.number}"), (_("类型"), row.type), (_("目的"), row.goal),
        (_("日期"), f"{row.start_on} – {row.end_on}"), (_("地点"), row.place or "—"),
        (_("推广产品"), "、".join(_product_names(row)) or "—"),
        (_("目标客户"), row.target_segment or "—"),
        (_("预算"), f"{row.budget_total:,.2f}"), (_("预算明细"), lines or "—"),
        (_("预期效果"), _("线索 %(leads)s、客户 %(customers)s、机会 %(chances)s、订单 %(amount)s 元",
                      leads=row.expected_leads, customers=row.expected_customers,
                      chances=row.expected_opportunities, amount=f"{row.expected_amount:,.2f}")),
        (_("负责人"), steps.name_of(row.owner_id)), (_("风险"), row.risk or "—"),
    ]  # fmt: skip
    if over_budget:
        shown.append((_("预算不足"), _("超出部门预算，申请追加")))
    return [{"label": label, "value": value} for label, value in shown]


def _product_names(row: Campaign) -> list[str]:
    query = sa.select(Product.name).where(Product.number.in_(row.products or []))
    return list(db.session.scalars(query.order_by(Product.number)))


@handler(outputs=("problems", "over_budget"))
def take_back(
    step: Step, *, campaign_no: str, problems: str | None = None, comment: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """退回或撤回：活动回到草稿，可以修改后重新提交。"""
    row = write.need("campaign", campaign_no)
    write.move(row, "草稿", reason=comment or "", **steps.writing(step))
    text = _("审批没有通过：%(why)s", why=comment) if comment else problems
    return {"problems": text, "over_budget": False}


@handler()
def drop(step: Step, *, campaign_no: str) -> None:
    """放弃立项：活动已取消，没有占用预算。"""
    row = write.need("campaign", campaign_no)
    if row.state == "审批中":
        write.move(row, "草稿", **steps.writing(step))
    write.move(row, "已取消", reason=_("预算不足，放弃"), **steps.writing(step))


@handler()
def reject(step: Step, *, campaign_no: str, comment: str | None = None) -> None:
    """驳回立项：活动已驳回，不占用预算。"""
    row = write.need("campaign", campaign_no)
    write.move(row, "已驳回", reason=comment or "", **steps.writing(step))


@handler()
def approve_plan(step: Step, *, campaign_no: str) -> None:
    """批准年度计划：作为全年的基线；其中每个活动仍要各自立项、占用预算。"""
    row: Campaign = write.need("campaign", campaign_no)
    write.change(row, {"baseline": baseline(row)}, **steps.writing(step))
    write.move(row, "已批准", **steps.writing(step))


def baseline(row: Campaign) -> dict[str, Any]:
    """What was expected when the campaign was approved; later effects are measured by it."""
    return dict(row.expected or {}) | {"budget_total": row.budget_total}


@handler(outputs=("problems",), pure=True)
def validate_tasks(step: Step, *, tasks: list, campaign_no: str) -> dict[str, Any]:
    """校验活动任务：任务预算合计不超过活动预算（E_TASK_BUDGET_EXCEEDS）。"""
    row: Campaign = write.need("campaign", campaign_no)
    total = sum((Decimal(one.get("task_budget") or 0) for one in tasks), Decimal(0))
    if total > row.budget_total:
        text = _("任务预算合计 %(tasks)s 元，超过活动预算 %(total)s 元。",
                 tasks=f"{total:,.2f}", total=f"{row.budget_total:,.2f}")  # fmt: skip
        raise _refused("E_TASK_BUDGET_EXCEEDS", text)
    return {"problems": None}


@handler(outputs=("task_nos",))
def release(
    step: Step, *, campaign_no: str, tasks: list, invitation: dict | None = None
) -> dict[str, Any]:  # fmt: skip
    """下达活动：预算和预期效果成为基线，任务派给执行人等待接收。"""
    row: Campaign = write.need("campaign", campaign_no)
    how = steps.writing(step)
    given = {"invite_text": (invitation or {}).get("invite_text")}
    if row.baseline is None:
        given["baseline"] = baseline(row)
    write.change(row, given, **how)
    numbers = []
    for place, one in enumerate(tasks, 1):
        number = f"{campaign_no}-T{place}"
        if write.find("campaign_task", number) is None:
            _task(row, one, number, how)
        numbers.append(number)
    write.move(row, "已下达", **how)
    return {"task_nos": numbers}


def _task(row: Campaign, one: Mapping[str, Any], number: str, how: dict[str, Any]) -> None:
    given = {name: one.get(name) for name in
             ("name", "executor_id", "start_on", "due_on", "task_budget", "deliverable")}  # fmt: skip
    given |= {"campaign_id": row.id, "owner_id": row.owner_id, "department_id": row.department_id}
    try:
        write.create("campaign_task", given, number=number, **how)
    except Invalid as error:
        raise steps.refusal(error) from error
