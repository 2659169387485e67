"""The page of a sales plan: target and actual of each person and month, with the sums.

It only shows: figures are planned and changed in the tasks of 051-03-01, and the month's actuals are
booked by its monthly step.
"""

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import request, url_for

from app import clock
from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.i18n import _, label
from app.records import numbers, sight
from app.records.sales_plan import SalesPlan, SalesPlanLine

MONTHS = range(1, 13)
ORDERS = "签单额"  # the metric whose actuals are a list of orders
GOOD, WEAK = Decimal("0.9"), Decimal("0.7")  # plan_variance


@dataclass
class Cell:
    """Target and actual of a month, or of a year."""

    target: Decimal = Decimal(0)
    actual: Decimal = Decimal(0)
    url: str = ""

    @property
    def rate(self) -> Decimal | None:
        """Actual as a part of the target; None without a target."""
        return self.actual / self.target if self.target else None

    @property
    def tone(self) -> str:
        """As `plan_variance` judges it."""
        if self.rate is None or not (self.target or self.actual):
            return ""
        return "done" if self.rate >= GOOD else "due" if self.rate >= WEAK else "over"

    def add(self, line: SalesPlanLine) -> None:
        """The line counts here too."""
        self.target += line.target
        self.actual += line.actual


@dataclass
class Line:
    """One person, one department, or the company."""

    name: str
    kind: str = "rep"  # rep, department, company
    months: dict[int, Cell] = field(default_factory=lambda: {month: Cell() for month in MONTHS})
    year: Cell = field(default_factory=Cell)
    so_far: Cell = field(default_factory=Cell)


def facts(row: SalesPlan, viewer: sight.Viewer) -> dict[str, Any]:
    """What the template of a plan needs besides the common sheet."""
    mine = [SalesPlanLine.plan_id == row.id, SalesPlanLine.version == row.version,
            sight.visible("sales_plan_line", viewer)]  # fmt: skip
    groups = list(db.session.scalars(
        sa.select(SalesPlanLine.product_group).where(*mine, SalesPlanLine.product_group.is_not(None))
        .distinct().order_by(SalesPlanLine.product_group)
    ))  # fmt: skip
    chosen = request.args.get("group", "")
    if chosen in groups:
        mine.append(SalesPlanLine.product_group == chosen)
    query = sa.select(SalesPlanLine).where(*mine).order_by(
        SalesPlanLine.department_id, SalesPlanLine.rep_id, SalesPlanLine.month
    )  # fmt: skip
    return {
        "groups": groups, "group": chosen if chosen in groups else "", "months": MONTHS,
        "plan_lines": _table(row, db.session.scalars(query)), "now_month": _now(row),
        "money_metric": row.metric in (ORDERS, "回款额", "毛利"),
    }  # fmt: skip


def _now(row: SalesPlan) -> int:
    """The last month that counts by now: 0 before the plan's year, 12 after it."""
    today = numbers.local_date(clock.now())
    return 0 if today.year < row.year else 12 if today.year > row.year else today.month


def _table(row: SalesPlan, lines: Iterable[SalesPlanLine]) -> list[Line]:
    """Departments with their people below, the company last. A department's own lines count only
    where its people have none."""
    by: dict[str | None, dict[str | None, list[SalesPlanLine]]] = {}
    for line in lines:
        by.setdefault(line.department_id, {}).setdefault(line.rep_id, []).append(line)
    names = people.names({rep for reps in by.values() for rep in reps if rep})
    departments = dict(db.session.execute(sa.select(Department.id, Department.name)).all())
    found, whole = [], Line(_("总计"), "company")
    for department, reps in by.items():
        head = Line(label(departments.get(department or "", "")) or _("没有部门"), "department")
        rows = []
        for rep, own in reps.items():
            if rep is None:
                continue
            one = Line(names.get(rep, rep))
            _count(row, one, own, rep)
            rows.append(one)
            _count(row, head, own)
            _count(row, whole, own)
        if not rows:
            _count(row, head, reps.get(None, []))
            _count(row, whole, reps.get(None, []))
        found += [head, *rows]
    return [*found, whole] if found else []


def _count(row: SalesPlan, one: Line, lines: list[SalesPlanLine], rep: str = "") -> None:
    now = _now(row)
    for line in lines:
        for cell in (one.months[line.month], one.year):
            cell.add(line)
        if line.month <= now:
            one.so_far.add(line)
        if rep and row.metric == ORDERS:
            one.months[line.month].url = _orders(row.year, line.month, rep)


def _orders(year: int, month: int, rep: str) -> str:
    """The orders behind the figure."""
    last = dt.date(year, month, calendar.monthrange(year, month)[1])
    return url_for("records.index_of", entity="sales_order", **{
        "sales_rep_id": rep, "order_date.from": f"{year}-{month:02}-01", "order_date.to": str(last),
    })  # fmt: skip
