"""Reports of 051-01 about customers themselves: facts, structure, finding new ones, care."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import workspace
from app.i18n import _l
from app.records.action import Action
from app.records.assignment_history import AssignmentHistory
from app.records.contact import Contact
from app.records.counter import DevCounter
from app.records.customer import Customer
from app.records.opportunity import Opportunity
from app.records.sales_order import SalesOrder
from app.records.sales_plan import SalesPlan, SalesPlanLine
from app.reports import columns as c
from app.reports import spans
from app.reports.report import (
    MONEY,
    TRADE,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    sum_if,
    to,
    within,
)

SIGNED = ("已生效", "履约中", "挂起", "已完成")
LIVE = ("有效", "公海")
CARE_DAYS = 30
DIMENSIONS = {
    "industry": _l("行业"), "region": _l("区域"), "source": _l("来源"), "grade": _l("等级"),
    "life_stage": _l("客户阶段"), "customer_type": _l("客户类型"), "size": _l("规模"),
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
    by = _size(row.employees) if ask.chosen["by"] == "size" else getattr(row, ask.chosen["by"])
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


SIZES = ((50, "50 人以下"), (200, "50–199 人"), (1000, "200–999 人"))


def _size(employees: Any) -> Any:
    bands = ((employees < edge, name) for edge, name in SIZES)
    return sa.case((employees.is_(None), None), *bands, else_="1000 人以上")


def of_dimension(row: Row, ask: Ask) -> Link | None:
    """The customers with this value."""
    if ask.chosen["by"] == "size":
        return None
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


ASSIGNED_BY = {"reason": _l("分配原因"), "mode": _l("分配方式"), "person": _l("新负责人")}


def assignment(ask: Ask) -> sa.Select[Any]:
    """What became of assignments: accepted, how long customers lay idle before and after, and
    what the new owner won (R02-1)."""
    row, act, chance = AssignmentHistory, Action, Opportunity
    key = row.to_id if ask.chosen["by"] == "person" else getattr(row, ask.chosen["by"])
    before = _one(sa.func.max(act.at), act, act.customer_id == row.customer_id,
                  act.at < row.created_at)  # fmt: skip
    after = _one(sa.func.min(act.at), act, act.customer_id == row.customer_id,
                 act.at >= row.created_at)  # fmt: skip
    closed = [
        _one(sa.func.count(), chance, chance.customer_id == row.customer_id,
             chance.state == state, chance.updated_at >= row.created_at)
        for state in ("赢单", "丢单")
    ]  # fmt: skip
    rows = (
        sa.select(
            key.label("key"), row.result.label("result"),
            spans.days(before, row.created_at).label("before"),
            spans.days(row.created_at, after).label("after"),
            closed[0].label("won"), closed[1].label("lost"),
        )
        .where(*within(ask, row, person=row.to_id), *ask.period.moments(row.created_at))
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            rows.c.key, sa.func.count().label("customers"),
            *(count_if(rows.c.result == result).label(name) for result, name in (
                ("已接收", "accepted"), ("拒绝", "declined"), ("超时", "late"),
                ("入公海", "pooled"))),
            *(sa.func.sum(rows.c[name]).label(f"{name}_days") for name in ("before", "after")),
            *(sa.func.count(rows.c[name]).label(f"{name}_count") for name in ("before", "after")),
            sa.func.sum(rows.c.won).label("won"), sa.func.sum(rows.c.lost).label("lost"),
        )
        .group_by(rows.c.key)
        .order_by(sa.desc("customers"), rows.c.key)
    )  # fmt: skip


def _one(what: Any, of: Any, *conditions: Any) -> Any:
    query = sa.select(what).select_from(of).where(*conditions)
    return query.correlate(AssignmentHistory).scalar_subquery()


def rate_assignment(row: Row) -> None:
    """Accepted of all, mean idle days on both sides, won of what was decided since."""
    row["rate"] = share(row["accepted"], row["customers"])
    row["before"] = share(row["before_days"], row["before_count"])
    row["after"] = share(row["after_days"], row["after_count"])
    row["win_rate"] = share(row["won"], (row["won"] or 0) + (row["lost"] or 0))


def of_reason(row: Row, ask: Ask) -> Link:
    """The assignments behind the row."""
    column = "to_id" if ask.chosen["by"] == "person" else ask.chosen["by"]
    return "assignment_history", {column: row["key"] or "-"}


REPORTS = (
    Report("051-01/R01-1", _l("资料完整率与重复拦截"),
           _l("谁的客户资料不全，谁拦下了重复登记。"),
           (c.OWNER, c.count("customers", _l("客户数")), c.rate("complete", _l("完整率")),
            c.count("gaps", _l("不完整")), c.count("blocked", _l("重复拦截"))),
           completeness, TRADE, Chart("bars", "person", ("complete",)),
           rate_completeness, of_owner, parts=("points",)),
    Report("051-01/R01-2", _l("客户结构分析"), _l("客户按行业、区域、来源、等级怎样分布，各买了多少。"),
           (c.word("value", _l("分类")), c.count("customers", _l("客户数")),
            c.count("buyers", _l("有签单")), c.money("amount", _l("签单额"))),
           structure, TRADE, Chart("bars", "value", ("customers",), "amount"),
           link=of_dimension, choices={"by": DIMENSIONS}),
    Report("051-01/R01-3", _l("新客户和新联系人开发"), _l("每个人新开发的客户和联系人，与计划对比。"),
           (c.OWNER, c.count("customers", _l("新客户数")),
            c.qty("customers_planned", _l("计划")),
            c.rate("customers_rate", _l("完成")), c.count("contacts", _l("新联系人")),
            c.qty("contacts_planned", _l("联系人计划")),
            c.rate("contacts_rate", _l("完成"))),
           development, TRADE, Chart("plan", "person",
                                                  ("customers_planned", "customers")),
           rate_development, to("dev_counter", user_id="person")),
    Report("051-01/R01-4", _l("生日与关怀提醒"), _l("三十天内过生日、并且同意记录个人信息的联系人。"),
           (c.text("name", _l("姓名")), c.BUYER, c.text("post", _l("职务")),
            c.Column("birthday", _l("生日"), "birthday"), c.OWNER),
           care, TRADE, link=to("contact", key="number"), dated=False),
    Report("051-01/R02-1", _l("分配效果"), _l("为什么分配客户，接收了多少，换人以后跟进和赢单好不好。"),
           (c.KEY, c.count("customers", _l("客户数")), c.count("accepted", _l("已接收")),
            c.count("declined", _l("拒绝数")), c.count("late", _l("超时")),
            c.count("pooled", _l("入公海")), c.rate("rate", _l("接收率")),
            c.days("before", _l("分配前空闲天数")), c.days("after", _l("分配后空闲天数")),
            c.count("won", _l("赢单")), c.rate("win_rate", _l("赢单率"))),
           assignment, TRADE, Chart("plan", "key", ("before", "after")), rate_assignment,
           of_reason, {"by": ASSIGNED_BY},
           parts=("before_days", "after_days", "before_count", "after_count", "lost")),
    Report("051-01/R03-3", _l("客户金字塔"), _l("各等级有多少客户，带来多少签单。"),
           (c.word("value", _l("客户等级")), c.count("customers", _l("客户数")),
            c.count("buyers", _l("有签单")), c.money("amount", _l("签单额"))),
           pyramid, TRADE | MONEY, Chart("pyramid", "value", ("customers",), "amount"),
           link=of_grade, choices={"by": {"grade": _l("等级")}}),
)  # fmt: skip
