"""The decision tables of 051-01, row by row, with the values on both sides of every limit."""

from decimal import Decimal as D

import pytest

MANAGER, DIRECTOR, FINANCE, GENERAL = (
    "sales_manager", "sales_director", "finance_manager", "general_manager",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tax", "name", "phone", "address", "domain", "verdict", "reason"),
    [
        (True, 0, False, 0, False, "exact", "信用代码相同"),
        (True, 1, True, 1, True, "exact", "信用代码相同"),
        (False, D("0.95"), True, 0, False, "exact", "名称与电话相同"),
        (False, D("0.9499"), True, 0, False, "suspect", "电话相同"),
        (False, D("0.95"), False, 0, False, "suspect", "名称相同"),
        (False, 0, True, 0, False, "suspect", "电话相同"),
        (False, D("0.80"), False, D("0.80"), False, "suspect", "名称地址相近"),
        (False, D("0.88"), False, D("0.9"), False, "suspect", "名称地址相近"),
        (False, D("0.7999"), False, D("0.80"), False, "none", ""),
        (False, D("0.80"), False, D("0.7999"), False, "none", ""),
        (False, D("0.60"), False, 0, True, "suspect", "网址域名相同"),
        (False, D("0.5999"), False, 0, True, "none", ""),
        (None, D("0.2"), None, None, None, "none", ""),
    ],
)
def test_dup_verdict(decide, tax, name, phone, address, domain, verdict, reason):
    got = decide(
        "dup_verdict",
        tax_equal=tax, name_sim=name, phone_equal=phone, addr_sim=address, domain_equal=domain,
    )  # fmt: skip
    assert got == {"verdict": verdict, "reason": reason}


COMPANY = ["name", "industry", "region", "address", "contact"]


@pytest.mark.parametrize(
    ("kind", "stage", "fields"),
    [
        ("企业", "潜在", COMPANY),
        ("企业", "意向", [*COMPANY, "decision_maker"]),
        ("企业", "成交", [*COMPANY, "unified_code", "invoice_title"]),
        ("企业", None, COMPANY),
        ("个人", "成交", ["name", "mobile"]),
        ("经销商", "成交", []),
    ],
)
def test_profile_required(decide, kind, stage, fields):
    assert decide("profile_required", customer_type=kind, life_stage=stage) == fields


@pytest.mark.parametrize(
    ("mode", "key_changed", "source", "role"),
    [
        ("create", None, "导入", "none"),
        ("create", None, "自行开发", "info_specialist"),
        ("create", True, "网站", "info_specialist"),
        ("change", True, "导入", "sales_manager"),
        ("change", False, None, "none"),
        ("deactivate", None, None, "sales_manager"),
        ("reactivate", None, None, "sales_manager"),
        ("add_contact", None, None, "none"),
    ],
)
def test_customer_change_route(decide, mode, key_changed, source, role):
    got = decide("customer_change_route", mode=mode, key_field_changed=key_changed, source=source)
    assert got == role


@pytest.mark.parametrize(
    ("stage", "opportunity", "days", "recycle", "warn"),
    [
        ("成交", False, 400, False, False),
        ("潜在", True, 59, False, False),
        ("潜在", True, 60, True, False),
        ("意向", True, 60, True, False),
        ("潜在", False, 30, True, False),
        ("潜在", False, 29, False, True),
        ("潜在", False, 23, False, True),
        ("潜在", False, 22, False, False),
        ("意向", False, 45, True, False),
        ("意向", False, 44, False, True),
        ("意向", False, 38, False, True),
        ("意向", False, 37, False, False),
        ("流失", False, 365, False, False),
    ],
)
def test_recycle_rule(decide, stage, opportunity, days, recycle, warn):
    got = decide("recycle_rule", life_stage=stage, has_open_opp=opportunity, days_idle=days)
    assert got == {"recycle": recycle, "warn": warn}


@pytest.mark.parametrize(
    ("region", "industry", "grade", "expected"),
    [
        ("华东", "机械", "A", ("大客户组", "指定", True, 1)),
        ("华东", "政府", "B", ("华东销售部", "轮询", True, 3)),
        ("华南", "政府", "A", ("行业组", "指定", True, 2)),
        ("华南", "机械", "A", ("公海", None, False, 0)),
    ],
)
def test_assignment_rule(decide, region, industry, grade, expected):
    got = decide("assignment_rule", region=region, industry=industry, grade=grade)
    assert tuple(got.values()) == expected
    assert list(got) == ["candidate_group", "method", "handover", "first_contact_days"]


@pytest.mark.parametrize(
    ("days", "amount", "level"),
    [
        (0, 900000, "none"),
        (-3, 0, "none"),
        (61, 1, "serious"),
        (60, 900000, "overdue"),
        (31, 0, "overdue"),
        (30, 100000, "overdue"),
        (30, D("99999.99"), "remind"),
        (1, 0, "remind"),
    ],
)
def test_aging_alert(decide, days, amount, level):
    assert decide("aging_alert", max_overdue_days=days, overdue_amount=amount) == level


@pytest.mark.parametrize(
    ("orders", "receipts", "overdue", "count", "credit", "points"),
    [
        (500000, D("0.9"), 0, 12, "AAA", 100),
        (D("499999.99"), D("0.8999"), 1, 11, "A", 58),
        (100000, D("0.6"), 30, 4, "AA", 63),
        (D("99999.99"), D("0.5999"), 31, 3, "B", 5),
        (None, None, None, None, None, 0),
    ],
)
def test_customer_value_score(decide, orders, receipts, overdue, count, credit, points):
    got = decide(
        "customer_value_score",
        ytd_order=orders, receipt_rate=receipts, max_overdue=overdue, order_count=count,
        credit_level=credit,
    )  # fmt: skip
    assert got == points


@pytest.mark.parametrize(
    ("score", "days", "grade", "service", "policy"),
    [
        (100, 91, "D", "基础", "标准价"),
        (80, 90, "A", "专属", "A级协议价"),
        (D("79.9"), 0, "B", "优先", "B级折扣"),
        (60, 0, "B", "优先", "B级折扣"),
        (44, 35, "C", "标准", "标准价"),
        (35, 0, "C", "标准", "标准价"),
        (34, 0, "D", "基础", "标准价"),
    ],
)
def test_customer_grade(decide, score, days, grade, service, policy):
    got = decide("customer_grade", score=score, max_overdue_days=days)
    assert got == {"grade": grade, "service_level": service, "price_policy": policy}


@pytest.mark.parametrize(
    ("values", "points"),
    [
        ({}, 0),
        ({"years_trading": 3}, 20),
        ({"years_trading": D("2.99")}, 10),
        ({"years_trading": 1}, 10),
        ({"years_trading": D("0.99")}, 0),
        ({"max_overdue_12m": 0}, 30),
        ({"max_overdue_12m": 1}, 15),
        ({"max_overdue_12m": 30}, 15),
        ({"max_overdue_12m": 60}, 0),
        ({"max_overdue_12m": 61}, -20),
        ({"ytd_order": 500000}, 20),
        ({"ytd_order": 499999}, 12),
        ({"ytd_order": 99999}, 0),
        ({"capital": 5000000}, 10),
        ({"capital": 4999999}, 0),
        ({"taxpayer": "一般纳税人"}, 5),
        ({"taxpayer": "小规模"}, 0),
        ({"peer": "很好"}, 10),
        ({"peer": "好"}, 10),
        ({"peer": "一般"}, 0),
        ({"peer": "差"}, -10),
        ({"peer": "很差"}, -10),
        ({"fund": "充足"}, 5),
        ({"years_trading": 5, "max_overdue_12m": 0, "ytd_order": 600000, "capital": 5000000,
          "taxpayer": "一般纳税人", "peer": "好", "fund": "充足"}, 100),
    ],
)  # fmt: skip
def test_credit_score(decide, values, points):
    assert decide("credit_score", **values) == points


@pytest.mark.parametrize(
    ("score", "overdue", "years", "expected"),
    [
        (90, 61, 5, ("D", 0, 0, 0, "停止")),
        (90, 60, D("0.24"), ("NEW", 0, 0, 0, "审批放行")),
        (80, 0, D("0.25"), ("AAA", 3, 2000000, 60, "仅提示")),
        (79, 0, 1, ("AA", D("2.5"), 500000, 45, "审批放行")),
        (65, 0, 1, ("AA", D("2.5"), 500000, 45, "审批放行")),
        (50, 0, 1, ("A", 2, 200000, 30, "审批放行")),
        (49, 0, 1, ("B", 1, 50000, 30, "审批放行")),
        (30, 0, 1, ("B", 1, 50000, 30, "审批放行")),
        (29, 0, 1, ("C", D("0.5"), 20000, 15, "停止")),
    ],
)
def test_credit_policy(decide, score, overdue, years, expected):
    got = decide("credit_policy", score=score, max_overdue_days=overdue, years_trading=years)
    assert tuple(got.values()) == expected
    assert list(got) == ["level", "factor", "cap", "term", "control"]


@pytest.mark.parametrize(
    ("limit", "delta", "kind", "levels"),
    [
        (10000, 0, "解冻", [FINANCE]),
        (50000, D("0.2"), "调额", []),
        (50000, D("0.21"), "调额", [FINANCE]),
        (D("50000.01"), 0, "调额", [FINANCE]),
        (500000, D("0.1"), "调额", [FINANCE]),
        (600000, D("0.2"), "调额", [FINANCE, GENERAL]),
    ],
)
def test_credit_approval_route(decide, limit, delta, kind, levels):
    got = decide("credit_approval_route", new_limit=limit, delta_rate=delta, apply_type=kind)
    assert got == levels


@pytest.mark.parametrize(
    ("status", "use", "days", "document", "decision", "approver"),
    [
        ("停止", 0, 0, "order", "block", None),
        ("冻结", 0, 0, "order", "approve", FINANCE),
        ("正常", 0, 31, "delivery", "approve", FINANCE),
        ("正常", 0, 31, "order", "pass", None),
        ("正常", 0, 30, "delivery", "pass", None),
        ("正常", D("1.11"), 0, "order", "approve", FINANCE),
        ("正常", D("1.10"), 0, "order", "approve", "credit_controller"),
        ("正常", D("1.01"), 0, "order", "approve", "credit_controller"),
        ("正常", D("1.00"), 0, "order", "warn", None),
        ("关注", D("0.91"), 0, "order", "warn", None),
        ("正常", D("0.90"), 0, "order", "pass", None),
    ],
)
def test_credit_check_decision(decide, status, use, days, document, decision, approver):
    got = decide(
        "credit_check_decision", status=status, use_rate=use, overdue_days=days, doc_type=document
    )
    assert got == {"decision": decision, "approver": approver}


@pytest.mark.parametrize(
    ("change", "margin", "scope", "route"),
    [
        (0, D("0.0999"), "客户", "review_gm"),
        (D("0.25"), D("0.3"), "标准", "review_gm"),
        (D("0.20"), D("0.10"), "客户", "review"),
        (D("0.0501"), D("0.3"), "客户", "review"),
        (D("0.05"), D("0.3"), "标准", "review"),
        (D("0.05"), D("0.3"), "客户", "none"),
    ],
)
def test_price_change_route(decide, change, margin, scope, route):
    got = decide("price_change_route", max_change_rate=change, min_margin=margin, scope=scope)
    assert got == route


@pytest.mark.parametrize(
    ("customer", "salesperson", "grade", "rank"),
    [
        (True, True, False, 1),
        (True, False, True, 2),
        (False, False, True, 3),
        (False, True, False, 4),
        (False, False, False, 5),
    ],
)
def test_price_precedence(decide, customer, salesperson, grade, rank):
    got = decide(
        "price_precedence", has_customer=customer, has_salesperson=salesperson, has_grade=grade
    )
    assert got == rank


@pytest.mark.parametrize(
    ("cost", "floor", "rate", "amount", "levels"),
    [
        (True, True, 0, 0, [MANAGER, DIRECTOR, FINANCE, GENERAL]),
        (False, True, 0, 0, [MANAGER, DIRECTOR, GENERAL]),
        (False, False, D("0.1501"), 0, [MANAGER, DIRECTOR]),
        (False, False, D("0.15"), 0, [MANAGER]),
        (False, False, 0, 500000, [MANAGER, DIRECTOR]),
        (False, False, D("0.0501"), D("499999.99"), [MANAGER]),
        (False, False, D("0.05"), D("499999.99"), []),
    ],
)
def test_discount_authority(decide, cost, floor, rate, amount, levels):
    got = decide(
        "discount_authority",
        below_cost=cost, below_floor=floor, discount_rate=rate, doc_amount=amount,
    )  # fmt: skip
    assert got == levels
