"""部门分解：分到人、逐人确认、异议和裁定（051-03-01 步骤 01.07）。"""

from decimal import Decimal
from typing import Any

from app.accounts import people
from app.engine.handlers import Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import write
from app.records.sales_plan import SalesPlan
from handlers import plan_book, steps

NONE = Decimal(0)
ANSWERS = {"confirm": "已确认", "object": "有异议", "confirm_for": "代确认"}


@handler(
    topic="sales_plan.open_department",
    outputs=("rep_rows", "month_rows", "round", "asked", "objections", "answers", "problems",
             "answer", "ruling_rows", "outcome", "subject", "version"),
    pure=True,
)  # fmt: skip
def open_department(step: Step, *, plan_no: str, department: dict) -> dict[str, Any]:
    """准备分解：部门各月的目标，按人平均分好；修订时带上现有的分解。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    unit = department["department_id"]
    wanted = plan_book.by_department(row)[unit]
    known = {rep: figures for rep, figures in plan_book.by_rep(row, unit).items() if any(figures)}
    reps = list(known) or people.holders("sales_rep", unit)
    if not reps:
        raise LookupError(_("%(name)s 没有业务员，计划分不下去。", name=department["name"]))
    parts = [plan_book.share(target, len(reps)) for target in wanted]
    equal = {rep: [part[n] for part in parts] for n, rep in enumerate(reps)}
    return {
        "rep_rows": [{"rep": rep} | plan_book.spread((known or equal)[rep]) for rep in reps],
        "month_rows": [{"label": _("%(month)s 月", month=month), "value": f"{target:,.2f}"}
                       for month, target in zip(plan_book.YEAR, wanted, strict=True)],
        "round": 1, "asked": [], "objections": [], "answers": [], "problems": None,
        "answer": None, "ruling_rows": [], "outcome": None, "version": row.version,
        "subject": f"{row.name} {department['name']}",
    }  # fmt: skip


@handler(
    topic="sales_plan.check_rollup",
    outputs=("asked", "objections", "answers", "problems", "ruling_rows"),
)
def check_rollup(step: Step, *, plan_no: str, department: dict, rep_rows: list) -> dict[str, Any]:
    """校验汇总：每个月各人合计不少于部门目标，通过后写下各人的目标，请他们确认（E_PLAN_ROLLUP）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    unit = department["department_id"]
    names = [one["rep"] for one in rep_rows]
    if len(set(names)) != len(names):
        raise Invalid(_("同一个人列了两次。"))
    figures = {one["rep"]: plan_book.months(one) for one in rep_rows}
    _check_past(row, unit, figures)
    plan_book.check(plan_book.summed(figures.values()), plan_book.by_department(row)[unit],
                    department["name"])  # fmt: skip
    plan_book.drop_reps(step, row, unit, set(figures))
    for rep, months in figures.items():
        plan_book.put(step, row, unit, rep, months)
    _note_confirm(step, row, unit, set(figures), "待确认")
    return {"asked": [_asked(rep, months) for rep, months in figures.items()], "objections": [],
            "answers": [], "problems": None, "ruling_rows": _ruling(figures)}  # fmt: skip


def _check_past(row: SalesPlan, unit: str, figures: dict[str, list[Decimal]]) -> None:
    """A revision leaves the months that are over as they are."""
    if row.version == 1:
        return
    for rep, months in plan_book.by_rep(row, unit).items():
        done = [one.month for one in plan_book.lines(row, version=row.version - 1)
                if one.rep_id == rep and one.rate is not None]  # fmt: skip
        now = figures.get(rep, [NONE] * 12)
        if any(now[month - 1] != months[month - 1] for month in done):
            raise Invalid(_("已经过去的月份不能调整。"))


def _asked(rep: str, months: list[Decimal]) -> dict[str, Any]:
    shown = [{"label": _("%(month)s 月", month=month), "value": f"{target:,.2f}"}
             for month, target in zip(plan_book.YEAR, months, strict=True)]  # fmt: skip
    return {"rep": rep, "name": steps.name_of(rep), "rows": shown,
            "total": f"{sum(months, NONE):,.2f}"}  # fmt: skip


def _ruling(figures: dict[str, list[Decimal]]) -> list[dict[str, Any]]:
    return [{"rep": rep, "name": steps.name_of(rep), "present": sum(months, NONE),
             "final": sum(months, NONE)} for rep, months in figures.items()]  # fmt: skip


def _note_confirm(step: Step, row: SalesPlan, unit: str, reps: set[str], word: str) -> None:
    for one in plan_book.lines(row):
        if one.department_id == unit and one.rep_id in reps:
            write.change(one, {"confirm": word}, **steps.writing(step))


@handler(topic="sales_plan.note_answer", outputs=("answers", "objections"))
def note_answer(
    step: Step, *, plan_no: str, department: dict, one: dict, answer_outcome: str,
    answer: dict | None = None, answers: list | None = None, objections: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记答复：已确认、有异议，或者由经理代确认；异议的理由留给经理看。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    word = ANSWERS[answer_outcome]
    _note_confirm(step, row, department["department_id"], {one["rep"]}, word)
    why = (answer or {}).get("reason")
    said = {"rep": one["rep"], "name": one["name"], "answer": word, "reason": why}
    against = [*(objections or []), said] if word == "有异议" else objections or []
    return {"answers": [*(answers or []), said], "objections": against}


@handler(topic="sales_plan.ask_objectors", outputs=("asked", "objections", "answers"), pure=True)
def ask_objectors(
    step: Step, *, plan_no: str, department: dict, objections: list
) -> dict[str, Any]:
    """再请异议人确认：目标不变，只问有异议的人。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    figures = plan_book.by_rep(row, department["department_id"])
    names = [one["rep"] for one in objections]
    return {"asked": [_asked(rep, figures[rep]) for rep in names], "objections": [],
            "answers": []}  # fmt: skip


@handler(topic="sales_plan.apply_ruling", outputs=("rep_rows", "problems", "objections"))
def apply_ruling(
    step: Step, *, plan_no: str, department: dict, ruling_rows: list
) -> dict[str, Any]:
    """执行裁定：各人的年度目标按裁定，各月按原来的比例，合计不少于部门目标（E_PLAN_ROLLUP）。"""
    row: SalesPlan = write.need("sales_plan", plan_no)
    unit = department["department_id"]
    before, wanted = plan_book.by_rep(row, unit), plan_book.by_department(row)[unit]
    made = {one["rep"]: plan_book.scaled(before[one["rep"]], Decimal(one["final"]))
            for one in ruling_rows}  # fmt: skip
    made = _rounded(made, wanted)
    plan_book.check(plan_book.summed(made.values()), wanted, department["name"])
    for rep, months in made.items():
        plan_book.put(step, row, unit, rep, months)
    _note_confirm(step, row, unit, set(made), "已确认")
    return {"rep_rows": [{"rep": rep} | plan_book.spread(months) for rep, months in made.items()],
            "problems": None, "objections": []}  # fmt: skip


def _rounded(made: dict[str, list[Decimal]], wanted: list[Decimal]) -> dict[str, list[Decimal]]:
    """A cent that rounding took from a month goes to its first person, and comes out of December."""
    first = next(iter(made))
    for month in range(11):
        gap = wanted[month] - sum(figures[month] for figures in made.values())
        if NONE < gap <= Decimal("0.05"):
            made[first][month] += gap
            made[first][11] -= gap
    return made
