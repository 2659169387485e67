"""The pools: asking for a lead or a customer that nobody has starts its flow."""

import pytest

from app import clock
from app.db import db
from app.records import write
from tests.flows.leads import chuangzhi
from tests.flows.stage import Stage

MINGDA = "CU-202502-0007"


@pytest.fixture
def lead(stage: Stage) -> str:
    """A lead in the pool."""
    case = stage.start("p_051_02_01", "wuhao")
    stage.do("enter_lead", "wuhao", "submit", case=case, lead=chuangzhi(region="华南"))
    stage.do("distribute", "wangqiang", case=case, assignment={"way": "线索池"})
    return stage.variables(case)["lead_no"]


@pytest.fixture
def customer(stage: Stage) -> str:
    """A customer in the pool; 李娜 had it before."""
    row = write.need("customer", MINGDA)
    write.change(row, {"owner_id": None, "previous_owner_id": "lina", "pool_at": clock.now()},
                 by="wangqiang")  # fmt: skip
    write.move(row, "公海", by="wangqiang")
    db.session.commit()
    return MINGDA


def test_a_lead_goes_to_whoever_asks_first(stage: Stage, lead: str, as_user):
    page = as_user("lina")
    assert f"/records/lead/{lead}/claim" in page.get("/records/pool").text
    answer = page.post(f"/records/lead/{lead}/claim")
    assert answer.location == "/records/pool"
    assert stage.task("accept").assignee == "lina"
    assert "线索归您了" in page.get("/records/pool").text
    late = as_user("zhangwei").post(f"/records/lead/{lead}/claim")
    assert late.status_code in (404, 409)
    assert stage.record("lead", lead).owner_id == "lina"


def test_its_telephone_is_told_to_whoever_has_it(stage: Stage, lead: str, as_user):
    mobile = stage.record("lead", lead).mobile
    assert mobile not in as_user("lina").get(f"/records/lead/{lead}").text
    assert mobile not in as_user("lina").get("/records/lead?state=线索池").text
    assert mobile in as_user("wuhao").get(f"/records/lead/{lead}").text
    as_user("lina").post(f"/records/lead/{lead}/claim")
    assert mobile in as_user("lina").get(f"/records/lead/{lead}").text


def test_a_customer_is_asked_for_and_the_manager_decides(stage: Stage, customer: str, as_user):
    page = as_user("zhangwei")
    assert page.post(f"/records/customer/{customer}/claim").status_code == 303
    assert "等经理确定分配" in page.get("/records/pool").text
    assert stage.open() == ["plan"]
    assert stage.record("customer", customer).owner_id is None


def test_the_ban_of_the_previous_owner_holds(stage: Stage, customer: str, as_user):
    page = as_user("lina")
    assert page.post(f"/records/customer/{customer}/claim").status_code == 303
    assert "没有领到" in page.get("/records/pool").text
    assert stage.open() == []


def test_only_sellers_claim_and_outsiders_see_nothing(stage: Stage, lead: str, as_user):
    assert as_user("baijie").get("/records/pool").status_code == 404
    assert as_user("baijie").post(f"/records/lead/{lead}/claim").status_code == 404
    assert as_user("gaoyuan").post(f"/records/lead/{lead}/claim").status_code == 403
    assert "/claim" not in as_user("gaoyuan").get("/records/pool").text
    assert stage.record("lead", lead).state == "线索池"


def test_an_empty_pool_says_so_and_a_search_narrows(stage: Stage, customer: str, as_user):
    text = as_user("zhangwei").get("/records/pool").text
    assert "线索池是空的" in text and "苏州明达自动化有限公司" in text
    assert "苏州明达" not in as_user("zhangwei").get("/records/pool?q=没有").text
