"""Two sellers' customers, orders, opportunities and money, small enough to add up by hand."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app import records
from app.accounts import people
from app.db import db
from app.records import write
from app.reports import answer, asking
from app.reports.catalogue import REPORTS

HENGYUAN, MINGDA, LANWAN = "CU-202501-0001", "CU-202502-0007", "CU-202503-0002"


def at(day: str, hour: int = 2) -> dt.datetime:
    """A moment of a day; hour 2 of UTC is ten o'clock in Shanghai."""
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), dt.UTC)


def order(
    customer: str, rep: str, total: int, *, on: str = "2026-02-03", delivered: int = 0,
    invoiced: int = 0, received: int = 0, price: str = "11400", listed: str = "12000",
    qty: int = 1, state: str = "履约中",
) -> Any:  # fmt: skip
    """An order with one line of P-1001."""
    row = write.create("sales_order", {
        "customer_id": customer, "order_date": on, "sales_rep_id": rep, "owner_id": rep,
        "department_id": "east", "total": total, "delivered_amount": delivered,
        "invoiced_amount": invoiced, "received_amount": received,
        "delivery_status": "全部" if delivered >= total else "部分" if delivered else "未交付",
        "invoice_status": "全部" if invoiced >= total else "未开票",
        "receipt_status": "全部" if received >= total else "未收款",
    }, by=rep)  # fmt: skip
    write.create("order_line", {
        "order_id": row.id, "seq": 1, "product_id": "P-1001", "q_ordered": qty, "price": price,
        "resolved_price": listed,
    }, by=rep)  # fmt: skip
    for step in ("审批中", "待签约", "已生效", state):
        write.move(row, step, by=rep)
    return row


def invoice(customer: str, amount: int, due: str, by: str = "chenjing") -> Any:
    """An open invoice and its entry."""
    buyer = write.need("customer", customer)
    row = write.create("invoice", {
        "customer_id": buyer.id, "kind": "专票", "title_text": buyer.name, "gross": amount,
        "open": amount, "invoice_date": "2025-11-01", "due_date": due,
        "owner_id": buyer.owner_id, "department_id": "east",
    }, by=by)  # fmt: skip
    for state in ("审核中", "待开具", "已入账"):
        write.move(row, state, by=by)
    write.create("ar_entry", {
        "customer_id": buyer.id, "type": "invoice", "ledger": "应收", "amount": amount,
        "doc_type": "invoice", "doc_no": row.number, "value_date": "2025-11-01",
    }, by=by)  # fmt: skip
    return row


def opportunity(customer: str, rep: str, amount: int, stage: str, **given: Any) -> Any:
    """An opportunity at a stage; `lost` closes it."""
    lost = given.pop("lost", None)
    row = write.create("opportunity", {
        "name": f"{customer} {stage}", "customer_id": customer, "amount": amount, "stage": stage,
        "probability": 50, "close_date": "2026-05-20", "owner_id": rep, "department_id": "east",
        **given,
    }, by=rep)  # fmt: skip
    for state in ("报备中", "跟进中"):
        write.move(row, state, by=rep)
    if lost:
        write.change(row, {"lost_reason": lost}, by=rep)
        write.move(row, "丢单", by=rep)
    return row


def plan(metric: str, rows: list[tuple[str, int, int, int]]) -> Any:
    """A locked plan of 2026; rows are (rep, month, target, actual)."""
    head = write.create("sales_plan", {
        "name": f"2026 {metric}", "year": 2026, "metric": metric,
        "company_target": sum(row[2] for row in rows) or 1,
    }, by="yangfan")  # fmt: skip
    for rep, month, target, actual in rows:
        write.create("sales_plan_line", {
            "plan_id": head.id, "version": 1, "department_id": "east", "rep_id": rep,
            "month": month, "target": target, "actual": actual,
        }, by="yangfan")  # fmt: skip
    for state in ("审批中", "已下发", "分解中", "已锁定"):
        write.move(head, state, by="yangfan")
    return head


def fill() -> None:
    """张伟 has 恒远 and 蓝湾, 李娜 has 明达; not committed."""
    records.demo.load_records()
    order(HENGYUAN, "zhangwei", 114000, delivered=114000, invoiced=68400, qty=10)
    order(HENGYUAN, "zhangwei", 24000, on="2025-12-30", price="12000", qty=2)
    order(MINGDA, "lina", 10000, price="10000", delivered=10000, invoiced=10000, received=10000)
    invoice(HENGYUAN, 68400, "2026-03-31")
    invoice(HENGYUAN, 5000, "2026-02-20")
    invoice(MINGDA, 7000, "2025-11-30")
    opportunity(HENGYUAN, "zhangwei", 300000, "方案报价")
    opportunity(LANWAN, "zhangwei", 100000, "初步接触")
    opportunity(MINGDA, "lina", 50000, "初步接触")
    opportunity(MINGDA, "lina", 80000, "商务谈判", lost="价格", lost_price=Decimal(70000))
    plan("签单额", [("zhangwei", 1, 100000, 80000), ("zhangwei", 2, 100000, 114000),
                 ("zhangwei", 12, 100000, 0), ("lina", 2, 50000, 10000)])  # fmt: skip


@pytest.fixture
def trade(app: Flask) -> None:
    """The company with a little trade in it."""
    fill()
    db.session.commit()


@pytest.fixture
def person() -> Any:
    """`person("lina")` as the records' sight wants her."""
    from app import viewer

    def of(login: str) -> Any:
        found = people.get(login)
        assert found is not None
        return viewer.of(found)

    return of


@pytest.fixture
def ask(person: Any) -> Any:
    """`ask("051-03/R02-1", "lina", by="person")` is the answer that she gets."""

    def answered(id: str, login: str = "zhaomin", **given: str) -> answer.Answer:
        report = REPORTS[id]
        return answer.of(report, asking.of(report, given, person(login)))

    return answered


def column(said: answer.Answer, key: str, name: str) -> dict[Any, Any]:
    """{value of `key`: value of `name`} of the rows."""
    return {row[key]: row[name] for row in said.rows}
