"""The decision tables of 051-03 and of the shared sub-flows, row by row, with the limits' both sides."""

from decimal import Decimal as D

import pytest

MANAGER, DIRECTOR, FINANCE, GENERAL = (
    "sales_manager", "sales_director", "finance_manager", "general_manager",
)  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "period", "level"),
    [
        (D("1.0"), "月", "达成"),
        (D("0.99"), "月", "正常"),
        (D("0.9"), "季", "正常"),
        (D("0.89"), "季", "偏低"),
        (D("0.7"), "季", "偏低"),
        (D("0.69"), "月", "偏低"),
        (D("0.69"), "季", "严重"),
        (D("0.69"), "年", "严重"),
    ],
)
def test_plan_variance(decide, rate, period, level):
    assert decide("plan_variance", rate=rate, period=period) == level


@pytest.mark.parametrize(
    ("stage", "actions", "maker", "need", "quote", "following", "missing"),
    [
        ("初步接触", 1, False, False, False, ("需求确认", 20), []),
        ("初步接触", 0, True, True, True, None, ["行动记录"]),
        ("需求确认", 1, True, True, False, ("方案报价", 50), []),
        ("需求确认", 0, False, None, False, None, ["行动记录", "决策人", "需求文档"]),
        ("需求确认", 2, True, False, False, None, ["需求文档"]),
        ("方案报价", 1, False, False, True, ("商务谈判", 75), []),
        ("方案报价", 1, True, True, False, None, ["已发报价"]),
        ("商务谈判", 3, False, False, True, ("签约", 90), []),
        ("商务谈判", 0, True, True, True, None, ["行动记录"]),
    ],
)
def test_stage_gate(decide, stage, actions, maker, need, quote, following, missing):
    got = decide(
        "stage_gate",
        **{"from": stage, "actions_in_stage": actions, "has_decision_maker": maker,
           "has_need_doc": need, "has_sent_quote": quote},
    )  # fmt: skip
    assert got["allowed"] is (following is not None)
    assert (got["next"], got["probability"]) == (following or (None, None))
    assert got["missing"] == missing


@pytest.mark.parametrize(
    ("rate", "cost", "alert"),
    [
        (D("0.0501"), 1, "block"),
        (D("0.05"), 1, "warn"),
        (D("0.0301"), 1, "warn"),
        (D("0.03"), 20001, "warn"),
        (D("0.03"), 20000, "ok"),
    ],
)
def test_opportunity_cost_alert(decide, rate, cost, alert):
    assert decide("opportunity_cost_alert", cost_rate=rate, cost=cost) == alert


@pytest.mark.parametrize(
    ("gap", "verdict", "roles"),
    [
        (-5, "ok", []),
        (0, "ok", []),
        (1, "review", ["order_clerk"]),
        (7, "review", ["order_clerk"]),
        (8, "review", ["order_clerk", MANAGER]),
    ],
)
def test_delivery_promise(decide, gap, verdict, roles):
    assert decide("delivery_promise", atp_gap_days=gap) == {"verdict": verdict, "roles": roles}


PRICE = {"item": "价格", "levels": [MANAGER]}
CREDIT = {"item": "信用", "levels": [FINANCE]}
DELIVERY = {"item": "交期", "levels": ["order_clerk"]}
CONTRACT = {"item": "合同", "levels": [DIRECTOR, FINANCE]}


@pytest.mark.parametrize(
    ("levels", "credit", "delivery", "amount", "items"),
    [
        ([], "pass", "ok", D("499999.99"), []),
        ([MANAGER], "warn", "ok", 1, [PRICE]),
        ([], "approve", "ok", 1, [CREDIT]),
        ([], "pass", "review", 1, [DELIVERY]),
        ([], "pass", "ok", 500000, [CONTRACT]),
        ([MANAGER], "approve", "review", 500000, [PRICE, CREDIT, DELIVERY, CONTRACT]),
    ],
)
def test_order_approval_route(decide, levels, credit, delivery, amount, items):
    got = decide(
        "order_approval_route",
        price_levels=levels, credit_decision=credit, delivery_review=delivery, amount=amount,
        credit_approver=FINANCE, delivery_roles=["order_clerk"],
    )  # fmt: skip
    assert got == items


@pytest.mark.parametrize(
    ("level", "amount", "custom", "rate"),
    [
        ("NEW", 1, False, 1),
        ("D", 900000, True, 1),
        ("AAA", 1, True, D("0.5")),
        ("C", 1, True, D("0.5")),
        ("C", 1, False, D("0.3")),
        ("A", 500000, False, D("0.3")),
        ("A", D("499999.99"), False, 0),
    ],
)
def test_prepay_requirement(decide, level, amount, custom, rate):
    got = decide("prepay_requirement", credit_level=level, amount=amount, custom_made=custom)
    assert got == rate


@pytest.mark.parametrize(
    ("reason", "days", "opened", "amount", "allowed", "fee", "approvers"),
    [
        ("客户原因", 16, False, 1, False, 0, [DIRECTOR]),
        ("客户原因", 15, True, 1, True, D("0.15"), [MANAGER, DIRECTOR]),
        ("客户原因", 15, False, 50000, True, D("0.05"), [MANAGER, DIRECTOR]),
        ("客户原因", 15, False, 49999, True, D("0.05"), [MANAGER]),
        ("质量", 365, True, 50000, True, 0, [MANAGER, DIRECTOR]),
        ("质量", 365, False, 49999, True, 0, [MANAGER]),
        ("质量", 366, False, 1, False, 0, [DIRECTOR]),
        ("发错", 30, False, 50000, True, 0, [MANAGER, DIRECTOR]),
        ("多发", 30, False, 49999, True, 0, [MANAGER]),
        ("损坏", 30, True, 1, True, 0, [MANAGER]),
        ("损坏", 31, True, 1, False, 0, [DIRECTOR]),
    ],
)
def test_return_policy(decide, reason, days, opened, amount, allowed, fee, approvers):
    got = decide("return_policy", reason=reason, days_since_sign=days, opened=opened, amount=amount)
    assert got == {"allowed": allowed, "restock_fee_rate": fee, "approvers": approvers}


@pytest.mark.parametrize(
    ("taxpayer", "amount", "kind", "split", "approver"),
    [
        ("一般纳税人", 1000001, "专票", 1000000, FINANCE),
        ("小规模", 1000001, "普票", 1000000, FINANCE),
        ("一般纳税人", 1000000, "专票", None, "none"),
        ("个人", 1000000, "普票", None, "none"),
    ],
)
def test_invoice_policy(decide, taxpayer, amount, kind, split, approver):
    got = decide("invoice_policy", basis="按交付", taxpayer_type=taxpayer, amount=amount)
    assert got == {"kind": kind, "split": split, "approver": approver}


@pytest.mark.parametrize(
    ("same_month", "used", "way"),
    [(True, False, "作废"), (False, False, "红字冲销"), (False, True, "红字冲销"),
     (True, True, "红字冲销")],
)  # fmt: skip
def test_invoice_reversal(decide, same_month, used, way):
    assert decide("invoice_reversal", same_month=same_month, customer_used=used) == way


@pytest.mark.parametrize(
    ("days", "amount", "expected"),
    [
        (61, 1, {"level": 4, "way": "停发"}),
        (60, 1, {"level": 3, "way": "上门"}),
        (31, 1, {"level": 3, "way": "上门"}),
        (8, 200000, {"level": 3, "way": "上门"}),
        (30, 199999, {"level": 2, "way": "电话"}),
        (8, 1, {"level": 2, "way": "电话"}),
        (7, 900000, {"level": 1, "way": "提醒"}),
        (1, 1, {"level": 1, "way": "提醒"}),
        (0, 1, None),
    ],
)
def test_dunning_level(decide, days, amount, expected):
    assert decide("dunning_level", overdue_days=days, amount=amount) == expected


@pytest.mark.parametrize(
    ("surplus", "short", "handling"),
    [
        (D("0.01"), 0, "转预收"),
        (1000, 0, "转预收"),
        (D("1000.01"), 0, "转预收并提示退款"),
        (0, D("0.01"), "尾差核销"),
        (0, 50, "尾差核销"),
        (0, D("50.01"), "部分收款"),
        (0, 0, "无差额"),
    ],
)
def test_receipt_difference(decide, surplus, short, handling):
    assert decide("receipt_difference", surplus=surplus, short=short) == handling


@pytest.mark.parametrize(
    ("amount", "same", "levels"),
    [
        (1, False, [FINANCE, GENERAL]),
        (5000, True, [MANAGER]),
        (5001, True, [MANAGER, FINANCE]),
        (50000, True, [MANAGER, FINANCE]),
        (50001, True, [MANAGER, FINANCE, GENERAL]),
    ],
)
def test_refund_route(decide, amount, same, levels):
    assert decide("refund_route", amount=amount, payee_equals_payer=same) == levels


@pytest.mark.parametrize(
    ("days", "order", "handling"),
    [
        (181, False, "refund_or_transfer"),
        (181, True, "keep"),
        (180, False, "remind"),
        (91, True, "remind"),
        (90, False, "keep"),
    ],
)
def test_prepay_idle(decide, days, order, handling):
    assert decide("prepay_idle", idle_days=days, has_open_order=order) == handling


@pytest.mark.parametrize(
    ("kind", "amount", "discount", "rows"),
    [
        ("合同", 500000, D("0.05"), [[MANAGER, "legal", FINANCE]]),
        ("合同", 500001, D("0.2"), [[MANAGER, "legal", FINANCE], [DIRECTOR, GENERAL]]),
        ("合同", 500000, D("0.06"), [[MANAGER, "legal", FINANCE], [DIRECTOR]]),
        ("投诉补偿", 2000, None, [["service_manager"]]),
        ("投诉补偿", 2001, None, [["service_manager"], ["customer_director"]]),
        ("营销计划", 5000, None, [["marketing_manager"]]),
        ("营销计划", 5001, None, [["marketing_manager"], ["marketing_director"]]),
        ("通用申请", 0, None, [["dept_manager"]]),
        ("移交", 0, None, [["dept_manager"]]),
        ("融资", 0, None, [["marketing_director", FINANCE]]),
        ("交流计划", 0, None, [["marketing_director", FINANCE]]),
        ("销售计划", 0, None, [[DIRECTOR, GENERAL]]),
        ("调查问卷", 0, None, [["service_manager"]]),
        ("服务计划", 0, None, [["service_manager"]]),
        ("客户服务方案", 0, None, [[DIRECTOR, "customer_director"]]),
        ("拜访报告", 0, None, [["customer_director"]]),
        ("投标", 0, None, [[DIRECTOR, GENERAL]]),
        ("项目立项", 0, None, [["delivery_manager", GENERAL]]),
        ("项目变更", 0, None, [["delivery_manager", FINANCE]]),
        ("折让", 0, None, [[MANAGER, FINANCE]]),
        ("决算", 0, None, [["division_director", GENERAL]]),
        ("经销商", 0, None, [[DIRECTOR, GENERAL]]),
        ("经销商超信用", 0, None, [[FINANCE]]),
        ("退换货", 0, None, [["service_manager", "customer_director"]]),
        ("备件差异", 0, None, [["service_manager"]]),
        ("没有这一类", 0, None, []),
    ],
)
def test_approval_matrix(decide, kind, amount, discount, rows):
    got = decide("approval_matrix", object_type=kind, amount=amount, discount=discount)
    assert got == [{"roles": roles, "mode": "依次"} for roles in rows]


@pytest.mark.parametrize(
    ("customer", "consent", "urgent", "hour", "channels", "delay"),
    [
        (True, False, True, 10, ["不发"], "none"),
        (True, True, True, 23, ["站内", "短信"], "none"),
        (False, None, True, 10, ["站内", "短信"], "none"),
        (True, True, False, 7, ["短信", "邮件"], "08:00"),
        (True, True, False, 21, ["短信", "邮件"], "08:00"),
        (True, True, False, 8, ["短信", "邮件"], "none"),
        (True, True, False, 20, ["短信", "邮件"], "none"),
        (False, None, False, 23, ["站内", "邮件"], "none"),
    ],
)
def test_notify_channel(decide, customer, consent, urgent, hour, channels, delay):
    got = decide("notify_channel", is_customer=customer, consent=consent, urgent=urgent, hour=hour)
    assert got == {"channels": channels, "delay": delay}
