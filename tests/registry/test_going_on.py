"""A customer's page shows what runs about its documents, too."""

import pytest

from app.db import db
from app.engine.models import Instance
from app.records import need, sight
from app.registry import cases
from tests.inbox import quotes
from tests.reports.conftest import HENGYUAN, order


@pytest.fixture
def running(demo):
    """A running case about an order of 恒远 that is 张伟's."""
    row = order(HENGYUAN, "zhangwei", 114000)
    quotes.publish()
    task = quotes.begin()
    case = db.session.get_one(Instance, task.instance_id)
    case.business_key = row.number
    db.session.commit()
    return row.number


def seen_by(login: str, *groups: str) -> list[str]:
    viewer = sight.Viewer(login, groups=frozenset(groups))
    customer = need("customer", HENGYUAN)
    others = cases.documents_of(customer, viewer)
    return [one.case.business_key for one in cases.going_on(customer.key, others)]


def test_a_case_of_an_order_stands_on_its_customers_page(running):
    assert seen_by("zhangwei", "sales_rep") == [running]


def test_not_for_a_colleague_who_may_not_see_the_order(running):
    assert seen_by("lina", "sales_rep") == []


def test_not_for_an_outsider(running):
    assert seen_by("baijie", "teacher") == []


def test_the_page_shows_it(running, as_user):
    page = as_user("zhangwei").get(f"/records/customer/{HENGYUAN}").text
    assert "现在没有正在办的事项" not in page
