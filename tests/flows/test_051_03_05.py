"""051-03-05 交付管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import errors
from app.db import db
from app.records import log, write
from app.records.customer_credit import CreditRelease
from app.records.delivery import Delivery
from tests.flows import trade
from tests.flows.stage import Stage

FLOW = "p_051_03_05"
NOTE = {"carrier": "顺丰"}
PROOF = [{"id": "f1", "name": "签收单.pdf", "size": 10, "type": "application/pdf"}]


def begin(stage: Stage, number: str, **other: Any) -> int:
    return stage.start(FLOW, "linyue", order_no=number, **other)


def note(stage: Stage, case: int, qty: int | None = None, **other: Any) -> None:
    rows = {} if qty is None else {"note_lines": [{"_row": 0, "qty": qty}]}
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE | other, **rows)


def shipped(stage: Stage, number: str, qty: int | None = None) -> int:
    """A case whose goods are on their way."""
    case = begin(stage, number)
    note(stage, case, qty)
    stage.do("pick", "zhoutao", case=case)
    return case


def sign(stage: Stage, case: int, **row: Any) -> None:
    """The signature is entered past the upload of its proof."""
    task = stage.task("register_signature", case)
    rows = [{**stage.seen(task)["pick_lines"][0], **row}]
    values = {"pick_lines": rows, "signing": {"signer": "何平", "signed_at": None, "proof": PROOF}}
    stage.complete(task, "zhoutao", values)


def signed(stage: Stage, number: str, **row: Any) -> int:
    case = shipped(stage, number, row.pop("qty", None))
    stage.message("msg_goods_signed", stage.variables(case)["delivery_no"])
    sign(stage, case, **row)
    return case


def delivery(stage: Stage, case: int) -> Delivery:
    return stage.record("delivery", stage.variables(case)["delivery_no"])


def test_ten_are_shipped_and_signed(stage: Stage):
    number = trade.order()
    case = signed(stage, number)

    assert stage.end(case) == "signed"
    assert stage.variables(case)["result"] == "已签收"
    assert delivery(stage, case).state == "已签收"
    assert trade.stock() == (20, 0)
    assert (trade.line(number).q_shipped, trade.line(number).q_delivered) == (10, 10)
    order = stage.record("sales_order", number)
    assert (order.delivered_amount, order.delivery_status) == (Decimal(114000), "全部")
    path = stage.path(case)
    assert [one for one in path if one.startswith("progress")] == [
        "progress_shipped", "progress_signed"]  # fmt: skip
    assert trade.sound()
    assert not stage.incidents()


def test_nothing_is_left_to_ship(stage: Stage):
    number = trade.order()
    case = begin(stage, number)
    signed(stage, number)
    # what was open when the note was begun has been shipped meanwhile
    note(stage, case, 5)
    task = stage.task("prepare_note", case)
    assert "最多还能发 0" in stage.seen(task)["problems"]
    stage.do("prepare_note", "linyue", "cancel", case=case)
    assert stage.end(case) == "cancelled"
    assert trade.line(number).q_shipped == 10


def test_only_six_are_there_and_one_is_refused(stage: Stage):
    trade.set_stock(6)
    number = trade.order(reserve=0)
    case = begin(stage, number)
    note(stage, case)
    task = stage.task("handle_shortage", case)
    assert "库存不足：需要 10，可用 6" in stage.seen(task)["problems"]
    stage.do("handle_shortage", "linyue", "part", case=case, pick_lines=[{"_row": 0, "qty": 6}])
    stage.do("pick", "zhoutao", case=case)
    stage.message("msg_goods_signed", stage.variables(case)["delivery_no"])
    sign(stage, case, accepted_qty=5, refused_qty=1)
    stage.do("handle_difference", "linyue", case=case)

    assert stage.end(case) == "signed"
    line = trade.line(number)
    assert (line.q_delivered, line.q_rejected, line.open_to_ship) == (5, 1, 5)
    assert trade.stock() == (0, 0)
    assert trade.stock(bin="待检") == (1, 0)
    assert stage.record("sales_order", number).delivery_status == "部分"
    assert trade.sound()


# other ways through


def test_the_warehouse_asks_for_one_line(stage: Stage):
    number = trade.order()
    case = stage.message("msg_ship_request", f"{number}+1", order_no=number,
                         ship_lines=[{"line": 1, "qty": 4}])  # fmt: skip
    assert stage.seen(stage.task("prepare_note", case))["note_lines"][0]["qty"] == 4
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE)
    assert stage.open(case) == ["pick"]


def test_more_than_is_open_is_refused_in_the_form(stage: Stage):
    case = begin(stage, trade.order())
    task = stage.task("prepare_note", case)
    judged = stage.judge(task, "linyue", "submit",
                         {"note": NOTE, "note_lines": [{"_row": 0, "qty": 11}]})  # fmt: skip
    assert "最多还能发 10" in str(judged.errors)
    nothing = stage.judge(task, "linyue", "submit",
                          {"note": NOTE, "note_lines": [{"_row": 0, "qty": 0}]})  # fmt: skip
    assert "至少有一行要发货" in str(nothing.errors)


@pytest.mark.parametrize(
    ("given", "why"),
    [({"prepay_required": 34200, "released": False}, "先收到预收款"), ({}, "挂起")],
)
def test_an_order_that_may_not_be_shipped(stage: Stage, given: dict, why: str):
    number = trade.order(**given)
    if why == "挂起":
        write.move(write.need("sales_order", number), "挂起", by="system")
        db.session.commit()
    case = begin(stage, number)
    note(stage, case)
    assert why in stage.seen(stage.task("prepare_note", case))["problems"]
    assert trade.stock() == (30, 10)


def test_two_notes_of_one_line_do_not_ship_it_twice(stage: Stage):
    number = trade.order()
    first, second = begin(stage, number), begin(stage, number)
    note(stage, first, 7)
    note(stage, second, 7)
    assert "最多还能发 3" in stage.seen(stage.task("prepare_note", second))["problems"]


def over_limit(stage: Stage) -> int:
    """明达 may owe 50,000; this order is of 54,000."""
    return begin(stage, trade.order(15, 3600, customer=trade.MINGDA, product="P-1002"))


def test_the_finance_manager_lets_it_pass(stage: Stage):
    case = over_limit(stage)
    note(stage, case)
    stage.wait(days=1)
    stage.do("release_credit", "liuyang", "approve", case=case)
    stage.do("pick", "zhoutao", case=case)
    assert delivery(stage, case).state == "已出库"
    (release,) = db.session.scalars(db.select(CreditRelease))
    assert (release.doc_no, release.created_by) == (delivery(stage, case).number, "liuyang")
    (entry,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (entry.entity, entry.decision) == ("delivery", "同意")


def test_the_finance_manager_sends_it_back_or_holds_it(stage: Stage):
    case = over_limit(stage)
    note(stage, case)
    stage.do("release_credit", "liuyang", "return", case=case, comment="先发一半")
    note(stage, case, 14)
    stage.do("release_credit", "liuyang", "reject", case=case, comment="先收款")
    assert stage.end(case) == "held"
    assert delivery(stage, case).state == "暂缓"
    assert stage.variables(case)["result"] == "暂缓发货"


def stop_credit(customer: str) -> None:
    write.change(write.need("customer_credit", customer), {"control": "停止"}, by="fengkai")
    db.session.commit()


def test_a_stopped_customer_gets_nothing(stage: Stage):
    case = begin(stage, trade.order())
    stop_credit(trade.HENGYUAN)
    note(stage, case)
    assert "信用已停止" in stage.seen(stage.task("prepare_note", case))["problems"]


def test_a_stop_between_picking_and_issue_holds_the_goods(stage: Stage):
    number = trade.order(reserve=4)
    case = begin(stage, number)
    note(stage, case)
    assert trade.stock() == (30, 10)
    stop_credit(trade.HENGYUAN)
    stage.do("pick", "zhoutao", case=case)
    assert stage.end(case) == "held"
    assert trade.stock() == (30, 4)
    assert trade.line(number).q_reserved == 4
    assert trade.sound()


def test_the_picker_must_bring_what_the_note_says(stage: Stage):
    case = begin(stage, trade.order(2))
    note(stage, case)
    stage.do("pick", "zhoutao", case=case, pick_lines=[{"_row": 0, "picked_qty": 1}])
    assert "应拣 2，实拣 1" in stage.seen(stage.task("pick", case))["problems"]
    twice = {"_row": 0, "picked_qty": 2, "batch": "SN-1，SN-1"}
    stage.do("pick", "zhoutao", case=case, pick_lines=[twice])
    assert "2 个不同的序列号" in stage.seen(stage.task("pick", case))["problems"]
    stage.do("pick", "zhoutao", case=case, pick_lines=[{**twice, "batch": "SN-1, SN-2"}])
    assert delivery(stage, case).state == "已出库"


def test_goods_wait_for_stock(stage: Stage):
    trade.set_stock(6)
    case = begin(stage, trade.order(reserve=0))
    note(stage, case)
    stage.do("handle_shortage", "linyue", "wait", case=case,
             shortage={"wait_until": dt.date(2026, 3, 12)})  # fmt: skip
    trade.set_stock(12)
    stage.go_to(dt.datetime(2026, 3, 12, 0, 59, tzinfo=dt.UTC))
    assert stage.open(case) == []
    stage.go_to(dt.datetime(2026, 3, 12, 1, 0, tzinfo=dt.UTC))
    assert stage.open(case) == ["pick"]
    assert trade.stock() == (12, 10)


@pytest.mark.parametrize("outcome", ["substitute", "cancel"])
def test_a_shortage_ends_the_note(stage: Stage, outcome: str):
    trade.set_stock(6)
    number = trade.order(reserve=0)
    case = begin(stage, number)
    note(stage, case)
    stage.do("handle_shortage", "linyue", outcome, case=case, shortage={"note": "换 P-1002"})
    assert stage.end(case) == "cancelled"
    assert delivery(stage, case).state == "已取消"
    assert ("request_change" in stage.path(case)) == (outcome == "substitute")
    assert trade.stock() == (6, 0)


def test_the_warehouse_has_less_than_its_books(stage: Stage):
    number = trade.order(reserve=0)
    case = begin(stage, number)
    note(stage, case)
    row = trade.stock_row(write.need("product", "P-1001").id)
    row.reserved = 0
    row.on_hand = 3
    db.session.commit()
    stage.do("pick", "zhoutao", case=case)
    assert stage.open(case) == ["handle_shortage"]


def overdue(stage: Stage) -> int:
    case = shipped(stage, trade.order())
    stage.wait(days=7)
    return case


def test_what_has_not_arrived_is_waited_for_again(stage: Stage):
    case = overdue(stage)
    stage.do("track_signature", "zhangwei", "waiting", case=case, track={"note": "在路上"})
    stage.wait(days=7)
    stage.do("track_signature", "zhangwei", "signed", case=case)
    sign(stage, case)
    assert stage.end(case) == "signed"


def test_what_the_carrier_brings_back_is_on_stock_again(stage: Stage):
    case = overdue(stage)
    before = delivery(stage, case).number
    stage.do("track_signature", "zhangwei", "carrier_return", case=case,
             track={"note": "地址错"})  # fmt: skip
    assert stage.open(case) == ["prepare_note"]
    assert trade.stock() == (30, 10)
    assert stage.record("delivery", before).state == "已取消"
    note(stage, case)
    stage.do("pick", "zhoutao", case=case)
    assert delivery(stage, case).number != before
    assert trade.stock() == (20, 0)
    assert trade.sound()


def lost(stage: Stage) -> int:
    case = overdue(stage)
    stage.do("track_signature", "zhangwei", "lost", case=case, track={"note": "翻车"})
    return case


def test_lost_goods_are_shipped_again(stage: Stage):
    case = lost(stage)
    stage.do("handle_loss", "linyue", "reship", case=case)
    note(stage, case)
    stage.do("pick", "zhoutao", case=case)
    number = stage.variables(case)["order_no"]
    line = trade.line(number)
    assert (line.q_shipped, line.q_rejected, line.open_to_ship) == (20, 10, 0)
    assert trade.stock() == (10, 0)
    assert trade.sound()


@pytest.mark.parametrize(("handling", "left"), [("补发", 10), ("抵减", 0)])
def test_a_claim_on_the_carrier(stage: Stage, handling: str, left: int):
    case = lost(stage)
    stage.do("handle_loss", "linyue", "claim", case=case, loss={"claim_no": "SF-88"})
    stage.do("handle_difference", "linyue", case=case,
             differences=[{"_row": 0, "handling": handling}])  # fmt: skip
    assert stage.end(case) == "signed"
    number = stage.variables(case)["order_no"]
    assert trade.line(number).open_to_ship == left
    assert stage.record("sales_order", number).total == (114000 if left else 0)
    assert trade.sound()


def test_damaged_goods_become_a_return_request(stage: Stage):
    number = trade.order()
    case = signed(stage, number, accepted_qty=10, damaged_qty=2)
    stage.do("handle_difference", "linyue", case=case)
    assert stage.end(case) == "signed"
    assert "request_return" in stage.path(case)
    assert trade.line(number).q_delivered == 10


def test_the_signature_must_add_up(stage: Stage):
    case = shipped(stage, trade.order())
    stage.message("msg_goods_signed", stage.variables(case)["delivery_no"])
    with pytest.raises(errors.Invalid, match="加起来"):
        sign(stage, case, accepted_qty=9)
    assert stage.open(case) == ["register_signature"]


def test_reminders_reach_those_who_are_late(stage: Stage):
    case = over_limit(stage)
    note(stage, case)
    stage.wait(days=1)
    stage.do("release_credit", "liuyang", "approve", case=case)
    stage.wait(days=1)
    assert {"release_reminded", "pick_reminded"} <= set(stage.path(case))


def test_the_outsider_may_do_nothing(stage: Stage):
    case = begin(stage, trade.order())
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("prepare_note", "baijie", "cancel", case=case)
