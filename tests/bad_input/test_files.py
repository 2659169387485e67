"""Hostile and broken files: refused with a plain sentence, quickly, and nothing is stored."""

import resource
import socket

import pytest
import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine import deploy
from app.engine.models import Definition, Deployment
from tests import effort
from tests.check.drawings import HEAD, file, flow, line

USER = '<userTask id="review" camunda:formRef="f" camunda:candidateGroups="sales_rep"/>'
CODE = '__import__("os").popen("id").read()'


def refused(data: bytes, name: str = "p.bpmn") -> list[str]:
    """The codes with which a file is refused; nothing of it is stored."""
    with pytest.raises(errors.Refused) as refusal:
        deploy.deploy([(name, data)], by="zhouning", lenient=True)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Deployment)) == 0
    assert all(str(finding.message) for finding in refusal.value.findings)
    return [finding.code for finding in refusal.value.findings if finding.severity == "error"]


def test_billion_laughs_are_refused_before_they_are_read(app):
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)
    )
    data = f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><d name="&j;"/>'.encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with effort.stopped_soon():
        assert refused(data) == ["xml.doctype"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_an_external_entity_reads_no_file(app):
    data = (
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        f"{HEAD}<process id='p'><documentation>&x;</documentation></process></definitions>"
    ).encode()
    with pytest.raises(errors.Refused) as refusal:
        deploy.deploy([("p.bpmn", data)], by="zhouning")
    assert "root:" not in str([str(finding) for finding in refusal.value.findings])


def test_an_external_dtd_is_never_fetched(app):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        data = f'<!DOCTYPE d SYSTEM "http://127.0.0.1:{port}/a.dtd"><d/>'.encode()
        assert refused(data) == ["xml.doctype"]
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_doctype_hidden_behind_comments_or_another_encoding_is_refused(app):
    long_comment = b"<!--" + b"x" * 6000 + b"-->"
    assert refused(long_comment + b"<!DOCTYPE d [<!ENTITY a 'b'>]><d/>") == ["xml.doctype"]
    utf16 = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE d [<!ENTITY a "b">]><d/>'
    assert refused(utf16.encode("utf-16")) == ["xml.doctype"]


def test_a_huge_file_is_refused_by_its_size(app):
    assert refused(b"<!--" + b"x" * 6_000_000 + b"-->") == ["file.size"]


def test_two_hundred_nested_sub_processes_are_refused_by_name_of_the_limit(app):
    body = '<userTask id="deep" camunda:formRef="f"/>'
    for level in range(200):
        body = f'<subProcess id="level{level}">{body}</subProcess>'
    assert "scope.deep" in refused(file(body))


@pytest.mark.parametrize(
    "data",
    [b"", b"<", b"\x89PNG\r\n\x1a\n\x00\x00", HEAD.encode() + b"<process id='p' name='\xff\xfe'/>"],
    ids=["empty", "one bracket", "a picture", "broken letters"],
)
def test_what_is_not_xml_is_refused(app, data: bytes):
    assert refused(data) == ["xml.syntax"]


@pytest.mark.parametrize(
    "space", ["http://example.org", "http://schema.omg.org/spec/BPMN/2.0"], ids=["other", "draft"]
)
def test_another_namespace_is_no_empty_deployment(app, space: str):
    data = f'<definitions xmlns="{space}"><process id="p" isExecutable="true"/></definitions>'
    assert refused(data.encode()) == ["bpmn.none"]


PLACES = {
    "script": line(
        f'<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="r"><script>{CODE}</script>'
        "</scriptTask>"
    ),
    "python script": line(
        '<scriptTask id="s" scriptFormat="python"><script>import os</script></scriptTask>'
    ),
    "endless script": line(
        '<scriptTask id="s" scriptFormat="python"><script>while True: pass</script></scriptTask>'
    ),
    "timer": line(
        f'<intermediateCatchEvent id="w"><timerEventDefinition><timeDuration>{CODE}</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    ),
    "timer expression": line(
        '<intermediateCatchEvent id="w"><timerEventDefinition>'
        f"<timeDuration>${{{CODE}}}</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    ),
    "condition": '<startEvent id="s"/><exclusiveGateway id="g" default="g_to_b"/>'
    '<endEvent id="a"/><endEvent id="b"/>'
    + flow("s", "g") + flow("g", "a", f"${{{CODE}}}") + flow("g", "b"),
    "cardinality": line(
        '<userTask id="t" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        f"<loopCardinality>${{{CODE}}}</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
    ),
    "completion condition": line(
        '<userTask id="t" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>3</loopCardinality>"
        f"<completionCondition>${{{CODE}}}</completionCondition>"
        "</multiInstanceLoopCharacteristics></userTask>"
    ),
    "conditional event": line(
        '<intermediateCatchEvent id="w"><conditionalEventDefinition>'
        f"<condition>${{{CODE}}}</condition></conditionalEventDefinition></intermediateCatchEvent>"
    ),
    "assignee": line(
        f'<userTask id="t" camunda:formRef="f" camunda:assignee="${{{CODE.replace(chr(34), chr(39))}}}"/>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_python_is_refused_wherever_an_expression_stands(app, place: str):
    assert {
        "expression.function",
        "expression.syntax",
        "expression",
        "timer.value",
        "script.language",
    } & set(refused(file(PLACES[place])))


def test_python_in_a_decision_cell_is_refused(app):
    table = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"'
        ' namespace="t"><decision id="d" name="d"><decisionTable id="dt"><input id="i">'
        '<inputExpression id="ie" typeRef="string"><text>x</text></inputExpression></input>'
        '<output id="o" name="r" typeRef="string"/><rule id="r1"><inputEntry id="c">'
        f"<text>{CODE}</text></inputEntry><outputEntry id='e'><text>1</text></outputEntry></rule>"
        "</decisionTable></decision></definitions>"
    )
    assert refused(table.encode(), "d.dmn")


def test_a_flow_without_id_is_followed(app):
    body = (
        f'<startEvent id="s"/>{USER}<endEvent id="e"/>'
        '<sequenceFlow sourceRef="s" targetRef="review"/>'
        '<sequenceFlow sourceRef="review" targetRef="e"/>'
    )
    deployment = deploy.deploy([("p.bpmn", file(body))], by="zhouning", lenient=True)
    assert [definition.process_id for definition in deployment.definitions] == ["p"]


def test_a_flow_to_nowhere_is_refused_by_name(app):
    assert "flow.end" in refused(file(line(USER) + flow("review", "nowhere")))


def test_a_join_that_can_never_fire_is_a_warning(app):
    body = (
        '<startEvent id="s"/><exclusiveGateway id="x" default="x_to_b"/><manualTask id="a"/>'
        '<manualTask id="b"/><parallelGateway id="j"/><endEvent id="e"/>'
        + flow("s", "x") + flow("x", "a", "${y = 1}") + flow("x", "b") + flow("a", "j")
        + flow("b", "j") + flow("j", "e")
    )  # fmt: skip
    found = deploy.examine([("p.bpmn", file(body))])
    assert [f.severity for f in found if f.code == "join.deadlock"] == ["warning"]


def test_a_broken_file_among_good_ones_refuses_all(app):
    files = [("good.bpmn", file(line(USER))), ("bad.bpmn", b"<")]
    with pytest.raises(errors.Refused):
        deploy.deploy(files, by="zhouning", lenient=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Definition)) == 0
