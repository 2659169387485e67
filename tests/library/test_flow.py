"""The page of a flow: its steps, and what they use by the names people know."""

import re

import pytest
import sqlalchemy as sa
from flask_babel import force_locale
from lxml import etree

from app.accounts import people
from app.db import db
from app.library import drawing, steps
from tests.flows.conftest import app, published  # noqa: F401 - the company with its flows


def test_called_flows_and_tables_are_links_by_name(as_user):
    page = as_user("zhangwei").get("/processes/051-03-04").text
    assert 'href="/processes/051-03-10">051-03-10 预收管理</a>' in page
    assert 'href="/processes/decisions/prepay_requirement"' in page
    assert "p_com_01" not in page and "${" not in page


def test_a_step_leads_to_the_flow_that_it_calls(as_user):
    page = as_user("zhangwei").get("/processes/051-03-03/steps/approve_quote").text
    assert 'href="/processes/COM-01">COM-01 通用分级审批</a>' in page


@pytest.mark.parametrize(
    ("text", "process"),
    [("p_com_01", "p_com_01"), ('${"p_051_06_01"}', "p_051_06_01"), ("${which}", "${which}"),
     (None, None)],
)  # fmt: skip
def test_an_expression_that_names_a_process_names_it(text, process):
    assert steps.called(text) == process


def test_a_label_has_room_for_its_english_words(app):  # noqa: F811 - the fixture
    content = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
      xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
      xmlns:dc="http://www.omg.org/spec/DD/20100524/DC">
      <process id="p"><exclusiveGateway id="g" name="\xe6\x8f\x90\xe4\xba\xa4"/></process>
      <bpmndi:BPMNDiagram><bpmndi:BPMNPlane><bpmndi:BPMNShape bpmnElement="g">
      <bpmndi:BPMNLabel><dc:Bounds x="100" y="0" width="22" height="14"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>"""
    with app.test_request_context(), force_locale("en"):
        root = etree.fromstring(drawing.translated(content, "x.bpmn"))
    bounds = root.find(".//{*}BPMNLabel/{*}Bounds")
    assert float(bounds.get("width")) > 22
    assert float(bounds.get("x")) + float(bounds.get("width")) / 2 == pytest.approx(111)


@pytest.mark.parametrize(("flow", "sub"), [("051-03-01", "051-03-01-sub"), ("051-03-04", "051-03-04b")])  # fmt: skip
def test_a_flow_within_a_flow_stands_behind_it_in_its_area(as_user, flow, sub):
    page = as_user("zhangwei").get("/processes").text
    area = page.split('id="area-051-03"')[1].split("</section>")[0]
    links = re.findall(r'href="/processes/(051-[^"]+)"', area)
    assert links.index(sub) == links.index(flow) + 1
    assert sub not in page.split('aria-label="共用流程"')[1]


def part(page: str, heading: str) -> str:
    """The text of the panel with this heading."""
    panel = page.split(f'id="{heading}"')[1].split("</section>")[0]
    return " ".join(re.sub("<[^>]+>", " ", panel).split())


def test_a_flow_shows_its_roles_and_who_holds_them(as_user):
    text = part(as_user("zhangwei").get("/processes/051-03-07").text, "roles-h")
    assert "财务经理" in text and "销售代表" in text and "系统" not in text
    assert people_of("finance_manager")[0] in text


def people_of(group: str) -> list[str]:
    return list(people.first_holders([group], 4)[group][0])


def test_an_outsider_reads_the_roles_without_the_people(as_user):
    page = as_user("baijie").get("/processes/051-03-07").text
    text = part(page, "roles-h")
    assert "财务经理" in text and people_of("finance_manager")[0] not in text
    assert "/records/" not in page.split('id="docs-h"')[1].split("</section>")[0]


def test_a_flow_shows_its_forms_with_the_steps_that_use_them(as_user):
    page = as_user("zhangwei").get("/processes/051-03-03").text
    assert "quote_edit" in part(page, "forms-h")
    assert re.search(r'href="/processes/051-03-03\?step=\w+">[^<]+</a>[^<]*<code', page)


def test_a_flow_shows_its_record_what_it_looks_up_and_takes_in(as_user):
    page = as_user("zhangwei").get("/processes/051-03-03").text
    text = part(page, "docs-h")
    assert 'href="/records/quotation"' in page and "PDF" in text and "产品" in text
    assert "PDF" not in part(as_user("zhangwei").get("/processes/051-03-02").text, "docs-h")
    assert "证照" in part(as_user("zhangwei").get("/processes/051-01-04").text, "docs-h")


def test_a_flow_without_people_says_so(as_user):
    page = as_user("zhangwei").get("/processes/COM-02").text
    assert "没有要人办的步骤" in part(page, "roles-h") and "没有表单" in part(page, "forms-h")


def test_every_flow_of_the_map_shows_its_roles(as_user):
    visitor = as_user("zhangwei")
    numbers = re.findall(r'href="/processes/((?:051|COM)-[\w-]+)"', visitor.get("/processes").text)
    assert len(set(numbers)) >= 26
    for number in set(numbers):
        assert 'id="roles-h"' in visitor.get(f"/processes/{number}").text


def test_a_page_asks_no_more_often_for_a_flow_with_many_forms(as_user):
    visitor = as_user("zhangwei")

    def asked(number: str) -> int:
        visitor.get(f"/processes/{number}")  # what is kept of a version is kept
        told: list[int] = []

        def note(*_call: object) -> None:
            told.append(1)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert visitor.get(f"/processes/{number}").status_code == 200
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(told)

    assert asked("051-03-02") <= asked("COM-01") + 1


def test_a_role_that_many_hold_is_a_few_names_and_a_number(app):  # noqa: F811 - the fixture
    names, count = people.first_holders(["sales_rep"], 1)["sales_rep"]
    assert len(names) == 1 and count == len(people.holders("sales_rep")) > 1
