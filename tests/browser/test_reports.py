"""Reports and the pages that selling needs: readable everywhere, in both languages and themes."""

import pytest

from app.db import db
from app.records.sales_order import SalesOrder
from tests.browser.conftest import check_page
from tests.reports import conftest as trade

LOOKS = [(1400, False, "zh"), (390, False, "zh"), (1400, True, "en"), (390, True, "en")]
PAGES = (
    "/reports", "/reports/051-03/R02-1", "/reports/051-03/R01-1?by=person",
    "/reports/051-03/R04-1c?period=2026&versus=before", "/reports/051-01/R02-4",
    "/reports/051-03/R03-3?period=all", "/reports/051-03/R04-1b?period=all&q=恒远",
    "/reports?q=退货", "/reports/051-01/R03-2", "/reports/051-01/R03-3", "/reports/051-03/R04-1?period=all",
    "/records/board", "/records/prices", "/records/sales_order/ORDER",
    "/processes/area/051-01",
)  # fmt: skip


@pytest.fixture(scope="module")
def full(site):
    with site.data():
        trade.fill()
        site.order = db.session.scalars(
            db.select(SalesOrder.number).order_by(SalesOrder.id)
        ).first()
    return site


@pytest.mark.parametrize(
    ("width", "dark", "locale"), LOOKS,
    ids=[f"{w}-{'dark' if d else 'light'}-{lang}" for w, d, lang in LOOKS],
)  # fmt: skip
def test_every_page_is_accessible_and_fits(page_as, shot, full, width, dark, locale):
    page = page_as("zhaomin", width=width, dark=dark, locale=locale)
    for address in PAGES:
        page.goto(address.replace("ORDER", full.order))
        page.wait_for_load_state("networkidle")
        name = address.strip("/").replace("/", "-").replace("?", "-").replace("=", "-")
        shot(page, f"{name}-{width}-{'dark' if dark else 'light'}-{locale}")
        check_page(page)


def test_a_filter_changes_the_figures_and_the_address(page_as, full):
    page = page_as("zhaomin")
    page.goto("/reports/051-03/R04-1c?period=all")
    assert "148,000.00" in page.locator("tfoot").inner_text()
    page.get_by_label("人员").select_option("lina")
    page.wait_for_url("**person=lina**")
    page.locator("#said tbody tr").first.wait_for()
    assert "148,000.00" not in page.locator("#said").inner_text()


def test_a_bar_of_the_chart_opens_the_list_behind_it(page_as, full):
    page = page_as("zhaomin")
    page.goto("/reports/051-03/R02-1")
    page.locator("svg.chart.desk a").first.click()
    page.wait_for_url("**/records/opportunity?**")
    page.get_by_role("heading", name="销售机会").wait_for()
