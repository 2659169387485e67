"""What persons tell the company's own flows, through the forms that the drawings name."""

from pathlib import Path

import pytest

from app.accounts import people
from app.engine import sending
from app.engine.read import bpmn, camunda, diagram
from tests.flows import orders
from tests.flows.orders import around, enter, number, order, signed  # noqa: F401
from tests.flows.stage import Stage

ROOT = Path(__file__).resolve().parent.parent.parent
# conventions §9: messages whose sender is a person, in the flows that run today
BY_PERSONS = {
    "msg_approval_withdrawn", "msg_campaign_cancel", "msg_campaign_capture", "msg_campaign_change",
    "msg_order_cancel_request", "msg_order_change_request", "msg_price_withdrawn",
    "msg_resume_opportunity", "msg_ship_now", "msg_survey_stop", "msg_temp_credit_revoked",
}  # fmt: skip


def test_every_message_of_a_person_can_be_sent_by_one():
    declared = set()
    for path in (ROOT / "processes").rglob("*.bpmn"):
        root = diagram(path.name, path.read_bytes())
        for event in root.iter(bpmn("messageEventDefinition")):
            names = {one.get("name") for one in event.getparent().iter(camunda("property"))}
            if names & {"senderGroups", "senderUsers"}:
                declared.add(event.get("messageRef"))
    assert declared >= BY_PERSONS


def tell(page, case: int, who: str, label: str, **fields: str):
    (one,) = [x for x in sending.of_cases([case], people.get(who)) if x.label == label]
    return page.post(
        f"/instances/{case}/messages/{one.token_id}", data={"outcome": "submit", **fields}
    )


@pytest.fixture
def running(stage: Stage) -> int:
    """张伟's order is signed; its goods are to be shipped."""
    return signed(stage, enter(stage))


def test_a_cancellation_is_asked_for_with_a_reason(stage: Stage, running: int, as_user):
    page = as_user("zhangwei")
    assert tell(page, running, "zhangwei", "申请取消订单").status_code == 422
    answer = tell(page, running, "zhangwei", "申请取消订单", cancel_reason="项目停了")
    assert answer.status_code == 303
    seen = stage.seen(stage.task("approve_cancel", running))
    assert (seen["cancel_reason"], seen["cancel_requester"]) == ("项目停了", "zhangwei")


def test_a_change_opens_the_task_in_which_it_is_written(stage: Stage, running: int, as_user):
    tell(as_user("zhangwei"), running, "zhangwei", "申请变更订单", change_reason="客户要改")
    seen = stage.seen(stage.task("edit_change", running, of="zhangwei"))
    assert seen["change_note"]["reason"] == "客户要改"


def test_a_refusal_brings_the_order_back_with_the_reason(stage: Stage, as_user):
    case = enter(stage)
    tell(as_user("zhangwei"), case, "zhangwei", "登记客户不签", refusal="价格太高")
    assert "价格太高" in stage.seen(stage.task("enter_order", case))["problems"]


def test_the_record_offers_it_to_its_seller_and_to_nobody_else(stage: Stage, running: int, as_user):
    url = f"/records/sales_order/{number(stage, running)}"
    assert "申请取消订单" in as_user("zhangwei").get(url).text
    assert "申请取消订单" not in as_user("wangqiang").get(url).text
    assert as_user("baijie").get(url).status_code == 404
    labels = [x.label for x in sending.of_cases([running], people.get("lina"))]
    assert "申请取消订单" not in labels


def test_an_approval_is_withdrawn_by_who_asked_for_it(stage: Stage, as_user):
    case = enter(stage, price=10000, qty=10)
    assert "approve" in stage.open(case), stage.open(case)
    offered = [x.label for x in sending.of_cases([case], people.get("zhangwei"))]
    assert "撤回审批" in offered
    assert "撤回审批" not in [x.label for x in sending.of_cases([case], people.get("wangqiang"))]
    tell(as_user("zhangwei"), case, "zhangwei", "撤回审批")
    assert stage.open(case) == ["enter_order"]
    assert orders.order(stage, case).state == "草稿"
