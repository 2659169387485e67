"""Stock, prices and plans: the pages on which people look figures up."""

import datetime as dt
from decimal import Decimal

import pytest

from app.db import db
from app.records import write
from tests.reports.conftest import HENGYUAN, MINGDA

pytestmark = pytest.mark.usefixtures("demo")


def test_stock_says_what_is_free(as_user):
    from app.records.warehouse_stock import WarehouseStock

    goods = write.need("product", "P-1001")
    row = db.session.scalars(db.select(WarehouseStock).filter_by(product_id=goods.id)).one()
    write.change(row, {"reserved": 30}, by="linyue")
    held = {"warehouse": "WH01", "product_id": goods.id, "bin": "待检", "on_hand": 2}
    write.create("warehouse_stock", held, by="zhoutao")
    db.session.commit()
    text = as_user("zhangwei").get("/records/stock").text
    assert "没有可用" in text and "期初" in text
    narrow = as_user("zhangwei").get("/records/stock?q=P-1002").text
    assert "伺服驱动器" in narrow and "数控主轴" not in narrow
    assert "没有找到" in as_user("zhangwei").get("/records/stock?q=nothing").text
    assert as_user("baijie").get("/records/stock").status_code == 404


def price_list(name: str, customer: str | None, price: int, start: str, **other) -> None:
    scope = "客户" if customer else "标准"
    given = {
        "name": name,
        "scope": scope,
        "customer_id": customer,
        "effective_from": start,
        **other,
    }
    made = write.create("price_list", given, by="helin")
    write.create("price_list_line", {"list_id": made.id, "product_id": "P-1001", "min_qty": 0,
                                     "unit_price": price}, by="helin")  # fmt: skip
    for state in ("待生效", "已生效"):
        write.move(made, state, by="helin")
    db.session.commit()


def test_all_prices_of_a_product_stand_below_but_not_those_of_others(as_user):
    price_list("恒远价", HENGYUAN, 11400, "2026-01-01", effective_to=dt.date(2026, 12, 31))
    price_list("明达价", MINGDA, 11000, "2026-01-01")
    price_list("明年价", None, 12500, "2027-01-01")
    text = as_user("zhangwei").get("/records/prices?product=P-1001").text
    assert "恒远价" in text and "明年价" in text and "还没到日期" in text
    assert "明达价" not in text  # 李娜's customer


@pytest.fixture
def plan() -> str:
    """The year of 张伟 and 李娜; two months are booked."""
    row = write.create("sales_plan", {"name": "2026 年签单", "year": 2026, "metric": "签单额",
                                      "company_target": 1200, "owner_id": "gaoyuan"},
                       by="gaoyuan")  # fmt: skip
    for rep, target in (("zhangwei", 60), ("lina", 40)):
        for month in range(1, 13):
            line = write.create("sales_plan_line", {
                "plan_id": row.id, "department_id": "east", "rep_id": rep, "month": month,
                "target": target,
            }, by="wangqiang")  # fmt: skip
            line.actual = Decimal(target) / 2 if month < 3 else Decimal(0)
    db.session.commit()
    return row.number


def test_a_plan_shows_target_actual_and_rate_to_date(plan: str, as_user):
    text = as_user("gaoyuan").get(f"/records/sales_plan/{plan}").text
    assert "华东销售部" in text and "张伟" in text and "总计" in text
    assert "33%" in text  # 100 of 300 by March
    assert "sales_rep_id=zhangwei" in text and "order_date.from=2026-02-01" in text
    assert 'type="number"' not in text  # nothing is edited here


def test_a_person_sees_only_his_own_line_of_the_plan(plan: str, as_user):
    answer = as_user("lina").get(f"/records/sales_plan/{plan}")
    assert answer.status_code == 404 or "张伟</th>" not in answer.text
    assert as_user("baijie").get(f"/records/sales_plan/{plan}").status_code == 404


def test_a_customer_shows_light_and_prices(as_user):
    price_list("恒远价", HENGYUAN, 11400, "2026-01-01")
    text = as_user("zhangwei").get(f"/records/customer/{HENGYUAN}").text
    assert "绿灯" in text and "额度够用" in text and "恒远价" in text
    other = as_user("zhangwei").get(f"/records/customer/{MINGDA}")
    assert other.status_code == 404
