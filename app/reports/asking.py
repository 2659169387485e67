"""The address of a report as a question: period, department, person and choices live in the URL."""

import datetime as dt
import re
from collections.abc import Mapping

import sqlalchemy as sa

from app import clock
from app.accounts import people
from app.accounts.models import Department, Group, User, membership
from app.db import db
from app.i18n import _, label
from app.records import numbers, sight
from app.reports.report import Ask, Period, Report

SELLERS = ("sales_rep", "sales_manager", "sales_director")
YEARS = 3


def of(report: Report, given: Mapping[str, str], viewer: sight.Viewer) -> Ask:
    """The question of an address; parts that do not fit are left out."""
    today = numbers.local_date(clock.now())
    period = parse(given.get("period", ""), today) or parse(str(today.year), today)
    assert period is not None
    department = given.get("department", "")
    known = department and db.session.get(Department, department)
    chosen = {}
    for name, offers in report.choices.items():
        wanted = given.get(name, "")
        chosen[name] = wanted if wanted in offers else next(iter(offers))
    return Ask(
        viewer=viewer, today=today, period=period if report.dated else Period("all"),
        departments=tuple(people.departments_below(department)) if known else (),
        person=given.get("person", "")[:40], chosen=chosen,
    )  # fmt: skip


def parse(text: str, today: dt.date) -> Period | None:
    """2026, 2026-Q1, 2026-03 or all."""
    if text == "all":
        return Period("all")
    found = re.fullmatch(r"(20\d\d)(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", text)
    if found is None:
        return None
    year, quarter, month = found.groups()
    first = int(month) if month else int(quarter) * 3 - 2 if quarter else 1
    last = int(month) if month else int(quarter) * 3 if quarter else 12
    after = dt.date(int(year) + last // 12, last % 12 + 1, 1)
    return Period(text, dt.date(int(year), first, 1), after - dt.timedelta(days=1))


def periods(today: dt.date) -> list[tuple[str, str]]:
    """(name in the address, words) of the periods on offer, the nearest first."""
    year = today.year
    found = [(str(y), _("%(year)s 年", year=y)) for y in range(year, year - YEARS, -1)]
    found += [
        (f"{year}-Q{n}", _("%(year)s 年 %(quarter)s 季度", year=year, quarter=n))
        for n in range((today.month - 1) // 3 + 1, 0, -1)
    ]
    found += [(f"{year}-{n:02d}", f"{year}-{n:02d}") for n in range(today.month, 0, -1)]
    return [*found, ("all", _("全部时间"))]


def departments() -> list[tuple[str, str]]:
    """(id, name) of all departments."""
    rows = db.session.execute(sa.select(Department.id, Department.name).order_by(Department.id))
    return [(id, label(name)) for id, name in rows]


def persons(viewer: sight.Viewer) -> list[tuple[str, str]]:
    """(login, name) of the people whose rows the viewer may see."""
    query = sa.select(User.login, User.name).where(User.enabled).order_by(User.login)
    if viewer.groups & sight.EVERYWHERE:
        sellers = sa.select(membership.c.user_login).join(
            Group, Group.id == membership.c.group_id
        ).where(Group.id.in_(SELLERS))  # fmt: skip
        query = query.where(User.login.in_(sellers))
    else:
        mine = User.login.in_({viewer.login, *viewer.below})
        query = query.where(sa.or_(mine, User.department_id.in_(viewer.managed)))
    return [(login, name) for login, name in db.session.execute(query)]
