"""Every report that the flows of customers, marketing and sales ask for is there.

The table says what is asked for; it is written down here so that a number cannot get lost.
"""

import pytest

from app.reports.catalogue import FLOWS, REPORTS

ASKED = {
    "051-01": {
        "R01-1": "complete facts, doubles stopped", "R01-2": "structure of customers",
        "R01-3": "customers and contacts found", "R01-4": "birthdays and care",
        "R02-1": "effect of assignments", "R02-2": "pool and claims",
        "R02-3": "first contact in time", "R02-4": "customers per head",
        "R02-5": "customers in danger", "R03-1": "accounts, and their entries",
        "R03-2": "ageing", "R03-3": "grades as a pyramid", "R03-4": "statements confirmed",
        "R04-1": "credit by status", "R04-2": "releases over the limit",
        "R04-3": "credit changes", "R05-1": "prices in force", "R05-2": "price changes",
        "R05-3": "sold against the list", "R05-4": "sold under the floor",
    },
    "051-02": {
        "R01-1": "conversion of leads", "R01-2": "time to first response",
        "R01-3": "leads by state and source", "R01-4": "reassignments",
        "R02-1": "plans and approval time", "R02-2": "use of budgets",
        "R02-3": "calendar of campaigns", "R03-1": "progress and cost of campaigns",
        "R03-2": "effect of campaigns", "R03-3": "incentives", "R03-4": "campaigns compared",
        "R04-1": "competitors", "R04-2": "competing prices", "R04-3": "lost orders",
        "R04-4": "competition reported", "R05-1": "answers returned and valid",
        "R05-2": "satisfaction", "R05-3": "answers by question",
        "R05-4": "campaign effect beside the survey",
    },
    "051-03": {
        "R01-1": "plan and actual", "R01-2": "ranking", "R01-3": "plan adjustments",
        "R01-4": "new customers against the plan", "R02-1": "funnel",
        "R02-2": "progress and cost of opportunities", "R02-3": "lost opportunities",
        "R02-4": "double registrations", "R02-5": "forecast", "R03-1": "quotations",
        "R03-2": "quotations won", "R03-3": "discounts, and quotations under the floor",
        "R03-4": "approval time of quotations", "R04-1": "orders, and their lines",
        "R04-2": "approval time of orders", "R04-3": "price kept", "R04-4": "delivered in time",
        "R04-5": "cancellations and changes", "R05-1": "progress of deliveries",
        "R05-2": "punctuality and fill rate", "R05-3": "under way", "R05-4": "shortages",
        "R06-1": "return rate, and reasons", "R06-2": "time to settle returns",
        "R06-3": "value of returns, red invoices", "R06-4": "quality returns",
        "R07-1": "progress of invoicing", "R07-2": "delivered, not invoiced",
        "R07-3": "invoices, red ones", "R07-4": "time to invoice",
        "R08-1": "receipts planned and actual", "R08-2": "ageing, and what is overdue",
        "R08-3": "unclaimed receipts", "R08-4": "allocation of receipts", "R09-1": "refunds",
        "R09-2": "time to refund", "R09-3": "still to be refunded",
        "R10-1": "prepayments left", "R10-2": "prepayments used",
        "R10-3": "prepayments received",
    },
}  # fmt: skip
NUMBERS = [f"{area}/{code}" for area, codes in ASKED.items() for code in codes]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_a_report(number):
    assert number in REPORTS


def test_a_report_beyond_the_numbers_stands_beside_one():
    more = set(REPORTS) - set(NUMBERS)
    assert {id[:-1] for id in more} <= set(NUMBERS)
    assert all(id[-1] in "bc" for id in more)


@pytest.mark.parametrize("id", REPORTS)
def test_every_report_says_what_it_is(id):
    report = REPORTS[id]
    assert report.flow in FLOWS
    assert str(report.name) and str(report.purpose).endswith("。")
    assert report.readers
    columns = {column.name for column in report.columns}
    assert len(columns) == len(report.columns)
    if report.chart is not None:
        drawn = {report.chart.label, report.chart.second, *report.chart.values} - {""}
        assert drawn <= columns


def test_no_two_reports_have_the_same_name():
    names = [str(report.name) for report in REPORTS.values()]
    assert len(set(names)) == len(names)
