"""Returns (RT): goods that come back, and what is done with them (051-03-06)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related


class SalesReturn(Entity, db.Model):
    """A return."""

    __tablename__ = "sales_return"
    record = Record(
        "退货单", area="sales", prefix="RT", title="number", icon="truck-return",
        readers=("order_clerk", "warehouse_keeper", "qc_inspector", "service_agent"),
        columns=("number", "customer_id", "order_id", "reason", "expect", "fee", "created_at",
                 "state"),
        filters=("state", "customer_id", "order_id", "reason", "expect"),
        search=("number", "rma_no"), totals=("fee",),
        states={"申请": ("审批中", "待到货", "已拒绝", "协商撤回"),
                "审批中": ("待到货", "申请", "已拒绝", "协商撤回"),
                "待到货": ("已收货", "逾期关闭", "协商撤回"), "已收货": ("已质检", "已拒绝"),
                "已质检": ("已入库", "已拒绝"), "已入库": ("处理中", "已完成", "已拒绝"),
                "处理中": ("已完成", "已拒绝"), "已完成": (), "已拒绝": (), "逾期关闭": (),
                "协商撤回": ()},
        sections=(("退货", ("customer_id", "order_id", "delivery_id", "reason", "expect", "fee",
                            "fee_ledger", "rma_no", "arrived_at", "remark")),),
        related=(Related("return_line", "return_id"),),
    )  # fmt: skip
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    order_id: Mapped[int] = fields.ref("订单", "sales_order", required=True)
    delivery_id: Mapped[int | None] = fields.ref("发货单", "delivery")
    reason: Mapped[str] = fields.text("原因", 60, required=True)
    expect: Mapped[str] = fields.text("客户期望", 20, required=True)
    fee: Mapped[Decimal] = fields.money("退货费", required=True, default=0, least=0)
    fee_ledger: Mapped[str | None] = fields.choice("退货费记入", ("应收", "应退"))
    rma_no: Mapped[str | None] = fields.text("退货授权号", 40)
    request_no: Mapped[str | None] = fields.text("申请号", 80, quiet=True)
    arrived_at: Mapped[dt.datetime | None] = fields.moment("到货时间")


class ReturnLine(Line, db.Model):
    """One delivered line that comes back."""

    __tablename__ = "return_line"
    record = Record(
        "退货明细", title="product_id", sight="return_id", listed=False,
        columns=("product_id", "q_requested", "q_approved", "q_received", "q_good", "q_repair",
                 "q_scrap", "treatment"),
    )  # fmt: skip
    __rules__ = (sa.CheckConstraint("q_good + q_repair + q_scrap <= q_received", name="inspected"),)
    return_id: Mapped[int] = fields.ref("退货单", "sales_return", required=True)
    delivery_line_id: Mapped[int | None] = fields.ref("发货行", "delivery_line")
    order_line_id: Mapped[int] = fields.ref("订单行", "order_line", required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    q_requested: Mapped[Decimal] = fields.qty("申请", required=True, default=0, least=0)
    q_approved: Mapped[Decimal] = fields.qty("批准", required=True, default=0, least=0)
    q_received: Mapped[Decimal] = fields.qty("实收", required=True, default=0, least=0)
    q_good: Mapped[Decimal] = fields.qty("良品", required=True, default=0, least=0)
    q_repair: Mapped[Decimal] = fields.qty("待修", required=True, default=0, least=0)
    q_scrap: Mapped[Decimal] = fields.qty("报废", required=True, default=0, least=0)
    treatment: Mapped[str | None] = fields.choice("处理", ("退款", "换货", "维修", "拒绝"))
    serials: Mapped[str | None] = fields.text("序列号", 500)
