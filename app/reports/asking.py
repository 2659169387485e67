"""The address of a report as a question: period, department, person and choices live in the URL."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from app import clock
from app.accounts import people
from app.accounts.models import Department, Group, User, membership
from app.db import db
from app.i18n import _, _l, label
from app.records import numbers, sight
from app.reports.report import Ask, Column, Period, Report

SELLERS = ("sales_rep", "sales_manager", "sales_director")
YEARS = 3
VERSUS = {"before": _l("与上一期比"), "year": _l("与去年同期比")}
# what a choice is called beside its list
CALLED = {
    "by": _l("按"), "metric": _l("指标"), "grade": _l("客户等级"), "days": _l("期限"),
    "kind": _l("种类"), "ledger": _l("账本"), "scope": _l("适用范围"), "state": _l("状态"),
    "flag": _l("底价"), "color": _l("红蓝字"), "source": _l("来源"),
}  # fmt: skip


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
        words=given.get("q", "").strip()[:60] if report.finds else "",
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


def earlier(ask: Ask, how: str) -> Ask | None:
    """The same question of the period before, or of the same one a year ago."""
    first, last = ask.period.first, ask.period.last
    if how not in ("before", "year") or first is None or last is None:
        return None
    months = 12 if how == "year" else (last.year - first.year) * 12 + last.month - first.month + 1
    begin = _months_ago(first, months)
    end = _months_ago(last + dt.timedelta(days=1), months) - dt.timedelta(days=1)
    return replace(ask, period=Period(ask.period.text, begin, end))


def _months_ago(first: dt.date, months: int) -> dt.date:
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return dt.date(year, month + 1, 1)


def is_month(column: Column, ask: Ask) -> bool:
    """Does the column hold months, as it is asked for?"""
    return column.format == "month" or (column.format == "by" and ask.chosen.get("by") == "month")


def periods(today: dt.date, asked: str = "") -> list[tuple[str, str]]:
    """(name in the address, words) of the periods on offer, the nearest first; the one that is
    asked for is among them."""
    year = today.year
    found = [(str(y), _("%(year)s 年", year=y)) for y in range(year, year - YEARS, -1)]
    found += [
        (f"{year}-Q{n}", _("%(year)s 年 %(quarter)s 季度", year=year, quarter=n))
        for n in range((today.month - 1) // 3 + 1, 0, -1)
    ]
    found += [(f"{year}-{n:02d}", f"{year}-{n:02d}") for n in range(today.month, 0, -1)]
    found.append(("all", _("全部时间")))
    if asked and asked not in dict(found):
        found.insert(0, (asked, asked))
    return found


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
