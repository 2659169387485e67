"""051-01-01 客户联系人维护: the catalogue's scenarios, and every other way through."""

from typing import Any

from app import errors
from app.db import db
from app.notify import notices
from app.records import counter, log
from app.records.contact import Contact
from app.records.customer import Customer
from tests.flows.stage import Stage

FLOW = "p_051_01_01"


def qiming(**other: Any) -> dict[str, Any]:
    return {
        "name": "杭州启明精密有限公司", "customer_type": "企业", "unified_code": None,
        "industry": "精密加工", "region": "华东", "province": "浙江", "city": "杭州",
        "address": "杭州市滨江区江南大道 100 号", "source": "自行开发", "life_stage": "潜在", **other,
    }  # fmt: skip


def qian(**other: Any) -> dict[str, Any]:
    return {"name": "钱进", "mobile": "13800000001", "decision_role": "决策者", **other}


def contacts_of(number: str) -> list[Contact]:
    customer = db.session.scalar(db.select(Customer).filter_by(number=number))
    return list(db.session.scalars(db.select(Contact).filter_by(customer_id=customer.id)))


def test_a_new_customer_is_checked_approved_and_numbered(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "submit", customer=qiming(), contacts=[qian()])
    assert stage.open(case) == ["review"]
    stage.do("review", "sunli", "approve", case=case)

    assert stage.end(case) == "created"
    number = stage.variables(case)["customer_id"]
    assert number == "CU-202603-0001"
    customer = stage.record("customer", number)
    assert (customer.state, customer.owner_id, customer.discoverer_id) == (
        "有效", "zhangwei", "zhangwei")  # fmt: skip
    (contact,) = contacts_of(number)
    assert contact.is_primary
    assert contact.discoverer_id == "zhangwei"
    for metric in ("new_customer", "new_contact"):
        assert counter.total("zhangwei", metric, 2026, (3,)) == 1
        assert counter.total("zhangwei", metric, 2026, (1, 2, 3)) == 1
        assert counter.total("zhangwei", metric, 2026) == 1
    assert stage.variables(case)["result"] == "已建档"
    (decision,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (decision.entity, decision.by, decision.decision) == ("customer", "sunli", "同意")
    # its account and its credit are opened by their own flows
    assert len(stage.cases("p_051_01_03")) == len(stage.cases("p_051_01_04")) == 1
    assert not stage.incidents()


# the catalogue's second and third scenario


def hengyuan(**other: Any) -> dict[str, Any]:
    return qiming(
        name="上海恒远机械（有限公司）", unified_code="91310115MA1K0TYX07", province="上海",
        city="上海", address="上海市闵行区元江路 1 号", **other,
    )  # fmt: skip


def until_duplicate(stage: Stage) -> int:
    case = stage.start(FLOW, "lina")
    stage.do("edit_profile", "lina", "submit", case=case, customer=hengyuan(), contacts=[qian()])
    return case


def test_a_second_customer_with_the_same_code_is_not_saved(stage: Stage):
    before = db.session.scalar(db.select(db.func.count(Customer.id)))
    case = until_duplicate(stage)
    task = stage.task("handle_duplicate", case)
    shown = stage.seen(task)["protected"]
    assert shown == {"name": "上海恒远机械有限公司", "owner_department": "华东销售部",
                     "protection": "受保护"}  # fmt: skip
    stage.do("handle_duplicate", "lina", "abandon", case=case)

    assert stage.end(case) == "dup_stopped"
    assert stage.variables(case)["result"] == "重复终止"
    assert db.session.scalar(db.select(db.func.count(Customer.id))) == before
    assert stage.record("customer", "CU-202501-0001").owner_id == "zhangwei"
    assert counter.total("lina", "duplicate_blocked", 2026, (3,)) == 1


def mingda(**other: Any) -> dict[str, Any]:
    return qiming(
        name="苏州明达自动化科技", province="江苏", city="苏州", source="客户介绍",
        address="苏州市工业园区星湖街 328 号 B 座", legal_rep="别人", fax="0512-62880008", **other,
    )  # fmt: skip


def until_judged(stage: Stage, by: str = "machao") -> int:
    case = stage.start(FLOW, by)
    stage.do("edit_profile", by, "submit", case=case, customer=mingda(), contacts=[qian()])
    return case


def test_a_similar_customer_is_merged_into_the_one_that_exists(stage: Stage):
    case = until_judged(stage)
    best = stage.seen(stage.task("judge", case))["best"]
    assert best["customer_id"] == "CU-202502-0007"
    assert float(best["name_sim"]) == 0.88
    assert float(best["addr_sim"]) >= 0.9
    stage.do("judge", "sunli", "merge", case=case, judge_reason="地址和名称是同一家")

    assert stage.end(case) == "merged"
    assert stage.variables(case)["result"] == "已合并"
    customer = stage.record("customer", "CU-202502-0007")
    assert (customer.legal_rep, customer.fax) == ("明达", "0512-62880008")
    assert customer.discoverer_id == customer.owner_id == "lina"
    assert {one.name for one in contacts_of("CU-202502-0007")} == {"明秋", "钱进"}
    assert ["马超" in one.text for one in notices.latest("lina")] == [True]
    assert counter.total("machao", "new_contact", 2026) == 1
    assert counter.total("machao", "new_customer", 2026) == 0
    assert counter.total("lina", "new_contact", 2026) == 0


# other ways through


def test_what_a_portal_sends_waits_for_a_sales_representative(stage: Stage):
    case = stage.message(
        "msg_customer_intake", "WEB-1", intake_id="WEB-1",
        intake={"customer": qiming(source="网站"), "contacts": [qian()]},
    )  # fmt: skip
    assert stage.seen(stage.task("edit_profile", case))["customer"]["city"] == "杭州"
    stage.do("edit_profile", "lina", "submit", case=case)
    stage.do("review", "sunli", "approve", case=case)
    # nobody found it, so a manager decides who looks after it
    assert stage.open(case) == ["plan"]


def test_a_cancelled_entry_leaves_nothing(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "cancel")
    assert stage.end(case) == "cancelled"
    assert stage.variables(case)["result"] == "已取消"


def test_a_wrong_code_comes_back_with_the_reason(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "submit",
             customer=qiming(unified_code="91330100MA2B0QMX00"), contacts=[qian()])  # fmt: skip
    task = stage.task("edit_profile", case)
    assert "校验位" in stage.seen(task)["problems"]
    assert stage.seen(task)["customer"]["city"] == "杭州"


def test_a_missing_decision_maker_is_asked_for(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "submit", customer=qiming(life_stage="意向"),
             contacts=[qian(decision_role="使用者")])  # fmt: skip
    task = stage.task("edit_profile", case)
    assert stage.seen(task)["problems"] == "资料还不完整，请补充：决策者联系人。"
    stage.do(
        "edit_profile", "zhangwei", "submit", contacts=[{"_row": 0, "decision_role": "决策者"}]
    )
    assert stage.open(case) == ["review"]


def test_an_imported_customer_needs_no_review(stage: Stage):
    case = stage.start(FLOW, "sunli")
    stage.do("edit_profile", "sunli", "submit", customer=qiming(source="导入"), contacts=[qian()])
    assert "review" not in stage.path(case)
    assert stage.open(case) == ["plan"]


def test_a_company_that_is_no_duplicate_goes_on(stage: Stage):
    case = until_judged(stage)
    stage.do("judge", "sunli", "not_dup", case=case, judge_reason="不同的公司")
    assert stage.open(case) == ["review"]


def test_nobody_judges_and_the_manager_does(stage: Stage):
    case = until_judged(stage)
    stage.wait(hours=4)
    assert [one.text for one in notices.latest("sunli")] == [
        "待办“人工判重”（苏州明达自动化科技）已到期，请尽快处理。"
    ]
    stage.wait(hours=20)
    assert stage.open(case) == ["judge_by_manager"]
    stage.do("judge_by_manager", "wangqiang", "dup", case=case, judge_reason="是同一家")
    assert stage.open(case) == ["handle_duplicate"]
    stage.do("handle_duplicate", "machao", "add_contact", case=case)
    assert stage.end(case) == "merged"


def test_the_manager_may_merge_or_let_go_on(stage: Stage):
    ends = []
    for outcome in ("merge", "not_dup"):
        case = until_judged(stage)
        stage.wait(days=1)
        stage.do("judge_by_manager", "wangqiang", outcome, case=case, judge_reason="看过了")
        ends.append(stage.path(case)[-1])
    assert ends == ["merged", "review"]


def test_one_appeal_is_heard(stage: Stage):
    case = until_duplicate(stage)
    stage.do("handle_duplicate", "lina", "appeal", case=case, note="这是另一家")
    assert stage.seen(stage.task("judge", case))["note"] == "这是另一家"
    stage.do("judge", "sunli", "dup", case=case, judge_reason="代码相同")
    task = stage.task("handle_duplicate", case)
    refused = stage.judge(task, "lina", "appeal", {"note": "再看一次"})
    assert not refused.ok


def test_an_appeal_needs_a_reason(stage: Stage):
    case = until_duplicate(stage)
    task = stage.task("handle_duplicate", case)
    assert stage.judge(task, "lina", "appeal", {}).errors == {"note": "此项必填"}


def test_the_manager_is_asked_for_the_customer(stage: Stage):
    case = until_duplicate(stage)
    stage.do("handle_duplicate", "lina", "request_assign", case=case, note="我认识他们的采购")
    assert stage.end(case) == "to_assignment"
    assert stage.variables(case)["result"] == "转入分配"
    (assignment,) = stage.cases("p_051_01_02")
    task = stage.task("plan", assignment.id)
    assert stage.seen(task)["claim_note"] == "我认识他们的采购"


def test_the_reviewer_returns_and_refuses(stage: Stage):
    case = stage.start(FLOW, "zhangwei")
    stage.do("edit_profile", "zhangwei", "submit", customer=qiming(), contacts=[qian()])
    stage.wait(days=1)
    assert notices.unread("sunli") == 1
    stage.do("review", "sunli", "return", case=case, comment="地址写详细些")
    stage.do("edit_profile", "zhangwei", "submit", customer={"address": "江南大道 100 号 3 幢"})
    stage.do("review", "sunli", "reject", case=case, comment="没有这家公司")
    assert stage.end(case) == "review_rejected"
    assert stage.variables(case)["result"] == "审核驳回"
    decisions = db.session.scalars(db.select(log.ApprovalLog.decision).order_by(log.ApprovalLog.id))
    assert list(decisions) == ["退回修改", "驳回"]


def test_nobody_reviews_what_he_entered_himself(stage: Stage):
    case = stage.start(FLOW, "sunli")
    stage.do("edit_profile", "sunli", "submit", customer=qiming(), contacts=[qian()])
    try:
        stage.do("review", "sunli", "approve", case=case)
    except errors.Invalid as refused:
        assert "自己" in refused.message
    assert stage.open(case) == ["review"]
    assert db.session.scalar(db.select(db.func.count(log.ApprovalLog.id))) == 0


def test_the_same_company_saved_by_two_people_at_once(stage: Stage):
    cases = []
    for who in ("zhangwei", "lina"):
        case = stage.start(FLOW, who)
        stage.do("edit_profile", who, "submit", case=case, customer=qiming(), contacts=[qian()])
        cases.append(case)
    for case in cases:
        stage.do("review", "sunli", "approve", case=case)
    assert stage.end(cases[0]) == "created"
    task = stage.task("handle_duplicate", cases[1])
    assert "已被登记" in stage.seen(task)["problems"]
    assert stage.seen(task)["protected"]["name"] == "杭州启明精密有限公司"


def load(stage: Stage, by: str, mode: str, number: str, **other: Any) -> int:
    case = stage.start(FLOW, by)
    stage.do("edit_profile", by, "load", case=case, mode=mode, customer_id=number, **other)
    return case


def test_a_changed_name_needs_the_manager_and_the_old_one_is_kept(stage: Stage):
    case = load(stage, "zhangwei", "change", "CU-202501-0001")
    assert stage.seen(stage.task("edit_profile", case))["customer"]["city"] == "上海"
    stage.do("edit_profile", "zhangwei", "submit", case=case,
             customer={"name": "上海恒远精密机械有限公司", "invoice_title": "上海恒远"})  # fmt: skip
    task = stage.task("review", case)
    (change,) = stage.seen(task)["changes"]
    assert (change["old"], change["new"]) == ("上海恒远机械有限公司", "上海恒远精密机械有限公司")
    stage.do("review", "wangqiang", "approve", case=case)
    assert stage.end(case) == "maintained"
    customer = stage.record("customer", "CU-202501-0001")
    assert customer.name == "上海恒远精密机械有限公司"
    assert customer.former_names == ["上海恒远机械有限公司"]


def test_a_change_after_somebody_elses_is_refused(stage: Stage):
    case = load(stage, "zhangwei", "change", "CU-202501-0001")
    stage.change("customer", "CU-202501-0001", fax="021-1")
    stage.do("edit_profile", "zhangwei", "submit", case=case,
             customer={"zip": "201800", "invoice_title": "上海恒远"})  # fmt: skip
    task = stage.task("edit_profile", case)
    assert "别人改过" in stage.seen(task)["problems"]
    assert stage.record("customer", "CU-202501-0001").zip is None


def test_a_contact_is_added(stage: Stage):
    case = load(stage, "zhangwei", "add_contact", "CU-202501-0001")
    stage.do("edit_profile", "zhangwei", "submit", case=case, contacts=[qian()])
    assert stage.end(case) == "maintained"
    assert {one.name for one in contacts_of("CU-202501-0001")} == {"秦嘉", "何平", "钱进"}
    assert [one.name for one in contacts_of("CU-202501-0001") if one.is_primary] == ["秦嘉"]
    assert counter.total("zhangwei", "new_contact", 2026) == 1


def test_a_contact_that_cannot_be_saved_comes_back(stage: Stage):
    case = load(stage, "zhangwei", "add_contact", "CU-202501-0001")
    task = stage.task("edit_profile", case)
    values = {**stage.seen(task), "outcome": "submit", "contacts": [qian(name="长" * 70)]}
    stage.complete(task, "zhangwei", values)
    assert "最多 60 个字" in stage.seen(stage.task("edit_profile", case))["problems"]
    assert len(contacts_of("CU-202501-0001")) == 2


def test_a_customer_is_stopped_and_comes_back(stage: Stage):
    for mode, state in (("deactivate", "停用"), ("reactivate", "有效")):
        case = load(stage, "zhangwei", mode, "CU-202501-0001", reason_text="搬走了")
        stage.do("edit_profile", "zhangwei", "submit", case=case)
        stage.do("review", "wangqiang", "approve", case=case)
        assert stage.end(case) == "maintained"
        assert stage.record("customer", "CU-202501-0001").state == state
