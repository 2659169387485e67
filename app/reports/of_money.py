"""Reports of money: receivable, ageing, credit, plan of receipts, prepayments, prices."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from app import clock
from app.i18n import _l
from app.records.ar_entry import ArEntry
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment
from app.records.product import Product
from app.records.sales_order import OrderLine, ReceiptPlan, SalesOrder
from app.reports import columns as c
from app.reports import exact, spans
from app.reports.of_customers import SIGNED
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

BY_CUSTOMER = {"customer": _l("客户"), "person": _l("负责人"), "department": _l("部门")}
DUE = ("待回款", "部分回款", "逾期", "已结清")
AGES = ((30, "d30"), (60, "d60"), (90, "d90"), (None, "older"))


def receivable(ask: Ask) -> sa.Select[Any]:
    """Per customer: the three ledgers as sums of their entries, and the credit (R03-1)."""
    entry, buyer, credit = ArEntry, Customer, CustomerCredit
    ledgers = (
        sa.select(
            entry.customer_id,
            *(sum_if(entry.ledger == ledger, entry.amount).label(name)
              for ledger, name in (("应收", "owed"), ("预收", "prepaid"), ("应退", "refundable"))),
        )
        .where(*within(ask, entry))
        .group_by(entry.customer_id)
        .subquery()
    )  # fmt: skip
    return (
        sa.select(
            buyer.name.label("customer"), buyer.number.label("customer_no"),
            buyer.owner_id.label("person"), ledgers.c.owed, ledgers.c.prepaid,
            ledgers.c.refundable, (credit.limit + credit.temp_limit).label("limit"),
            credit.exposure.label("used"), credit.state.label("light"),
        )
        .join(ledgers, ledgers.c.customer_id == buyer.id)
        .outerjoin(credit, credit.customer_id == buyer.id)
        .where(*within(ask, buyer))
        .order_by(ledgers.c.owed.desc(), buyer.id)
    )  # fmt: skip


def ageing(ask: Ask) -> sa.Select[Any]:
    """What invoices leave open, by how long it has been due (R03-2, 051-03 R08-2).

    The age counts from the due day; an invoice without one counts from its own day.
    """
    row, buyer, today = Invoice, Customer, ask.today
    due = sa.func.coalesce(row.due_date, row.invoice_date, today)
    days = [today, *(today - dt.timedelta(days=limit) for limit, _name in AGES if limit)]
    parts = [sum_if(due >= days[0], row.open).label("not_due")]
    for number, (limit, name) in enumerate(AGES):
        young = due < days[number]
        fits = young if limit is None else sa.and_(young, due >= days[number + 1])
        parts.append(sum_if(fits, row.open).label(name))
    keys = _keys(ask, row, buyer)
    return (
        sa.select(*keys, sa.func.sum(row.open).label("open"), *parts)
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.color == "蓝", row.state == "已入账", row.open > 0)
        .group_by(*keys)
        .order_by(sa.desc("open"), keys[0])
    )  # fmt: skip


def _keys(ask: Ask, row: Any, buyer: Any) -> list[Any]:
    if ask.chosen["by"] == "person":
        return [buyer.owner_id.label("key")]
    if ask.chosen["by"] == "department":
        return [buyer.department_id.label("key")]
    return [buyer.name.label("key"), buyer.number.label("customer_no")]


def rate_ageing(row: Row) -> None:
    """overdue and its share."""
    row["overdue"] = sum((row[name] or 0) for _limit, name in AGES)
    row["rate"] = share(row["overdue"], row["open"])


def of_ageing(row: Row, ask: Ask) -> Link | None:
    """The open invoices of the customer, or the customers of the person."""
    if ask.chosen["by"] == "customer":
        return "invoice", {"customer_id": row["customer_no"], "state": "已入账"}
    column = "owner_id" if ask.chosen["by"] == "person" else "department_id"
    return "customer", {column: row["key"] or "-"}


def credit(ask: Ask) -> sa.Select[Any]:
    """Credit by status light: how many customers, limit, used (R04-1)."""
    row, buyer = CustomerCredit, Customer
    return (
        sa.select(
            row.state.label("light"), sa.func.count().label("customers"),
            sa.func.sum(row.limit).label("limit"), sa.func.sum(row.temp_limit).label("temp"),
            sa.func.sum(row.exposure).label("used"),
            count_if(row.exposure > row.limit + row.temp_limit).label("over"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id))
        .group_by(row.state)
        .order_by(sa.case({"停止": 0, "冻结": 1, "关注": 2}, value=row.state, else_=3))
    )  # fmt: skip


def rate_credit(row: Row) -> None:
    """How much of what was granted is used."""
    row["rate"] = share(row["used"], (row["limit"] or 0) + (row["temp"] or 0))


def price_execution(ask: Ask) -> sa.Select[Any]:
    """What was sold at the price of the list, above or below it (R05-3, 051-03 R04-3)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    kept = line.q_ordered - line.q_cancelled
    keys = {
        "person": [order.sales_rep_id.label("key")],
        "product": [goods.name.label("key"), goods.number.label("product_no")],
        "customer": [buyer.name.label("key"), buyer.number.label("customer_no")],
        "quantity": [_band(kept).label("key")],
    }[ask.chosen["by"]]  # fmt: skip
    floor = sa.func.coalesce(goods.floor_price, 0)
    return (
        sa.select(
            *keys, sa.func.count().label("lines"),
            sa.func.sum(exact.product(line.resolved_price, kept)).label("listed"),
            sa.func.sum(line.amount).label("sold"),
            count_if(line.price < line.resolved_price).label("below"),
            count_if(line.price < floor).label("under_floor"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(SIGNED),
               line.resolved_price.is_not(None), *ask.period.days(order.order_date))
        .group_by(*keys)
        .order_by(sa.desc("sold"), keys[0])
    )  # fmt: skip


def _band(quantity: Any) -> Any:
    edges = [(sa.literal(edge, quantity.type), name) for edge, name in QUANTITIES]
    return sa.case(*((quantity < edge, name) for edge, name in edges), else_="100 件以上")


QUANTITIES = ((2, "1 件"), (10, "2–9 件"), (50, "10–49 件"), (100, "50–99 件"))


def rate_price(row: Row) -> None:
    """Sold against the list, and how many lines kept the price."""
    row["rate"] = share(row["sold"], row["listed"])
    row["kept"] = share((row["lines"] or 0) - (row["below"] or 0), row["lines"])


def of_price(row: Row, ask: Ask) -> Link | None:
    """The orders of the person or customer; the product's page."""
    if ask.chosen["by"] == "person":
        return "sales_order", {"sales_rep_id": row["key"]}
    if ask.chosen["by"] == "customer":
        return "sales_order", {"customer_id": row["customer_no"]}
    if ask.chosen["by"] == "quantity":
        return None
    return "product", {"key": row["product_no"]}


def under_floor(ask: Ask) -> sa.Select[Any]:
    """Lines that were sold under the floor price, each with its order (R05-4)."""
    line, order, goods, buyer = OrderLine, SalesOrder, Product, Customer
    return (
        sa.select(
            order.number.label("order_no"), buyer.name.label("customer"),
            goods.name.label("product"), order.sales_rep_id.label("person"),
            line.q_ordered.label("qty"), line.price.label("price"),
            goods.floor_price.label("floor"), line.amount.label("amount"),
        )
        .select_from(line)
        .join(order, line.order_id == order.id)
        .join(goods, line.product_id == goods.id)
        .join(buyer, order.customer_id == buyer.id)
        .where(*within(ask, order, person=order.sales_rep_id), order.state.in_(SIGNED),
               line.price < goods.floor_price, *ask.period.days(order.order_date))
        .order_by(order.order_date.desc(), line.id)
    )  # fmt: skip


def receipt_plan(ask: Ask) -> sa.Select[Any]:
    """What was to come in each month, and what came (R08-1)."""
    row, buyer = ReceiptPlan, Customer
    year, month = sa.extract("year", row.due_date), sa.extract("month", row.due_date)
    key = (year * 100 + month).label("month")
    return (
        sa.select(
            key, sa.func.count().label("rows"), sa.func.sum(row.amount).label("planned"),
            sa.func.sum(row.received).label("received"),
            sum_if(row.due_date < ask.today, row.amount - row.received).label("overdue"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.state.in_(DUE), row.due_date.is_not(None), *ask.period.days(row.due_date))
        .group_by(key)
        .order_by(key)
    )  # fmt: skip


def rate_receipts(row: Row) -> None:
    """Received against planned."""
    row["rate"] = share(row["received"], row["planned"])


def of_month(row: Row, _ask: Ask) -> Link:
    """The plan rows that are due in the month."""
    year, month = divmod(int(row["month"]), 100)
    last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    return "receipt_plan", {"due_date.from": f"{year}-{month:02d}-01", "due_date.to": f"{last}"}


PREPAID_BY = {"customer": _l("客户"), "order": _l("订单"), "age": _l("收了多久"),
              "person": _l("负责人")}  # fmt: skip
PREPAID_AGES = ((30, "30 天以内"), (90, "31–90 天"), (180, "91–180 天"))


def prepaid(ask: Ask) -> sa.Select[Any]:
    """Prepayments that are not used up, per customer, order, age or person (R10-1)."""
    row, buyer, order = Prepayment, Customer, SalesOrder
    age = spans.days(row.created_at, clock.now())
    band = sa.case(*((age <= days, name) for days, name in PREPAID_AGES), else_="180 天以上")
    keys = {
        "customer": [buyer.name.label("key"), buyer.number.label("number")],
        "order": [order.number.label("key")], "age": [band.label("key")],
        "person": [buyer.owner_id.label("key")],
    }[ask.chosen["by"]]  # fmt: skip
    return (
        sa.select(
            *keys, sa.func.count().label("rows"), sa.func.sum(row.amount).label("amount"),
            sa.func.sum(row.balance).label("balance"),
            sa.func.min(row.created_at).label("oldest"),
        )
        .join(buyer, row.customer_id == buyer.id)
        .outerjoin(order, row.order_id == order.id)
        .where(*within(ask, row, person=buyer.owner_id, department=buyer.department_id),
               row.balance > 0)
        .group_by(*keys)
        .order_by(sa.desc("balance"), keys[0])
    )  # fmt: skip


def of_prepaid(row: Row, ask: Ask) -> Link | None:
    """The prepayments of the customer or order."""
    by = ask.chosen["by"]
    if by == "customer":
        return "prepayment", {"customer_id": row["number"]}
    return ("prepayment", {"order_id": row["key"]}) if by == "order" and row["key"] else None


REPORTS = (
    Report("051-01/R03-1", _l("客户账务概况"), _l("每个客户的应收、预收、应退和信用，都由明细相加。"),
           (c.BUYER, c.OWNER, c.money("owed", _l("应收")), c.money("prepaid", _l("预收")),
            c.money("refundable", _l("应退")), c.money("limit", _l("信用额度")),
            c.money("used", _l("占用额度")), c.tone("light", _l("信用状态"))),
           receivable, MONEY, Chart("bars", "customer", ("owed",)),
           link=to("customer", key="customer_no"), dated=False),
    Report("051-01/R03-2", _l("账龄分析"), _l("未收的钱到期多久了；从到期日算起。"),
           (c.KEY, c.money("open", _l("未收")),
            c.money("not_due", _l("未到期")), c.money("d30", _l("逾期 1–30 天")),
            c.money("d60", _l("31–60 天")), c.money("d90", _l("61–90 天")),
            c.money("older", _l("90 天以上")), c.rate("rate", _l("逾期占比"))),
           ageing, MONEY,
           Chart("sums", "", ("not_due", "d30", "d60", "d90", "older")),
           rate_ageing, of_ageing, {"by": BY_CUSTOMER}, dated=False),
    Report("051-01/R04-1", _l("信用状况一览"), _l("各状态的客户有多少额度，占用了多少。"),
           (c.tone("light", _l("信用状态")), c.count("customers", _l("客户数")),
            c.money("limit", _l("信用额度")), c.money("temp", _l("临时额度")),
            c.money("used", _l("占用额度")), c.rate("rate", _l("占用率")),
            c.count("over", _l("超限"))),
           credit, MONEY, Chart("bars", "light", ("used",)), rate_credit,
           to("customer_credit", state="light"), dated=False),
    Report("051-01/R05-3", _l("成交价与价格表"), _l("成交金额和按价格表算的金额差多少。"),
           (c.KEY, c.count("lines", _l("行数")),
            c.money("listed", _l("按价格表")), c.money("sold", _l("成交额")),
            c.rate("rate", _l("成交比")), c.count("below", _l("低于适用价")),
            c.rate("kept", _l("符合率")), c.count("under_floor", _l("低于底价"))),
           price_execution, MONEY, Chart("plan", "key", ("listed", "sold")),
           rate_price, of_price,
           {"by": {"person": _l("业务员"), "product": _l("产品"), "customer": _l("客户"),
                   "quantity": _l("数量")}}),
    Report("051-01/R05-4", _l("低于底价成交"), _l("哪些订单行的单价低于产品底价。"),
           (c.ORDER, c.BUYER, c.PRODUCT,
            c.SELLER, c.qty("qty", _l("数量")),
            c.price("price", _l("单价")), c.price("floor", _l("底价")),
            c.money("amount", _l("金额"))),
           under_floor, MONEY, link=to("sales_order", key="order_no")),
    Report("051-03/R08-1", _l("回款计划与实际"), _l("每月该收多少，收到多少，多少逾期。"),
           (c.Column("month", _l("月份"), "month"), c.count("rows", _l("笔数")),
            c.money("planned", _l("计划")), c.money("received", _l("已收款")), c.rate("rate", _l("完成")),
            c.money("overdue", _l("逾期"))),
           receipt_plan, MONEY, Chart("plan", "month", ("planned", "received")),
           rate_receipts, of_month),
    Report("051-03/R08-2", _l("应收账龄与逾期"), _l("每个人负责的客户欠多少，逾期多少。"),
           (c.KEY, c.money("open", _l("未收")),
            c.money("not_due", _l("未到期")), c.money("d30", _l("逾期 1–30 天")),
            c.money("d60", _l("31–60 天")), c.money("d90", _l("61–90 天")),
            c.money("older", _l("90 天以上")), c.rate("rate", _l("逾期占比"))),
           ageing, MONEY,
           Chart("sums", "", ("not_due", "d30", "d60", "d90", "older")), rate_ageing,
           of_ageing,
           {"by": {"person": _l("负责人"), "department": _l("部门"), "customer": _l("客户")}},
           dated=False),
    Report("051-03/R10-1", _l("预收余额一览"), _l("收了还没有用完的预收款，放了多久。"),
           (c.KEY, c.count("rows", _l("笔数")), c.money("amount", _l("金额")),
            c.money("balance", _l("余额")), c.day("oldest", _l("最早"))),
           prepaid, MONEY, Chart("bars", "key", ("balance",)), link=of_prepaid,
           choices={"by": PREPAID_BY}, dated=False),
)  # fmt: skip
