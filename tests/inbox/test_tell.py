"""Persons tell running cases what happened: the diagram says who may, and with which form."""

import io

import pytest

from app.accounts import people
from app.db import db
from app.engine import deploy, drafts, run, sending
from app.engine.models import Event, Instance
from app.errors import NotFound, Refused

PROPERTY = '<camunda:property name="{}" value="{}"/>'
FLOW = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="t">
 <bpmn:process id="p_tell" name="等答复" isExecutable="true">
  <bpmn:startEvent id="begin"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
  <bpmn:intermediateCatchEvent id="answered" name="客户答复">
   <bpmn:documentation>客户说了就登记。</bpmn:documentation>
   <bpmn:extensionElements><camunda:properties>{answered}</camunda:properties></bpmn:extensionElements>
   <bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing>
   <bpmn:messageEventDefinition id="m1" messageRef="msg_told"/>
  </bpmn:intermediateCatchEvent>
  <bpmn:endEvent id="done"><bpmn:incoming>f2</bpmn:incoming></bpmn:endEvent>
  <bpmn:subProcess id="stop" triggeredByEvent="true">
   <bpmn:startEvent id="stop_asked" name="停下" isInterrupting="true">
    <bpmn:extensionElements><camunda:properties>{stop}</camunda:properties></bpmn:extensionElements>
    <bpmn:outgoing>f3</bpmn:outgoing><bpmn:messageEventDefinition id="m2" messageRef="msg_stop"/>
   </bpmn:startEvent>
   <bpmn:endEvent id="stopped"><bpmn:incoming>f3</bpmn:incoming></bpmn:endEvent>
   <bpmn:sequenceFlow id="f3" sourceRef="stop_asked" targetRef="stopped"/>
  </bpmn:subProcess>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="answered"/>
  <bpmn:sequenceFlow id="f2" sourceRef="answered" targetRef="done"/>
 </bpmn:process>
 <bpmn:message id="msg_told" name="msg_told"/><bpmn:message id="msg_stop" name="msg_stop"/>
</bpmn:definitions>"""
FORM = """{"type": "default", "id": "told", "schemaVersion": 18, "components": [
 {"type": "textfield", "id": "said", "label": "客户怎么说", "key": "said",
  "validate": {"required": true, "maxLength": 20}},
 {"type": "filepicker", "id": "proof", "label": "凭证", "key": "proof"}]}""".encode()
ANSWERED = {"senderUsers": "${rep}", "senderGroups": "order_clerk", "senderForm": "told",
            "senderLabel": "登记答复", "senderVariable": "told_by"}  # fmt: skip
STOP = {"senderUsers": "${[rep, boss]}", "senderTone": "danger"}


def drawing(answered: dict[str, str] = ANSWERED, stop: dict[str, str] = STOP) -> bytes:
    def properties(given: dict[str, str]) -> str:
        return "".join(PROPERTY.format(name, value) for name, value in given.items())

    return FLOW.format(answered=properties(answered), stop=properties(stop)).encode()


@pytest.fixture
def case(app) -> int:
    """A case of 华东 that waits; 张伟 is its representative, 王强 his superior."""
    deploy.deploy([("tell.bpmn", drawing()), ("told.form", FORM)], by="zhouning")
    made = run.start("p_tell", {"rep": "zhangwei", "boss": "wangqiang", "said": None},
                     by="zhangwei", business_key="SO-1")  # fmt: skip
    db.session.commit()
    return made.id


def offers(case: int, who: str) -> list[str]:
    return [one.label for one in sending.of_cases([case], people.get(who))]


def url(case: int, label: str, who: str = "zhangwei") -> str:
    (one,) = [x for x in sending.of_cases([case], people.get(who)) if x.label == label]
    return f"/instances/{case}/messages/{one.token_id}"


def test_each_is_offered_what_the_diagram_says(case):
    assert sorted(offers(case, "zhangwei")) == ["停下", "登记答复"]
    assert offers(case, "wangqiang") == ["停下"]
    assert offers(case, "linyue") == ["登记答复"]
    assert offers(case, "lina") == offers(case, "baijie") == offers(case, "zhouning") == []


def test_a_record_offers_what_its_cases_wait_for(case):
    found = sending.of_record("SO-1", people.get("linyue"))
    assert [(one.instance_id, one.form_key, one.hint) for one in found] == [
        (case, "told", "客户说了就登记。")
    ]
    assert sending.of_record("SO-2", people.get("linyue")) == []


def test_the_case_goes_on_with_what_was_sent(case, as_user):
    answer = as_user("zhangwei").post(url(case, "登记答复"), data={"said": "可以"})
    assert answer.status_code == 303
    found = db.session.get(Instance, case, populate_existing=True)
    assert found.ended_at is not None
    assert run.variables(case) | {"said": "可以", "told_by": "zhangwei"} == run.variables(case)
    (note,) = db.session.scalars(db.select(Event).filter_by(instance_id=case, kind="told"))
    assert (note.by, note.name) == ("zhangwei", "登记答复")
    assert "登记答复" in as_user("wangqiang").get(f"/instances/{case}").text


def test_a_form_that_is_not_filled_in_sends_nothing(case, as_user):
    answer = as_user("zhangwei").post(url(case, "登记答复"), data={"said": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "登记答复" in offers(case, "zhangwei")


def test_a_file_goes_with_the_message(case, as_user):
    given = {"said": "好", "proof": (io.BytesIO(b"%PDF-1.4 signed"), "signed.pdf")}
    page = as_user("zhangwei")
    assert page.post(url(case, "登记答复"), data=given).status_code == 303
    assert "signed.pdf" in page.get(f"/instances/{case}").text


def test_without_a_form_a_confirmation_is_enough(case, as_user):
    page = as_user("wangqiang")
    address = url(case, "停下", "wangqiang")
    assert "停下" in page.get(address).text
    assert page.post(address).status_code == 303
    assert db.session.get(Instance, case, populate_existing=True).ended_at is not None


def test_nobody_else_may_see_or_send_it(case, as_user):
    for who, status in (("baijie", 404), ("lina", 404), ("wangqiang", 409)):
        page, address = as_user(who), url(case, "登记答复")
        assert page.get(address).status_code == status
        assert page.post(address, data={"said": "x"}).status_code == status
        assert page.post(f"{address}/draft", data={"said": "x"}).status_code == status
        assert page.post(f"{address}/files").status_code == status
    assert "登记答复" in offers(case, "zhangwei")


def test_what_is_sent_twice_arrives_once(case, as_user):
    page, address = as_user("zhangwei"), url(case, "登记答复")
    assert page.post(address, data={"said": "可以"}).status_code == 303
    again = page.post(address, data={"said": "不行"})
    assert again.status_code == 409
    assert "不等" in again.text


def test_what_was_typed_is_kept_for_whoever_typed_it(case, as_user):
    page = as_user("zhangwei")
    answer = page.post(f"{url(case, '登记答复')}/draft", data={"said": "半", "csrf_token": "x"})
    assert answer.json["saved"] is True and "半" in answer.json["html"]
    assert 'value="半"' in page.get(url(case, "登记答复")).text
    clerk = as_user("linyue")
    assert 'value="半"' not in clerk.get(url(case, "登记答复", "linyue")).text


def test_what_was_sent_or_came_back_is_no_draft_any_more(case, as_user):
    page = as_user("zhangwei")
    here = url(case, "登记答复")
    page.post(f"{here}/draft", data={"said": "半句话"})
    wrong = page.post(here, data={"said": "很" * 21, "outcome": "submit"})
    assert wrong.status_code == 422 and "半句话" not in wrong.text
    page.post(here, data={"said": "同意", "outcome": "submit"})
    assert db.session.scalars(db.select(drafts.MessageDraft)).all() == []


def test_a_draft_is_only_kept_for_who_may_send_it(case, as_user):
    here = url(case, "登记答复")
    for who in ("lina", "baijie"):
        assert as_user(who).post(f"{here}/draft", data={"said": "x"}).status_code in (404, 409)
    too_long = as_user("zhangwei").post(f"{here}/draft", data={"said": "x" * (drafts.MAX_TEXT + 1)})
    assert too_long.status_code == 413 or too_long.json["saved"] is False
    assert db.session.scalars(db.select(drafts.MessageDraft)).all() == []


def test_the_case_page_shows_the_buttons(case, as_user):
    assert "可以做的事" in as_user("wangqiang").get(f"/instances/{case}").text
    run.cancel(case, "试试", "zhouning")
    db.session.commit()
    assert "可以做的事" not in as_user("wangqiang").get(f"/instances/{case}").text


def test_a_case_of_another_workspace_offers_nothing(case):
    from app import workspace

    with workspace.use(2):
        assert offers(case, "zhangwei") == []
        with pytest.raises(NotFound):
            run.case(case)


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        ({"senderGroups": "order_clerks"}, "role.unknown"),
        ({"senderUsers": "${rep", "senderForm": "told"}, "expression.syntax"),
        ({"senderGroups": "order_clerk", "senderForm": "tald"}, "form.unknown"),
        ({"senderForm": "told"}, "sender.nobody"),
        ({"senderGroups": "order_clerk", "senderTone": "pink"}, "sender.tone"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(app, answered, code):
    with pytest.raises(Refused) as refused:
        deploy.deploy([("tell.bpmn", drawing(answered)), ("told.form", FORM)], by="zhouning")
    assert code in [one.code for one in refused.value.findings]


def test_a_task_is_no_place_for_it(app):
    text = drawing().decode().replace("</bpmn:extensionElements>", "</bpmn:extensionElements>", 1)
    begin = '<bpmn:startEvent id="begin">'
    wrong = PROPERTY.format("senderGroups", "order_clerk")
    wrapped = f"<bpmn:extensionElements><camunda:properties>{wrong}</camunda:properties></bpmn:extensionElements>"
    text = text.replace(begin, begin + wrapped)
    with pytest.raises(Refused) as refused:
        deploy.deploy([("tell.bpmn", text.encode()), ("told.form", FORM)], by="zhouning")
    assert "sender.place" in [one.code for one in refused.value.findings]
