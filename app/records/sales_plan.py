"""Sales plans (PN): targets by department, person and month, their versions and their scores."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.i18n import _
from app.records import fields
from app.records.errors import RecordError
from app.records.record import Entity, Entry, Line, Record, Related, unique


class SalesPlan(Entity, db.Model):
    """The plan of one year and metric; a locked version is never changed."""

    __tablename__ = "sales_plan"
    record = Record(
        "销售计划", area="sales", prefix="PN", title="name", icon="target-arrow",
        readers=("sales_planner", "sales_manager", "sales_director"),
        columns=("name", "number", "year", "metric", "version", "company_target", "owner_id",
                 "state"),
        filters=("state", "year", "metric"), search=("name", "number"),
        states={"草稿": ("审批中",), "审批中": ("已下发", "草稿", "已作废"),
                "已下发": ("分解中",), "分解中": ("已锁定",), "已锁定": ("修订中", "已归档"),
                "修订中": ("已锁定",), "已归档": (), "已作废": ()},
        sections=(("计划", ("name", "year", "metric", "version", "company_target", "owner_id",
                            "remark")),),
        related=(Related("sales_plan_line", "plan_id"), Related("plan_score", "plan_id")),
    )  # fmt: skip
    __rules__ = (unique("year", "metric", "version", where="state <> '已作废'"),)
    name: Mapped[str] = fields.text("名称", 100, required=True)
    year: Mapped[int] = fields.whole("年度", required=True)
    metric: Mapped[str] = fields.text("指标", 40, required=True)
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
    company_target: Mapped[Decimal] = fields.money("公司目标", required=True, least=0)


class SalesPlanLine(Line, db.Model):
    """One target: department, person, month, product group."""

    __tablename__ = "sales_plan_line"
    record = Record(
        "计划明细", area="sales", title="rep_id", icon="table", sight="rep_id",
        readers=("sales_planner", "sales_director"),
        columns=("plan_id", "department_id", "rep_id", "month", "product_group", "target",
                 "actual", "rate", "confirm"),
        filters=("plan_id", "department_id", "rep_id", "month", "confirm"),
        totals=("target", "actual"),
    )  # fmt: skip
    __rules__ = (
        sa.UniqueConstraint("plan_id", "version", "department_id", "rep_id", "month",
                            "product_group", name="uq_sales_plan_line"),
        sa.CheckConstraint("target >= 0", name="target"),
    )  # fmt: skip
    plan_id: Mapped[int] = fields.ref("计划", "sales_plan", required=True)
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
    department_id: Mapped[str | None] = fields.department("部门")
    rep_id: Mapped[str | None] = fields.person("业务员")
    month: Mapped[int] = fields.whole("月", required=True)
    product_group: Mapped[str | None] = fields.text("产品组", 40)
    target: Mapped[Decimal] = fields.money("目标", required=True, default=0, least=0)
    actual: Mapped[Decimal] = fields.money("实际", required=True, default=0, derived=True)
    rate: Mapped[Decimal | None] = fields.rate("完成率", derived=True)
    confirm: Mapped[str] = fields.choice(
        "确认", ("待确认", "已确认", "有异议", "代确认"), required=True, default="待确认"
    )


class SalesPlanBaseline(Entry, db.Model):
    """What the year before brought, as a basis for the plan."""

    __tablename__ = "sales_plan_baseline"
    record = Record("计划基线", area="sales", title="year", sight="open", icon="database",
                    columns=("year", "created_at", "created_by"),
                    sections=(("基线", ("year", "figures")),))  # fmt: skip
    __rules__ = (unique("year"),)
    year: Mapped[int] = fields.whole("年度", required=True)
    figures: Mapped[dict[str, Any]] = fields.json("数据", required=True)


class PlanScore(Entry, db.Model):
    """How a person did against the plan."""

    __tablename__ = "plan_score"
    record = Record(
        "考核结果", area="sales", title="rep_id", sight="rep_id", icon="award",
        columns=("plan_id", "rep_id", "target", "actual", "rate", "score"),
        filters=("plan_id", "rep_id"),
    )  # fmt: skip
    __rules__ = (unique("plan_id", "rep_id"),)
    plan_id: Mapped[int] = fields.ref("计划", "sales_plan", required=True)
    rep_id: Mapped[str] = fields.person("业务员", required=True)
    target: Mapped[Decimal] = fields.money("目标", required=True)
    actual: Mapped[Decimal] = fields.money("实际", required=True)
    rate: Mapped[Decimal | None] = fields.rate("完成率")
    score: Mapped[Decimal | None] = fields.money("得分")


PLANNED = ("plan_id", "version", "department_id", "rep_id", "month", "product_group", "target")


def keep_line(mapper: Any, connection: Any, row: SalesPlanLine) -> None:
    """A target of a locked plan is never changed nor added; actuals go on (051-03 P2)."""
    attributes = sa.inspect(row).attrs
    fresh = sa.inspect(row).pending or not sa.inspect(row).persistent
    touched = bool(row.target) if fresh else any(
        attributes[name].history.has_changes() for name in PLANNED)  # fmt: skip
    if not touched:
        return
    query = sa.select(SalesPlan.state, SalesPlan.number).where(SalesPlan.id == row.plan_id)
    state, number = connection.execute(query).one()
    if state in ("已锁定", "已归档"):
        text = _("计划 %(number)s 已锁定，不能修改；要改请在季末申请调整。", number=number)
        raise RecordError("E_PLAN_LOCKED", text)


for _moment in ("before_insert", "before_update"):
    sa.event.listen(SalesPlanLine, _moment, keep_line)
