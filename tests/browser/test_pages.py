"""The pages between the rooms: archive, settings, records with a face of their own, the
administrator's lists. Readable everywhere, in both languages and themes, and on a phone."""

import datetime as dt

import pytest

from app import clock
from tests.browser.conftest import check_page
from tests.conftest import standing
from tests.operate import old
from tests.reports import conftest as trade

YEARS = dt.timedelta(days=4000)
LOOKS = [(1400, False, "zh"), (390, True, "en")]
PAGES = {
    "zhaomin": (
        "/archive", "/settings", "/records", "/records/board",
        "/records/prices?product=P-1001", "/records/stock", "/records/pool", "/records/action",
    ),
    "zhouning": (
        "/archive/CASE", "/monitor/log", "/monitor/background", "/monitor/bulk", "/monitor/cases",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def full(site):
    with site.data():
        trade.fill()
        old.publish()
        site.case = old.finish()
    with site.data(), standing(clock.now() + YEARS):
        old.look()
    return site


@pytest.mark.parametrize(("width", "dark", "locale"), LOOKS, ids=["desk", "phone"])
@pytest.mark.parametrize("login", PAGES)
def test_every_page_is_accessible_and_fits(page_as, full, login, width, dark, locale):
    page = page_as(login, width=width, dark=dark, locale=locale)
    for address in PAGES[login]:
        page.goto(address.replace("CASE", str(full.case)))
        page.wait_for_load_state("networkidle")
        check_page(page)


def test_many_verbs_stand_beside_each_other_on_a_phone(page_as, full):
    """Six verbs of one form: none is cut, none lies on another."""
    page = page_as("zhangwei", width=390)
    page.goto("/settings")
    page.evaluate(
        """() => document.querySelector('main').insertAdjacentHTML('beforeend',
        '<div class="outcomes">' + ['登记行动', '登记丢单', '升阶段', '出报价', '登记赢单', '暂停']
        .map((verb) => `<button class="btn" type="button">${verb}</button>`).join('') + '</div>')"""
    )
    boxes = page.locator(".outcomes .btn").evaluate_all(
        "all => all.map(b => ({cut: b.scrollWidth - b.clientWidth, ...b.getBoundingClientRect()"
        ".toJSON()}))"
    )
    assert all(box["cut"] <= 0 and box["left"] >= 0 and box["right"] <= 390 for box in boxes)
    rows = sorted({round(box["top"]) for box in boxes})
    assert len(rows) == 2, rows
