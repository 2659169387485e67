"""Products, stock, prices, accounts and credit of the demo company (conventions §12)."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.records import numbers, write
from app.records.warehouse_stock import WarehouseStock

BY = "chenjing"
START = dt.datetime(2025, 1, 6, 2, 0, tzinfo=dt.UTC)
PRICES = "PL-202501-0001-v1"

PRODUCTS: list[dict[str, Any]] = [
    {"number": "P-1001", "name": "数控主轴", "category": "设备", "uom": "台", "std_price": 12000,
     "floor_price": 10200, "std_cost": 8000, "serial_managed": True},
    {"number": "P-1002", "name": "伺服驱动器", "category": "配件", "uom": "台", "std_price": 3600,
     "floor_price": 3060, "std_cost": 2400, "serial_managed": True},
    {"number": "HL-42", "name": "游艇", "category": "游艇", "uom": "艘", "std_price": 4800000,
     "floor_price": 4500000, "std_cost": 3900000, "custom_made": True},
]  # fmt: skip
STOCK = [("WH01", "P-1001", 30), ("WH01", "P-1002", 100)]
# customer, tax number, bank account, term, level, limit
TERMS = [
    ("CU-202501-0001", "91310115MA1K0TYX07", "6222000000000001", 30, "AAA", 500000),
    ("CU-202502-0007", "91320594MA1M0MDX0X", "6222000000000007", 30, "B", 50000),
    ("CU-202503-0002", "913702000000000002", "6222000000000002", 30, "A", 200000),
]


def load() -> None:
    """The products, their stock and prices, and each customer's account and credit exist."""
    for given in PRODUCTS:
        if write.find("product", given["number"]) is None:
            values = {name: value for name, value in given.items() if name != "number"}
            write.create("product", values, by="luchuan", at=START, number=given["number"])
    for warehouse, product, count in STOCK:
        _stock(warehouse, write.need("product", product), count)
    _prices()
    for terms in TERMS:
        _account(*terms)


def _stock(warehouse: str, product: Any, count: int) -> None:
    known = sa.select(WarehouseStock).filter_by(warehouse=warehouse, product_id=product.id)
    if db.session.scalar(known) is not None:
        return
    place = {"warehouse": warehouse, "product_id": product.id, "bin": "可用"}
    write.create("warehouse_stock", {**place, "on_hand": count}, by="zhoutao", at=START)
    move = {**place, "kind": "期初", "qty": count, "on_hand_delta": count, "ref_doc": "期初"}
    write.create("stock_move", move, by="zhoutao", at=START)


def _prices() -> None:
    if write.find("price_list", PRICES) is not None:
        return
    header = {"name": "标准价格表", "scope": "标准", "effective_from": "2025-01-06", "version": 1,
              "base_no": "PL-202501-0001"}  # fmt: skip
    prices = write.create("price_list", header, by="helin", at=START, number=PRICES)
    for given in PRODUCTS:
        line = {"list_id": prices.id, "product_id": given["number"], "min_qty": 0,
                "unit_price": given["std_price"], "floor_price": given["floor_price"]}  # fmt: skip
        write.create("price_list_line", line, by="helin", at=START)
    for state in ("待生效", "已生效"):
        write.move(prices, state, by="helin", at=START)
    numbers.skip_to("PL-202501-0001")


def _account(customer_no: str, tax: str, bank: str, term: int, level: str, limit: int) -> None:
    customer = write.need("customer", customer_no)
    whose = {"customer_id": customer.id, "owner_id": customer.owner_id,
             "department_id": customer.department_id}  # fmt: skip
    if write.find("customer_account", customer_no) is None:
        facts = {"invoice_title": customer.name, "tax_no": tax, "taxpayer_type": "一般纳税人",
                 "bank": "中国工商银行", "bank_account": bank, "settle_method": "月结",
                 "term_days": term, "fund_state": "充足", "payment_attitude": "一般"}  # fmt: skip
        account = write.create(
            "customer_account", {**whose, **facts}, by=BY, at=START, number=customer_no
        )
        write.move(account, "已开立", by=BY, at=START)
        version = {"account_id": account.id, "version": 1, "facts": facts}
        write.create("account_version", version, by=BY, at=START)
    if write.find("customer_credit", customer_no) is None:
        credit = {"level": level, "limit": limit, "term_days": term}
        write.create(
            "customer_credit", {**whose, **credit}, by="fengkai", at=START, number=customer_no
        )
