"""Reports of 051-01-02: the pool, first contact after an assignment, load, customers in danger."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock, workspace
from app.i18n import _l
from app.records.action import Action
from app.records.assignment_history import AssignmentHistory
from app.records.customer import Customer
from app.records.sales_order import SalesOrder
from app.reports import columns as c
from app.reports import spans
from app.reports.of_customers import LIVE, SIGNED
from app.reports.report import (
    MARKET,
    TRADE,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    to,
    within,
)

POOL_BY = {"region": _l("区域"), "industry": _l("行业"), "grade": _l("等级"),
           "department": _l("部门")}  # fmt: skip
WITHIN = {"3": _l("三天内"), "1": _l("一天内"), "2": _l("两天内"), "7": _l("七天内")}
# days without contact after which somebody must look, by the customer's stage
IDLE = {"潜在": 30, "意向": 45, "成交": 60, "流失": 90}
NO_ORDER = 365
WARNINGS = {"": _l("全部"), "联系超期": _l("联系超期"), "无业务": _l("一年无业务")}


def pool(ask: Ask) -> sa.Select[Any]:
    """What lies in the pool, and what went in and out in the period (R02-2)."""
    row, moved = Customer, AssignmentHistory
    by = row.department_id if ask.chosen["by"] == "department" else getattr(row, ask.chosen["by"])
    none = sa.literal(0)
    stock = (
        sa.select(by.label("key"), sa.func.count().label("stock"),
                  sa.func.sum(spans.days(row.pool_at, clock.now())).label("days"),
                  none.label("pooled"), none.label("claimed"), none.label("refused"))
        .where(*within(ask, row), row.state == "公海")
        .group_by(by)
    )  # fmt: skip
    taken = moved.reason == "申请领取"
    moves = (
        sa.select(by, none, none, count_if(moved.result == "入公海"),
                  count_if(taken & (moved.result == "已接收")),
                  count_if(taken & (moved.result != "已接收")))
        .select_from(moved)
        .join(row, moved.customer_id == row.id)
        .where(*within(ask, moved, person=moved.to_id, department=row.department_id),
               sa.or_(taken, moved.result == "入公海"), *ask.period.moments(moved.created_at))
        .group_by(by)
    )  # fmt: skip
    both = sa.union_all(stock, moves).subquery()
    sums = [sa.func.sum(both.c[name]).label(name)
            for name in ("stock", "days", "pooled", "claimed", "refused")]  # fmt: skip
    return (
        sa.select(both.c.key, *sums)
        .group_by(both.c.key)
        .order_by(sa.desc("stock"), both.c.key)
    )  # fmt: skip


def rate_pool(row: Row) -> None:
    """Mean days that the customers have lain there."""
    row["stay"] = share(row["days"], row["stock"])


def of_pool(row: Row, ask: Ask) -> Link:
    """The customers in the pool."""
    column = "department_id" if ask.chosen["by"] == "department" else ask.chosen["by"]
    return "customer", {"state": "公海", column: row["key"] or "-"}


def first_contact(ask: Ask) -> sa.Select[Any]:
    """Of the customers somebody took over: how many were contacted in time (R02-3)."""
    row, act = AssignmentHistory, Action
    first = (
        sa.select(sa.func.min(act.at))
        .where(act.customer_id == row.customer_id, act.owner_id == row.to_id,
               act.at >= row.created_at)
        .correlate(row)
        .scalar_subquery()
    )  # fmt: skip
    taken = (
        sa.select(row.to_id.label("person"), spans.days(row.created_at, first).label("after"),
                  spans.days(row.created_at, clock.now()).label("age"))
        .where(*within(ask, row, person=row.to_id), row.result == "已接收",
               row.to_id.is_not(None), *ask.period.moments(row.created_at))
        .subquery()
    )  # fmt: skip
    limit, after = int(ask.chosen["days"]), taken.c.after
    return (
        sa.select(
            taken.c.person, sa.func.count().label("customers"),
            count_if(after <= limit).label("in_time"), count_if(after > limit).label("late"),
            count_if(after.is_(None) & (taken.c.age > limit)).label("never"),
            count_if(after.is_(None) & (taken.c.age <= limit)).label("waiting"),
            sa.func.sum(after).label("days"), sa.func.count(after).label("contacted"),
        )
        .group_by(taken.c.person)
        .order_by(sa.desc("customers"), taken.c.person)
    )  # fmt: skip


def rate_contact(row: Row) -> None:
    """In time, of those whose time is over or who were contacted; mean days."""
    row["rate"] = share(row["in_time"], (row["customers"] or 0) - (row["waiting"] or 0))
    row["mean"] = share(row["days"], row["contacted"])


def of_taker(row: Row, _ask: Ask) -> Link:
    """The assignments that the person accepted."""
    return "assignment_history", {"to_id": row["person"], "result": "已接收"}


def load(ask: Ask) -> sa.Select[Any]:
    """How many customers of which grade each person or department looks after (R02-4)."""
    row = Customer
    by = row.department_id if ask.chosen["by"] == "department" else row.owner_id
    return (
        sa.select(
            by.label("key"), sa.func.count(row.owner_id.distinct()).label("people"),
            sa.func.count().label("customers"),
            *(count_if(row.grade == grade).label(f"grade_{grade.lower()}") for grade in "ABCD"),
            count_if(row.grade.is_(None)).label("grade_none"),
        )
        .where(*within(ask, row), row.state.in_(LIVE), row.owner_id.is_not(None))
        .group_by(by)
        .order_by(sa.desc("customers"), by)
    )  # fmt: skip


def rate_load(row: Row) -> None:
    """Customers per head."""
    row["per_head"] = share(row["customers"], row["people"])


def of_load(row: Row, ask: Ask) -> Link:
    """The customers behind the row."""
    column = "department_id" if ask.chosen["by"] == "department" else "owner_id"
    return "customer", {column: row["key"] or "-"}


def warnings(ask: Ask) -> sa.Select[Any]:
    """Customers that nobody contacted for too long, or that did not order for a year (R02-5)."""
    row, order = Customer, SalesOrder
    bought = (
        sa.select(order.customer_id, sa.func.max(order.order_date).label("last_order"))
        .where(order.workspace_id == workspace.current(), order.state.in_(SIGNED))
        .group_by(order.customer_id)
        .subquery()
    )  # fmt: skip
    now = clock.now()
    since = sa.func.coalesce(row.last_action_at, row.created_at)
    idle = sa.or_(*(
        (row.life_stage == stage) & (since < now - dt.timedelta(days=days))
        for stage, days in IDLE.items()
    ))  # fmt: skip
    old = ask.today - dt.timedelta(days=NO_ORDER)
    dry = (row.life_stage == "成交") & sa.func.coalesce(bought.c.last_order < old, True)
    wanted = {"联系超期": idle, "无业务": dry}.get(ask.chosen["kind"], sa.or_(idle, dry))
    return (
        sa.select(
            row.name.label("customer"), row.number.label("customer_no"),
            row.owner_id.label("person"), row.life_stage.label("stage"),
            row.grade.label("grade"), row.last_action_at.label("last_action"),
            spans.days(since, now).label("idle"), bought.c.last_order,
            sa.case((idle & dry, "两项都有"), (idle, "联系超期"), else_="无业务").label("kind"),
        )
        .outerjoin(bought, bought.c.customer_id == row.id)
        .where(*within(ask, row), row.state == "有效", wanted, *ask.only("grade", row.grade))
        .order_by(since, row.id)
    )  # fmt: skip


REPORTS = (
    Report("051-01/R02-2", _l("公海库存与领取"), _l("公海里有多少客户，进了多少，领走多少。"),
           (c.KEY, c.count("stock", _l("现在在公海")), c.days("stay", _l("平均停留天数")),
            c.count("pooled", _l("期间转入")), c.count("claimed", _l("期间领走")),
            c.count("refused", _l("领取未成"))),
           pool, TRADE, Chart("bars", "key", ("stock",), "claimed"), rate_pool, of_pool,
           {"by": POOL_BY}, parts=("days",)),
    Report("051-01/R02-3", _l("首次跟进及时率"), _l("接手客户以后，多少人按时做了第一次联系。"),
           (c.OWNER, c.count("customers", _l("接手客户")), c.count("in_time", _l("及时")),
            c.count("late", _l("迟了")), c.count("never", _l("超期未联系")),
            c.count("waiting", _l("还在期限内")), c.days("mean", _l("平均天数")),
            c.rate("rate", _l("及时率"))),
           first_contact, TRADE, Chart("bars", "person", ("rate",)), rate_contact, of_taker,
           {"days": WITHIN}, parts=("days", "contacted")),
    Report("051-01/R02-4", _l("人均客户数"), _l("每个人、每个部门负责多少客户，什么等级。"),
           (c.KEY, c.count("people", _l("人数")), c.count("customers", _l("客户数")),
            c.days("per_head", _l("人均")), c.count("grade_a", _l("A 级")),
            c.count("grade_b", _l("B 级")), c.count("grade_c", _l("C 级")),
            c.count("grade_d", _l("D 级")), c.count("grade_none", _l("未定级"))),
           load, TRADE, Chart("bars", "key", ("customers",)), rate_load, of_load,
           {"by": {"person": _l("负责人"), "department": _l("部门")}}, dated=False),
    Report("051-01/R02-5", _l("客户预警"), _l("太久没有联系，或者一年没有下单的客户。"),
           (c.BUYER, c.tone("kind", _l("预警")), c.OWNER, c.word("stage", _l("阶段")),
            c.text("grade", _l("客户等级")), c.day("last_action", _l("最近跟进")),
            c.days("idle", _l("未联系天数")), c.day("last_order", _l("最近订单"))),
           warnings, TRADE | MARKET, None, link=to("customer", key="customer_no"),
           choices={"kind": WARNINGS, "grade": c.GRADES}, dated=False),
)  # fmt: skip
