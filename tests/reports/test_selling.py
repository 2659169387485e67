"""Plans, doubles, quotations, orders: ranked, adjusted, discounted, kept, changed."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import HENGYUAN, LANWAN, MINGDA, at, column, opportunity, order, plan

pytestmark = pytest.mark.usefixtures("trade")


def test_the_ranking_goes_by_what_is_due_by_now(ask):
    rows = ask("051-03/R01-2", metric="签单额").rows
    assert [(row["rank"], row["key"], row["rate"]) for row in rows] == [
        (1, "zhangwei", Decimal("0.97")), (2, "lina", Decimal("0.2"))]  # fmt: skip
    assert [row["key"] for row in ask("051-03/R01-2", "lina", metric="签单额").rows] == ["lina"]


def test_a_new_version_of_a_plan_is_held_against_the_one_before(ask):
    head = plan("回款额", [("lina", 1, 100, 0), ("lina", 4, 300, 0), ("zhangwei", 4, 50, 0)])
    write.move(head, "修订中", by="yangfan")
    for rep, month, target in (("lina", 1, 100), ("lina", 4, 240), ("zhangwei", 4, 50)):
        write.create("sales_plan_line", {
            "plan_id": head.id, "version": 2, "department_id": "east", "rep_id": rep,
            "month": month, "target": target,
        }, by="yangfan")  # fmt: skip
    assert not ask("051-03/R01-3").rows  # not in force yet
    write.change(head, {"version": 2}, by="yangfan")
    (row,) = ask("051-03/R01-3").rows
    assert (row["version"], row["before"], row["after"], row["change"]) == (2, 450, 390, -60)
    assert float(row["rate"]) == pytest.approx(-60 / 450)
    assert not ask("051-03/R01-3", period="2026-Q1").rows  # January was copied unchanged


def test_new_customers_are_counted_not_priced(ask):
    plan("新客户数", [("lina", 1, 4, 3), ("zhangwei", 6, 5, 0)])
    found = column(ask("051-03/R01-4", by="person"), "key", "rate")
    assert found == {"lina": Decimal("0.75"), "zhangwei": None}
    quarters = column(ask("051-03/R01-4", by="quarter"), "key", "target")
    assert quarters == {20261: 4, 20262: 5}
    assert column(ask("051-03/R01-4", by="year"), "key", "target") == {2026: 9}


def test_doubles_name_the_first_one(ask):
    first = opportunity(LANWAN, "zhangwei", 1000, "初步接触")
    double = write.create("opportunity", {
        "name": "重复", "customer_id": LANWAN, "amount": 900, "close_date": "2026-05-01",
        "owner_id": "lina", "department_id": "east", "same_as": first.number,
    }, by="lina")  # fmt: skip
    for state in ("报备中", "重复驳回"):
        write.move(double, state, by="wangqiang")
    opportunity(MINGDA, "lina", 10, "初步接触", allow_parallel=True)
    found = {row["name"]: row for row in ask("051-03/R02-4").rows}
    assert (found["重复"]["first"], found["重复"]["verdict"]) == ("zhangwei", "重复驳回")
    assert [row["verdict"] for row in found.values()].count("并行") == 1
    assert len(found) == 2


def quotation(total, discount, margin, *, flag="ok", state="已接受", day="2026-03-01", sent=None):
    row = write.create("quotation", {
        "customer_id": MINGDA, "valid_until": "2026-04-30", "owner_id": "lina", "total": total,
        "department_id": "east", "discount_rate": Decimal(discount), "margin": Decimal(margin),
        "min_line_flag": flag,
    }, by="lina", at=at(day))  # fmt: skip
    write.move(row, "审批中", by="lina", at=at(day))
    write.move(row, "已批准", by="lina", at=at(day))
    write.change(row, {"sent_at": at(sent or day)}, by="lina")
    for step in ("已发送", state):
        write.move(row, step, by="lina")
    return row


@pytest.fixture
def quoted(trade):
    quotation(1000, "0", "0.3")
    quotation(2000, "0.05", "0.2", state="已拒绝", sent="2026-03-04")
    quotation(3000, "0.0501", "0.1")
    quotation(4000, "0.2", "-0.1", flag="below_cost", state="已过期")
    quotation(500, "-0.1", "0.5", flag="below_floor")


def test_discounts_fall_into_bands_with_their_outcome(ask, quoted):
    said = ask("051-03/R03-3")
    assert [(row["band"], row["count"], row["total"], row["rate"]) for row in said.rows] == [
        ("加价", 1, 500, 1), ("无折扣", 1, 1000, 1), ("5% 以内", 1, 2000, 0),
        ("5–15%", 1, 3000, 1), ("15% 以上", 1, 4000, 0)]  # fmt: skip
    assert (said.totals["rate"], said.totals["margin"]) == (0.6, Decimal("0.2"))


def test_quotations_are_listed_with_the_days_until_they_were_sent(ask, quoted):
    said = ask("051-03/R03-1", state="已拒绝")
    assert [(row["total"], row["days"]) for row in said.rows] == [(2000, pytest.approx(3))]
    assert ask("051-03/R03-1").totals["total"] == 10500
    assert ask("051-03/R03-1", q="没有这个客户").count == 0
    assert not ask("051-03/R03-1", "zhangwei").rows


def test_quotations_under_the_floor_are_listed_by_how_far(ask, quoted):
    assert column(ask("051-03/R03-3b"), "flag", "total") == {"低于成本": 4000, "低于底价": 500}
    assert ask("051-03/R03-3b", flag="below_cost").count == 1


def test_lines_say_what_comes_next(ask):
    rows = ask("051-03/R04-1b", "linyue", period="all").rows
    # the trade only has amounts on its orders: no line has left the warehouse
    assert {row["next"] for row in rows} == {"等发货"}
    assert [row["ordered"] for row in rows] == [1, 10, 2]
    assert ask("051-03/R04-1b", "linyue", period="all", q="明达").count == 1


@pytest.mark.parametrize(
    ("given", "next"),
    [({"q_shipped": 1}, "等签收"), ({"q_shipped": 1, "q_delivered": 1}, "等开票"),
     ({"q_shipped": 1, "q_delivered": 1, "q_invoiced": 1}, "等收款"),
     ({"q_shipped": 1, "q_rejected": 1}, "等发货")],
)  # fmt: skip
def test_a_line_waits_for_the_step_after_the_last(ask, given, next):
    row = order(LANWAN, "zhangwei", 700, price="700")
    (line,) = lines(row)
    write.change(line, given, by="linyue")
    found = {one["order_no"]: one["next"] for one in ask("051-03/R04-1b", "linyue").rows}
    assert found[row.number] == next


def lines(row):
    import sqlalchemy as sa

    from app.db import db
    from app.records.sales_order import OrderLine

    return list(db.session.scalars(sa.select(OrderLine).filter_by(order_id=row.id)))


def test_the_price_is_kept_when_it_is_not_under_the_one_that_holds(ask):
    order(HENGYUAN, "zhangwei", 12500, price="12500")
    said = ask("051-03/R04-3", "liuyang", by="person")
    found = {row["key"]: row for row in said.rows}
    assert (found["zhangwei"]["count"], found["zhangwei"]["above"]) == (2, 1)
    assert (found["zhangwei"]["rate"], found["zhangwei"]["given"]) == (0.5, 5500)
    assert (found["lina"]["under_floor"], found["lina"]["rate"]) == (1, 0)
    assert column(ask("051-03/R04-3", "liuyang"), "key", "below") == {202602: 2}
    assert column(ask("051-03/R04-3", "liuyang", by="product"), "number", "count") == {"P-1001": 3}


def test_cancelled_cut_and_changed_orders_are_told_apart(ask):
    order(LANWAN, "zhangwei", 5000, state="已取消")
    cut = order(LANWAN, "zhangwei", 4000, price="1000", qty=4)
    (line,) = lines(cut)
    write.change(line, {"q_cancelled": 1}, by="linyue")
    for revision in (2, 3):
        change = write.create("order_change", {"order_id": cut.id, "revision": revision},
                              by="zhangwei", number=f"{cut.number}-r{revision}")  # fmt: skip
        for step in ("审批中", "已生效"):
            write.move(change, step, by="zhangwei")
    found = {row["key"]: row for row in ask("051-03/R04-5", by="person").rows}
    mine = found["zhangwei"]
    assert (mine["count"], mine["cancelled"], mine["cancelled_amount"]) == (3, 1, 5000)
    assert (mine["cut"], mine["cut_amount"], mine["changed"], mine["changes"]) == (1, 1000, 1, 2)
    assert mine["rate"] == pytest.approx(1 / 3)
    assert (found["lina"]["cancelled"], found["lina"]["change_rate"]) == (0, 0)
