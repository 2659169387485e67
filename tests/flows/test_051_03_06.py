"""051-03-06 退货管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import clock, errors
from app.db import db
from app.records import write
from app.records.ar_entry import ArEntry
from app.records.delivery import DeliveryLine
from app.records.sales_return import SalesReturn
from tests.flows import neighbours, trade
from tests.flows import test_051_03_05 as delivering
from tests.flows.stage import Stage
from tests.flows.test_051_03_05 import NOTE

FLOW = "p_051_03_06"


@pytest.fixture(autouse=True)
def around(stage: Stage) -> None:
    """Invoicing and refunding are reduced to one task each."""
    neighbours.publish("p_051_03_07", "p_051_03_09")


def sold(stage: Stage, days: int = 20, *, invoiced: bool = False) -> str:
    """Ten pieces were delivered so many days ago, and perhaps invoiced."""
    clock.stop_at(clock.now() - dt.timedelta(days=days))
    number = trade.order()
    delivering.signed(stage, number)
    if invoiced:
        invoice(number)
    stage.go_to(clock.now() + dt.timedelta(days=days))
    return number


def invoice(number: str) -> None:
    order, line = write.need("sales_order", number), trade.line(number)
    row = write.create("invoice", {
        "kind": "专票", "customer_id": order.customer_id, "order_id": order.id,
        "title_text": "上海恒远机械有限公司", "gross": 114000, "open": 114000, "invoice_no": "20260001",
    }, by="chenjing")  # fmt: skip
    write.create("ar_entry", {
        "customer_id": order.customer_id, "type": "invoice", "ledger": "应收", "amount": 114000,
        "doc_type": "invoice", "doc_no": row.number, "value_date": dt.date(2026, 2, 18),
    }, by="chenjing")  # fmt: skip
    write.change(order, {"invoiced_amount": 114000}, by="chenjing")
    for state in ("审核中", "待开具", "已入账"):
        write.move(row, state, by="chenjing")
    write.change(line, {"q_invoiced": 10}, by="chenjing")
    db.session.commit()


def ask(stage: Stage, number: str, qty: int, reason: str = "质量", expect: str = "退款",
        **other: Any) -> int:  # fmt: skip
    case = stage.start(FLOW, "machao")
    stage.do("request_return", "machao", "load", case=case, order_no=number)
    hand_in(stage, case, qty, reason, expect, **other)
    return case


def hand_in(stage: Stage, case: int, qty: int, reason: str, expect: str, **other: Any) -> None:
    """The request goes in past its form (which asks for photos)."""
    task = stage.task("request_return", case)
    seen = stage.seen(task)
    rows = [{**row, "qty": qty, "serials": other.pop("serials", None)}
            for row in seen["return_rows"]]  # fmt: skip
    stage.complete(task, "machao", {
        "order_no": seen["order_no"], "return_rows": rows, "reason": reason, "expect": expect,
        "opened": False, "photo": [], "outcome": "submit", **other,
    })  # fmt: skip


def agreed(stage: Stage, case: int, *who: str) -> int:
    stage.do("verify", "machao", "return", case=case, contact_result="和秦嘉确认过")
    for login in who:
        stage.do("approve", login, "approve", case=case)
    return case


def arrived(stage: Stage, case: int, count: int) -> int:
    stage.message("msg_return_arrived", stage.variables(case)["return_no"])
    stage.do("count", "zhoutao", case=case, count_rows=[{"_row": 0, "received_qty": count}])
    return case


def inspected(stage: Stage, case: int, **judged: int) -> None:
    row = {"_row": 0, "good_qty": 0, "repair_qty": 0, "scrap_qty": 0, "refused_qty": 0, **judged}
    stage.do("inspect", "hubin", case=case, inspect_rows=[row], cause="我方")


def back(stage: Stage, case: int) -> SalesReturn:
    return stage.record("sales_return", stage.variables(case)["return_no"])


def refundable(stage: Stage, case: int, amount: int) -> None:
    """What the red invoice left to be paid back."""
    row = back(stage, case)
    write.create("refundable_balance", {"customer_id": row.customer_id, "source": row.number,
                                        "balance": amount}, by="chenjing")  # fmt: skip
    write.create("ar_entry", {
        "customer_id": row.customer_id, "type": "red_invoice", "ledger": "应退", "amount": amount,
        "doc_type": "sales_return", "doc_no": row.number, "value_date": dt.date(2026, 3, 10),
    }, by="chenjing")  # fmt: skip
    db.session.commit()


# the catalogue's three scenarios


def test_two_come_back_and_are_refunded(stage: Stage):
    number = sold(stage, invoiced=True)
    case = agreed(stage, ask(stage, number, 2), "wangqiang")
    assert back(stage, case).rma_no == f"RMA-{back(stage, case).number}"
    arrived(stage, case, 2)
    inspected(stage, case, good_qty=1, scrap_qty=1)
    assert trade.stock() == (21, 0)
    assert trade.stock(bin="报废") == (1, 0)
    refundable(stage, case, 22800)
    red = neighbours.finish(stage, "invoicing", case, "开票完成")
    assert (red["mode"], red["return_no"], red["amount"]) == (
        "red", back(stage, case).number, 22800)  # fmt: skip
    paid = neighbours.finish(stage, "refunding", case, "退款完成")
    assert (paid["source"], paid["source_ref"], paid["amount"]) == (
        "退货", back(stage, case).number, 22800)  # fmt: skip

    assert stage.end(case) == "done"
    assert back(stage, case).state == "已完成"
    line = trade.line(number)
    assert (line.q_returned, line.q_delivered) == (2, 10)
    assert not stage.incidents()


def test_more_than_was_delivered_and_too_late(stage: Stage):
    number = sold(stage, 40)
    case = ask(stage, number, 11)
    assert "最多还能退 10，填了 11" in stage.seen(stage.task("request_return", case))["problems"]
    hand_in(stage, case, 2, "客户原因", "退款")
    policy = stage.seen(stage.task("verify", case))["policy"]
    assert (policy["allowed"], policy["approvers"]) == (False, ["sales_director"])
    agreed(stage, case)
    facts = stage.seen(stage.task("approve", case))["approval_facts"]
    assert facts[0]["label"] == "特批"
    stage.do("approve", "zhaomin", "reject", case=case, comment="过了期限")

    assert stage.end(case) == "refused"
    assert back(stage, case).state == "已拒绝"
    assert trade.stock() == (20, 0)
    assert trade.line(number).q_returned == 0
    assert db.session.scalar(db.select(db.func.count(ArEntry.id))) == 0


def test_four_come_instead_of_three_and_are_exchanged(stage: Stage):
    number = sold(stage)
    case = agreed(stage, ask(stage, number, 3, expect="换货"), "wangqiang")
    arrived(stage, case, 4)
    assert "3 → 4" in stage.seen(stage.task("handle_over", case))["problems"]
    stage.do("handle_over", "linyue", "extend", case=case, over={"note": "多寄了一台"})
    stage.do("approve", "wangqiang", "approve", case=case)
    inspected(stage, case, good_qty=4)
    assert trade.line(number).exchange_due == 4
    assert trade.stock() == (24, 0)
    (row,) = stage.seen(stage.task("prepare_note", case))["note_lines"]
    assert row["open"] == 4
    replace(stage, case)

    assert stage.end(case) == "done"
    line = trade.line(number)
    assert (line.q_returned, line.exchange_due, line.open_to_ship) == (4, 0, 0)
    assert trade.stock() == (20, 0)
    assert trade.sound()


def replace(stage: Stage, case: int) -> None:
    stage.do("prepare_note", "linyue", "submit", case=case, note=NOTE)
    stage.do("pick", "zhoutao", case=case)
    query = db.select(write.record.entity("delivery")).filter_by(source="换货")
    number = db.session.scalars(query).one().number
    stage.message("msg_goods_signed", number)
    delivering.sign(stage, case)


# other ways through


def test_the_form_asks_for_photos_and_quantities(stage: Stage):
    number = sold(stage)
    case = stage.start(FLOW, "machao")
    stage.do("request_return", "machao", "load", case=case, order_no=number)
    task = stage.task("request_return", case)
    judged = stage.judge(task, "machao", "submit", {"reason": "质量", "expect": "退款"})
    assert {"photo", "return_rows"} <= set(judged.errors)
    stage.do("request_return", "machao", "cancel", case=case)
    assert stage.end(case) == "dropped"


def test_an_order_that_was_not_delivered(stage: Stage):
    case = ask(stage, trade.order(), 1)
    assert "已签收的货" in stage.seen(stage.task("request_return", case))["problems"]


def test_a_serial_number_that_was_never_sold(stage: Stage):
    number = sold(stage)
    line = db.session.scalars(db.select(DeliveryLine)).one()
    write.change(line, {"batch": "SN-1,SN-2"}, by="zhoutao")
    db.session.commit()
    case = ask(stage, number, 1, serials="SN-9")
    assert "SN-9 不是" in stage.seen(stage.task("request_return", case))["problems"]


def test_a_damaged_delivery_asks_for_itself(stage: Stage):
    number = trade.order()
    delivery = delivering.signed(stage, number, damaged_qty=2)
    stage.do("handle_difference", "linyue", case=delivery)
    (case,) = stage.cases(FLOW)
    seen = stage.seen(stage.task("request_return", case.id))
    assert (seen["reason"], seen["order_no"], seen["return_rows"][0]["qty"]) == ("损坏", number, 2)
    hand_in(stage, case.id, 2, "损坏", "换货")
    assert back(stage, case.id).request_no.endswith("-D")


def test_it_is_settled_without_a_return(stage: Stage):
    case = ask(stage, sold(stage), 1)
    stage.do("verify", "machao", "settle", case=case, contact_result="教会他怎么用了")
    assert stage.end(case) == "settled"
    assert back(stage, case).state == "协商撤回"


def test_the_approver_wants_to_know_more_or_it_is_withdrawn(stage: Stage):
    case = agreed(stage, ask(stage, sold(stage), 2))
    stage.do("approve", "wangqiang", "return", case=case, comment="问清楚")
    agreed(stage, case)
    stage.message("msg_approval_withdrawn", stage.variables(case)["return_no"])
    assert stage.open(case) == ["verify"]
    assert back(stage, case).state == "申请"


def test_goods_that_never_come(stage: Stage):
    case = agreed(stage, ask(stage, sold(stage), 2), "wangqiang")
    stage.wait(days=15)
    assert stage.end(case) == "expired"
    assert back(stage, case).state == "逾期关闭"


def test_what_is_too_much_goes_back(stage: Stage):
    number = sold(stage)
    case = arrived(stage, agreed(stage, ask(stage, number, 2), "wangqiang"), 3)
    stage.do("handle_over", "linyue", "send_back", case=case, over={"note": "没谈过"})
    inspected(stage, case, good_qty=2)
    assert stage.end(case) == "done"
    assert trade.line(number).q_returned == 2
    assert trade.stock() == (22, 0)


def test_the_inspector_refuses_everything(stage: Stage):
    case = arrived(stage, agreed(stage, ask(stage, sold(stage), 2), "wangqiang"), 2)
    inspected(stage, case, refused_qty=2)
    assert stage.end(case) == "refused"
    assert trade.stock() == (20, 0)


def test_a_repair_goes_to_the_service(stage: Stage):
    case = agreed(stage, ask(stage, sold(stage), 1, expect="维修"), "wangqiang")
    arrived(stage, case, 1)
    inspected(stage, case, repair_qty=1)
    assert stage.end(case) == "done"
    assert "ask_repair" in stage.path(case)
    assert trade.stock(bin="待检") == (1, 0)


def test_the_fee_is_booked_once(stage: Stage):
    case = agreed(
        stage, ask(stage, sold(stage, 5, invoiced=True), 2, reason="客户原因"), "wangqiang"
    )
    arrived(stage, case, 2)
    inspected(stage, case, good_qty=2)
    refundable(stage, case, 22800)
    neighbours.finish(stage, "invoicing", case, "开票完成")
    assert neighbours.finish(stage, "refunding", case, "退款完成")["amount"] == 21660
    assert (back(stage, case).fee, back(stage, case).fee_ledger) == (Decimal(1140), "应退")


def test_the_fee_is_owed_when_nothing_is_refunded(stage: Stage):
    case = agreed(stage, ask(stage, sold(stage, 5), 2, reason="客户原因"), "wangqiang")
    arrived(stage, case, 2)
    inspected(stage, case, good_qty=2)
    assert stage.end(case) == "done"
    assert "reduce" in stage.path(case)
    assert back(stage, case).fee_ledger == "应收"
    assert db.session.scalars(db.select(ArEntry.amount)).one() == 1140


def test_a_refused_red_invoice_sends_the_goods_back(stage: Stage):
    case = agreed(stage, ask(stage, sold(stage, invoiced=True), 2), "wangqiang")
    arrived(stage, case, 2)
    inspected(stage, case, good_qty=2)
    neighbours.finish(stage, "invoicing", case, "开票驳回")
    assert stage.end(case) == "refused"
    assert trade.stock() == (20, 0)
    assert trade.sound()


def test_an_exchange_that_is_not_shipped_becomes_a_refund(stage: Stage):
    number = sold(stage)
    case = agreed(stage, ask(stage, number, 2, expect="换货"), "wangqiang")
    arrived(stage, case, 2)
    inspected(stage, case, good_qty=2)
    stage.do("prepare_note", "linyue", "cancel", case=case)
    assert stage.end(case) == "done"
    assert trade.line(number).exchange_due == 0
    assert back(stage, case).expect == "退款"


def test_the_same_piece_is_not_returned_twice(stage: Stage):
    number = sold(stage)
    ask(stage, number, 8)
    case = stage.start(FLOW, "machao")
    stage.do("request_return", "machao", "load", case=case, order_no=number)
    (row,) = stage.seen(stage.task("request_return", case))["return_rows"]
    assert row["can_return"] == 2


def test_the_outsider_may_do_nothing(stage: Stage):
    case = stage.start(FLOW, "machao")
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("request_return", "baijie", "cancel", case=case)
