"""051-03-03 报价管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app import clock, errors
from app.db import db
from app.records import log, write
from app.records.errors import RecordError
from app.records.quotation import Quotation
from tests.flows import trade
from tests.flows.stage import Stage

FLOW = "p_051_03_03"
HENGYUAN = trade.HENGYUAN
PROOF = [{"id": "f1", "name": "确认函.pdf", "size": 10, "type": "application/pdf"}]


@pytest.fixture
def agreed(app: Flask) -> None:
    """恒远 has an agreed price: 11,400 from ten pieces on."""
    given = {"name": "恒远协议价", "scope": "客户", "customer_id": HENGYUAN,
             "effective_from": "2026-01-01"}  # fmt: skip
    prices = write.create("price_list", given, by="helin", state="已生效")
    line = {"list_id": prices.id, "product_id": "P-1001", "unit_price": 11400, "min_qty": 10,
            "floor_price": 10200}  # fmt: skip
    write.create("price_list_line", line, by="helin")
    db.session.commit()


pytestmark = pytest.mark.usefixtures("agreed")


def contact() -> str:
    customer = write.need("customer", HENGYUAN)
    model: Any = write.record.entity("contact")
    return db.session.scalars(db.select(model).filter_by(customer_id=customer.id)).first().number


def begin(stage: Stage, **other: Any) -> int:
    return stage.start(FLOW, "zhangwei", customer_id=HENGYUAN, **other)


def fill(stage: Stage, case: int, price: int, outcome: str = "submit", **row: Any) -> None:
    line = {"product": "P-1001", "qty": 10, "price": price, **row}
    header = {"contact_id": contact(), "delivery_days": 7}
    stage.do("edit_quote", "zhangwei", outcome, case=case, quote=header, quote_lines=[line])


def offered(stage: Stage, price: int = 11400, **other: Any) -> int:
    case = begin(stage, **other)
    fill(stage, case, price)
    return case


def quote(stage: Stage, case: int) -> Quotation:
    return stage.record("quotation", stage.variables(case)["quote_no"])


def answer(stage: Stage, case: int, result: str, **other: Any) -> None:
    stage.message("msg_quote_reply", quote(stage, case).number, reply={"result": result, **other})


def decisions() -> list[tuple[str, str]]:
    query = db.select(log.ApprovalLog).filter_by(entity="quotation").order_by(log.ApprovalLog.id)
    return [(row.by, row.decision) for row in db.session.scalars(query)]


def test_prices_include_tax_and_nobody_can_say_otherwise(stage: Stage):
    case = begin(stage)
    assert stage.seen(stage.task("edit_quote", case))["quote"]["tax_incl"] is True
    line = {"product": "P-1001", "qty": 10, "price": 11400}
    given = {"contact_id": contact(), "tax_incl": False}
    stage.do("edit_quote", "zhangwei", "submit", case=case, quote=given, quote_lines=[line])
    assert stage.variables(case)["quote"]["tax_incl"] is True


def test_at_the_agreed_price_nobody_has_to_approve(stage: Stage):
    case = offered(stage)
    made = quote(stage, case)
    assert (made.state, made.total, made.number[-3:]) == ("已发送", Decimal(114000), "-v1")
    assert (made.discount_rate, made.min_line_flag) == (0, "ok")
    assert round(made.margin, 3) == Decimal("0.207")  # (100,884.96 - 80,000) / 100,884.96
    assert "approve_quote" not in stage.path(case)
    assert "send_quote" in stage.path(case)
    answer(stage, case, "接受")
    assert stage.end(case) == "accepted"
    assert quote(stage, case).state == "已接受"
    assert stage.variables(case)["result"] == "已接受"


def test_below_the_floor_two_levels_decide_and_the_second_rejects(stage: Stage):
    case = offered(stage, 10000)
    assert stage.variables(case)["levels"] == [
        "sales_manager", "sales_director", "general_manager"]  # fmt: skip
    shown = {
        row["label"]: row["value"] for row in stage.seen(stage.task("approve"))["approval_facts"]
    }
    assert shown["总额"] == "100,000.00"
    assert shown["底价"] == "低于底价"
    stage.do("approve", "wangqiang", "approve")
    stage.do("approve", "zhaomin", "reject", comment="低于底价，利润太薄")
    assert stage.end(case) == "rejected"
    assert quote(stage, case).state == "已驳回"
    assert decisions() == [("wangqiang", "同意"), ("zhaomin", "驳回")]


def test_two_levels_agree_and_the_quote_goes_out(stage: Stage):
    case = begin(stage)
    fill(stage, case, 11400, qty=50)
    assert stage.variables(case)["levels"] == ["sales_manager", "sales_director"]
    stage.do("approve", "wangqiang", "approve")
    stage.do("approve", "zhaomin", "approve")
    assert quote(stage, case).state == "已发送"


def test_a_returned_quote_is_closed_and_a_new_version_takes_its_place(stage: Stage):
    case = offered(stage, 10700)
    first = quote(stage, case).number
    assert quote(stage, case).discount_rate == Decimal("0.0614")
    stage.do("approve", "wangqiang", "return", comment="至少 10,900")
    assert stage.record("quotation", first).state == "已退回"
    second = quote(stage, case)
    assert (second.state, second.version, second.base_no) == ("草稿", 2, first[:-3])
    task = stage.task("edit_quote")
    assert "至少 10,900" in stage.seen(task)["problems"]
    assert stage.seen(task)["quote_lines"][0]["price"] == 10700
    stage.do("edit_quote", "zhangwei", "submit", case=case,
             quote_lines=[{"_row": 0, "price": 10900}])  # fmt: skip
    second = quote(stage, case)
    assert (second.state, second.discount_rate) == ("已发送", Decimal("0.0439"))
    over = stage.variables(case)["expires_at"]
    clock.stop_at(over + dt.timedelta(hours=1))
    answer(stage, case, "接受")
    assert stage.end(case) == "expired"
    assert "accept_quote_e_quote_expired" in stage.path(case)
    assert quote(stage, case).state == "已过期"
    again = stage.start(FLOW, "zhangwei", previous_no=second.number)
    third = quote(stage, again)
    assert (third.version, third.previous_id, third.base_no) == (3, second.id, first[:-3])


def test_the_submitter_takes_it_back(stage: Stage):
    case = offered(stage, 10700)
    stage.message("msg_approval_withdrawn", quote(stage, case).number)
    assert stage.open(case) == ["edit_quote"]
    assert quote(stage, case).version == 2


def test_asking_for_prices_fills_them_in(stage: Stage):
    case = begin(stage)
    stage.do("edit_quote", "zhangwei", "price", case=case,
             quote_lines=[{"product": "P-1001", "qty": 10}, {"product": "P-1002", "qty": 1}])  # fmt: skip
    rows = stage.seen(stage.task("edit_quote"))["quote_lines"]
    assert [(row["price"], row["list_price"]) for row in rows] == [(11400, 12000), (3600, 3600)]
    assert rows[0]["line_amount"] == 114000
    assert db.session.scalars(db.select(Quotation)).all() == []


def test_a_gift_costs_nothing_and_needs_all_four(stage: Stage):
    case = begin(stage)
    lines = [{"product": "P-1001", "qty": 10, "price": 11400},
             {"product": "P-1002", "qty": 1, "price": 0, "gift": True}]  # fmt: skip
    stage.do("edit_quote", "zhangwei", "submit", case=case, quote={"contact_id": contact()},
             quote_lines=lines)  # fmt: skip
    assert quote(stage, case).min_line_flag == "below_cost"
    assert stage.variables(case)["levels"] == [
        "sales_manager", "sales_director", "finance_manager", "general_manager"]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ({"valid_until": dt.date(2026, 3, 10)}, {}, "有效期"),
        ({"valid_until": dt.date(2026, 6, 9)}, {}, "有效期"),
        ({}, {"price": 0}, "赠品"),
        ({}, {"price": 5, "gift": True}, "赠品"),
        ({}, {"qty": 0}, "大于 0"),
        ({"contact_id": None}, {}, "contact_id"),
    ],
)
def test_what_cannot_be_offered_is_said_at_the_form(stage: Stage, header, row, said):
    case = begin(stage)
    line = {"product": "P-1001", "qty": 10, "price": 11400} | row
    with pytest.raises(errors.Invalid, match=said):
        stage.do("edit_quote", "zhangwei", "submit", case=case,
                 quote={"contact_id": contact()} | header, quote_lines=[line])  # fmt: skip
    assert stage.open(case) == ["edit_quote"]


def test_a_product_without_a_price_comes_back(stage: Stage):
    write.create("product", {"name": "样机"}, by="luchuan", number="P-9")
    db.session.commit()
    case = begin(stage)
    fill(stage, case, 100, product="P-9")
    assert "样机" in stage.seen(stage.task("edit_quote"))["problems"]
    assert "price_lines_e_no_price" in stage.path(case)


def test_what_was_submitted_cannot_be_changed(stage: Stage):
    case = offered(stage)
    with pytest.raises(RecordError) as refused:
        write.change(quote(stage, case), {"payment_terms": "货到"}, by="zhangwei")
    assert refused.value.code == "E_QUOTE_IMMUTABLE"
    db.session.rollback()
    query = db.select(write.record.entity("quotation_line"))
    with pytest.raises(RecordError):
        write.change(db.session.scalars(query).first(), {"price": 1}, by="zhangwei")
    db.session.rollback()


def test_cancelling_leaves_nothing(stage: Stage):
    case = begin(stage)
    stage.do("edit_quote", "zhangwei", "cancel", case=case)
    assert stage.end(case) == "cancelled"
    assert db.session.scalars(db.select(Quotation)).all() == []


def test_a_new_version_that_is_cancelled_is_void(stage: Stage):
    case = offered(stage, 10700)
    stage.do("approve", "wangqiang", "return", comment="再高一点")
    stage.do("edit_quote", "zhangwei", "cancel", case=case)
    assert quote(stage, case).state == "已替代"


def test_the_rep_registers_what_the_customer_said(stage: Stage):
    case = offered(stage)
    with pytest.raises(errors.Invalid, match="file"):
        stage.do("record_reply", "zhangwei", case=case, reply={"result": "接受"})
    stage.do("record_reply", "zhangwei", case=case, reply={"result": "拒绝", "reason": "太贵"})
    assert stage.end(case) == "refused"
    assert quote(stage, case).state == "已拒绝"


def test_to_renegotiate_is_a_new_version(stage: Stage):
    case = offered(stage)
    first = quote(stage, case).number
    stage.do("record_reply", "zhangwei", case=case, reply={"result": "再议", "reason": "要送货"})
    assert stage.record("quotation", first).state == "已替代"
    assert (quote(stage, case).version, stage.open(case)) == (2, ["edit_quote"])


def test_three_days_before_the_end_the_rep_follows_up(stage: Stage):
    case = offered(stage)
    stage.go_to(stage.variables(case)["remind_at"])
    assert stage.open(case) == ["record_reply", "track_quote"]
    stage.do("track_quote", "zhangwei", "wait", case=case)
    stage.go_to(stage.variables(case)["expires_at"])
    assert stage.end(case) == "expired"
    assert quote(stage, case).state == "已过期"


def test_following_up_brings_the_answer(stage: Stage):
    case = offered(stage)
    stage.go_to(stage.variables(case)["remind_at"])
    task = stage.task("track_quote")
    stage.complete(task, "zhangwei", {"outcome": "reply",
                                      "reply": {"result": "接受", "file": PROOF}})  # fmt: skip
    assert stage.end(case) == "accepted"


def test_following_up_prolongs_the_offer_as_a_new_version(stage: Stage):
    case = offered(stage)
    first = quote(stage, case).number
    stage.go_to(stage.variables(case)["remind_at"])
    stage.do("track_quote", "zhangwei", "extend", case=case)
    assert stage.record("quotation", first).state == "已替代"
    assert (quote(stage, case).version, stage.open(case)) == (2, ["edit_quote"])


def test_another_deal_replaces_it(stage: Stage):
    case = offered(stage)
    stage.message("msg_quote_superseded", quote(stage, case).number)
    assert stage.end(case) == "replaced_end"
    assert quote(stage, case).state == "已替代"


def test_of_two_offers_of_an_opportunity_the_accepted_one_closes_the_other(stage: Stage):
    chance = write.create("opportunity", {
        "name": "主轴", "customer_id": HENGYUAN, "amount": 114000, "close_date": "2026-05-01",
        "owner_id": "zhangwei", "product_line": "设备",
    }, by="zhangwei", state="跟进中")  # fmt: skip
    line = {"opportunity_id": chance.id, "product_id": "P-1001", "qty": 10, "est_price": 11400}
    write.create("opportunity_line", line, by="zhangwei")
    db.session.commit()
    first, second = (stage.start(FLOW, "zhangwei", opportunity_no=chance.number) for _ in "ab")
    for case in (first, second):
        stage.do("edit_quote", "zhangwei", "submit", case=case, quote={"contact_id": contact()})
        assert quote(stage, case).total == 114000
    answer(stage, first, "接受")
    assert (stage.end(first), stage.end(second)) == ("accepted", "replaced_end")
    assert [quote(stage, case).state for case in (first, second)] == ["已接受", "已替代"]


def test_the_outsider_may_do_nothing(stage: Stage):
    case = begin(stage)
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("edit_quote", "baijie", "cancel", case=case)
