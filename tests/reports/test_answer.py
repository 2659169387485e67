"""Each figure of a report, added up by hand; and who sees which rows."""

from decimal import Decimal

import pytest

from app.db import db
from app.records import counter, write
from app.reports import answer, asking
from app.reports.catalogue import FLOWS, REPORTS, of_flow
from tests.reports.conftest import HENGYUAN, MINGDA, column, opportunity, plan

pytestmark = pytest.mark.usefixtures("trade")


def test_the_funnel_counts_open_opportunities_by_stage(ask):
    said = ask("051-03/R02-1")
    assert column(said, "stage", "count") == {"初步接触": 2, "方案报价": 1, "商务谈判": 0}
    assert column(said, "stage", "amount")["初步接触"] == Decimal("150000.00")
    assert column(said, "stage", "weighted")["方案报价"] == Decimal("150000.00")
    assert column(said, "stage", "lost")["商务谈判"] == 1
    assert said.totals["amount"] == Decimal("450000.00")


def test_the_funnel_knows_how_many_went_on_and_how_long_they_stayed(ask):
    row = opportunity(HENGYUAN, "zhangwei", 1, "需求确认")
    write.create("stage_history", {"opportunity_id": row.id, "from_stage": "初步接触",
                                   "to_stage": "需求确认", "days": 9}, by="zhangwei")  # fmt: skip
    first = ask("051-03/R02-1").rows[0]
    assert (first["moved"], first["stay"], first["rate"]) == (1, 9, pytest.approx(1 / 3))


def test_ageing_counts_from_the_due_day(ask):
    said = ask("051-01/R03-2", "chenjing")
    found = {row["key"]: row for row in said.rows}
    hengyuan, mingda = found["上海恒远机械有限公司"], found["苏州明达自动化有限公司"]
    assert (hengyuan["open"], hengyuan["not_due"], hengyuan["d30"]) == (73400, 68400, 5000)
    assert (mingda["older"], mingda["rate"]) == (7000, 1)
    assert said.totals["open"] == Decimal("80400.00")
    assert said.totals["rate"] == Decimal(12000) / Decimal(80400)


@pytest.mark.parametrize(
    ("due", "bucket"),
    [("2026-03-10", "not_due"), ("2026-03-09", "d30"), ("2026-02-08", "d30"),
     ("2026-02-07", "d60"), ("2026-01-09", "d60"), ("2026-01-08", "d90"), ("2025-12-10", "d90"),
     ("2025-12-09", "older")],
)  # fmt: skip
def test_every_day_falls_into_one_bucket(ask, due, bucket):
    from tests.reports.conftest import invoice

    before = ask("051-03/R08-2", "chenjing").totals
    invoice(MINGDA, 11, due)
    after = ask("051-03/R08-2", "chenjing").totals
    grown = {name for name in ("not_due", "d30", "d60", "d90", "older")
             if after[name] - before[name] == 11}  # fmt: skip
    assert grown == {bucket}


def test_the_plan_is_held_against_what_is_due_by_now(ask):
    said = ask("051-03/R01-1", by="person", metric="签单额")
    found = {row["key"]: row for row in said.rows}
    assert found["zhangwei"]["target"] == 300000
    assert found["zhangwei"]["due"] == 200000
    assert found["zhangwei"]["gap"] == Decimal("-6000.00")
    assert found["lina"]["rate"] == Decimal("0.2")
    assert column(ask("051-03/R01-1", by="month"), "key", "actual")[202602] == 124000


def test_only_the_version_in_force_counts(ask):
    head = plan("回款额", [("lina", 1, 10, 5)])
    write.move(head, "修订中", by="yangfan")
    write.create("sales_plan_line", {"plan_id": head.id, "version": 2, "department_id": "east",
                                     "rep_id": "lina", "month": 1, "target": 99}, by="yangfan")  # fmt: skip
    assert ask("051-03/R01-1", metric="回款额").totals["target"] == 10
    write.change(head, {"version": 2}, by="yangfan")
    assert ask("051-03/R01-1", metric="回款额").totals["target"] == 99


def test_the_period_cuts_orders_by_their_day(ask):
    of_2026 = ask("051-03/R04-1c", "liuyang", period="2026")
    everything = ask("051-03/R04-1c", "liuyang", period="all")
    december = ask("051-03/R04-1c", "liuyang", period="2025-12")
    assert [said.totals["total"] for said in (of_2026, everything, december)] == [
        124000, 148000, 24000,
    ]  # fmt: skip
    assert everything.rows[0]["month"] == 202512


def test_structure_counts_customers_and_what_they_bought(ask):
    said = ask("051-01/R01-2", by="industry", period="2026")
    assert column(said, "value", "customers") == {"数控机床": 1, "置业": 1, "自动化": 1}
    assert column(said, "value", "amount")["数控机床"] == 114000
    assert column(said, "value", "amount")["置业"] is None
    assert said.totals == {"customers": 3, "buyers": 2, "amount": Decimal("124000.00")}


def test_the_pyramid_stands_in_the_order_of_grades(ask):
    assert [row["value"] for row in ask("051-01/R03-3").rows] == ["A", "B", "C"]


def test_development_is_held_against_the_plan(ask):
    counter.add("lina", "new_customer", write.clock.now(), 3)
    plan("新客户数", [("lina", 3, 4, 0), ("zhangwei", 3, 5, 0)])
    found = {row["person"]: row for row in ask("051-01/R01-3", period="2026-Q1").rows}
    assert found["lina"]["customers"] == 3
    assert found["lina"]["customers_rate"] == Decimal("0.75")
    assert (found["zhangwei"]["customers"], found["zhangwei"]["customers_planned"]) == (0, 5)


def test_completeness_stands_beside_the_doubles_that_were_stopped(ask):
    counter.add("lina", "duplicate_blocked", write.clock.now(), 2)
    found = {row["person"]: row for row in ask("051-01/R01-1").rows}
    assert (found["lina"]["customers"], found["lina"]["blocked"]) == (1, 2)
    assert found["zhangwei"]["customers"] == 2
    assert 0 < found["zhangwei"]["complete"] <= 1


def test_prices_are_held_against_the_list(ask):
    found = {row["key"]: row for row in ask("051-01/R05-3", "liuyang").rows}
    assert (found["zhangwei"]["listed"], found["zhangwei"]["sold"]) == (120000, 114000)
    assert found["zhangwei"]["rate"] == Decimal("0.95")
    assert (found["lina"]["below"], found["lina"]["under_floor"]) == (1, 1)
    under = ask("051-01/R05-4", "liuyang")
    assert [(row["person"], row["price"]) for row in under.rows] == [("lina", 10000)]


def test_receivable_is_the_sum_of_its_entries(ask):
    found = {row["customer_no"]: row for row in ask("051-01/R03-1", "chenjing").rows}
    assert found[HENGYUAN]["owed"] == 73400
    assert (found[HENGYUAN]["limit"], found[HENGYUAN]["light"]) == (500000, "正常")


def test_an_order_says_what_it_waits_for(ask):
    found = {row["total"]: row["waits"] for row in ask("051-03/R04-1", "linyue", period="all").rows}
    assert found == {114000: "等开票", 24000: "等交付", 10000: "等关闭"}
    assert [row["open"] for row in ask("051-03/R07-2", "chenjing").rows] == [45600]


def test_lost_orders_by_reason_know_the_price_of_the_other(ask):
    (row,) = ask("051-03/R02-3").rows
    assert (row["key"], row["count"], row["rate"]) == ("价格", 1, Decimal("0.875"))


def test_care_is_for_owner_and_superiors_only(ask):
    assert [row["name"] for row in ask("051-01/R01-4", "zhangwei").rows] == ["王海"]
    assert [row["name"] for row in ask("051-01/R01-4", "wangqiang").rows] == ["王海"]
    assert not ask("051-01/R01-4", "lina").rows
    assert not ask("051-01/R01-4", "zhouning").rows  # not even the administrator


def test_a_seller_sees_the_own_rows_and_a_manager_those_of_his_people(ask):
    own = ask("051-03/R04-1c", "lina", period="all").totals["total"]
    team = ask("051-03/R04-1c", "wangqiang", period="all").totals["total"]
    one = ask("051-03/R04-1c", "wangqiang", period="all", person="lina").totals["total"]
    other = ask("051-03/R04-1c", "lina", period="all", person="zhangwei")
    assert (own, team, one, other.rows) == (10000, 148000, 10000, [])


def test_a_department_includes_those_below_it(ask):
    assert ask("051-03/R04-1c", period="all", department="sales").totals["total"] == 148000
    assert not ask("051-03/R04-1c", period="all", department="south").rows


def test_another_workspace_is_another_world(app, ask):
    from app import workspace

    with workspace.use(2):
        for report in REPORTS.values():
            assert not ask(report.id, "zhouning", period="all").rows, report.id


@pytest.mark.parametrize("flow", FLOWS)
def test_every_report_is_one_query_for_every_choice(flow, ask, person, statements):
    for report in of_flow(flow):
        for name, offers in report.choices.items():
            for value in offers:
                ask(report.id, "zhouning", **{name: value, "period": "all"})
        question = asking.of(report, {"period": "all"}, person("zhouning"))
        with statements() as sent:
            said = answer.of(report, question)
        # the words for logins, roles and departments
        named = ("FROM user_account", "FROM department", "FROM user_group")
        asked = [text for text in sent if not any(name in text for name in named)]
        assert len(asked) == 1, report.id
        assert said.count == len(said.rows)


@pytest.fixture
def statements(app):
    """The statements that are sent inside the block."""
    import contextlib

    import sqlalchemy as sa

    @contextlib.contextmanager
    def watching():
        sent: list[str] = []

        def note(_connection, _cursor, text, *_rest):
            sent.append(text)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        yield sent
        sa.event.remove(db.engine, "before_cursor_execute", note)

    return watching
