"""What `flask demo` loads, as the demo people meet it; the documentation's picture of the inbox."""

import pytest

from app.inbox import demo
from tests.browser.conftest import check_page
from tests.flows.conftest import published  # noqa: F401 - the company with every flow


@pytest.fixture(scope="session")
def template(published):  # noqa: F811 - the fixture
    """The server's database begins as the company with its records and flows."""
    return published


@pytest.fixture(scope="module")
def busy(site):
    """The demo's cases are there, begun just now."""
    with site.data():
        assert demo.load_cases() > 5
    return site


@pytest.mark.parametrize("login", ["zhangwei", "lina", "wangqiang", "sunli"])
def test_nobody_of_the_demo_has_an_empty_inbox(busy, page_as, login):
    page = page_as(login)
    assert page.locator(".task").count() >= 1


def test_the_inbox_of_the_demo(busy, page_as, picture):
    page = page_as("sunli")
    page.locator(".peek-foot").wait_for()
    assert page.locator(".task").count() >= 3
    check_page(page)
    picture(page, "inbox")


def test_the_inbox_on_a_phone(busy, page_as, picture):
    page = page_as("wangqiang", width=390)
    page.locator(".task").first.wait_for()
    check_page(page)
    picture(page, "inbox-phone")


def test_the_library_of_the_demo(busy, page_as, picture):
    page = page_as("zhangwei")
    page.goto("/processes")
    check_page(page)
    picture(page, "library")
