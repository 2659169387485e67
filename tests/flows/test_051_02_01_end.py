"""051-02-01 线索管理: how a lead ends: converted, nurtured or invalid."""

from app.db import db
from app.records import log, write
from tests.flows.leads import lead_of, own, until_followed
from tests.flows.stage import Stage


def until_converting(stage: Stage) -> int:
    case = until_followed(stage)
    stage.do("follow", "zhangwei", "convert", case=case, conversion={})
    return case


def test_a_conversion_that_is_given_up_goes_back_to_following(stage: Stage):
    case = until_converting(stage)
    stage.do("edit_profile", "zhangwei", "cancel", case=case)
    assert stage.open(case) == ["follow"]


def test_a_lead_of_a_known_customer_adds_its_contact(stage: Stage):
    case = until_followed(stage)
    stage.do("follow", "zhangwei", "convert", case=case,
             conversion={"customer_id": "CU-202501-0001"})  # fmt: skip
    stage.do("edit_profile", "zhangwei", "submit", case=case,
             contacts=[{"name": "范明", "mobile": "13900000001", "decision_role": "决策者"}])  # fmt: skip
    if "review" in stage.open(case):
        stage.do("review", "sunli", "approve", case=case)
    assert stage.end(case) == "converted"
    assert "hand_over_opportunity" not in stage.path(case)
    assert write.get("contact", lead_of(stage, case).contact_id).name == "范明"


def finish_customer(stage: Stage, case: int) -> None:
    stage.do("edit_profile", "zhangwei", "submit", case=case,
             customer={"province": "江苏", "city": "南京", "industry": "数控机床",
                       "address": "南京市江宁区诚信大道 8 号"})  # fmt: skip
    if "review" in stage.open(case):
        stage.do("review", "sunli", "approve", case=case)


def test_a_lead_that_was_converted_meanwhile_ends_as_converted(stage: Stage):
    case = until_converting(stage)
    write.move(lead_of(stage, case), "已转化", by="sunli")
    db.session.commit()
    finish_customer(stage, case)
    assert stage.end(case) == "converted_before"


def test_a_lead_that_cannot_be_converted_is_followed_on(stage: Stage):
    case = until_converting(stage)
    write.move(lead_of(stage, case), "线索池", by="sunli")
    db.session.commit()
    finish_customer(stage, case)
    assert stage.open(case) == ["follow"]


def test_an_invalid_lead_is_closed_with_the_managers_consent(stage: Stage):
    case = own(stage)
    stage.do("follow", "zhangwei", "invalid", case=case,
             invalid={"reason": "联系不上", "note": "空号"})  # fmt: skip
    stage.do("review_invalid", "wangqiang", "approve", case=case)
    assert stage.end(case) == "invalid"
    lead = lead_of(stage, case)
    assert (lead.state, lead.close_reason) == ("无效", "联系不上；空号")


def test_an_invalid_lead_nobody_reviews_is_closed_after_five_days(stage: Stage):
    case = own(stage)
    stage.do("follow", "zhangwei", "invalid", case=case, invalid={"reason": "无需求"})
    stage.wait(days=5, minutes=1)
    assert stage.end(case) == "invalid"
    (decision,) = db.session.scalars(db.select(log.ApprovalLog))
    assert decision.decision == "自动通过"
