"""Stock: a step that is asked twice moves goods once; a shortage leaves nothing half reserved."""

from collections.abc import Callable
from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError
from app.records import audit, write
from app.records.stock_move import StockMove
from tests.flows import trade

Run = Callable[..., dict[str, Any]]


def note(run: Run, number: str, *rows: tuple[int, int]) -> str:
    """A delivery note of these lines."""
    lines = [{"line": line, "qty": qty} for line, qty in rows]
    found = run("delivery.validate", by="linyue", order_no=number, note={"warehouse": "WH01"},
                note_lines=lines)  # fmt: skip
    return found["delivery_no"]


def second_line(number: str, qty: int) -> None:
    """The order has a line of drives besides, nothing of it reserved."""
    order = write.need("sales_order", number)
    line = write.create("order_line", {"order_id": order.id, "seq": 2, "product_id": "P-1002",
                                       "q_ordered": qty, "price": 3600}, by="linyue")  # fmt: skip
    write.change(order, {"total": order.total + line.amount}, by="linyue")


def test_goods_are_issued_once(run: Run):
    number = trade.order()
    delivery = note(run, number, (1, 10))
    for topic in ("stock.reserve", "stock.reserve", "stock.issue", "stock.issue"):
        run(topic, by="zhoutao", delivery_no=delivery)
    assert trade.stock() == (20, 0)
    assert trade.line(number).q_shipped == 10
    assert len(trade.moves("出库")) == 1


def test_a_shortage_of_one_line_reserves_nothing_of_the_other(run: Run):
    number = trade.order(2, reserve=0)
    second_line(number, 101)
    delivery = note(run, number, (1, 2), (2, 101))
    with pytest.raises(BpmnError, match="需要 101，可用 100"):
        run("stock.reserve", by="zhoutao", delivery_no=delivery)
    assert trade.stock() == (30, 0)
    assert trade.stock("P-1002") == (100, 0)
    assert trade.moves("预留") == []


def test_an_order_that_finds_one_product_gone_reserves_nothing(run: Run):
    number = trade.order(2, reserve=0)
    second_line(number, 101)
    order = write.need("sales_order", number)
    order.state = "挂起"
    db.session.flush()
    order.state = "已生效"
    db.session.flush()
    atp = [
        {"product": "P-1001", "qty": 2, "free": 2},
        {"product": "P-1002", "qty": 101, "free": 101},
    ]
    with pytest.raises(BpmnError) as refused:
        run("order.confirm", by="zhangwei", order_no=number, plan_rows=[], atp=atp)
    assert refused.value.code == "E_STOCK_SHORT"
    assert trade.stock() == (30, 0)


def test_a_reversed_return_leaves_the_stock_as_it_was(run: Run):
    move = {"kind": "退回入库", "product_id": "P-1001", "qty": 2, "warehouse": "WH01",
            "on_hand_delta": 2, "ref_doc": "RT-1", "ref_line": 1}  # fmt: skip
    row = trade.stock_row(write.need("product", "P-1001").id)
    write.change(row, {"on_hand": 32}, by="zhoutao")
    write.create("stock_move", move, by="zhoutao")
    for _time in range(2):
        run("stock.reverse_return", by="zhoutao", return_no="RT-1")
    assert trade.stock() == (30, 0)
    assert [one for one in audit.check_all() if one.rule == "06"] == []
    (reversal,) = trade.moves("冲销")
    assert reversal.reverses_id == db.session.scalar(
        db.select(StockMove.id).filter_by(kind="退回入库")
    )


@pytest.mark.parametrize(("day", "qty", "gap"), [
    ("2026-03-12", 31, 5), ("2026-03-17", 31, 0), ("2026-03-12", 30, 0), (None, 31, 7),
])  # fmt: skip
def test_what_can_be_promised(run: Run, day: str | None, qty: int, gap: int):
    found = run("stock.check_atp", lines=[{"product": "P-1001", "qty": qty, "promised_date": day}])
    assert found["atp_gap_days"] == gap
    assert found["lines"][0]["category"] == "设备"


def test_two_lines_of_one_product_share_its_stock(run: Run):
    lines = [{"product": "P-1001", "qty": 20, "promised_date": "2026-03-12"}] * 2
    found = run("stock.check_atp", lines=lines)
    assert [row["free"] for row in found["lines"]] == [20, 10]
