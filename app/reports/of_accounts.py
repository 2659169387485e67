"""Reports of 051-01-03 and -04: entries, statements, days of sales, releases, credit, bad debts."""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.i18n import _l
from app.records.account_snapshot import AccountSnapshot
from app.records.ar_entry import ArEntry
from app.records.customer import Customer
from app.records.customer_credit import CreditChange, CreditRelease
from app.records.invoice import Invoice
from app.records.statement import Statement
from app.reports import columns as c
from app.reports import spans
from app.reports.report import (
    MONEY,
    Ask,
    Chart,
    Link,
    Report,
    Row,
    count_if,
    share,
    sum_if,
    to,
    within,
)

LEDGERS = {"": _l("全部"), "应收": _l("应收"), "预收": _l("预收"), "应退": _l("应退")}
KINDS = {
    "opening": "期初", "invoice": "发票", "red_invoice": "红字发票", "receipt": "收款",
    "prepay_in": "预收入账", "prepay_offset": "预收冲抵", "refund": "退款", "adjust": "调整",
    "write_off": "核销", "restock_fee": "退货费", "reversal": "冲销",
}  # fmt: skip
STATEMENT_BY = {"period": _l("月份"), "person": _l("负责人"), "customer": _l("客户")}


def entries(ask: Ask) -> sa.Select[Any]:
    """Every posting of the sub-ledger with its document (R03-1)."""
    row, buyer = ArEntry, Customer
    return (
        sa.select(
            row.doc_no.label("doc_no"), row.value_date.label("on"), buyer.name.label("customer"),
            buyer.number.label("customer_no"), row.ledger.label("ledger"),
            sa.case(KINDS, value=row.type, else_=row.type).label("kind"),
            row.amount.label("amount"), row.order_no.label("order_no"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.only("ledger", row.ledger), *ask.period.days(row.value_date),
               *ask.found(buyer.name, row.doc_no, row.order_no))
        .order_by(row.value_date.desc(), row.id.desc())
    )  # fmt: skip


def statements(ask: Ask) -> sa.Select[Any]:
    """How many statements were confirmed, and by how much the others differ (R03-4)."""
    row, buyer = Statement, Customer
    keys = {"period": [row.period.label("key")], "person": [buyer.owner_id.label("key")],
            "customer": [buyer.name.label("key"), buyer.number.label("customer_no")]}[
        ask.chosen["by"]]  # fmt: skip
    agreed = row.state.in_(("已确认", "已调整"))
    apart = sa.type_coerce(sa.func.abs(row.balance - row.confirmed_balance), row.balance.type)
    return (
        sa.select(
            *keys, sa.func.count().label("count"), count_if(agreed).label("agreed"),
            count_if(row.state == "有差异").label("disputed"),
            count_if(row.state == "已发送").label("waiting"),
            count_if(row.state == "未对账").label("silent"),
            sa.func.sum(row.balance).label("balance"),
            sum_if(row.confirmed_balance.is_not(None), apart).label("apart"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *_periods(ask, row.period))
        .group_by(*keys)
        .order_by(keys[0].desc() if ask.chosen["by"] == "period" else sa.desc("count"), keys[0])
    )  # fmt: skip


def _periods(ask: Ask, column: Any) -> list[sa.ColumnElement[bool]]:
    """The condition on a month written as 2026-03."""
    found = []
    if ask.period.first is not None:
        found.append(column >= f"{ask.period.first:%Y-%m}")
    if ask.period.last is not None:
        found.append(column <= f"{ask.period.last:%Y-%m}")
    return found


def rate_statements(row: Row) -> None:
    """Confirmed of all that were sent."""
    row["rate"] = share(row["agreed"], row["count"])


def of_statement(row: Row, ask: Ask) -> Link | None:
    """The statements of the month or customer; the person's customers."""
    if ask.chosen["by"] == "person":
        return "customer", {"owner_id": row["key"] or "-"}
    if ask.chosen["by"] == "customer":
        return "statement", {"customer_id": row["customer_no"]}
    return "statement", {"period": row["key"]}


def turnover(ask: Ask) -> sa.Select[Any]:
    """Receivable against the turnover of the year, month by month: days of sales (051-01-03)."""
    row, buyer = AccountSnapshot, Customer
    return (
        sa.select(
            row.period.label("key"), sa.func.count().label("customers"),
            sa.func.sum(row.receivable).label("receivable"),
            sa.func.sum(row.overdue).label("overdue"),
            sa.func.sum(row.turnover_y).label("turnover"),
            sa.func.sum(row.receipts_y).label("receipts"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *_periods(ask, row.period))
        .group_by(row.period)
        .order_by(row.period.desc())
    )  # fmt: skip


def rate_turnover(row: Row) -> None:
    """dso = receivable / turnover of the year x days of the year so far."""
    if "key" not in row:
        return
    year, month = int(row["key"][:4]), int(row["key"][5:7])
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    part = share(row["receivable"], row["turnover"])
    row["dso"] = None if part is None else part * (after - dt.date(year, 1, 1)).days
    row["rate"] = share(row["receipts"], row["turnover"])


def releases(ask: Ask) -> sa.Select[Any]:
    """Documents over the limit that somebody let pass (R04-2)."""
    row, buyer = CreditRelease, Customer
    return (
        sa.select(
            row.doc_no.label("doc_no"), row.created_at.label("on"), buyer.name.label("customer"),
            buyer.number.label("customer_no"), row.amount.label("amount"),
            row.decision.label("decision"), row.created_by.label("person"),
            row.reason.label("reason"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=row.created_by, department=buyer.department_id),
               *ask.period.moments(row.created_at), *ask.found(buyer.name, row.doc_no))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def changes(ask: Ask) -> sa.Select[Any]:
    """Every change of credit: what it was, what it became, why (R04-3)."""
    row, buyer = CreditChange, Customer
    return (
        sa.select(
            row.number.label("number"), row.created_at.label("on"), buyer.name.label("customer"),
            row.apply_type.label("kind"), row.old_values.label("old"),
            row.new_limit.label("after"), row.new_level.label("level"),
            row.new_control.label("control"), row.created_by.label("person"),
            row.state.label("state"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               *ask.period.moments(row.created_at), *ask.found(buyer.name, row.number))
        .order_by(row.created_at.desc(), row.id.desc())
    )  # fmt: skip


def read_old(row: Row) -> None:
    """The limit before, out of the values that were kept."""
    old = row.pop("old", None) or {}
    before = old.get("limit")
    row["before"] = None if before is None else Decimal(str(before))


def bad_debts(ask: Ask) -> sa.Select[Any]:
    """What was invoiced and what had to be written off, month by month (051-01-04)."""
    sold, entry, buyer = Invoice, ArEntry, Customer
    none = sa.type_coerce(sa.literal(0), sold.gross.type)
    when = spans.month_of(sold.invoice_date)
    billed = (
        sa.select(when.label("month"), sa.func.sum(sold.gross).label("billed"),
                  none.label("lost"))
        .join(buyer, sold.customer_id == buyer.id)
        .where(*within(ask, sold, person=buyer.owner_id, department=buyer.department_id),
               sold.color == "蓝", sold.state.in_(("已入账", "已结清", "已红冲")),
               *ask.period.days(sold.invoice_date))
        .group_by(when)
    )  # fmt: skip
    day = spans.month_of(entry.value_date)
    lost = (
        sa.select(day, none, -sa.func.sum(entry.amount))
        .join(buyer, entry.customer_id == buyer.id)
        .where(*within(ask, entry, person=buyer.owner_id, department=buyer.department_id),
               entry.type == "write_off", entry.ledger == "应收",
               *ask.period.days(entry.value_date))
        .group_by(day)
    )  # fmt: skip
    both = sa.union_all(billed, lost).subquery()
    sums = [sa.type_coerce(sa.func.sum(both.c[name]), sold.gross.type).label(name)
            for name in ("billed", "lost")]  # fmt: skip
    return sa.select(both.c.month, *sums).group_by(both.c.month).order_by(both.c.month)


def rate_debts(row: Row) -> None:
    """Written off of what was invoiced."""
    row["rate"] = share(row["lost"], row["billed"])


def of_debt(row: Row, _ask: Ask) -> Link:
    """The entries of the month that were written off."""
    first, last = spans.bounds(row["month"])
    return "ar_entry", {"type": "write_off", "value_date.from": first, "value_date.to": last}


REPORTS = (
    Report("051-01/R03-1b", _l("账务明细"), _l("每一笔应收、预收、应退从哪张单据来。"),
           (c.text("doc_no", _l("单据")), c.day("on", _l("记账日")), c.BUYER,
            c.word("ledger", _l("账本")), c.word("kind", _l("类型")),
            c.money("amount", _l("金额")), c.ORDER),
           entries, MONEY,
           link=to("ar_entry", customer_id="customer_no", ledger="ledger"), choices={"ledger": LEDGERS},
           finds=_l("客户、单据、订单")),
    Report("051-01/R03-4", _l("对账率"), _l("发出的对账单多少已经确认，差多少。"),
           (c.KEY, c.count("count", _l("对账单数")), c.count("agreed", _l("已确认")),
            c.count("disputed", _l("有差异")), c.count("waiting", _l("等回复")),
            c.count("silent", _l("未对账")), c.money("balance", _l("余额")),
            c.money("apart", _l("差异金额")), c.rate("rate", _l("对账率"))),
           statements, MONEY, Chart("bars", "key", ("rate",)), rate_statements, of_statement,
           {"by": STATEMENT_BY}),
    Report("051-01/R03-4b", _l("应收周转天数"), _l("按每月账务快照，收回一笔货款平均要多少天。"),
           (c.text("key", _l("月份")), c.count("customers", _l("客户数"), total=False),
            c.money("receivable", _l("应收"), total=False),
            c.money("overdue", _l("逾期"), total=False),
            c.money("turnover", _l("本年签单"), total=False),
            c.money("receipts", _l("本年回款"), total=False), c.rate("rate", _l("回款率")),
            c.days("dso", _l("周转天数"))),
           turnover, MONEY, Chart("bars", "key", ("dso",)), rate_turnover,
           to("account_snapshot", period="key")),
    Report("051-01/R04-2", _l("超限放行记录"), _l("谁在什么时候放行了哪张超限的单据。"),
           (c.text("doc_no", _l("单据")), c.day("on", _l("日期")), c.BUYER,
            c.money("amount", _l("金额")), c.word("decision", _l("决定")),
            c.person("person", _l("放行人")), c.text("reason", _l("理由"))),
           releases, MONEY, link=to("credit_release", customer_id="customer_no"), finds=_l("客户、单据")),
    Report("051-01/R04-3", _l("信用变更历史"), _l("每次信用变更前后是多少，谁提出，走到哪里。"),
           (c.text("number", _l("变更单")), c.day("on", _l("日期")), c.BUYER,
            c.word("kind", _l("申请类型")), c.money("before", _l("原额度"), total=False),
            c.money("after", _l("新额度"), total=False), c.text("level", _l("新等级")),
            c.word("control", _l("控制方式")), c.person("person", _l("提出人")), c.STATE),
           changes, MONEY, derive=read_old, link=to("credit_change", key="number"), finds=_l("客户、变更单")),
    Report("051-01/R04-3b", _l("坏账率"), _l("每月开票多少，核销了多少收不回的钱。"),
           (c.Column("month", _l("月份"), "month"), c.money("billed", _l("开票额")),
            c.money("lost", _l("坏账金额")), c.rate("rate", _l("坏账率"))),
           bad_debts, MONEY, Chart("bars", "month", ("lost",)), rate_debts, of_debt),
)  # fmt: skip
