"""The list page: what is shown, narrowed, ordered, escaped, chosen; and to whom."""

import re

import pytest

from app import records
from app.db import db

HENGYUAN, MINGDA = "上海恒远机械有限公司", "苏州明达自动化有限公司"


def text(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def test_a_rep_sees_his_own_customers_and_no_others(demo, as_user):
    page = text(as_user("zhangwei").get("/records/customer"))
    assert HENGYUAN in page
    assert MINGDA not in page


@pytest.mark.parametrize(
    "url",
    ["/records/customer", "/records/customer/rows", "/records/customer/export.csv",
     "/records/customer/CU-202501-0001", "/records/customer/CU-202501-0001/log",
     "/records/customer/CU-202501-0001/cases", "/records/customer/options/owner_id"],
)  # fmt: skip
def test_the_outsider_finds_nothing_anywhere(demo, as_user, url):
    response = as_user("baijie").get(url)
    assert response.status_code == 404
    assert "恒远" not in response.get_data(as_text=True)


def test_the_outsiders_room_is_empty_and_says_why(demo, as_user):
    page = text(as_user("baijie").get("/records"))
    assert "这里没有您可以看的记录" in page
    assert "/records/customer" not in page


def test_nobody_looks_without_logging_in(demo, client):
    assert client.get("/records/customer").status_code in (302, 401)


def test_filters_and_words_narrow_the_list(demo, as_user):
    boss = as_user("wangqiang")
    assert MINGDA not in text(boss.get("/records/customer?grade=A"))
    assert HENGYUAN in text(boss.get("/records/customer?q=hyjx"))
    assert MINGDA not in text(boss.get("/records/customer?q=hyjx"))
    both = text(boss.get("/records/customer?grade=A&grade=C"))
    assert HENGYUAN in both and MINGDA in both


def test_the_fragment_tells_the_browser_its_address(demo, as_user):
    response = as_user("wangqiang").get("/records/customer/rows?q=恒远&sort=-name")
    assert response.headers["HX-Push-Url"].startswith("/records/customer?q=")
    assert "<html" not in text(response)


def test_nothing_found_says_so_and_offers_a_way_out(demo, as_user):
    page = text(as_user("wangqiang").get("/records/customer?q=没有这家"))
    assert "没有符合条件的客户" in page
    assert 'href="/records/customer"' in page


def test_a_first_visit_without_records_is_kind(app, as_user):
    page = text(as_user("zhangwei").get("/records/customer"))
    assert "还没有您能看到的客户" in page
    assert "/processes/051-01-01" in page


def test_a_script_tag_in_a_name_is_only_text(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"name": "<script>alert(1)</script>甲公司"}, by="zhangwei")
    db.session.commit()
    boss = as_user("wangqiang")
    for url in ("/records/customer", f"/records/customer/{row.number}", "/records/contact",
                "/commands?q=script", "/records/customer?q=<script>alert(2)</script>"):  # fmt: skip
        page = text(boss.get(url))
        assert "<script>alert" not in page, url
    assert "&lt;script&gt;alert(1)&lt;/script&gt;甲公司" in text(boss.get("/records/customer"))


def test_a_website_never_becomes_a_script(demo, as_user):
    row = records.need("customer", "CU-202501-0001")
    records.change(row, {"website": "javascript:alert(1)"}, by="zhangwei")
    db.session.commit()
    page = text(as_user("zhangwei").get(f"/records/customer/{row.number}"))
    assert 'href="javascript:' not in page


def test_long_lists_have_pages(app, as_user):
    for n in range(60):
        records.create(
            "customer",
            {"name": f"客户{n:03d}", "customer_type": "企业", "source": "导入", "owner_id": "lina"},
            by="lina",
        )
    db.session.commit()
    lina = as_user("lina")
    seen: list[str] = []
    for number in (1, 2, 3):
        page = text(lina.get(f"/records/customer?sort=name&page={number}"))
        seen += re.findall(r"<b>(客户\d+)</b>", page)
    assert seen == [f"客户{n:03d}" for n in range(60)]
    assert "51–60 / 共 60 条" in page


@pytest.mark.parametrize("page", ["0", "-1", "9999999999", "x", "%00"])
def test_a_strange_page_number_is_a_page(demo, as_user, page):
    assert HENGYUAN in text(as_user("zhangwei").get(f"/records/customer?page={page}"))


def test_offers_of_a_filter_are_people_by_name(demo, as_user):
    page = text(as_user("wangqiang").get("/records/customer/options/owner_id?grade=A"))
    assert "张伟" in page and "grade=A" in page and "owner_id=zhangwei" in page


def test_personal_data_has_no_filter(demo, as_user):
    assert as_user("zhangwei").get("/records/contact/options/birthday").status_code == 404


def test_the_choice_of_columns_is_kept_for_the_person(demo, as_user):
    boss = as_user("wangqiang")
    response = boss.post(
        "/records/customer/columns?grade=A", data={"columns": ["name", "legal_rep"]}
    )
    assert response.status_code == 302 and "grade=A" in response.location
    page = text(boss.get("/records/customer"))
    assert "何远" in page and "资料完整率</a>" not in page
    assert "资料完整率</a>" in text(as_user("zhangwei").get("/records/customer"))
    boss.post("/records/customer/columns", data={})
    assert "资料完整率</a>" in text(boss.get("/records/customer"))


def test_columns_that_do_not_exist_are_ignored(demo, as_user):
    boss = as_user("wangqiang")
    boss.post("/records/contact/columns", data={"columns": ["birthday", "nonsense"]})
    assert "1978-03-12" not in text(boss.get("/records/contact"))


def test_every_kind_has_a_list_an_export_and_sorted_columns(demo, as_user):
    boss = as_user("zhouning")
    for entity, model in records.entities().items():
        last = model.record.columns[-1]
        for url in (f"/records/{entity}?sort=-{last}", f"/records/{entity}/export.csv"):
            assert boss.get(url).status_code == 200, url


def test_an_unknown_kind_is_not_found(demo, as_user):
    assert as_user("zhouning").get("/records/unicorn").status_code == 404
