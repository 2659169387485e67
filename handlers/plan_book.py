"""计划台账：部门与个人的各月目标、汇总和版本，供销售计划各步共用（051-03-01）。"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.engine.handlers import BpmnError, Step
from app.i18n import _
from app.records import write
from app.records.sales_plan import SalesPlan, SalesPlanLine
from handlers import steps

NONE, CENT, YEAR = Decimal(0), Decimal("0.01"), range(1, 13)


def months(row: Mapping[str, Any]) -> list[Decimal]:
    """The twelve figures m1 … m12 of a row of a form; empty ones are 0."""
    return [Decimal(row.get(f"m{month}") or 0) for month in YEAR]


def spread(figures: Iterable[Decimal]) -> dict[str, Decimal]:
    """Twelve figures as m1 … m12."""
    return {f"m{month}": figure for month, figure in zip(YEAR, figures, strict=True)}


def share(total: Decimal, parts: int) -> list[Decimal]:
    """`total` in equal parts; what is left over goes to the last one."""
    each = (total / parts).quantize(CENT, ROUND_DOWN)
    return [each] * (parts - 1) + [total - each * (parts - 1)]


def scaled(figures: list[Decimal], total: Decimal) -> list[Decimal]:
    """The figures in proportion, so that they add up to `total`."""
    before = sum(figures, NONE)
    if not before:
        return share(total, len(figures))
    made = [(one * total / before).quantize(CENT, ROUND_DOWN) for one in figures]
    return [*made[:-1], total - sum(made[:-1], NONE)]


def lines(plan: SalesPlan, *, version: int | None = None) -> list[SalesPlanLine]:
    """Every line of a version (the present one), departments and people."""
    query = sa.select(SalesPlanLine).where(
        SalesPlanLine.plan_id == plan.id, SalesPlanLine.version == (version or plan.version)
    )
    return list(db.session.scalars(query.order_by(SalesPlanLine.id)))


def by_department(plan: SalesPlan, *, reps: bool = False) -> dict[str, list[Decimal]]:
    """{department: twelve targets} of the departments, or of their people added up."""
    found: dict[str, list[Decimal]] = {}
    for one in lines(plan):
        if (one.rep_id is not None) is reps and one.department_id is not None:
            found.setdefault(one.department_id, [NONE] * 12)[one.month - 1] += one.target
    return found


def by_rep(plan: SalesPlan, department: str) -> dict[str, list[Decimal]]:
    """{person: twelve targets} of a department."""
    found: dict[str, list[Decimal]] = {}
    for one in lines(plan):
        if one.rep_id is not None and one.department_id == department:
            found.setdefault(one.rep_id, [NONE] * 12)[one.month - 1] += one.target
    return found


def put(
    step: Step, plan: SalesPlan, department: str, rep: str | None, figures: list[Decimal]
) -> None:
    """The department's (or person's) lines of the present version hold these twelve targets."""
    known = {one.month: one for one in lines(plan)
             if one.department_id == department and one.rep_id == rep}  # fmt: skip
    for month, target in zip(YEAR, figures, strict=True):
        if month in known:
            write.change(known[month], {"target": target}, **steps.writing(step))
            continue
        given = {"plan_id": plan.id, "version": plan.version, "department_id": department,
                 "rep_id": rep, "month": month, "target": target}  # fmt: skip
        write.create("sales_plan_line", given, **steps.writing(step))


def drop_reps(step: Step, plan: SalesPlan, department: str, but: set[str]) -> None:
    """People of the department who are not in the plan any more have a target of nothing."""
    for one in lines(plan):
        if one.department_id == department and one.rep_id and one.rep_id not in but:
            write.change(one, {"target": NONE}, **steps.writing(step))


def check(have: list[Decimal], wanted: list[Decimal], who: str) -> None:
    """Every month adds up to at least the target above it. Raises E_PLAN_ROLLUP, tolerance 0."""
    short = [_("%(month)s 月差 %(gap)s", month=month, gap=f"{want - got:,.2f}")
             for month, got, want in zip(YEAR, have, wanted, strict=True) if got < want]  # fmt: skip
    if short:
        text = _("%(who)s合计少于上级目标：%(gaps)s。", who=who, gaps="；".join(short))
        raise BpmnError("E_PLAN_ROLLUP", text, problems=text)


def summed(rows: Iterable[list[Decimal]]) -> list[Decimal]:
    """Month by month."""
    total = [NONE] * 12
    for row in rows:
        total = [a + b for a, b in zip(total, row, strict=True)]
    return total


def departments() -> list[Department]:
    """The departments that have sales representatives of their own."""
    every = db.session.scalars(sa.select(Department).order_by(Department.id))
    return [one for one in every if any(
        steps.department_of(login) == one.id for login in people.holders("sales_rep", one.id))]  # fmt: skip


def named(department: str) -> Department:
    """The department with this id."""
    return db.session.get_one(Department, department)


def for_department(plan: SalesPlan, department: str) -> dict[str, Any]:
    """What the department's part of the flow is started with."""
    row = named(department)
    target = by_department(plan).get(department, [NONE] * 12)
    return {"department_id": department, "name": row.name, "manager": row.manager_login,
            "target": sum(target, NONE)}  # fmt: skip
