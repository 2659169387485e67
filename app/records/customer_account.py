"""Customer accounts: who is invoiced how, opened once per customer (051-01-03)."""

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Mapped

from app.db import db
from app.records import fields
from app.records.record import Entity, Entry, Record, Related, unique


class CustomerAccount(Entity, db.Model):
    """The billing facts of a customer; its number is the customer's number."""

    __tablename__ = "customer_account"
    record = Record(
        "客户账务", title="invoice_title", icon="receipt", sight="customer_id",
        columns=("number", "invoice_title", "customer_id", "settle_method", "term_days",
                 "fund_state", "payment_attitude", "state"),
        filters=("state", "settle_method", "fund_state", "payment_attitude"),
        search=("number", "invoice_title", "tax_no"),
        states={"待建": ("已开立",), "已开立": ("冻结",), "冻结": ("已开立",)},
        sections=(
            ("开票", ("customer_id", "invoice_title", "tax_no", "taxpayer_type", "bank",
                      "bank_account", "billing_address", "billing_phone")),
            ("结算", ("settle_method", "term_days", "opening_balance", "opening_date",
                      "fund_state", "payment_attitude", "version", "remark")),
        ),
        related=(Related("account_version", "account_id"),),
    )  # fmt: skip
    __rules__ = (unique("customer_id"),)
    customer_id: Mapped[int] = fields.ref("客户", "customer", required=True)
    invoice_title: Mapped[str] = fields.text("发票抬头", 100, required=True)
    tax_no: Mapped[str] = fields.text("纳税人识别号", 20, required=True)
    taxpayer_type: Mapped[str] = fields.choice(
        "纳税人类型", ("一般纳税人", "小规模", "个人"), required=True
    )
    bank: Mapped[str | None] = fields.text("开户行", 100)
    bank_account: Mapped[str | None] = fields.text("银行账号", 30)
    billing_address: Mapped[str | None] = fields.text("开票地址", 200)
    billing_phone: Mapped[str | None] = fields.text("开票电话", 40)
    settle_method: Mapped[str] = fields.choice(
        "结算方式", ("先款后货", "货到付款", "月结", "预付定金"), required=True
    )
    term_days: Mapped[int] = fields.whole("账期", required=True, default=0, least=0)
    opening_balance: Mapped[Decimal] = fields.money("期初余额", required=True, default=0)
    opening_date: Mapped[dt.date | None] = fields.day("期初日期")
    fund_state: Mapped[str | None] = fields.choice("资金状况", ("充足", "一般", "不足", "紧张"))
    payment_attitude: Mapped[str | None] = fields.choice(
        "付款态度", ("爽快", "一般", "迟缓", "为难", "拖欠")
    )
    version: Mapped[int] = fields.whole("版本", required=True, default=1, least=1)


class AccountVersion(Entry, db.Model):
    """The billing facts as they were in one version."""

    __tablename__ = "account_version"
    record = Record(
        "账务版本", title="version", sight="account_id", listed=False,
        columns=("version", "created_at", "created_by"),
    )  # fmt: skip
    __rules__ = (unique("account_id", "version"),)
    account_id: Mapped[int] = fields.ref("客户账务", "customer_account", required=True)
    version: Mapped[int] = fields.whole("版本", required=True)
    facts: Mapped[dict[str, Any]] = fields.json("内容", required=True)
