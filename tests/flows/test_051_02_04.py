"""051-02-04 竞争管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from typing import Any

import pytest

from app import clock
from app.accounts import people
from app.db import db
from app.notify import notices
from app.records import sight, write
from app.records.competitor import CompetingOrder, CompetingProduct, Competitor, CompetitorAccess
from app.records.report_snapshot import ReportSnapshot
from tests.flows.stage import Stage

FLOW = "p_051_02_04"


def ruike(**other: Any) -> dict[str, Any]:
    return {"kind": "竞争对手", "name": "锐科数控", "competitor_type": "直接", "region": "华东",
            "strength": "价格低一成", "info_source": "客户", "reliability": "高", **other}  # fmt: skip


def known(stage: Stage, **other: Any) -> Competitor:
    given = {"name": "锐科数控", "competitor_type": "直接", "region": "华东", "reliability": "高"}
    row = write.create("competitor", given | other, by="hanxue")
    write.move(row, "已发布", by="hanxue")
    db.session.commit()
    return row


def lost_opportunity(**other: Any) -> str:
    row = write.create(
        "opportunity",
        {"name": "恒远伺服改造", "customer_id": "CU-202501-0001", "amount": 114000,
         "close_date": "2026-02-28", "owner_id": "zhangwei", "lost_reason": "价格",
         "lost_competitor": "锐科数控", "lost_price": 100000, **other},
        by="zhangwei", number="OP-202602-0031", state="丢单",
    )  # fmt: skip
    db.session.commit()
    return row.number


def order(row: Competitor, on: dt.date, won_by: str = "对手") -> None:
    given = {"competitor_id": row.id, "customer_id": "CU-202502-0007", "amount": 50000,
             "won_by": won_by, "reason": "价格", "happened_on": on}  # fmt: skip
    write.create("competing_order", given, by="hanxue")
    db.session.commit()


def viewer(login: str, department: str | None = None) -> sight.Viewer:
    person = people.get(login)
    return sight.Viewer(login, frozenset(person.group_ids),
                        department=department or person.department_id)  # fmt: skip


def until_verified(stage: Stage, by: str = "zhangwei", **other: Any) -> int:
    case = stage.start(FLOW, by)
    stage.do("submit_info", by, "submit", case=case, report=ruike(**other))
    return case


# the catalogue's three scenarios


def test_a_new_competitor_is_verified_reviewed_and_shared(stage: Stage):
    case = until_verified(stage)
    stage.do("verify", "hanxue", "accept", case=case)
    shown = stage.seen(stage.task("review_share", case))["departments"]
    assert shown == ["east", "market"]
    stage.do("review_share", "zhengjie", "approve", case=case)

    assert stage.end(case) == "published"
    row = stage.record("competitor", "CP-202603-0001")
    assert (row.state, row.threat, row.owner_id) == ("已发布", "低", "zhangwei")
    access = db.session.scalars(db.select(CompetitorAccess.department_id))
    assert set(access) == {"east", "market"}
    assert "锐科数控" in notices.latest("lina")[0].text
    assert "锐科数控" in notices.latest("wuhao")[0].text
    assert sight.may_see(row, viewer("lina"))
    assert not sight.may_see(row, viewer("yangfan", "south"))
    assert not sight.may_see(row, viewer("baijie"))


def test_a_rumour_is_discarded_and_the_submitter_told(stage: Stage):
    case = until_verified(stage, by="machao", reliability="低")
    stage.do("verify", "hanxue", "discard", case=case, verify_reason="没有根据")
    assert stage.end(case) == "discarded"
    assert "没有根据" in notices.latest("machao")[0].text
    assert db.session.scalar(db.select(db.func.count(Competitor.id))) == 0


def test_a_lost_opportunity_makes_the_competitor_dangerous(stage: Stage):
    row = known(stage)
    for month in (5, 8, 11, 12):
        order(row, dt.date(2025, month, 1))
    order(row, dt.date(2024, 12, 1))
    number = lost_opportunity()
    stage.message("msg_opportunity_lost", number, opportunity_no=number)
    (case,) = [one.id for one in stage.cases(FLOW)]
    task = stage.task("verify", case)
    shown = stage.seen(task)["report"]
    assert (shown["competitor"], shown["amount"], shown["reason"]) == (row.number, 114000, "价格")
    stage.do("verify", "hanxue", "merge", case=case)
    assert stage.variables(case)["lost_to_12m"] == 5
    stage.do("review_share", "zhengjie", "approve", case=case)

    assert stage.end(case) == "published"
    assert stage.record("competitor", row.number).threat == "高"
    made = db.session.scalar(db.select(CompetingOrder).filter_by(opportunity_no=number))
    assert (made.amount, made.won_by, made.happened_on) == (114000, "对手", dt.date(2026, 3, 10))


# other ways in


def test_a_lost_opportunity_against_somebody_unknown_makes_a_competitor(stage: Stage):
    number = lost_opportunity(lost_competitor="新锐机床")
    stage.message("msg_opportunity_lost", number, opportunity_no=number)
    (case,) = [one.id for one in stage.cases(FLOW)]
    stage.complete(stage.task("verify", case), "hanxue", {"outcome": "accept"})
    stage.do("review_share", "zhengjie", "approve", case=case)
    row = stage.record("competitor", "CP-202603-0001")
    assert (row.name, row.competitor_type) == ("新锐机床", "直接")
    assert db.session.scalar(db.select(CompetingOrder)).competitor_id == row.id


def test_feedback_of_a_form_that_is_complete_is_not_typed_again(stage: Stage):
    stage.message("msg_competitor_feedback", "fb-1", feedback_id="fb-1", report=ruike())
    (case,) = [one.id for one in stage.cases(FLOW)]
    assert stage.open(case) == ["verify"]


def test_feedback_that_lacks_something_is_completed(stage: Stage):
    stage.message("msg_competitor_feedback", "fb-2", feedback_id="fb-2", starter="lina",
                  report={"kind": "竞争对手", "name": "锐科数控"})  # fmt: skip
    (task,) = stage.tasks("submit_info")
    assert task.assignee == "lina"


def test_a_submission_can_be_given_up(stage: Stage):
    case = stage.start(FLOW, "lina")
    stage.do("submit_info", "lina", "cancel", case=case)
    assert stage.end(case) == "cancelled"


# verifying


def test_a_known_name_is_merged(stage: Stage):
    row = known(stage)
    case = until_verified(stage, by="lina", name="锐科数控有限公司", weakness="服务差")
    task = stage.task("verify", case)
    assert stage.seen(task)["target"] == row.number
    stage.do("verify", "hanxue", "merge", case=case)
    assert stage.end(case) == "published"
    row = stage.record("competitor", row.number)
    assert (row.weakness, row.strength) == ("服务差", "价格低一成")
    assert db.session.scalar(db.select(db.func.count(Competitor.id))) == 1


def test_a_product_of_a_competitor_is_kept_once(stage: Stage):
    row = known(stage)
    report = {"kind": "竞争产品", "competitor": row.number, "product_name": "RK-100 主轴",
              "our_product": "P-1001", "price": 11000, "info_source": "展会",
              "reliability": "中"}  # fmt: skip
    for _time in range(2):
        stage.message("msg_competitor_feedback", "fb-3", feedback_id="fb-3", report=report)
        (_task,) = stage.tasks("verify")
        stage.do("verify", "hanxue", "accept")
    (made,) = db.session.scalars(db.select(CompetingProduct))
    assert (made.name, made.price) == ("RK-100 主轴", 11000)


def test_a_rumour_about_an_order_is_a_note_and_does_not_count(stage: Stage):
    row = known(stage)
    report = {"kind": "竞争订单", "competitor": row.number, "customer": "CU-202502-0007",
              "won_by": "对手", "reason": "价格", "info_source": "同行", "reliability": "低"}  # fmt: skip
    stage.message("msg_competitor_feedback", "fb-4", feedback_id="fb-4", report=report)
    (task,) = stage.tasks("verify")
    stage.do("verify", "hanxue", "accept")
    assert stage.variables(task.instance_id)["lost_to_12m"] == 0
    assert db.session.scalar(db.select(db.func.count(CompetingOrder.id))) == 0
    assert "竞争订单：价格" in stage.record("competitor", row.number).remark


def test_what_is_sent_back_is_submitted_again(stage: Stage):
    case = until_verified(stage)
    stage.do("verify", "hanxue", "ask_back", case=case, verify_reason="请写明产品线")
    assert stage.seen(stage.task("submit_info", case))["verify_reason"] == "请写明产品线"
    stage.do("submit_info", "zhangwei", "submit", case=case, report={"product_line": "数控"})
    stage.do("verify", "hanxue", "accept", case=case)
    assert "cnc" in stage.seen(stage.task("review_share", case))["departments"]


def test_a_late_verification_is_reminded_of(stage: Stage):
    case = until_verified(stage)
    stage.wait(days=2, minutes=1)
    assert "verify_reminded" in stage.path(case)


def test_a_name_that_was_published_meanwhile_is_merged(stage: Stage):
    case = until_verified(stage)
    stage.do("verify", "hanxue", "accept", case=case)
    row = known(stage)
    stage.do("review_share", "zhengjie", "approve", case=case)
    task = stage.task("verify", case)
    assert (stage.seen(task)["target"], "合并" in stage.seen(task)["problems"]) == (
        row.number, True)  # fmt: skip
    stage.do("verify", "hanxue", "merge", case=case)
    assert stage.end(case) == "published"


@pytest.mark.parametrize("outcome", ["return", "reject"])
def test_the_manager_decides_about_sharing(stage: Stage, outcome: str):
    case = until_verified(stage)
    stage.do("verify", "hanxue", "accept", case=case)
    stage.do("review_share", "zhengjie", outcome, case=case, comment="再核实")
    if outcome == "return":
        assert stage.open(case) == ["verify"]
    else:
        assert stage.end(case) == "share_refused"
    assert db.session.scalar(db.select(db.func.count(Competitor.id))) == 0


def test_the_manager_may_take_a_department_out(stage: Stage):
    case = until_verified(stage)
    stage.do("verify", "hanxue", "accept", case=case)
    stage.do("review_share", "zhengjie", "approve", case=case, departments=["market"])
    assert list(db.session.scalars(db.select(CompetitorAccess.department_id))) == ["market"]
    row = stage.record("competitor", "CP-202603-0001")
    assert sight.may_see(row, viewer("zhangwei"))
    assert not sight.may_see(row, viewer("lina"))


# the monthly report

FIRST = dt.datetime(2026, 3, 31, 23, 0, tzinfo=dt.UTC)  # 1 April, 07:00 in Shanghai


def test_a_report_is_written_every_month_and_goes_to_the_knowledge_base(stage: Stage):
    row = known(stage)
    lost_opportunity()
    order(row, dt.date(2026, 3, 2))
    order(row, dt.date(2026, 3, 20))
    order(row, dt.date(2026, 2, 20))
    stage.go_to(FIRST)
    (task,) = stage.tasks("write_report")
    (line,) = stage.seen(task)["analysis"]
    assert (line["competitor"], line["count"], line["amount"]) == ("锐科数控", 2, 100_000)
    text = {"summary": "价格是主因", "findings": "对手普遍低一成"}
    stage.do("write_report", "hanxue", report=text)
    stage.do("review_report", "zhengjie", "return", comment="补建议")
    stage.do("write_report", "hanxue", report=text | {"advice": "推出经济型"})
    stage.do("review_report", "zhengjie", "approve")
    assert stage.end(task.instance_id) == "report_published"
    kept = db.session.scalar(db.select(ReportSnapshot).filter_by(report="竞争分析报告"))
    assert (kept.period, kept.figures["advice"]) == ("2026-03", "推出经济型")
    assert "2026-03" in notices.latest("wangqiang")[0].text
    assert clock.now() == FIRST
