"""The page of one record: sections, lists, what is going on, history, and what is hidden."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app import records
from app.db import db

HENGYUAN = "/records/customer/CU-202501-0001"


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def test_a_customers_page_has_facts_people_and_history(demo, as_user):
    page = text(as_user("zhangwei").get(HENGYUAN))
    for words in ("上海恒远机械有限公司", "91310115MA1K0TYX07", "秦嘉", "决策者", "A 级", "华东",
                  "正在办", "变更历史"):  # fmt: skip
        assert words in page, words


def test_a_colleague_does_not_even_learn_that_it_exists(demo, as_user):
    lina = as_user("lina")
    there, nowhere = lina.get(HENGYUAN), lina.get("/records/customer/CU-209901-0001")
    assert there.status_code == nowhere.status_code == 404


def test_a_contact_of_a_colleague_is_not_found(demo, as_user):
    number = db.session.scalar(sa.select(records.entity("contact").number).filter_by(name="王海"))
    assert as_user("lina").get(f"/records/contact/{number}").status_code == 404


@pytest.mark.parametrize(("login", "there"), [("zhangwei", True), ("wangqiang", True),
                                              ("sunli", False), ("zhouning", False)])  # fmt: skip
def test_the_birthday_is_shown_to_owner_and_superiors_only(demo, as_user, login, there):
    contact = db.session.scalar(sa.select(records.entity("contact")).filter_by(name="王海"))
    browser = as_user(login)
    assert ("1978-03-12" in text(browser.get(f"/records/contact/{contact.number}"))) is there
    assert ("03-12" in text(browser.get("/records/customer/CU-202503-0002"))) is there


def test_the_history_tells_who_changed_what_and_why(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    at = dt.datetime(2026, 3, 10, 2, tzinfo=dt.UTC)
    records.change(row, {"phone": "021-1", "fax": "021-2"}, by="lina", at=at, reason="客户来电更正")
    db.session.commit()
    page = text(as_user("zhangwei").get(f"{HENGYUAN}?tab=log"))
    for words in (
        "李娜",
        "修改了 2 项",
        "客户来电更正",
        "021-59160001",
        "021-1",
        "从“草稿”变为“有效”",
    ):
        assert words in page, words


def test_personal_changes_are_told_without_their_content(demo, as_user):
    contact = db.session.scalar(sa.select(records.entity("contact")).filter_by(name="王海"))
    records.change(contact, {"hobby": "帆船"}, by="zhangwei")
    db.session.commit()
    page = text(as_user("sunli").get(f"/records/contact/{contact.number}"))
    assert "已变更，内容不记录" in page
    assert "帆船" not in page


def test_a_long_history_comes_in_parts(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    for n in range(45):
        at = dt.datetime(2026, 3, 1, 0, n, tzinfo=dt.UTC)
        records.change(row, {"fax": f"fax-{n:02d}"}, by="zhangwei", at=at)
    db.session.commit()
    browser = as_user("zhangwei")
    first = text(browser.get(f"{HENGYUAN}/log"))
    assert "fax-44" in first and "fax-10" not in first
    second = text(browser.get(f"{HENGYUAN}/log?before=2026-03-01T00:25:00%2B00:00"))
    assert "fax-24" in second and "fax-30" not in second
    assert "fax-44" in text(browser.get(f"{HENGYUAN}/log?before=nonsense"))


def test_lists_hang_on_the_page_and_have_a_tab(demo, as_user):
    browser = as_user("zhangwei")
    page = text(browser.get(HENGYUAN))
    assert "tab=contact.customer_id" in page
    assert "何平" in text(browser.get(f"{HENGYUAN}?tab=contact.customer_id"))
    assert "上海恒远机械" in text(browser.get(f"{HENGYUAN}?tab=nonsense"))


def test_hanging_records_obey_their_own_sight(demo, as_user):
    order = {"customer_id": "CU-202501-0001", "order_date": "2026-03-10", "sales_rep_id": "lina",
             "owner_id": "lina", "department_id": "east"}  # fmt: skip
    records.create("sales_order", order, by="linyue")
    db.session.commit()
    assert "SO-202603-0001" in text(as_user("zhangwei").get(HENGYUAN))
    assert as_user("lina").get("/records/sales_order/SO-202603-0001").status_code == 200
    assert as_user("tangying").get("/records/sales_order/SO-202603-0001").status_code == 404


def test_a_row_without_number_is_addressed_by_its_id(demo, as_user):
    row = db.session.scalars(sa.select(records.entity("warehouse_stock"))).first()
    browser = as_user("zhoutao")
    assert "WH01" in text(browser.get(f"/records/warehouse_stock/{row.id}"))
    for key in ("0", "x", "99999999999999999999", "-1"):
        assert browser.get(f"/records/warehouse_stock/{key}").status_code == 404


def test_a_table_that_is_no_record_has_no_page(demo, as_user):
    for name in ("user_account", "change_log", "number_seq"):
        assert as_user("zhouning").get(f"/records/{name}").status_code == 404


def test_the_palette_finds_records_the_person_may_see(demo, as_user):
    assert "CU-202501-0001" in text(as_user("zhangwei").get("/commands?q=shhy"))
    assert "CU-202501-0001" not in text(as_user("lina").get("/commands?q=shhy"))
    assert "CU-202501-0001" not in text(as_user("baijie").get("/commands?q=shhy"))


def test_the_cost_of_a_product_is_shown_to_nobody_here(demo, as_user):
    for login in ("zhangwei", "baijie", "zhouning"):
        assert "8000" not in as_user(login).get("/records/product/P-1001").get_data(as_text=True)


def shown(as_user, login: str, entity: str, values: dict, **made) -> str:
    row = records.create(entity, values, by=login, **made)
    db.session.commit()
    return text(as_user(login).get(f"/records/{entity}/{row.key}"))


def test_a_company_that_was_renamed_shows_its_former_names(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"former_names": ["恒远机床厂", "恒远机械厂"]}, by="zhangwei")
    db.session.commit()
    assert "恒远机床厂、恒远机械厂" in text(as_user("zhangwei").get(HENGYUAN))


def test_lists_and_kept_figures_are_shown_in_words(demo, as_user):
    page = shown(as_user, "yuanli", "survey", {
        "title_text": "展会回访", "purpose": "活动效果", "channels": ["邮件", "短信"],
        "owner_id": "yuanli"})  # fmt: skip
    assert "邮件、短信" in page
    page = shown(as_user, "yangfan", "sales_plan_baseline", {
        "year": 2026, "figures": {"签单额": Decimal("1200000"), "人数": 12, "完整": True}})  # fmt: skip
    assert "签单额 1,200,000；人数 12；完整 是" in page
    page = shown(as_user, "chenjing", "statement", {
        "customer_id": "CU-202501-0001", "period": "2026-02", "balance": 100,
        "dispute_lines": [{"doc_no": "IV-1", "ours": Decimal("5.50"), "theirs": None}]})  # fmt: skip
    assert "doc_no IV-1；ours 5.5；theirs –" in page
