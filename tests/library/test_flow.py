"""The page of a flow: its steps, and what they use by the names people know."""

import re

import pytest
from flask_babel import force_locale
from lxml import etree

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
