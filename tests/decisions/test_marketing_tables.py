"""The decision tables of 051-02, row by row, with the values on both sides of every limit."""

from decimal import Decimal as D

import pytest


@pytest.mark.parametrize(
    ("values", "points"),
    [
        ({}, 0),
        ({"budget": 100000}, 25),
        ({"budget": D("99999.99")}, 15),
        ({"budget": 20000}, 15),
        ({"budget": 19999}, 0),
        ({"timeframe": "1月内"}, 30),
        ({"timeframe": "3月内"}, 20),
        ({"timeframe": "6月内"}, 10),
        ({"timeframe": "未定"}, 0),
        ({"authority": True}, 20),
        ({"authority": False}, 0),
        ({"need": "两台主轴"}, 10),
        ({"need": ""}, 0),
        ({"source": "转介绍"}, 15),
        ({"source": "展会"}, 10),
        ({"source": "网站"}, 5),
        ({"source": "电话"}, 0),
        ({"grade": "A"}, 15),
        ({"grade": "B"}, 15),
        ({"grade": "C"}, 0),
        ({"budget": 120000, "timeframe": "3月内", "authority": True, "need": "主轴",
          "source": "网站"}, 80),
    ],
)  # fmt: skip
def test_lead_score(decide, values, points):
    assert decide("lead_score", **values) == points


@pytest.mark.parametrize(("score", "level"), [(70, "热"), (69, "温"), (40, "温"), (39, "冷")])
def test_lead_level(decide, score, level):
    assert decide("lead_level", score=score) == level


@pytest.mark.parametrize(
    ("region", "level", "source", "group", "method"),
    [
        ("华东", "热", "自行开发", "本人", "自动"),
        ("华东", "热", "网站", "华东销售部", "指定"),
        ("华东", "冷", "网站", "华东销售部", "轮询"),
        ("华南", "冷", "网站", "市场部", "培育"),
        ("华南", "温", "网站", "线索池", "人工"),
    ],
)
def test_lead_assignment(decide, region, level, source, group, method):
    got = decide("lead_assignment", region=region, level=level, source=source)
    assert got == {"group": group, "method": method}


M, DR, F, G = "marketing_manager", "marketing_director", "finance_manager", "general_manager"


@pytest.mark.parametrize(
    ("total", "over", "levels"),
    [
        (100, True, [M, DR, F, G]),
        (200001, False, [M, F, DR, G]),
        (200000, False, [M, F, DR]),
        (50001, False, [M, F, DR]),
        (50000, False, [M, DR]),
        (5001, False, [M, DR]),
        (5000, False, [M]),
    ],
)
def test_campaign_approval_route(decide, total, over, levels):
    assert decide("campaign_approval_route", budget_total=total, over_budget=over) == levels


@pytest.mark.parametrize(
    ("task", "event", "alert"),
    [
        (D("0.5"), D("1.01"), "exceed"),
        (D("1.21"), D("1.0"), "exceed"),
        (D("1.2"), D("0.5"), "warn"),
        (D("0.91"), D("0.5"), "warn"),
        (D("0.9"), D("1.0"), "ok"),
    ],
)
def test_campaign_cost_alert(decide, task, event, alert):
    assert decide("campaign_cost_alert", task_rate=task, event_rate=event) == alert


@pytest.mark.parametrize(
    ("values", "rewards"),
    [
        ({"object": "线索", "level": "热"}, [20]),
        ({"object": "线索", "level": "温"}, []),
        ({"object": "新客户"}, [100]),
        ({"object": "新机会"}, [200]),
        ({"object": "订单", "converted_90d": True, "net_amount": D("114000")}, [D("570")]),
        ({"object": "订单", "converted_90d": True, "net_amount": D("99.9")}, [D("0.5")]),
        ({"object": "订单", "converted_90d": True, "net_amount": D("2000000")}, [5000]),
        ({"object": "订单", "converted_90d": False, "net_amount": D("114000")}, []),
    ],
)
def test_campaign_incentive(decide, values, rewards):
    assert decide("campaign_incentive", **values) == rewards


@pytest.mark.parametrize(
    ("lost", "rate", "overlap", "threat"),
    [
        (5, D("0.9"), 0, "高"),
        (4, D("0.39"), 0, "高"),
        (2, D("0.4"), 0, "中"),
        (1, D("0.1"), D("0.5"), "中"),
        (1, D("0.1"), D("0.49"), "低"),
    ],
)
def test_threat_level(decide, lost, rate, overlap, threat):
    assert decide("threat_level", lost_to_12m=lost, win_rate_vs=rate, overlap=overlap) == threat


@pytest.mark.parametrize(
    ("kind", "region", "line", "departments"),
    [
        ("直接", "华东", "数控", ["华东销售部", "数控事业部", "市场部"]),
        ("直接", "华东", None, ["华东销售部", "市场部"]),
        ("直接", "华南", "数控", ["数控事业部", "市场部"]),
        ("替代", "华东", "数控", ["产品部", "市场部"]),
        ("潜在", "华东", "数控", ["市场部"]),
    ],
)
def test_competitor_visibility(decide, kind, region, line, departments):
    got = decide("competitor_visibility", competitor_type=kind, region=region, product_line=line)
    assert got == departments


@pytest.mark.parametrize(
    ("population", "purpose", "expected"),
    [
        (101, "需求", (101, 31, 2)),
        (200, "客户满意度", (200, 60, 2)),
        (201, "客户满意度", (400, 200, 2)),
        (2000, "竞争", (300, 100, 2)),
        (2001, "客户满意度", (1000, 380, 2)),
    ],
)
def test_survey_sampling(decide, population, purpose, expected):
    got = decide("survey_sampling", population=population, purpose=purpose)
    assert (got["sample"], got["min_answers"], got["reminders"]) == expected
