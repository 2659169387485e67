"""Prices in force, their changes, and what was sold by quantity."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, column, order

pytestmark = pytest.mark.usefixtures("trade")


def price_list(base, version, price, since, *, until=None, state="已生效", **given):
    row = write.create("price_list", {
        "name": "恒远协议价", "base_no": base, "version": version, "scope": "客户",
        "customer_id": HENGYUAN, "effective_from": since, "effective_to": until, **given,
    }, by="helin", number=f"{base}-v{version}")  # fmt: skip
    write.create("price_list_line", {
        "list_id": row.id, "product_id": "P-1001", "min_qty": 10, "unit_price": price,
        "floor_price": 10200,
    }, by="helin")  # fmt: skip
    write.move(row, "待生效", by="helin")
    if state != "待生效":
        write.move(row, "已生效", by="helin")
    if state == "已失效":
        write.move(row, "已失效", by="helin")
    return row


def test_only_prices_of_today_are_in_force(ask):
    price_list("PL-202601-0009", 1, 11400, "2026-01-01")
    price_list("PL-202601-0010", 1, 11000, "2026-04-01")
    price_list("PL-202601-0011", 1, 11100, "2026-01-01", until="2026-03-09")
    said = ask("051-01/R05-1", "helin", scope="客户")
    assert [(row["product_no"], row["whom"], row["qty"], row["price"]) for row in said.rows] == [
        ("P-1001", "上海恒远机械有限公司", 10, 11400)]  # fmt: skip
    standard = ask("051-01/R05-1", "helin", scope="标准")
    assert set(column(standard, "product_no", "price")) == {"P-1001", "P-1002", "HL-42"}
    assert ask("051-01/R05-1", "helin", q="伺服").count == 1


def test_a_change_stands_beside_the_version_before(ask):
    price_list("PL-202601-0009", 1, 12000, "2026-01-01", state="已失效")
    price_list("PL-202601-0009", 2, 11400, "2026-02-01", reason="大客户")
    price_list("PL-202601-0009", 3, 11400, "2026-03-01", state="待生效")  # nothing changed
    said = ask("051-01/R05-2", "helin", q="恒远")
    rows = {row["list_no"]: row for row in said.rows}
    assert set(rows) == {"PL-202601-0009-v1", "PL-202601-0009-v2"}
    second = rows["PL-202601-0009-v2"]
    assert (second["before"], second["after"], second["rate"]) == (12000, 11400, Decimal("-0.05"))
    assert rows["PL-202601-0009-v1"]["rate"] is None


def test_what_was_sold_is_held_against_the_list_by_quantity(ask):
    order(HENGYUAN, "zhangwei", 600000, price="12000", qty=50)
    said = ask("051-01/R05-3", "liuyang", by="quantity")
    assert column(said, "key", "lines") == {"50–99 件": 1, "10–49 件": 1, "1 件": 1}
    assert column(said, "key", "below") == {"50–99 件": 0, "10–49 件": 1, "1 件": 1}
