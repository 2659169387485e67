"""Account snapshots: a customer's figures of a period, derived from the ledger, never typed.

Taken again when an adjustment is posted into the period; final once the period is closed.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Line, Record, unique


class AccountSnapshot(Line, db.Model):
    """The figures of one customer at the end of one period."""

    __tablename__ = "account_snapshot"
    record = Record(
        "账务快照", area="finance", title="period", icon="camera", sight="customer_id",
        columns=("period", "customer_id", "receivable", "overdue", "max_overdue_days", "prepay",
                 "refundable", "turnover_y", "receipts_y", "dso"),
        filters=("period", "customer_id"), search=("period",),
        totals=("receivable", "overdue", "prepay", "refundable"),
    )  # fmt: skip
    __rules__ = (unique("customer_id", "period"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    period: Mapped[str] = fields.text("期间", 7, required=True, index=True)
    receivable: Mapped[Decimal] = fields.money("应收", required=True, default=0)
    overdue: Mapped[Decimal] = fields.money("逾期", required=True, default=0)
    max_overdue_days: Mapped[int] = fields.whole("最长逾期天数", required=True, default=0)
    ageing: Mapped[dict[str, Any] | None] = fields.json("账龄")
    prepay: Mapped[Decimal] = fields.money("预收", required=True, default=0)
    refundable: Mapped[Decimal] = fields.money("应退", required=True, default=0)
    turnover_m: Mapped[Decimal] = fields.money("本月签单", required=True, default=0)
    turnover_q: Mapped[Decimal] = fields.money("本季签单", required=True, default=0)
    turnover_y: Mapped[Decimal] = fields.money("本年签单", required=True, default=0)
    receipts_m: Mapped[Decimal] = fields.money("本月回款", required=True, default=0)
    receipts_q: Mapped[Decimal] = fields.money("本季回款", required=True, default=0)
    receipts_y: Mapped[Decimal] = fields.money("本年回款", required=True, default=0)
    dso: Mapped[Decimal | None] = fields.qty("应收周转天数")
    order_count: Mapped[int] = fields.whole("本年订单数", required=True, default=0)
    alert_level: Mapped[str | None] = fields.text("账龄预警", 10)
    score: Mapped[int | None] = fields.whole("价值评分")
    taken_at: Mapped[dt.datetime] = fields.moment("生成时间", required=True)
