"""信用事实：评分和政策要看的数字（051-01-04）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import exposure, period, write
from app.records.account_snapshot import AccountSnapshot
from app.records.ar_entry import ArEntry
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.customer_credit import CustomerCredit
from app.records.sales_order import SalesOrder
from handlers import credit, steps

ORDERED = ("已生效", "履约中", "挂起", "已完成")
ZERO = Decimal("0.00")
YEAR = Decimal("365.25")
INPUTS = ("years_trading", "max_overdue_12m", "max_overdue_days", "ytd_order", "capital", "taxpayer",
          "peer", "fund")  # fmt: skip


@handler(
    topic="credit.collect_facts",
    outputs=("source", "customer_id", "needs_form", "application", "subject", "department_id",
             "submitter", "month_order", "credit_facts", "problems", "change_no", "review", *INPUTS),
    pure=True,
)  # fmt: skip
def collect_facts(
    step: Step, *, source: str | None = None, customer_id: str | None = None,
    starter: str | None = None, outcome: str | None = None, application: dict | None = None,
    change_no: str | None = None, review: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """归集信用事实：账务快照、订单、逾期、注册资金和申请里写的同行评价。

    `source` is initial (the customer has no credit facts yet), apply (a person asks), review or
    overdue. `needs_form`: the application has still to be written.
    """
    customer = write.find("customer", customer_id)
    source = source or _source(customer, starter)
    found: dict[str, Any] = dict.fromkeys(INPUTS) | {
        "source": source, "customer_id": customer.number if customer else None,
        "needs_form": source == "apply" and (customer is None or outcome != "submit"),
        "application": application or {}, "month_order": ZERO, "credit_facts": [], "review": review,
        "subject": customer.name if customer else _("信用申请"), "change_no": change_no,
        "department_id": customer.department_id if customer else None, "problems": None,
        "submitter": (starter or step.started_by) if source == "apply" else None,
    }  # fmt: skip
    if customer is None:
        if customer_id:
            found["problems"] = _("没有找到客户 %(number)s，请重新选择。", number=customer_id)
        return found
    facts = _facts(step, customer, application or {})
    return found | facts | {"credit_facts": _shown(step, customer, facts)}


def _source(customer: Customer | None, starter: str | None) -> str:
    if customer is not None and exposure.credit_of(customer.id) is None:
        return "initial"
    return "apply" if starter or customer is None else "overdue"


def _facts(step: Step, customer: Customer, application: Mapping[str, Any]) -> dict[str, Any]:
    today = steps.today(step)
    account = db.session.scalar(
        sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer.id)
    )
    late = exposure.overdue_days([customer.id], today)
    year = _ordered(customer.id, today - dt.timedelta(days=365), today)
    return {
        "years_trading": _years(customer.id, today), "max_overdue_days": late,
        "max_overdue_12m": max(late, _worst(customer.id, today)),
        "ytd_order": _ordered(customer.id, today.replace(month=1, day=1), today),
        "capital": customer.registered_capital,
        "taxpayer": account.taxpayer_type if account else None,
        "peer": application.get("peer_credit"),
        "fund": account.fund_state if account else None,
        "month_order": (year / 12).quantize(ZERO),
    }  # fmt: skip


def _years(customer_id: int, today: dt.date) -> Decimal:
    """Years since the first order or the first entry in the ledger."""
    order = sa.select(sa.func.min(SalesOrder.order_date)).where(
        SalesOrder.customer_id == customer_id, SalesOrder.state.in_(ORDERED)
    )
    entry = sa.select(sa.func.min(ArEntry.value_date)).where(ArEntry.customer_id == customer_id)
    days = [day for day in (db.session.scalar(order), db.session.scalar(entry)) if day]
    return (Decimal((today - min(days)).days) / YEAR).quantize(ZERO) if days else ZERO


def _worst(customer_id: int, today: dt.date) -> int:
    """The longest overdue of the last twelve monthly snapshots."""
    since = period.of(today.replace(year=today.year - 1, day=1))
    query = sa.select(sa.func.max(AccountSnapshot.max_overdue_days)).where(
        AccountSnapshot.customer_id == customer_id, AccountSnapshot.period >= since
    )
    return int(db.session.scalar(query) or 0)


def _ordered(customer_id: int, since: dt.date, until: dt.date) -> Decimal:
    query = sa.select(sa.func.sum(SalesOrder.total)).where(
        SalesOrder.customer_id == customer_id, SalesOrder.state.in_(ORDERED),
        SalesOrder.order_date >= since, SalesOrder.order_date <= until,
    )  # fmt: skip
    return db.session.scalar(query) or ZERO


def _shown(step: Step, customer: Customer, facts: Mapping[str, Any]) -> list[dict[str, str]]:
    row = exposure.credit_of(customer.id)
    now = credit.standing(row, exposure.ZERO, steps.today(step)) if row else None
    pairs = [(_("客户"), f"{customer.name}（{customer.number}）")]
    if row is not None and now is not None:
        pairs += [
            (_("信用等级"), row.level), (_("信用额度"), f"{row.limit:,}"),
            (_("临时额度"), f"{row.temp_limit:,}"), (_("信用占用"), f"{now['exposure']:,}"),
            (_("控制方式"), row.control), (_("状态"), now["status"]),
        ]  # fmt: skip
    pairs += [
        (_("合作年数"), str(facts["years_trading"])),
        (_("本年签单"), f"{facts['ytd_order']:,}"), (_("月均签单"), f"{facts['month_order']:,}"),
        (_("最长逾期天数"), str(facts["max_overdue_days"])),
        (_("近12个月最长逾期天数"), str(facts["max_overdue_12m"])),
        (_("纳税人类型"), facts["taxpayer"] or "—"), (_("资金状况"), facts["fund"] or "—"),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in pairs]


@handler(topic="credit.list_reviews", outputs=("customers", "next_after"), pure=True)
def list_reviews(step: Step, *, after: str | None = None) -> dict[str, Any]:
    """列出复审客户：有信用档案、还在往来的客户；一批最多一百个。

    In the order of their numbers, from the one behind `after`. `next_after` is the last of this
    batch when there are more, else null.
    """
    query = (
        sa.select(Customer.number)
        .join(CustomerCredit, CustomerCredit.customer_id == Customer.id)
        .where(Customer.state.in_(("有效", "公海")), Customer.number > (after or ""))
        .order_by(Customer.number)
    )
    found, rest = steps.batch(list(db.session.scalars(query.limit(steps.BATCH + 1))))
    return {"customers": found, "next_after": found[-1] if rest else None}
