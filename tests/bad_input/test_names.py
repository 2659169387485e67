"""Strange names in the real customer form: refused in words, or shown as the text that they are, on
every page that they reach."""

import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.models import Instance, UserTask
from app.records.customer import Customer
from tests.flows.conftest import app, published, stage  # noqa: F401 - the company and its stage

SCRIPT = '<script>alert("1")</script>精密有限公司'
FACTORY = "宁波👨‍👩‍👧精密🔧有限公司"
PROFILE = {
    "mode": "create", "customer.customer_type": "企业", "customer.industry": "精密加工",
    "customer.region": "华东", "customer.province": "浙江", "customer.city": "杭州",
    "customer.address": "杭州市滨江区江南大道 100 号", "customer.source": "自行开发",
    "customer.life_stage": "潜在", "contacts[0]._row": "", "contacts[0].name": "钱进",
    "contacts[0].mobile": "13800000001", "contacts[0].decision_role": "决策者",
    "contacts[0].status": "在职", "contacts[0].consent": "未取得", "outcome": "submit",
}  # fmt: skip


@pytest.fixture
def task(stage):  # noqa: F811 - the fixture
    """张伟's empty form."""
    return stage.task("edit_profile", stage.start("p_051_01_01", "zhangwei"))


def enter(browser, task, **changed):
    typed = PROFILE | {key.replace("__", "."): text for key, text in changed.items()}
    return browser.post(f"/tasks/{task.id}/complete", data=typed)


@pytest.mark.parametrize("name", [SCRIPT, FACTORY, 'O\'Neil "&" Söhne ｶﾅ', "‮有限公司‭甲乙"])
def test_a_name_is_text_on_every_page_that_it_reaches(stage, as_user, task, name):  # noqa: F811
    seller, clerk = as_user("zhangwei"), as_user("sunli")
    seller.post(f"/tasks/{task.id}/draft", data=PROFILE | {"customer.name": name})
    assert enter(seller, task, customer__name=name).status_code == 303
    case = task.instance_id
    review = stage.task("review", case)
    pages = [
        (clerk, "/inbox"), (clerk, f"/tasks/{review.id}"), (clerk, f"/tasks/{review.id}/peek"),
        (seller, "/inbox?f=started"), (seller, f"/instances/{case}"),
        (seller, f"/instances/{case}/peek"), (clerk, "/commands?q=alert"),
    ]  # fmt: skip
    seen = [browser.get(address).text for browser, address in pages]
    assert (
        clerk.post(f"/tasks/{review.id}/complete", data={"outcome": "approve"}).status_code == 303
    )

    customer = db.session.scalars(sa.select(Customer).order_by(Customer.id.desc()).limit(1)).one()
    record = f"/records/customer/{customer.number}"
    for address in (
        record,
        f"{record}?tab=log",
        "/records/customer",
        f"/instances/{case}",
        "/inbox",
    ):
        answer = seller.get(address)
        assert answer.status_code == 200
        seen.append(answer.text)
    assert customer.name in seller.get("/records/customer/export.csv").text.replace('""', '"')
    for page in seen:
        assert "<script>alert" not in page
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), "no page has a script of its own"
    assert str(sa.inspect(customer).dict["name"]) in name or customer.name_key


def test_a_name_of_three_hundred_characters_is_refused_beside_its_field(as_user, task):
    answer = enter(as_user("zhangwei"), task, customer__name="长" * 300)
    assert answer.status_code == 422
    assert "100" in answer.text and 'aria-invalid="true"' in answer.text
    assert "长" * 300 in answer.text, "what was typed is still there"
    assert fresh(task).state == "open"


def fresh(task):
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id)


@pytest.mark.parametrize(
    ("field", "text"),
    [("customer__name", ""), ("customer__industry", ""), ("customer__region", "火星"),
     ("customer__customer_type", "['企业']"), ("mode", "drop"), ("customer__phone", "abc"),
     ("contacts[0]__mobile", "12"), ("customer__blacklist", "2"), ("contacts[0]__consent", "1"),
     ("customer__employees", "-1"), ("customer__employees", "1e999999"),
     ("customer__registered_capital", "NaN"), ("customer__name", "\x00\x01")],
)  # fmt: skip
def test_a_missing_field_or_a_wrong_type_changes_nothing(as_user, task, field, text):
    answer = enter(as_user("zhangwei"), task, **{"customer__name": "杭州启明", field: text})
    assert answer.status_code == 422, answer.text[:300]
    assert fresh(task).state == "open"
    assert db.session.scalar(sa.select(sa.func.count(Instance.id))) == 1


def test_no_field_at_all_is_answered_beside_the_fields(as_user, task):
    answer = as_user("zhangwei").post(f"/tasks/{task.id}/complete", data={"outcome": "submit"})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') >= 8
