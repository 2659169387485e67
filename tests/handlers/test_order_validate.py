"""order.validate: instalments, receivable rows, and what it brings forward."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError
from app.records import write
from app.records.sales_order import ReceiptPlan
from tests.flows import trade

Run = Callable[..., dict[str, Any]]
LINE = {"product": "P-1001", "qty": 1, "price": 12000, "promised_date": "2026-03-20"}


def validated(run: Run, plan: list[dict[str, Any]], **header: Any) -> dict[str, Any]:
    order = {"customer_id": trade.HENGYUAN, "order_date": "2026-03-10", **header}
    return run("order.validate", by="zhangwei", order=order, order_lines=[LINE], plan_rows=plan,
               sales_rep="zhangwei")  # fmt: skip


def test_thirds_sum_up_to_the_cent(run: Run):
    thirds = [{"basis": "固定日期", "rate": "0.3333", "due_date": "2026-04-01"}] * 3
    found = validated(run, thirds, freight="0.10")
    amounts = [row["amount"] for row in found["plan_rows"]]
    assert sum(amounts) == Decimal("12000.10")
    assert found["total"] == Decimal("12000.10")


@pytest.mark.parametrize(("plan", "why"), [
    ([{"basis": "固定日期", "rate": 1}], "要填日期"),
    ([{"basis": "随便", "rate": 1}], "要有依据"),
    ([{"basis": "签约", "amount": 11999}], "两者要相等"),
])  # fmt: skip
def test_instalments_that_do_not_fit(run: Run, plan: list, why: str):
    with pytest.raises(BpmnError, match=why):
        validated(run, plan)


def test_a_return_that_was_not_invoiced_lowers_the_last_instalments(run: Run):
    number = trade.order()
    order = write.need("sales_order", number)
    for seq, amount in ((1, 100000), (2, 14000)):
        row = write.create("receipt_plan", {
            "order_id": order.id, "customer_id": order.customer_id, "seq": seq, "kind": "应收",
            "basis": "发货后N天", "amount": amount, "due_rule": "发货后 30 天",
        }, by="linyue", number=f"{number}-{seq}")  # fmt: skip
        write.move(row, "待回款", by="linyue")
    found = run("receivable.reduce", order_no=number, return_no="RT-1", reduce_by=Decimal(22800))
    assert found["reduced"] == 22800
    rows = db.session.execute(db.select(ReceiptPlan.amount, ReceiptPlan.state).order_by("seq"))
    assert [tuple(row) for row in rows] == [(91200, "待回款"), (14000, "作废")]
