"""Deliveries (DN): goods on their way to the customer, line by line (051-03-05)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related


class Delivery(Entity, db.Model):
    """A delivery note."""

    __tablename__ = "delivery"
    record = Record(
        "发货单", area="sales", prefix="DN", title="number", icon="truck-delivery",
        readers=("order_clerk", "warehouse_keeper", "delivery_manager", "qc_inspector",
                 "service_agent"),
        columns=("number", "customer_id", "order_id", "source", "warehouse", "carrier",
                 "tracking_no", "shipped_at", "signed_at", "state"),
        filters=("state", "customer_id", "order_id", "warehouse", "source", "shipped_at"),
        search=("number", "tracking_no"),
        states={"草稿": ("待放行", "已取消"), "待放行": ("待拣货", "暂缓", "已取消"),
                "暂缓": ("待放行", "已取消"), "待拣货": ("已出库", "已取消"),
                "已出库": ("已签收", "签收差异", "待拣货"), "签收差异": ("已签收",), "已签收": (),
                "已取消": ()},
        sections=(("发货", ("order_id", "customer_id", "source", "return_no", "warehouse",
                            "carrier", "tracking_no", "shipped_at", "signed_at", "signer",
                            "proof", "remark")),),
        related=(Related("delivery_line", "delivery_id"), Related("sales_return", "delivery_id")),
    )  # fmt: skip
    order_id: Mapped[int] = fields.ref("订单", "sales_order", required=True)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    source: Mapped[str] = fields.choice("来源", ("订单", "换货"), required=True, default="订单")
    return_no: Mapped[str | None] = fields.text(
        "退货单", 40, form="number", target="sales_return", index=True
    )  # not a foreign key: returns point at deliveries already
    batch_no: Mapped[str | None] = fields.text("交付批次", 40)
    warehouse: Mapped[str] = fields.text("仓库", 20, required=True)
    carrier: Mapped[str | None] = fields.text("承运", 60)
    tracking_no: Mapped[str | None] = fields.text("运单号", 60)
    shipped_at: Mapped[dt.datetime | None] = fields.moment("出库时间")
    signed_at: Mapped[dt.datetime | None] = fields.moment("签收时间")
    signer: Mapped[str | None] = fields.text("签收人", 60)
    proof: Mapped[str | None] = fields.text("签收凭证", 200)


class DeliveryLine(Line, db.Model):
    """One order line in one delivery."""

    __tablename__ = "delivery_line"
    record = Record(
        "发货明细", title="product_id", sight="delivery_id", listed=False,
        columns=("product_id", "qty", "picked", "accepted", "refused", "missing", "batch"),
    )  # fmt: skip
    __rules__ = (sa.CheckConstraint("qty > 0", name="qty"),)
    delivery_id: Mapped[int] = fields.ref("发货单", "delivery", required=True)
    order_line_id: Mapped[int] = fields.ref("订单行", "order_line", required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    qty: Mapped[Decimal] = fields.qty("数量", required=True)
    picked: Mapped[Decimal] = fields.qty("拣货", required=True, default=0, least=0)
    accepted: Mapped[Decimal] = fields.qty("签收", required=True, default=0, least=0)
    refused: Mapped[Decimal] = fields.qty("拒收", required=True, default=0, least=0)
    missing: Mapped[Decimal] = fields.qty("短少", required=True, default=0, least=0)
    batch: Mapped[str | None] = fields.text("批次或序列号", 500)
