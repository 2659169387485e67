"""Reports of 051-01 about customers themselves: facts, structure, finding new ones, care."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.assignment_history import AssignmentHistory
from app.records.contact import Contact
from app.records.counter import DevCounter
from app.records.customer import Customer
from app.records.sales_order import SalesOrder
from app.records.sales_plan import SalesPlan, SalesPlanLine
from app.reports.report import Ask, Link, Row, count_if, share, sum_if, within

SIGNED = ("已生效", "履约中", "挂起", "已完成")
LIVE = ("有效", "公海")
CARE_DAYS = 30
DIMENSIONS = {
    "industry": _l("行业"), "region": _l("区域"), "source": _l("来源"), "grade": _l("等级"),
    "life_stage": _l("客户阶段"), "customer_type": _l("客户类型"),
}  # fmt: skip


def completeness(ask: Ask) -> sa.Select[Any]:
    """Per person: customers, how complete their facts are, doubles that were stopped (R01-1)."""
    row, count = Customer, DevCounter
    none = sa.literal(0)
    kept = (
        sa.select(
            row.owner_id.label("person"), sa.func.count().label("customers"),
            sa.type_coerce(sa.func.sum(row.completeness), row.completeness.type).label("points"),
            count_if(sa.func.coalesce(row.completeness, 0) < 1).label("gaps"),
            none.label("blocked"),
        )
        .where(*within(ask, row), row.state.in_(LIVE))
        .group_by(row.owner_id)
    )  # fmt: skip
    blocked = (
        sa.select(count.user_id, none, none, none, sa.func.sum(count.count))
        .where(*within(ask, count, person=count.user_id), count.metric == "duplicate_blocked",
               *ask.period.months(count.year, count.month))
        .group_by(count.user_id)
    )  # fmt: skip
    both = sa.union_all(kept, blocked).subquery()
    return (
        sa.select(
            both.c.person, sa.func.sum(both.c.customers).label("customers"),
            sa.type_coerce(sa.func.sum(both.c.points), Customer.completeness.type).label("points"),
            sa.func.sum(both.c.gaps).label("gaps"), sa.func.sum(both.c.blocked).label("blocked"),
        )
        .group_by(both.c.person)
        .order_by(sa.desc("customers"), both.c.person)
    )  # fmt: skip


def rate_completeness(row: Row) -> None:
    """complete = points / customers."""
    row["complete"] = share(row["points"], row["customers"])


def of_owner(row: Row, _ask: Ask) -> Link:
    """The customers of the person; those of nobody are those without an owner."""
    return "customer", {"owner_id": row["person"] or "-"}


def structure(ask: Ask) -> sa.Select[Any]:
    """Customers by one property, and what they ordered in the period (R01-2)."""
    row, order = Customer, SalesOrder
    by = getattr(row, ask.chosen["by"])
    bought = (
        sa.select(order.customer_id, sa.func.sum(order.total).label("amount"))
        .where(order.workspace_id == workspace.current(), order.state.in_(SIGNED),
               *ask.period.days(order.order_date))
        .group_by(order.customer_id)
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            by.label("value"), sa.func.count().label("customers"),
            count_if(bought.c.amount > 0).label("buyers"),
            sa.func.sum(bought.c.amount).label("amount"),
        )
        .select_from(row)
        .outerjoin(bought, bought.c.customer_id == row.id)
        .where(*within(ask, row), row.state.in_(LIVE))
        .group_by(by)
        .order_by(sa.desc("customers"), by)
    )  # fmt: skip


def of_dimension(row: Row, ask: Ask) -> Link:
    """The customers with this value."""
    return "customer", {ask.chosen["by"]: row["value"] or "-"}


def pyramid(ask: Ask) -> sa.Select[Any]:
    """Customers by grade, and what each grade ordered in the period (R03-3)."""
    return structure(ask).order_by(None).order_by(Customer.grade.is_(None), Customer.grade)


def of_grade(row: Row, _ask: Ask) -> Link:
    """The customers of the grade."""
    return "customer", {"grade": row["value"] or "-"}


PLANNED = {"新客户数": "new_customer", "新联系人数": "new_contact"}


def development(ask: Ask) -> sa.Select[Any]:
    """Per person: new customers and contacts, found and planned (R01-3, 051-01 P2)."""
    count, plan, line = DevCounter, SalesPlan, SalesPlanLine
    none = sa.literal(0)
    found = (
        sa.select(
            count.user_id.label("person"),
            sum_if(count.metric == "new_customer", count.count).label("customers"),
            none.label("customers_planned"),
            sum_if(count.metric == "new_contact", count.count).label("contacts"),
            none.label("contacts_planned"),
        )
        .where(*within(ask, count, person=count.user_id), count.metric.in_(PLANNED.values()),
               *ask.period.months(count.year, count.month))
        .group_by(count.user_id)
    )  # fmt: skip
    planned = (
        sa.select(
            line.rep_id, none, sum_if(plan.metric == "新客户数", line.target), none,
            sum_if(plan.metric == "新联系人数", line.target),
        )
        .join(plan, line.plan_id == plan.id)
        .where(*within(ask, line, person=line.rep_id), line.version == plan.version,
               line.rep_id.is_not(None), plan.metric.in_(PLANNED), plan.state.in_(LOCKED),
               *ask.period.months(plan.year, line.month))
        .group_by(line.rep_id)
    )  # fmt: skip
    money = SalesPlanLine.target.type
    both = sa.union_all(found, planned).subquery()
    planned_sums = [
        sa.type_coerce(sa.func.sum(both.c[name]), money).label(name)
        for name in ("customers_planned", "contacts_planned")
    ]
    return (
        sa.select(
            both.c.person, sa.func.sum(both.c.customers).label("customers"), planned_sums[0],
            sa.func.sum(both.c.contacts).label("contacts"), planned_sums[1],
        )
        .group_by(both.c.person)
        .order_by(sa.desc("customers"), both.c.person)
    )  # fmt: skip


LOCKED = ("已锁定", "修订中", "已归档", "分解中", "已下发")


def rate_development(row: Row) -> None:
    """Found against planned."""
    row["customers_rate"] = share(row["customers"], row["customers_planned"])
    row["contacts_rate"] = share(row["contacts"], row["contacts_planned"])


def of_finder(row: Row, _ask: Ask) -> Link:
    """The monthly counts of the person."""
    return "dev_counter", {"user_id": row["person"]}


def care(ask: Ask) -> sa.Select[Any]:
    """Birthdays of the next thirty days, with consent, for owner and superiors only (R01-4)."""
    row, buyer = Contact, Customer
    whose = sa.func.coalesce(row.owner_id, buyer.owner_id)
    key = sa.extract("month", row.birthday) * 100 + sa.extract("day", row.birthday)
    begin, end = (day.month * 100 + day.day for day in
                  (ask.today, ask.today + dt.timedelta(days=CARE_DAYS)))  # fmt: skip
    near = (key >= begin) & (key <= end) if begin <= end else (key >= begin) | (key <= end)
    return (
        sa.select(
            row.name.label("name"), row.number.label("number"), buyer.name.label("customer"),
            buyer.number.label("customer_no"), row.title_text.label("post"),
            row.birthday.label("birthday"), whose.label("person"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=whose), row.state == "在职", row.consent == "已取得",
               row.care_optout.is_(False), near,
               whose.in_(sorted({ask.viewer.login, *ask.viewer.below})))
        .order_by(key < begin, key, row.name)
    )  # fmt: skip


def of_contact(row: Row, _ask: Ask) -> Link:
    """The contact's page."""
    return "contact", {"key": row["number"]}


def assignment(ask: Ask) -> sa.Select[Any]:
    """Reasons of assignments and what became of them (R02-1)."""
    row = AssignmentHistory
    return (
        sa.select(
            row.reason.label("reason"), sa.func.count().label("customers"),
            count_if(row.result == "已接收").label("accepted"),
            count_if(row.result == "拒绝").label("declined"),
            count_if(row.result == "超时").label("late"),
            count_if(row.result == "入公海").label("pooled"),
        )
        .where(*within(ask, row, person=row.to_id), *ask.period.moments(row.created_at))
        .group_by(row.reason)
        .order_by(sa.desc("customers"), row.reason)
    )  # fmt: skip


def rate_assignment(row: Row) -> None:
    """How many were accepted."""
    row["rate"] = share(row["accepted"], row["customers"])


def of_reason(row: Row, _ask: Ask) -> Link:
    """The assignments with this reason."""
    return "assignment_history", {"reason": row["reason"]}
