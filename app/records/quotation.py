"""Quotations (QT): versions of an offer; immutable from 审批中 on (051-03-03)."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.i18n import _
from app.records import fields
from app.records.errors import RecordError
from app.records.record import Entity, Line, Record, Related, unique

CENT = Decimal("0.01")


class Quotation(Entity, db.Model):
    """One version of a quotation; its number ends in -vN."""

    __tablename__ = "quotation"
    record = Record(
        "报价单", area="sales", prefix="QT", title="number", icon="file-dollar",
        columns=("number", "customer_id", "opportunity_id", "total", "discount_rate", "margin",
                 "valid_until", "owner_id", "state"),
        filters=("state", "owner_id", "customer_id", "min_line_flag", "valid_until"),
        search=("number", "base_no"), totals=("total",), readers=("order_clerk",),
        states={"草稿": ("审批中", "已替代"),
                "审批中": ("已批准", "已退回", "已驳回", "已替代"), "已批准": ("已发送",),
                "已发送": ("已接受", "已拒绝", "已过期", "已替代"),
                "已接受": ("已下单", "已替代"), "已下单": (), "已退回": (), "已驳回": (),
                "已拒绝": (), "已过期": (), "已替代": ()},
        sections=(
            ("报价", ("base_no", "version", "customer_id", "contact_id", "opportunity_id",
                      "valid_until", "delivery_days", "payment_terms", "prepay_rate",
                      "owner_id")),
            ("金额", ("total", "freight", "discount_rate", "margin", "min_line_flag", "previous_id",
                      "sent_at", "remark")),
        ),
        related=(Related("quotation_line", "quotation_id"),),
    )  # fmt: skip
    __rules__ = (unique("base_no", "version"),)
    base_no: Mapped[str | None] = fields.text("单号", 40)
    version: Mapped[int] = fields.whole("版本", required=True, default=1)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    contact_id: Mapped[int | None] = fields.ref("联系人", "contact")
    opportunity_id: Mapped[int | None] = fields.ref("机会", "opportunity")
    previous_id: Mapped[int | None] = fields.ref("上一版本", "quotation")
    valid_until: Mapped[dt.date] = fields.day("有效期至", required=True, index=True)
    payment_terms: Mapped[str | None] = fields.text("付款条件", 200)
    prepay_rate: Mapped[Decimal | None] = fields.rate("预付比例", least=0)
    delivery_days: Mapped[int | None] = fields.whole("交货天数", least=0)
    freight: Mapped[Decimal] = fields.money("运费", required=True, default=0, least=0)
    total: Mapped[Decimal] = fields.money("总额", required=True, default=0, derived=True)
    discount_rate: Mapped[Decimal | None] = fields.rate("折扣率", derived=True)
    margin: Mapped[Decimal | None] = fields.rate("毛利率", derived=True)
    min_line_flag: Mapped[str] = fields.choice(
        "底价", ("ok", "below_floor", "below_cost"), required=True, default="ok", derived=True
    )
    sent_at: Mapped[dt.datetime | None] = fields.moment("发送时间")


class QuotationLine(Line, db.Model):
    """One product of a quotation; amount = qty x price, rounded to the cent."""

    __tablename__ = "quotation_line"
    record = Record(
        "报价明细", title="product_id", sight="quotation_id", listed=False,
        columns=("product_id", "qty", "list_price", "resolved_price", "price", "amount", "gift"),
    )  # fmt: skip
    __rules__ = (sa.CheckConstraint("qty > 0", name="qty"),)
    quotation_id: Mapped[int] = fields.ref("报价单", "quotation", required=True)
    seq: Mapped[int] = fields.whole("行", required=True, default=1)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    qty: Mapped[Decimal] = fields.qty("数量", required=True)
    list_price: Mapped[Decimal | None] = fields.price("标准价", least=0)
    resolved_price: Mapped[Decimal | None] = fields.price("适用价", least=0)
    price: Mapped[Decimal] = fields.price("报价", required=True, least=0)
    gift: Mapped[bool] = fields.flag("赠品")
    amount: Mapped[Decimal] = fields.money("金额", required=True, default=0, derived=True)


def round_line(_mapper: Any, _connection: Any, row: Any) -> None:
    """amount = qty x price, half up to the cent, at every write; what is cancelled costs nothing."""
    quantity = row.qty if hasattr(row, "qty") else row.q_ordered - (row.q_cancelled or 0)
    row.amount = (Decimal(quantity) * Decimal(row.price)).quantize(CENT, ROUND_HALF_UP)


for _moment in ("before_insert", "before_update"):
    sa.event.listen(QuotationLine, _moment, round_line)


FROZEN = ("customer_id", "contact_id", "valid_until", "delivery_days", "payment_terms",
          "prepay_rate", "freight", "total", "discount_rate", "margin", "version")  # fmt: skip


def _refuse(number: str | None) -> RecordError:
    text = _("报价单 %(number)s 已经提交，不能再改；请复制一个新版本。", number=number or "")
    return RecordError("E_QUOTE_IMMUTABLE", text)


def keep_quote(_mapper: Any, _connection: Any, row: Quotation) -> None:
    """A version that was handed in is never changed (051-03 P6)."""
    attributes = sa.inspect(row).attrs
    before = attributes.state.history.deleted or [row.state]
    if before[0] != "草稿" and any(attributes[name].history.has_changes() for name in FROZEN):
        raise _refuse(row.number)


def keep_line(_mapper: Any, connection: Any, row: QuotationLine) -> None:
    """Nor are its lines."""
    query = sa.select(Quotation.state, Quotation.number).where(Quotation.id == row.quotation_id)
    state, number = connection.execute(query).one()
    if state != "草稿" and sa.inspect(row).modified:
        raise _refuse(number)


sa.event.listen(Quotation, "before_update", keep_quote)
sa.event.listen(QuotationLine, "before_update", keep_line)
