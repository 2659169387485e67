"""Deliveries, returns and invoices: in time, under way, missing, back again, on paper."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.db import db
from app.records import write
from app.records.sales_order import OrderLine
from tests.reports.conftest import HENGYUAN, LANWAN, MINGDA, at, column, order

pytestmark = pytest.mark.usefixtures("trade")


def line_of(row):
    return db.session.scalars(sa.select(OrderLine).filter_by(order_id=row.id)).one()


def delivery(row, qty, shipped, *, signed=None, accepted=None, refused=0, hour=2):
    """Goods of the order's only line left; `signed` is the day they were signed for."""
    line = line_of(row)
    note = write.create("delivery", {
        "order_id": row.id, "customer_id": row.customer_id, "warehouse": "WH01",
        "shipped_at": at(shipped), "signed_at": at(signed, hour) if signed else None,
        "owner_id": "linyue", "department_id": "sales",
    }, by="linyue")  # fmt: skip
    accepted = (qty if signed else 0) if accepted is None else accepted
    sent = write.create("delivery_line", {
        "delivery_id": note.id, "order_line_id": line.id, "product_id": line.product_id,
        "qty": qty, "picked": qty, "accepted": accepted, "refused": refused,
    }, by="linyue")  # fmt: skip
    for state in ("待放行", "待拣货", "已出库", *(["已签收"] if signed else [])):
        write.move(note, state, by="linyue")
    write.change(line, {"q_shipped": line.q_shipped + qty, "q_rejected": refused,
                        "q_delivered": line.q_delivered + accepted}, by="linyue")  # fmt: skip
    return note, sent


def promised(customer, rep, qty, day):
    row = order(customer, rep, 1000 * qty, price="1000", listed="1000", qty=qty)
    write.change(line_of(row), {"promised_date": day}, by=rep)
    return row


@pytest.fixture
def shipped(trade):
    """In time on the last evening, a day late, half, not at all; one that is not due yet."""
    delivery(promised(HENGYUAN, "zhangwei", 2, "2026-03-02"), 2, "2026-03-01",
             signed="2026-03-02", hour=15)  # 23:00 in Shanghai  # fmt: skip
    delivery(promised(HENGYUAN, "zhangwei", 3, "2026-03-02"), 3, "2026-03-02",
             signed="2026-03-02", hour=17)  # 01:00 of the next day in Shanghai  # fmt: skip
    delivery(promised(MINGDA, "lina", 4, "2026-03-05"), 2, "2026-03-06", signed="2026-03-08",
             accepted=1, refused=1)  # fmt: skip
    promised(MINGDA, "lina", 1, "2026-03-09")
    delivery(promised(LANWAN, "zhangwei", 5, "2026-03-20"), 5, "2026-03-08")


def test_a_line_is_in_time_until_midnight_of_the_promised_day(ask, shipped):
    found = {row["key"]: row for row in ask("051-03/R04-4", by="person").rows}
    mine = found["zhangwei"]
    assert (mine["count"], mine["in_time"], mine["late"], mine["open"]) == (2, 1, 1, 0)
    assert mine["rate"] == 0.5
    assert (found["lina"]["count"], found["lina"]["open"], found["lina"]["rate"]) == (2, 2, 0)
    assert column(ask("051-03/R04-4"), "key", "count") == {202603: 4}
    assert set(column(ask("051-03/R04-4", "lina", by="person"), "key", "count")) == {"lina"}


def test_progress_shows_open_orders_with_the_next_promise(ask, shipped):
    rows = {row["ordered"]: row for row in ask("051-03/R05-1", "linyue", q="明达").rows}
    assert (rows[4]["shipped"], rows[4]["signed"], rows[4]["open"]) == (2, 1, 3)
    assert (rows[4]["late"], str(rows[4]["next"]), rows[4]["rate"]) == (
        1, "2026-03-05", Decimal("0.25"))  # fmt: skip
    assert (rows[1]["open"], rows[1]["late"]) == (1, 1)


def test_punctuality_goes_by_leaving_and_the_fill_rate_by_what_was_accepted(ask, shipped):
    found = {row["key"]: row for row in ask("051-03/R05-2", "linyue", by="customer").rows}
    assert (found["上海恒远机械有限公司"]["in_time"], found["上海恒远机械有限公司"]["rate"]) == (
        2,
        1,
    )
    mingda = found["苏州明达自动化有限公司"]
    assert (mingda["in_time"], mingda["filled"], mingda["refused"]) == (0, 0.5, 1)
    said = ask("051-03/R05-2", "linyue", by="warehouse")
    assert column(said, "key", "qty") == {"WH01": 12}
    assert said.totals["rate"] == 0.75


def test_what_nobody_signed_for_is_under_way(ask, shipped):
    (row,) = ask("051-03/R05-3", "linyue").rows
    assert (row["customer"], row["qty"], row["days"]) == (
        "青岛蓝湾置业有限公司", 5, pytest.approx(2, abs=0.1))  # fmt: skip
    assert not ask("051-03/R05-3", "lina").rows


def test_a_product_is_short_by_what_neither_lies_there_nor_is_reserved(ask):
    # the trade waits for 13 of P-1001; 30 lie there
    assert not ask("051-03/R05-4", "linyue").rows
    big = promised(MINGDA, "lina", 25, "2026-03-01")
    write.change(line_of(big), {"q_reserved": 3}, by="linyue")
    (row,) = ask("051-03/R05-4", "linyue").rows
    assert (row["open"], row["reserved"], row["free"], row["short"]) == (38, 3, 30, 5)
    assert (row["orders"], row["late"], str(row["first"])) == (4, 1, "2026-03-01")


def returned(sent, row, qty, *, reason="质量", day="2026-03-01", good=0, scrap=0, fee=0, states=()):
    back = write.create("sales_return", {
        "customer_id": row.customer_id, "order_id": row.id, "reason": reason, "expect": "退款",
        "fee": fee, "owner_id": "machao", "department_id": "care",
    }, by="machao", at=at(day))  # fmt: skip
    write.create("return_line", {
        "return_id": back.id, "delivery_line_id": sent.id, "order_line_id": sent.order_line_id,
        "product_id": sent.product_id, "q_requested": qty, "q_approved": qty, "q_received": qty,
        "q_good": good, "q_scrap": scrap, "serials": "SN-1",
    }, by="machao")  # fmt: skip
    for state, on in states:
        write.move(back, state, by="machao", at=at(on))
    return back


@pytest.fixture
def back(trade):
    row = promised(HENGYUAN, "zhangwei", 10, "2026-02-10")
    _note, sent = delivery(row, 10, "2026-02-08", signed="2026-02-10")
    write.change(line_of(row), {"q_returned": 3}, by="linyue")
    whole = returned(sent, row, 2, good=1, scrap=1, states=(
        ("待到货", "2026-03-02"), ("已收货", "2026-03-05"), ("已质检", "2026-03-05"),
        ("已入库", "2026-03-06"), ("处理中", "2026-03-06"), ("已完成", "2026-03-09")))  # fmt: skip
    returned(sent, row, 1, reason="客户原因", fee=50, states=(("待到货", "2026-03-04"),))
    return row, whole


def test_the_return_rate_is_by_piece_and_reasons_by_paper(ask, back):
    assert column(ask("051-03/R06-1"), "key", "returned") == {"数控主轴": 3}
    assert ask("051-03/R06-1", by="customer").totals["rate"] == Decimal("0.3")
    found = {row["key"]: row for row in ask("051-03/R06-1b").rows}
    assert (found["质量"]["count"], found["质量"]["amount"], found["质量"]["qty"]) == (1, 2000, 2)
    assert found["客户原因"]["fee"] == 50
    assert ask("051-03/R06-1b").totals["amount"] == 3000


def test_a_return_is_timed_from_stage_to_stage(ask, back):
    found = {row["key"]: row for row in ask("051-03/R06-2", by="reason").rows}
    good = found["质量"]
    assert [good[name] for name in ("allow", "way", "check", "whole")] == [
        pytest.approx(days) for days in (1, 3, 1, 8)]  # fmt: skip
    assert (found["客户原因"]["allow"], found["客户原因"]["whole"]) == (pytest.approx(3), None)
    assert ask("051-03/R06-2").totals["allow"] == pytest.approx(2)


def test_the_value_of_a_return_stands_beside_its_red_invoice(ask, back):
    row, whole = back
    blue = invoice(row, 10000, "2026-02-12")
    red = write.create("invoice", {
        "customer_id": row.customer_id, "order_id": row.id, "kind": "专票", "color": "红",
        "blue_invoice_id": blue.id, "return_id": whole.id, "title_text": "恒远", "gross": -2000,
        "to_refundable": 1500, "invoice_no": "R-1", "invoice_date": "2026-03-07",
    }, by="chenjing")  # fmt: skip
    for state in ("审核中", "待开具", "已入账"):
        write.move(red, state, by="chenjing")
    found = {one["number"]: one for one in ask("051-03/R06-3").rows}
    mine = found[whole.number]
    assert (mine["amount"], mine["red"], mine["refundable"], mine["invoice_no"]) == (
        2000, 2000, 1500, "R-1")  # fmt: skip
    said = ask("051-03/R07-3", "chenjing", color="红")
    assert [(one["gross"], one["blue"]) for one in said.rows] == [(-2000, "IV-B")]
    assert ask("051-03/R07-3", "chenjing", q="IV-B").totals["gross"] == 10000


def test_quality_reads_every_piece_that_broke(ask, back):
    (row,) = ask("051-03/R06-4", "hubin").rows
    assert (row["product"], row["qty"], row["good"], row["scrap"]) == ("数控主轴", 2, 1, 1)
    assert ask("051-03/R06-4", "hubin", q="SN-1").count == 1


def invoice(row, gross, day, *, asked="2026-02-10", allowed="2026-02-11", no="IV-B"):
    made = write.create("invoice", {
        "customer_id": row.customer_id, "order_id": row.id, "kind": "专票", "title_text": "抬头",
        "gross": gross, "net": gross, "open": gross, "invoice_no": no, "invoice_date": day,
    }, by="chenjing", at=at(asked))  # fmt: skip
    write.move(made, "审核中", by="chenjing", at=at(asked))
    write.move(made, "待开具", by="chenjing", at=at(allowed))
    write.move(made, "已入账", by="chenjing", at=at(day))
    return made


def test_the_time_to_invoice_is_split_at_the_consent(ask, back):
    row, _whole = back
    invoice(row, 100, "2026-02-15")
    invoice(row, 300, "2026-02-12", no="IV-C")
    (found,) = ask("051-03/R07-4", "chenjing", period="2026-02").rows
    assert (found["key"], found["count"], found["gross"]) == (202602, 2, 400)
    assert (found["allow"], found["issue"], found["whole"]) == (
        pytest.approx(1), pytest.approx(2.5), pytest.approx(3.5))  # fmt: skip


def test_what_may_be_invoiced_follows_the_order_s_basis(ask):
    row = order(LANWAN, "zhangwei", 1000, delivered=600, invoiced=200, on="2026-03-02")
    ahead = order(LANWAN, "zhangwei", 500, on="2026-03-02")
    write.change(ahead, {"invoice_basis": "按订单"}, by="linyue")
    asked = write.create("invoice", {"customer_id": row.customer_id, "order_id": row.id,
                                     "kind": "专票", "title_text": "蓝湾", "gross": 150},
                         by="chenjing")  # fmt: skip
    assert asked.state == "申请"
    said = ask("051-03/R07-1", "chenjing", period="2026-03")
    (found,) = said.rows
    assert (found["total"], found["may"], found["applied"]) == (1500, 1100, 150)
    assert (found["issued"], found["left"]) == (200, 900)
    assert found["rate"] == Decimal(200) / Decimal(1100)
