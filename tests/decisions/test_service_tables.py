"""The decision tables of 051-04 to 051-07, row by row, with the values on both sides of every limit."""

from decimal import Decimal as D

import pytest


@pytest.mark.parametrize(
    ("product", "install", "mode", "template"),
    [
        ("游艇", True, "项目", "交船项目"),
        ("软件", None, "项目", "CRM实施项目"),
        ("系统", None, "项目", "CRM实施项目"),
        ("设备", True, "项目", "安装项目"),
        ("设备", False, "发货", "标准发货"),
        ("配件", False, "发货", "标准发货"),
        ("服务", None, "服务类", None),
    ],
)
def test_delivery_mode_rule(decide, product, install, mode, template):
    got = decide("delivery_mode_rule", product_type=product, needs_install=install)
    assert got == {"mode": mode, "template": template}


@pytest.mark.parametrize(
    ("category", "urgency", "level", "expected"),
    [
        ("投诉", "一般", "普通", ("P1", "投诉组", "电话指导")),
        ("报修", "特急", "普通", ("P1", "技术组", "上门")),
        ("报修", "一般", "战略", ("P1", "技术组", "上门")),
        ("报修", "急", "重点", ("P1", "技术组", "上门")),
        ("报修", "急", "普通", ("P2", "技术组", "上门")),
        ("报修", "一般", "普通", ("P3", "技术组", "电话指导")),
        ("咨询", "特急", "战略", ("P4", "坐席组", "电话指导")),
        ("建议", "一般", None, ("P4", "坐席组", "电话指导")),
        ("预约", "一般", None, ("P3", "派工组", "上门")),
        ("退换货", "一般", None, ("P2", "技术组", "送修")),
        (None, None, None, ("P3", "坐席组", "电话指导")),
    ],
)
def test_service_classification(decide, category, urgency, level, expected):
    got = decide("service_classification", category=category, urgency=urgency, customer_level=level)
    assert tuple(got.values()) == expected


@pytest.mark.parametrize(
    ("priority", "level", "expected"),
    [
        ("P1", "战略", (15, 4, "CAL-7x24")),
        ("P1", "重点", (30, 8, "CAL-7x24")),
        ("P2", "战略", (60, 18, "CAL-5x9")),
        ("P3", None, (240, 27, "CAL-5x9")),
        ("P4", "战略", (480, 45, "CAL-5x9")),
    ],
)
def test_sla_policy(decide, priority, level, expected):
    got = decide("sla_policy", priority=priority, customer_level=level)
    assert tuple(got.values()) == expected


@pytest.mark.parametrize(
    ("trigger", "days", "level", "template"),
    [
        ("客户生日", 3, None, "TPL-BIRTH"),
        ("客户生日", 4, None, None),
        ("公司成立日", 7, "重点", "TPL-FOUND"),
        ("公司成立日", 7, "普通", None),
        ("保修到期", 30, None, "TPL-WARR"),
        ("保修到期", 31, None, None),
        ("定期保养", 14, None, "TPL-MAINT"),
        ("服务协议到期", 60, None, "TPL-RENEW"),
        ("节假日", 2, None, "TPL-HOLIDAY"),
        ("交付后", 30, None, "TPL-D30"),
        ("交付后", 29, None, None),
    ],
)
def test_plan_generation(decide, trigger, days, level, template):
    got = decide("plan_generation", trigger_type=trigger, days_to_event=days, level=level)
    assert [plan["template"] for plan in got] == ([template] if template else [])


@pytest.mark.parametrize(
    ("warranty", "contract", "cause", "expected"),
    [
        ("在保", "全包", "使用不当", (True, "标准", 1)),
        ("在保", None, "产品缺陷", (False, None, None)),
        ("过保", "全包", "使用不当", (False, None, None)),
        ("过保", "人工包", "产品缺陷", (True, "协议", D("0.9"))),
        ("过保", None, "产品缺陷", (True, "标准", 1)),
    ],
)
def test_service_charge(decide, warranty, contract, cause, expected):
    got = decide(
        "service_charge", warranty_status=warranty, contract_cover=contract, cause_category=cause
    )
    assert tuple(got.values()) == expected


@pytest.mark.parametrize(
    ("region", "skill", "load", "level", "dealer", "warranty", "expected"),
    [
        (True, True, 3, "普通", False, "在保", [("本区工程师", 90)]),
        (True, True, 4, "普通", False, "在保", [("本区工程师", 60)]),
        (False, True, 0, "战略", False, "过保", [("外区工程师", 50)]),
        (False, True, 0, "重点", False, "过保", []),
        (True, False, 0, "普通", True, "在保", [("授权维修机构", 70)]),
        (True, True, 0, "普通", True, "过保", []),
    ],
)
def test_dispatch_rule(decide, region, skill, load, level, dealer, warranty, expected):
    got = decide(
        "dispatch_rule",
        same_region=region, skill_match=skill, load_today=load, customer_level=level,
        authorised_dealer=dealer, warranty_status=warranty,
    )  # fmt: skip
    assert [tuple(row.values()) for row in got] == expected


@pytest.mark.parametrize(
    ("values", "follow", "priority"),
    [
        ({"survey_type": "投诉", "score": 2, "grade": "A"}, "投诉", "P1"),
        ({"survey_type": "回访", "score": 2, "grade": "A"}, "服务请求", "P1"),
        ({"survey_type": "回访", "score": D("1.5"), "grade": "B"}, "服务请求", "P2"),
        ({"survey_type": "投诉", "score": 3, "flag": "含投诉词"}, "服务请求", "P3"),
        ({"survey_type": "回访", "score": 4, "intent": "有购买意向"}, "商机", None),
        ({"survey_type": "回访", "score": D("3.9"), "intent": "有购买意向"}, "none", None),
        ({"survey_type": "回访", "score": 5}, "none", None),
    ],
)
def test_survey_followup(decide, values, follow, priority):
    assert decide("survey_followup", **values) == {"follow": follow, "priority": priority}


@pytest.mark.parametrize(
    ("kind", "secrecy", "expected"),
    [
        ("产品成本折扣", "机密", ("finance_manager", "general_manager", 3)),
        ("投标文档", None, ("sales_manager", None, 24)),
        ("销售案例", None, ("sales_director", None, 36)),
        ("服务方案", None, ("service_manager", None, 12)),
        ("故障解答", None, ("service_manager", None, 12)),
        ("产品档案", None, ("product_expert", None, 12)),
        ("市场信息", None, ("marketing_manager", None, 6)),
        ("码头俱乐部", None, ("marketing_manager", None, 6)),
        ("其他", "机密", ("dept_manager", "general_manager", 12)),
        ("其他", "公开", ("knowledge_admin", None, 12)),
    ],
)
def test_knowledge_route(decide, kind, secrecy, expected):
    assert tuple(decide("knowledge_route", ktype=kind, secrecy=secrecy).values()) == expected


@pytest.mark.parametrize(
    ("event", "points"), [("新增", 10), ("修订", 4), ("合并共同提交", 2), ("故障解答被引用", 1)]
)
def test_contribution_points(decide, event, points):
    assert decide("contribution_points", event=event) == {"points": points, "cap_month": 20}


@pytest.mark.parametrize(
    ("spi", "issues", "cost", "light"),
    [
        (D("0.79"), 0, 1, "红"),
        (1, 1, 1, "红"),
        (1, 0, D("1.21"), "红"),
        (D("0.8"), 0, 1, "黄"),
        (D("0.95"), 0, D("1.2"), "黄"),
        (D("0.95"), 0, D("1.05"), "绿"),
    ],
)
def test_project_health(decide, spi, issues, cost, light):
    assert decide("project_health", spi=spi, open_A_issues=issues, cost_ratio=cost) == light


@pytest.mark.parametrize(
    ("a", "b", "c", "result"),
    [(1, 0, 0, "拒收"), (0, 4, 0, "拒收"), (0, 3, 0, "有条件通过"), (0, 1, 0, "有条件通过"),
     (0, 0, 11, "有条件通过"), (0, 0, 10, "通过")],
)  # fmt: skip
def test_acceptance_result(decide, a, b, c, result):
    assert decide("acceptance_result", a_items=a, b_items=b, c_items=c) == result


@pytest.mark.parametrize(
    ("score", "attendance", "result"),
    [(80, D("0.8"), "合格"), (80, D("0.79"), "补考"), (79, 1, "补考"), (60, 0, "补考"),
     (59, 1, "不合格")],
)  # fmt: skip
def test_training_pass(decide, score, attendance, result):
    assert decide("training_pass", score=score, attendance=attendance) == result


DEPT, DIVISION, FINANCE, GENERAL = (
    "dept_manager", "division_director", "finance_manager", "general_manager",
)  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "over", "category", "gift", "rows"),
    [
        (1000, False, "住宿", None, [[DEPT]]),
        (1001, False, "住宿", None, [[DEPT, DIVISION]]),
        (5000, False, "礼品", 500, [[DEPT, DIVISION]]),
        (5001, False, "住宿", None, [[DEPT, DIVISION, FINANCE]]),
        (20000, False, "住宿", None, [[DEPT, DIVISION, FINANCE]]),
        (20001, True, "礼品", 501,
         [[DEPT, DIVISION, FINANCE, GENERAL], ["budget_owner", GENERAL], ["sales_director"]]),
    ],
)  # fmt: skip
def test_expense_approval(decide, amount, over, category, gift, rows):
    got = decide(
        "expense_approval",
        amount=amount, over_budget=over, category=category, gift_per_person=gift,
    )  # fmt: skip
    assert got == rows


@pytest.mark.parametrize(
    ("control", "available", "used", "result"),
    [("强", -1, D("1.1"), "禁止"), ("弱", -1, D("1.1"), "超预算审批"), ("强", 0, D("0.9"), "预警"),
     ("弱", 1, D("0.8999"), "通过")],
)  # fmt: skip
def test_budget_control(decide, control, available, used, result):
    got = decide("budget_control", control=control, available_after=available, ratio_used=used)
    assert got == result


@pytest.mark.parametrize(
    ("category", "city", "level", "limit"),
    [
        ("住宿", "一线", "经理", 600),
        ("住宿", "一线", "员工", 450),
        ("住宿", "二线", "经理", 400),
        ("住宿", "二线", "员工", 300),
        ("餐补", "一线", "经理", 100),
        ("招待", "二线", "员工", 200),
        ("礼品", None, None, 500),
        ("交通", "一线", "经理", None),
    ],
)
def test_travel_standard(decide, category, city, level, limit):
    got = decide("travel_standard", category=category, city_class=city, level=level)
    assert got == limit
