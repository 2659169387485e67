"""What the tests of 051-03-04 begin with: quotations, orders, goods and money."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.records import write
from app.records.sales_order import ReceiptPlan, SalesOrder
from tests.flows import neighbours, trade
from tests.flows.stage import Stage
from tests.flows.test_051_03_05 import NOTE, sign

FLOW = "p_051_03_04"


LATER = dt.date(2026, 3, 20)


TWO_ROWS = [
    {"basis": "发货前", "rate": Decimal("0.3")},
    {"basis": "发货后N天", "rate": Decimal("0.7"), "days": 30},
]


ONE_ROW = [{"basis": "发货后N天", "rate": 1, "days": 30}]


@pytest.fixture(autouse=True)
def around(stage: Stage) -> None:
    """What is called besides is reduced to one task each."""
    neighbours.publish()


def quote(price: int = 11400, qty: int = 10, customer: str = trade.HENGYUAN) -> str:
    """An accepted quotation."""
    row = write.create("quotation", {
        "customer_id": customer, "valid_until": dt.date(2026, 4, 1), "payment_terms": "月结",
        "prepay_rate": "0.3", "owner_id": "zhangwei", "department_id": "east",
    }, by="zhangwei")  # fmt: skip
    write.create("quotation_line", {"quotation_id": row.id, "product_id": "P-1001", "qty": qty,
                                    "price": price}, by="zhangwei")  # fmt: skip
    for state in ("审批中", "已批准", "已发送", "已接受"):
        write.move(row, state, by="zhangwei")
    db.session.commit()
    return row.number


def header(customer: str = trade.HENGYUAN, **other: Any) -> dict[str, Any]:
    return {"customer_id": customer, "bill_to": "客户", "ship_to": "收货处", **other}


def enter(
    stage: Stage, by: str = "zhangwei", *, order: dict | None = None, price: Any = 12000,
    qty: Any = 2, product: str = "P-1001", plan: list | None = None, day: dt.date = LATER,
) -> int:  # fmt: skip
    case = stage.start(FLOW, by)
    stage.do("enter_order", by, "submit", case=case, order=order or header(),
             order_lines=[{"product": product, "qty": qty, "price": price, "promised_date": day}],
             plan_rows=plan or ONE_ROW)  # fmt: skip
    return case


def number(stage: Stage, case: int) -> str:
    return stage.variables(case)["order_no"]


def order(stage: Stage, case: int) -> SalesOrder:
    return stage.record("sales_order", number(stage, case))


def signed(stage: Stage, case: int) -> int:
    stage.message("msg_order_signed", number(stage, case))
    return case


def from_quote(stage: Stage) -> int:
    """The order of test 1, entered from its quotation and signed."""
    case = stage.message("msg_order_intake", quote(), quote_no="QT-202603-0001", starter="zhangwei")
    task = stage.task("enter_order", case)
    (line,) = stage.seen(task)["order_lines"]
    stage.do("enter_order", "zhangwei", "submit", case=case,
             order_lines=[{"_row": 0, "promised_date": LATER}])  # fmt: skip
    assert line["price"] == 11400
    return signed(stage, case)


def plan(stage: Stage, case: int) -> list[tuple[str, Decimal, str]]:
    query = db.select(ReceiptPlan).filter_by(order_id=order(stage, case).id).order_by("seq")
    return [(row.kind, row.amount, row.state) for row in db.session.scalars(query)]


def prepaid(stage: Stage, case: int, amount: int = 34200) -> None:
    """The customer has paid before delivery."""
    row = order(stage, case)
    made = write.create("prepayment", {"customer_id": row.customer_id, "order_id": row.id,
                                       "amount": amount, "balance": amount}, by="xufeng")  # fmt: skip
    write.create("ar_entry", {
        "customer_id": row.customer_id, "type": "prepay_in", "ledger": "预收", "amount": amount,
        "doc_type": "prepayment", "doc_no": made.number, "order_no": row.number,
        "value_date": dt.date(2026, 3, 10),
    }, by="xufeng")  # fmt: skip
    db.session.commit()
    neighbours.finish(stage, "prepaying", case, "预收完成")


def delivery_no(case: int) -> str:
    model = write.record.entity("delivery")
    query = db.select(model).where(model.state == "已出库").order_by(model.id.desc())
    return db.session.scalars(query).first().number


def deliver(stage: Stage, case: int, qty: int | None = None) -> None:
    """The next batch goes out and is signed."""
    if not stage.tasks("prepare_note", case):
        stage.message("msg_ship_now", number(stage, case))
    rows = {} if qty is None else {"note_lines": [{"_row": 0, "qty": qty}]}
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE, **rows)
    stage.do("pick", "zhoutao", case=case)
    stage.message("msg_goods_signed", delivery_no(case))
    sign(stage, case)


def owes(amount: int, customer: str = trade.MINGDA) -> None:
    """The customer owes an opening balance."""
    write.create("ar_entry", {
        "customer_id": customer, "type": "opening", "ledger": "应收", "amount": amount,
        "doc_type": "customer_account", "doc_no": customer, "value_date": dt.date(2026, 1, 1),
    }, by="chenjing")  # fmt: skip
    db.session.commit()


def ask_cancel(stage: Stage, case: int, **other: Any) -> None:
    stage.message("msg_order_cancel_request", number(stage, case), cancel_reason="项目停了",
                  requester="zhangwei", **other)  # fmt: skip
