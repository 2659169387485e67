"""Invoices (IV), blue and red. The tax number of the paper is an outside number (051-03-07)."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Line, Record, Related, unique


class Invoice(Entity, db.Model):
    """An invoice application and, once posted, the invoice; `open` is what is still unpaid."""

    __tablename__ = "invoice"
    record = Record(
        "发票", area="finance", prefix="IV", title="number", icon="file-invoice",
        readers=("order_clerk", "cashier"),
        columns=("number", "customer_id", "order_id", "kind", "color", "gross", "open",
                 "invoice_no", "invoice_date", "due_date", "state"),
        filters=("state", "kind", "color", "customer_id", "order_id", "invoice_date", "due_date"),
        search=("number", "invoice_no", "title_text"), totals=("gross", "open"),
        states={"申请": ("审核中",), "审核中": ("待开具", "已驳回", "申请"),
                "待开具": ("已入账", "已驳回"), "已入账": ("已结清", "已作废", "已红冲"),
                "已结清": ("已入账", "已红冲"), "已驳回": (), "已作废": (), "已红冲": ("已结清",)},
        sections=(
            ("发票", ("kind", "color", "blue_invoice_id", "customer_id", "source", "order_id",
                      "wo_no", "title_text", "tax_no", "invoice_no", "invoice_date")),
            ("金额", ("net", "tax", "gross", "open", "red_applied", "to_refundable", "due_date")),
            ("交付", ("tracking_no", "received_confirmed", "remark")),
        ),
        related=(Related("invoice_line", "invoice_id"),
                 Related("receipt_allocation", "invoice_id"),
                 Related("prepay_offset", "invoice_id"),
                 Related("invoice", "blue_invoice_id", "红字发票")),
    )  # fmt: skip
    __rules__ = (
        unique("kind", "invoice_no", where="invoice_no IS NOT NULL"),
        sa.Index("ix_invoice_open", "workspace_id", "customer_id", "state", "due_date"),
        sa.CheckConstraint("open >= 0", name="open"),
    )
    kind: Mapped[str] = fields.choice("种类", ("专票", "普票"), required=True)
    color: Mapped[str] = fields.choice("红蓝字", ("蓝", "红"), required=True, default="蓝")
    blue_invoice_id: Mapped[int | None] = fields.ref("对应蓝票", "invoice")
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    source: Mapped[str] = fields.choice("来源", ("订单", "服务工单"), required=True, default="订单")
    order_id: Mapped[int | None] = fields.ref("订单", "sales_order")
    return_id: Mapped[int | None] = fields.ref("退货单", "sales_return")
    wo_no: Mapped[str | None] = fields.text("服务工单", 40)
    title_text: Mapped[str] = fields.text("抬头", 100, required=True)
    tax_no: Mapped[str | None] = fields.text("税号", 20)
    net: Mapped[Decimal] = fields.money("不含税", required=True, default=0)
    tax: Mapped[Decimal] = fields.money("税额", required=True, default=0)
    gross: Mapped[Decimal] = fields.money("价税合计", required=True, default=0)
    open: Mapped[Decimal] = fields.money("未收", required=True, default=0, derived=True)
    red_applied: Mapped[Decimal] = fields.money("红字冲抵", required=True, default=0, derived=True)
    to_refundable: Mapped[Decimal] = fields.money("转应退", required=True, default=0, derived=True)
    invoice_no: Mapped[str | None] = fields.text("发票号码", 40)
    invoice_date: Mapped[dt.date | None] = fields.day("开票日期")
    due_date: Mapped[dt.date | None] = fields.day("到期日")
    tracking_no: Mapped[str | None] = fields.text("寄送单号", 60)
    received_confirmed: Mapped[bool] = fields.flag("客户已收")


class InvoiceLine(Line, db.Model):
    """One order line on an invoice; negative on a red one."""

    __tablename__ = "invoice_line"
    record = Record("发票明细", title="text", sight="invoice_id", listed=False,
                    columns=("text", "qty", "amount"))  # fmt: skip
    invoice_id: Mapped[int] = fields.ref("发票", "invoice", required=True)
    order_line_id: Mapped[int | None] = fields.ref("订单行", "order_line")
    text: Mapped[str] = fields.text("项目", 100, required=True)
    qty: Mapped[Decimal] = fields.qty("数量", required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True)
    tax_rate: Mapped[Decimal] = fields.rate("税率", required=True, default=Decimal("0.13"))
