"""销售计划：编制、下发、锁定、实际与差异、修订、考核（051-03-01）。"""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.opportunity import Opportunity
from app.records.sales_plan import SalesPlan, SalesPlanBaseline, SalesPlanLine
from handlers import plan_book, plan_figures, steps

NONE, PLACES = Decimal(0), Decimal("0.0001")
MOST_SCORE, BEST_RATE = Decimal(120), Decimal(999)


@handler(
    outputs=("plan", "department_rows", "department_choices", "baseline_rows", "plan_no", "planner",
             "problems", "departments", "version", "period", "next_period", "check_at", "low",
             "variances", "change", "change_rows", "change_facts", "can_adjust", "score_rows",
             "analyses", "approval_facts", "outcome", "period_kind", "balance", "result",
             "analysis", "subject"),
)  # fmt: skip
def prepare_baseline(step: Step) -> dict[str, Any]:
    """准备计划基数：去年的签单、在跟机会的加权金额、业务员人数（key year）。"""
    year = steps.today(step).year
    known = db.session.scalar(sa.select(SalesPlanBaseline).filter_by(year=year))
    figures = known.figures if known is not None else _baseline(year)
    if known is None:
        given = {"year": year, "figures": figures}
        write.create("sales_plan_baseline", given, by=steps.actor(step), at=step.now)
    units = plan_book.departments()
    blank = dict.fromkeys(("plan_no", "planner", "problems", "period", "next_period", "check_at",
                           "change", "outcome", "period_kind", "balance", "result", "analysis"))  # fmt: skip
    lists = ("departments", "low", "variances", "change_rows", "change_facts", "score_rows",
             "analyses", "approval_facts")  # fmt: skip
    return blank | {name: [] for name in lists} | {
        "plan": {"year": year, "metric": plan_figures.METRICS[0], "company_target": None},
        "department_rows": [{"department": one.id} | dict.fromkeys(plan_book.spread([NONE] * 12))
                            for one in units],
        "department_choices": [{"value": one.id, "label": one.name} for one in units],
        "baseline_rows": [{"label": label, "value": value} for label, value in figures.items()],
        "version": 1, "can_adjust": False, "subject": _("%(year)s 年销售计划", year=year),
    }  # fmt: skip


def _baseline(year: int) -> dict[str, str]:
    signed = sum(plan_figures.of_year("签单额", year - 1).values(), NONE)
    query = sa.select(sa.func.coalesce(sa.func.sum(Opportunity.weighted), 0))
    weighted = db.session.scalar(query.where(Opportunity.state == "跟进中"))
    return {_("去年签单额"): f"{signed:,.2f}", _("在跟机会加权金额"): f"{weighted:,.2f}",
            _("业务员人数"): str(len(people.holders("sales_rep")))}  # fmt: skip


@handler(outputs=("problems",), pure=True)
def validate(
    step: Step, *, plan: dict, department_rows: list, plan_no: str | None = None
) -> dict[str, Any]:
    """校验计划：部门不重复，各部门合计等于公司目标，同年同指标只有一份。

    Raises E_PLAN_INVALID with everything that is wrong.
    """
    wrong = []
    names = [row["department"] for row in department_rows]
    if len(set(names)) != len(names):
        wrong.append(_("有部门列了两次。"))
    total = sum((sum(plan_book.months(row), NONE) for row in department_rows), NONE)
    if total != Decimal(plan["company_target"]):
        wrong.append(_("各部门合计 %(total)s，公司目标 %(target)s，两者要相等。",
                       total=f"{total:,.2f}", target=f"{plan['company_target']:,.2f}"))  # fmt: skip
    query = sa.select(SalesPlan.number).where(
        SalesPlan.year == int(plan["year"]), SalesPlan.metric == plan["metric"],
        SalesPlan.state != "已作废", SalesPlan.number != (plan_no or ""),
    )  # fmt: skip
    other = db.session.scalar(query.limit(1))
    if other:
        wrong.append(_("这一年这个指标已有计划 %(number)s。", number=other))
    if wrong:
        text = "\n".join(wrong)
        raise BpmnError("E_PLAN_INVALID", text, problems=text)
    return {"problems": None}


@handler(outputs=("plan_no", "planner", "approval_facts", "subject", "version"))
def save(
    step: Step, *, plan: dict, department_rows: list, plan_no: str | None = None
) -> dict[str, Any]:
    """保存计划：编号，写下各部门各月的目标，送审（审批中）。"""
    given = {"year": int(plan["year"]), "metric": plan["metric"],
             "company_target": plan["company_target"], "owner_id": steps.actor(step),
             "name": _("%(year)s 年%(metric)s计划", year=int(plan["year"]),
                       metric=plan["metric"])}  # fmt: skip
    row: SalesPlan | None = write.find("sales_plan", plan_no)
    if row is None:
        row = write.create("sales_plan", given | {"version": 1}, **steps.writing(step))
    else:
        write.change(row, given, **steps.writing(step))
        db.session.execute(sa.delete(SalesPlanLine).where(SalesPlanLine.plan_id == row.id))
    for one in department_rows:
        plan_book.put(step, row, one["department"], None, plan_book.months(one))
    if row.state == "草稿":
        write.move(row, "审批中", **steps.writing(step))
    step.set_business_key(row.number)
    facts = [{"label": _("计划"), "value": row.name},
             {"label": _("公司目标"), "value": f"{row.company_target:,.2f}"}]  # fmt: skip
    facts += [{"label": plan_book.named(one["department"]).name,
               "value": f"{sum(plan_book.months(one), NONE):,.2f}"} for one in department_rows]  # fmt: skip
    return {"plan_no": row.number, "planner": steps.actor(step), "approval_facts": facts,
            "subject": row.name, "version": 1}  # fmt: skip


@handler(outputs=("result",))
def void(step: Step, *, plan_no: str) -> dict[str, Any]:
    """作废计划：没有批准，同年同指标可以另编。"""
    write.move(write.need("sales_plan", plan_no), "已作废", **steps.writing(step))
    return {"result": "计划作废"}


@handler(outputs=("departments",))
def issue(step: Step, *, plan_no: str) -> dict[str, Any]:
    """下发计划：已下发，随即分解中；每个部门一份。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    for state in ("已下发", "分解中"):
        write.move(row, state, **steps.writing(step))
    return {"departments": [plan_book.for_department(row, one)
                            for one in plan_book.by_department(row)]}  # fmt: skip


@handler(outputs=("problems", "balance"), pure=True)
def check_company(step: Step, *, plan_no: str) -> dict[str, Any]:
    """校验公司汇总：每个部门各月合计不少于部门目标，全年合计不少于公司目标（E_PLAN_ROLLUP）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    reps = plan_book.by_department(row, reps=True)
    for one, wanted in plan_book.by_department(row).items():
        plan_book.check(reps.get(one, [NONE] * 12), wanted, plan_book.named(one).name)
    total = sum((sum(one, NONE) for one in reps.values()), NONE)
    if total < row.company_target:
        text = _("各部门合计 %(total)s，少于公司目标 %(target)s。",
                 total=f"{total:,.2f}", target=f"{row.company_target:,.2f}")  # fmt: skip
        raise BpmnError("E_PLAN_ROLLUP", text, problems=text)
    return {"problems": None, "balance": None}


@handler(outputs=("departments", "problems"))
def rebalance(step: Step, *, plan_no: str, balance: dict) -> dict[str, Any]:
    """下达新的部门目标：各月按原来的比例，只由这些部门重新分解。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    before = plan_book.by_department(row)
    for one in balance["rows"]:
        figures = before.get(one["department"], [NONE] * 12)
        made = plan_book.scaled(figures, Decimal(one["new_target"]))
        plan_book.put(step, row, one["department"], None, made)
    return {"departments": [plan_book.for_department(row, one["department"])
                            for one in balance["rows"]], "problems": None}  # fmt: skip


@handler(outputs=("version", "next_period", "check_at", "result"))
def lock(step: Step, *, plan_no: str, next_period: int | None = None) -> dict[str, Any]:
    """锁定计划：从此不能修改（E_PLAN_LOCKED），每月三日检查上个月。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    write.move(row, "已锁定", **steps.writing(step))
    today = steps.today(step)
    first = today.month if today.year == row.year else 1 if today.year < row.year else 12
    period = next_period or first
    return {"version": row.version, "next_period": period, "check_at": _check_at(row.year, period),
            "result": None}  # fmt: skip


def _check_at(year: int, period: int) -> dt.datetime:
    """Eight o'clock of the third of the month after, in the company's zone."""
    year, month = (year, period + 1) if period < 12 else (year + 1, (period % 12) + 1)
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return dt.datetime(year, month, 3, 8, tzinfo=zone).astimezone(dt.UTC)


@handler(
    outputs=("period", "next_period", "check_at", "variances", "low", "period_kind", "can_adjust",
             "analyses", "change_rows", "problems"),
)  # fmt: skip
def compute_actuals(step: Step, *, plan_no: str, next_period: int) -> dict[str, Any]:
    """统计实际：每个人每个月的实际数和完成率，各部门到本期的完成率（key plan+period）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    period = int(next_period)
    actuals = plan_figures.of_year(row.metric, row.year, period)
    _note_actuals(step, row, actuals, period)
    wanted = plan_book.by_department(row)
    got = dict.fromkeys(wanted, NONE)
    for one in plan_book.lines(row):
        if one.rep_id is not None and one.month <= period and one.department_id in got:
            got[one.department_id] += one.actual
    rows = [_variance(row, one, sum(figures[:period], NONE), got[one])
            for one, figures in wanted.items()]  # fmt: skip
    return {
        "period": period, "next_period": period + 1, "check_at": _check_at(row.year, period + 1),
        "variances": rows, "low": [], "period_kind": "季" if period % 3 == 0 else "月",
        "can_adjust": period % 3 == 0 and period < 12, "analyses": [], "problems": None,
        "change_rows": [{"department": one} | plan_book.spread(figures)
                        for one, figures in wanted.items()],
    }  # fmt: skip


def _note_actuals(step: Step, row: SalesPlan, actuals: plan_figures.Actuals, period: int) -> None:
    seen = set()
    for one in plan_book.lines(row):
        key = (one.rep_id or "", one.month)
        if one.rep_id is None or one.month > period or key in seen:
            continue
        seen.add(key)
        actual = actuals.get(key, NONE)
        write.change(one, {"actual": actual, "rate": _rate(actual, one.target)},
                     **steps.writing(step))  # fmt: skip
    for (rep, month), actual in actuals.items():
        department = steps.department_of(rep)
        if (rep, month) not in seen and department in plan_book.by_department(row):
            write.create("sales_plan_line", {
                "plan_id": row.id, "version": row.version, "department_id": department,
                "rep_id": rep, "month": month, "target": NONE, "actual": actual,
            }, **steps.writing(step))  # fmt: skip


def _rate(actual: Decimal, target: Decimal) -> Decimal | None:
    if not target:
        return None
    return max(-BEST_RATE, min(BEST_RATE, (actual / target).quantize(PLACES)))


def _variance(row: SalesPlan, department: str, target: Decimal, actual: Decimal) -> dict[str, Any]:
    unit = plan_book.named(department)
    return {"department_id": department, "name": unit.name, "manager": unit.manager_login,
            "target": target, "actual": actual, "level": None, "plan": row.name,
            "rate": _rate(actual, target) if target else Decimal(1)}  # fmt: skip


@handler(outputs=("variances", "low", "can_adjust"), pure=True)
def note_variance(
    step: Step, *, row: dict, level: str, variances: list, low: list, can_adjust: bool,
    period: int,
) -> dict[str, Any]:  # fmt: skip
    """登记差异：偏低和严重的部门要分析；严重时不等季末就可以调整。"""
    judged = row | {"level": level}
    listed = [judged if one["department_id"] == row["department_id"] else one
              for one in variances]  # fmt: skip
    bad = [*low, judged] if level in ("偏低", "严重") else low
    return {"variances": listed, "low": bad,
            "can_adjust": can_adjust or (level == "严重" and period < 12)}  # fmt: skip


@handler(outputs=("departments", "version", "problems"))
def unlock_revise(
    step: Step, *, plan_no: str, change_rows: list, period: int, change: dict | None = None
) -> dict[str, Any]:  # fmt: skip
    """解锁修订：版本加一，过去的月份原样复制，以后的月份换成批准的目标。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    before, old = plan_book.by_department(row), plan_book.lines(row)
    asked = {one["department"]: plan_book.months(one) for one in change_rows}
    touched = [one for one, figures in asked.items() if figures != before.get(one)]
    for one in touched:
        if asked[one][:period] != before[one][:period]:
            raise Invalid(_("已经过去的月份不能调整。"))
    write.move(row, "修订中", reason=(change or {}).get("reason") or "", **steps.writing(step))
    target = row.company_target + sum(
        (sum(asked[one], NONE) - sum(before[one], NONE) for one in touched), NONE)  # fmt: skip
    write.change(row, {"version": row.version + 1, "company_target": target},
                 **steps.writing(step))  # fmt: skip
    for one in old:
        given = {name: getattr(one, name) for name in
                 ("plan_id", "department_id", "rep_id", "month", "product_group", "target", "actual",
                  "rate", "confirm")}  # fmt: skip
        write.create("sales_plan_line", given | {"version": row.version}, **steps.writing(step))
    for one in touched:
        plan_book.put(step, row, one, None, asked[one])
    return {"departments": [plan_book.for_department(row, one) for one in touched],
            "version": row.version, "problems": None}  # fmt: skip


@handler(outputs=("change_facts",), topic="sales_plan.list_changes", pure=True)
def list_changes(step: Step, *, plan_no: str, change_rows: list, change: dict) -> dict[str, Any]:
    """列出要调整的内容，给总经理看。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    before = plan_book.by_department(row)
    facts = [
        {"label": _("计划"), "value": row.name},
        {"label": _("理由"), "value": change["reason"]},
    ]
    for one in change_rows:
        old, new = before.get(one["department"], []), plan_book.months(one)
        if old != new:
            facts.append({"label": plan_book.named(one["department"]).name, "value":
                          f"{sum(old, NONE):,.2f} → {sum(new, NONE):,.2f}"})  # fmt: skip
    if len(facts) == 2:
        raise Invalid(_("没有任何目标有变化。要维持原计划请选“不调整”。"))
    return {"change_facts": facts}


@handler(outputs=("score_rows",), pure=True)
def score_final(step: Step, *, plan_no: str) -> dict[str, Any]:
    """年度考核：每人全年的目标、实际和得分（完成率乘一百，最高一百二十）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    sums: dict[str, list[Decimal]] = {}
    for one in plan_book.lines(row):
        if one.rep_id is not None:
            both = sums.setdefault(one.rep_id, [NONE, NONE])
            both[0], both[1] = both[0] + one.target, both[1] + one.actual
    rows = []
    for rep, (target, actual) in sums.items():
        rate = _rate(actual, target) or NONE
        score = min(MOST_SCORE, max(NONE, rate * 100)).quantize(Decimal("0.01"))
        rows.append({"rep": rep, "name": steps.name_of(rep), "target": target, "actual": actual,
                     "rate": rate, "score": score, "final": score, "reason": None})  # fmt: skip
    return {"score_rows": rows}


@handler(outputs=("result",))
def archive(step: Step, *, plan_no: str, score_rows: list) -> dict[str, Any]:
    """计划归档：写下每人的考核结果，计划不再变动（key plan+rep）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    for one in score_rows:
        given = {"plan_id": row.id, "rep_id": one["rep"], "target": one["target"],
                 "actual": one["actual"], "rate": one["rate"], "score": one["final"]}  # fmt: skip
        write.create("plan_score", given, by=steps.actor(step), at=step.now)
    write.move(row, "已归档", **steps.writing(step))
    return {"result": "计划归档"}
