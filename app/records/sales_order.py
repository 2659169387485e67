"""Sales orders (SO), their lines, changes and the plan of what is to be received (051-03-04)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.quotation import round_line
from app.records.record import Entity, Line, Record, Related, unique

PARTS = ("未交付", "部分", "全部")


class SalesOrder(Entity, db.Model):
    """An order. Delivered, invoiced and received amounts follow from its documents."""

    __tablename__ = "sales_order"
    record = Record(
        "销售订单", area="sales", prefix="SO", title="number", icon="file-invoice",
        columns=("number", "customer_id", "order_date", "total", "delivery_status",
                 "invoice_status", "receipt_status", "sales_rep_id", "state"),
        filters=("state", "sales_rep_id", "customer_id", "delivery_status", "invoice_status",
                 "receipt_status", "delivery_mode", "order_date"),
        search=("number", "po_no", "quote_no"), totals=("total", "received_amount"),
        readers=("order_clerk", "warehouse_keeper", "delivery_manager", "sales_planner", "cashier",
                 "service_agent"),
        states={"草稿": ("审批中", "已取消"), "审批中": ("待签约", "草稿", "已驳回"),
                "待签约": ("已生效", "未签约", "草稿"), "已生效": ("履约中", "挂起", "已取消"),
                "履约中": ("已完成", "挂起", "已取消"), "挂起": ("已生效", "履约中", "已取消"),
                "已完成": (), "已驳回": (), "未签约": (), "已取消": ()},
        sections=(
            ("订单", ("customer_id", "contact_id", "quote_no", "opportunity_id", "order_date", "sales_rep_id",
                      "po_no", "bill_to", "ship_to", "payment_terms", "delivery_mode",
                      "invoice_basis", "invoice_kind", "revision")),
            ("金额", ("total", "discount", "freight", "prepay_required", "released",
                      "delivered_amount", "invoiced_amount", "received_amount", "prepay_used",
                      "refunded_amount")),
        ),
        related=(Related("order_line", "order_id"), Related("receipt_plan", "order_id"),
                 Related("delivery", "order_id"), Related("invoice", "order_id"),
                 Related("sales_return", "order_id"), Related("order_change", "order_id"),
                 Related("prepayment", "order_id")),
    )  # fmt: skip
    __rules__ = (
        unique("quote_no", where="quote_no IS NOT NULL AND state NOT IN "
                                 "('已驳回', '未签约', '已取消')"),
        unique("customer_id", "po_no", where="po_no IS NOT NULL AND state NOT IN "
                                             "('已驳回', '未签约', '已取消')"),
        sa.Index("ix_sales_order_date", "workspace_id", "order_date"),
    )  # fmt: skip
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    contact_id: Mapped[int | None] = fields.ref("联系人", "contact")
    quote_no: Mapped[str | None] = fields.text("报价单", 40, form="number", target="quotation")
    opportunity_id: Mapped[int | None] = fields.ref("机会", "opportunity")
    order_date: Mapped[dt.date] = fields.day("订单日期", required=True)
    sales_rep_id: Mapped[str] = fields.person("业务员", required=True, once=True)
    bill_to: Mapped[str | None] = fields.text("开票给", 200)
    ship_to: Mapped[str | None] = fields.text("收货地址", 200)
    payment_terms: Mapped[str | None] = fields.text("付款条件", 200)
    delivery_mode: Mapped[str] = fields.choice(
        "交付方式", ("goods", "project"), required=True, default="goods"
    )
    invoice_basis: Mapped[str] = fields.choice(
        "开票依据", ("按交付", "按订单", "按收款"), required=True, default="按交付"
    )
    invoice_kind: Mapped[str] = fields.choice(
        "发票种类", ("专票", "普票", "不开票"), required=True, default="专票"
    )
    po_no: Mapped[str | None] = fields.text("客户订单号", 60)
    discount: Mapped[Decimal] = fields.money("整单折让", required=True, default=0, least=0)
    freight: Mapped[Decimal] = fields.money("运费", required=True, default=0, least=0)
    total: Mapped[Decimal] = fields.money("订单金额", required=True, default=0, derived=True)
    prepay_required: Mapped[Decimal] = fields.money("应预收", required=True, default=0, least=0)
    released: Mapped[bool] = fields.flag("可发货")
    revision: Mapped[int] = fields.whole("修订", required=True, default=1)
    delivered_amount: Mapped[Decimal] = fields.money("已交付", required=True, default=0,
                                                     derived=True, quiet=True)  # fmt: skip
    invoiced_amount: Mapped[Decimal] = fields.money("已开票", required=True, default=0,
                                                    derived=True, quiet=True)  # fmt: skip
    received_amount: Mapped[Decimal] = fields.money("已收款", required=True, default=0,
                                                    derived=True, quiet=True)  # fmt: skip
    prepay_used: Mapped[Decimal] = fields.money("已冲预收", required=True, default=0,
                                                derived=True, quiet=True)  # fmt: skip
    refunded_amount: Mapped[Decimal] = fields.money("已退款", required=True, default=0,
                                                    derived=True, quiet=True)  # fmt: skip
    delivery_status: Mapped[str] = fields.choice("交付", PARTS, required=True, default="未交付",
                                                 derived=True)  # fmt: skip
    invoice_status: Mapped[str] = fields.choice(
        "开票", ("未开票", "部分", "全部"), required=True, default="未开票", derived=True
    )
    receipt_status: Mapped[str] = fields.choice(
        "收款", ("未收款", "部分", "全部"), required=True, default="未收款", derived=True
    )


class OrderLine(Line, db.Model):
    """One product of an order and what became of each piece (invariants 1-5)."""

    __tablename__ = "order_line"
    record = Record(
        "订单明细", title="product_id", sight="order_id", listed=False,
        columns=("product_id", "q_ordered", "price", "amount", "q_shipped", "q_delivered",
                 "q_invoiced", "q_returned", "promised_date"),
    )  # fmt: skip
    __rules__ = (unique("order_id", "seq"), sa.CheckConstraint("q_ordered > 0", name="q_ordered"))
    order_id: Mapped[int] = fields.ref("订单", "sales_order", required=True)
    seq: Mapped[int] = fields.whole("行", required=True)
    product_id: Mapped[int] = fields.ref("产品", "product", required=True)
    q_ordered: Mapped[Decimal] = fields.qty("订购", required=True)
    price: Mapped[Decimal] = fields.price("单价", required=True, least=0)
    resolved_price: Mapped[Decimal | None] = fields.price("适用价", least=0)
    amount: Mapped[Decimal] = fields.money("金额", required=True, default=0, derived=True)
    promised_date: Mapped[dt.date | None] = fields.day("交期")
    q_cancelled: Mapped[Decimal] = fields.qty("取消数量", required=True, default=0, least=0)
    q_reserved: Mapped[Decimal] = fields.qty("预留", required=True, default=0, least=0)
    q_shipped: Mapped[Decimal] = fields.qty("已发货", required=True, default=0, least=0)
    q_delivered: Mapped[Decimal] = fields.qty("签收", required=True, default=0, least=0)
    q_rejected: Mapped[Decimal] = fields.qty("拒收", required=True, default=0, least=0)
    q_returned: Mapped[Decimal] = fields.qty("退货", required=True, default=0, least=0)
    q_invoiced: Mapped[Decimal] = fields.qty("已开票", required=True, default=0, least=0)
    exchange_due: Mapped[Decimal] = fields.qty("待换货", required=True, default=0, least=0)

    @property
    def open_to_ship(self) -> Decimal:
        """What must still leave the warehouse."""
        return self.q_ordered - self.q_cancelled - (self.q_shipped - self.q_rejected)


class OrderChange(Entity, db.Model):
    """A change of an order; its number is the order's with -rN."""

    __tablename__ = "order_change"
    record = Record(
        "订单变更", area="sales", title="number", icon="file-diff", sight="order_id",
        columns=("number", "order_id", "revision", "reason", "created_by", "state"),
        filters=("state", "order_id"), search=("number",),
        states={"草稿": ("审批中", "已驳回"), "审批中": ("客户确认", "已生效", "已驳回", "草稿"),
                "客户确认": ("已生效", "已驳回"), "已生效": (), "已驳回": ()},
        sections=(("变更", ("order_id", "revision", "reason")),),
    )  # fmt: skip
    order_id: Mapped[int] = fields.ref("订单", "sales_order", required=True)
    revision: Mapped[int] = fields.whole("修订", required=True)
    reason: Mapped[str | None] = fields.text("原因", 500)
    diff: Mapped[Any] = fields.json("差异")


class ReceiptPlan(Entity, db.Model):
    """One row of what is to be received, of an order or a contract; open = amount - received."""

    __tablename__ = "receipt_plan"
    record = Record(
        "回款计划", area="finance", title="number", icon="calendar-dollar", sight="owner",
        readers=("order_clerk", "cashier"),
        columns=("number", "customer_id", "order_id", "kind", "amount", "received", "due_date",
                 "state"),
        filters=("state", "kind", "customer_id", "order_id", "due_date"),
        search=("number", "contract_no"), totals=("amount", "received"),
        states={"待生效": ("待回款", "作废"), "待回款": ("部分回款", "已结清", "逾期", "作废", "已核销"),
                "部分回款": ("已结清", "逾期", "待回款", "已核销", "作废"),
                "逾期": ("部分回款", "已结清", "已核销", "待回款", "作废"),
                "已结清": ("部分回款", "待回款"), "已核销": (), "作废": ()},
        sections=(("计划", ("customer_id", "order_id", "contract_no", "seq", "kind", "basis",
                            "amount", "received", "due_rule", "due_date", "remark")),),
    )  # fmt: skip
    __rules__ = (
        unique("order_id", "seq", where="order_id IS NOT NULL"),
        unique("contract_no", "seq", where="contract_no IS NOT NULL"),
        sa.Index("ix_receipt_plan_due", "workspace_id", "state", "due_date"),
        sa.CheckConstraint("(order_id IS NULL) <> (contract_no IS NULL)", name="one_source"),
        sa.CheckConstraint("amount > 0 AND received >= 0", name="amounts"),
    )
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    order_id: Mapped[int | None] = fields.ref("订单", "sales_order")
    contract_no: Mapped[str | None] = fields.text("合同", 40)
    seq: Mapped[int] = fields.whole("期次", required=True)
    kind: Mapped[str] = fields.choice("性质", ("预收", "应收"), required=True)
    basis: Mapped[str] = fields.text("依据", 60, required=True)
    amount: Mapped[Decimal] = fields.money("金额", required=True, least=0)
    due_rule: Mapped[str | None] = fields.text("到期规则", 60)
    due_date: Mapped[dt.date | None] = fields.day("到期日")
    received: Mapped[Decimal] = fields.money("已收", required=True, default=0, least=0)

    @property
    def open(self) -> Decimal:
        """What is still to come."""
        return self.amount - self.received


for _moment in ("before_insert", "before_update"):
    sa.event.listen(OrderLine, _moment, round_line)
