"""Leads, campaigns, competitors: how fast, how often, at what cost."""

from decimal import Decimal

import pytest

from app.records import write
from tests.reports.conftest import at, column

pytestmark = pytest.mark.usefixtures("trade")


def lead(title, day, *, level="温", rounds=0, state="跟进中", source="网站", owner="lina", **given):
    row = write.create("lead", {
        "title_text": title, "contact_name": "某人", "need": "要", "source": source,
        "level": level, "rounds": rounds, "owner_id": owner, "department_id": "east", **given,
    }, by="wuhao", at=at(day, 1))  # fmt: skip
    for step in {"线索池": ("线索池",), "已转化": ("待接收", "跟进中", "已转化")}.get(
            state, ("待接收", "跟进中")):  # fmt: skip
        write.move(row, step, by="wuhao")
    return row


def answered(row, day, hour):
    write.create("action", {
        "target": "线索", "target_no": row.number, "action_type": "电话", "at": at(day, hour),
        "content": "谈", "result": "好", "owner_id": "lina",
    }, by="lina")  # fmt: skip


def campaign(name, *, kind="展销会", start="2026-02-10", end="2026-02-12", budget=80000, spent=0,
             moves=(), asked="2026-01-10", decided="2026-01-12", **given):  # fmt: skip
    row = write.create("campaign", {
        "name": name, "type": kind, "goal": "多", "start_on": start, "end_on": end,
        "budget_total": budget, "expected_amount": 600000, "owner_id": "wuhao", "spent": spent,
        "department_id": "market", **given,
    }, by="wuhao", at=at("2026-01-05"))  # fmt: skip
    write.move(row, "审批中", by="wuhao", at=at(asked))
    write.move(row, "已批准", by="luogang", at=at(decided))
    for step in moves:
        write.move(row, step, by="wuhao")
    return row


def effect(row, day, *, leads, amount, spent=0):
    write.create("campaign_effect", {
        "campaign_id": row.id, "run_date": day, "leads": leads, "customers": 2,
        "opportunities": 3, "order_amount": amount, "spent": spent,
    }, by="wuhao")  # fmt: skip


def test_the_first_response_is_timed_hot_leads_within_four_hours(ask):
    answered(lead("热的慢", "2026-03-02", level="热"), "2026-03-02", 9)  # eight hours
    quick = lead("热的快", "2026-03-03", level="热")
    answered(quick, "2026-03-03", 3)
    answered(quick, "2026-03-04", 3)  # the second action does not count
    answered(lead("温的", "2026-03-02"), "2026-03-02", 21)  # twenty hours
    lead("没有人", "2026-03-05")
    (row,) = ask("051-02/R01-2", "wangqiang").rows
    assert (row["count"], row["answered"], row["in_time"], row["silent"]) == (4, 3, 2, 1)
    assert (row["mean"], row["longest"]) == (pytest.approx(10), pytest.approx(20))
    assert row["rate"] == 0.5
    assert column(ask("051-02/R01-2", by="level"), "key", "in_time") == {"热": 1, "温": 1}


def test_leads_stand_by_state_or_source(ask):
    lead("一", "2026-03-02", level="热", budget=120000)
    lead("二", "2026-03-02", state="已转化", source="展会")
    lead("三", "2026-03-02", state="线索池", source="展会", budget=5000)
    assert column(ask("051-02/R01-3"), "key", "count") == {"跟进中": 1, "已转化": 1, "线索池": 1}
    assert column(ask("051-02/R01-3", by="source"), "key", "count") == {"展会": 2, "网站": 1}
    assert ask("051-02/R01-3").totals["budget"] == 125000


def test_leads_that_were_handed_on_are_counted_by_round(ask):
    for rounds in (0, 1, 2, 4):
        lead(f"轮 {rounds}", "2026-03-02", rounds=rounds)
    lead("池", "2026-03-02", rounds=3, state="线索池", owner=None)
    found = {row["key"]: row for row in ask("051-02/R01-4").rows}
    lina = found["lina"]
    assert (lina["count"], lina["rounds"], lina["once"], lina["often"]) == (3, 7, 1, 1)
    assert (lina["most"], float(lina["mean"])) == (4, pytest.approx(7 / 3))
    assert (found[None]["pooled"], found[None]["twice"]) == (1, 0)


def test_conversion_can_be_read_by_campaign(ask):
    fair = campaign("展会")
    lead("一", "2026-03-02", state="已转化", campaign_id=fair.id)
    lead("二", "2026-03-02", campaign_id=fair.id)
    assert column(ask("051-02/R01-1", by="campaign"), "key", "rate") == {"展会": 0.5}


def test_a_plan_says_how_long_its_approval_took(ask):
    campaign("快", asked="2026-01-10", decided="2026-01-12")
    slow = campaign("慢", asked="2026-01-10", decided="2026-01-16", budget=20000)
    draft = {"name": "草稿", "type": "讲座", "goal": "x", "start_on": "2026-02-01",
             "end_on": "2026-02-01", "budget_total": 1, "owner_id": "wuhao"}  # fmt: skip
    write.create("campaign", draft, by="wuhao")
    said = ask("051-02/R02-1", "luogang")
    assert {row["name"]: round(row["took"], 3) for row in said.rows} == {"快": 2, "慢": 6}
    assert (said.totals["budget"], said.totals["took"]) == (100000, pytest.approx(4))
    assert {row["tries"] for row in said.rows} == {1}
    assert slow.number in {row["number"] for row in said.rows}


def test_budgets_show_what_is_left(ask):
    for name, kind, approved, used in (("展会", "市场活动", 80000, 60000),
                                       ("市场部", "年度部门", 500000, 0)):  # fmt: skip
        row = write.create("expense_budget", {
            "name": name, "type": kind, "object_no": name, "period_start": "2026-01-01",
            "period_end": "2026-12-31", "approved": approved, "adjusted": 10000,
            "committed": 5000, "spent": used, "owner_id": "wuhao", "department_id": "market",
        }, by="wuhao")  # fmt: skip
        write.move(row, "已生效", by="liuyang")
    row = next(row for row in ask("051-02/R02-2", "luogang").rows if row["name"] == "展会")
    assert (row["given"], row["free"]) == (90000, 25000)
    assert float(row["rate"]) == pytest.approx(65 / 90)
    every = column(ask("051-02/R02-2", "luogang", kind=""), "name", "free")
    assert (every["展会"], every["市场部"]) == (25000, 505000)
    assert not ask("051-02/R02-2", "luogang", period="2024").rows


def test_the_calendar_holds_what_meets_the_period(ask):
    campaign("跨月", start="2026-02-27", end="2026-03-02")
    campaign("四月", start="2026-04-01", end="2026-04-02")
    march = ask("051-02/R02-3", "luogang", period="2026-03")
    assert [row["name"] for row in march.rows] == ["跨月"]
    assert ask("051-02/R02-3", "luogang", period="2026").count == 2


def test_incentives_can_be_cut_by_person_and_state(ask):
    fair = campaign("展会")
    for number, (payee, amount) in enumerate((("lina", 100), ("zhangwei", 200), ("lina", -20))):
        write.create("incentive", {
            "campaign_id": fair.id, "payee_id": payee, "object": "客户", "kind": "新客户",
            "object_no": f"CU-{number}", "amount": amount,
        }, by="zhengjie")  # fmt: skip
    assert ask("051-02/R03-3", "luogang").totals["amount"] == 280
    assert ask("051-02/R03-3", "luogang", person="lina").totals["amount"] == 80
    assert not ask("051-02/R03-3", "luogang", state="已发").rows


def test_kinds_of_campaigns_are_compared_by_their_latest_effect(ask):
    fair = campaign("一", spent=70000)
    effect(fair, "2026-02-13", leads=10, amount=1000)
    effect(fair, "2026-03-01", leads=140, amount=900000)
    effect(campaign("二", spent=2000), "2026-03-01", leads=4, amount=0)
    campaign("讲", kind="讲座", spent=500)
    found = {row["key"]: row for row in ask("051-02/R03-4", "luogang").rows}
    fairs = found["展销会"]
    assert (fairs["count"], fairs["spent"], fairs["leads"]) == (2, 72000, 144)
    assert (fairs["per_lead"], fairs["roi"], fairs["rate"]) == (500, Decimal("12.5"), 0.75)
    assert (found["讲座"]["leads"], found["讲座"]["per_lead"]) == (None, None)
    assert column(ask("051-02/R03-4", "luogang", by="month"), "key", "count") == {202602: 3}


def test_their_price_stands_beside_ours(ask):
    rival = write.create("competitor", {"name": "锐科数控", "competitor_type": "直接",
                                        "reliability": "高"}, by="hanxue")  # fmt: skip
    write.create("competing_product", {"competitor_id": rival.id, "name": "RK-9",
                                       "product_id": "P-1001", "price": 10800}, by="hanxue")  # fmt: skip
    assert not ask("051-02/R04-2", "hanxue").rows  # not published yet
    write.move(rival, "已发布", by="hanxue")
    (row,) = ask("051-02/R04-2", "hanxue").rows
    assert (row["ours"], row["price"], row["rate"]) == (12000, 10800, Decimal("0.9"))
    assert not ask("051-02/R04-2", "zhangwei").rows  # his department was not let in
