"""Every report by its number, and the flows that they belong to."""

from app.i18n import _l
from app.reports import (
    of_accounts,
    of_campaigns,
    of_customers,
    of_deliveries,
    of_fulfilment,
    of_invoices,
    of_leads,
    of_market,
    of_money,
    of_orders,
    of_plans,
    of_pool,
    of_prices,
    of_quotes,
    of_receipts,
    of_returns,
    of_rivals,
    of_sales,
    of_surveys,
)
from app.reports.report import Report

FLOWS = {
    "051-01-01": _l("客户联系人维护"), "051-01-02": _l("客户联系人分配"),
    "051-01-03": _l("客户账务管理"), "051-01-04": _l("客户信用管理"),
    "051-01-05": _l("客户价格表管理"), "051-02-01": _l("线索管理"),
    "051-02-02": _l("市场活动维护"), "051-02-03": _l("市场活动执行"),
    "051-02-04": _l("竞争管理"), "051-02-05": _l("市场调查"), "051-03-01": _l("销售计划管理"),
    "051-03-02": _l("销售机会管理"), "051-03-03": _l("报价管理"), "051-03-04": _l("订单管理"),
    "051-03-05": _l("交付管理"), "051-03-06": _l("退货管理"), "051-03-07": _l("发票管理"),
    "051-03-08": _l("收款管理"), "051-03-09": _l("退款管理"), "051-03-10": _l("预收管理"),
}  # fmt: skip
_ALL = (
    of_customers, of_pool, of_accounts, of_money, of_prices, of_leads, of_market, of_campaigns,
    of_rivals, of_surveys, of_plans, of_sales, of_quotes, of_orders, of_fulfilment, of_deliveries,
    of_returns, of_invoices, of_receipts,
)  # fmt: skip
REPORTS: dict[str, Report] = {
    report.id: report
    for report in sorted((one for room in _ALL for one in room.REPORTS), key=lambda one: one.id)
}


def of_flow(flow: str) -> list[Report]:
    """The reports of one flow, in the order of their numbers."""
    return [report for report in REPORTS.values() if report.flow == flow]
