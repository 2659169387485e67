"""Bad files are refused with the reason before anything of them is used."""

import pytest

from app.engine import read
from app.engine.findings import Finding, Unreadable
from app.engine.spiff import parse
from tests import effort
from tests.engine.draw import (
    HEAD,
    NAMESPACES,
    boundary,
    catch,
    flows,
    node,
    process,
    several,
    start,
    sub,
    throw,
    user,
)

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))


def codes(*files: tuple[str, bytes]) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        parse.parse(list(files))
    assert all(finding.message and finding.file for finding in caught.value.findings)
    return [finding.code for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (
            f'<!DOCTYPE d [{LAUGHS}]><definitions xmlns="{BPMN}" name="&a9;"/>'.encode(),
            "xml.doctype",
        ),
        (
            (
                '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                f'<definitions xmlns="{BPMN}">&x;</definitions>'
            ).encode(),
            "xml.doctype",
        ),
        (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/a.dtd"><d/>', "xml.doctype"),
        (b"<?xml version='1.0'?>" + b" " * 5000 + b"<!doctype d><d/>", "xml.syntax"),
        (b"", "xml.syntax"),
        (b"<", "xml.syntax"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "xml.syntax"),
        (b"<?xml version='1.0' encoding='UTF-8'?><d name='\xff\xfe'/>", "xml.syntax"),
        (b'<definitions xmlns="http://example.org"><process id="p"/></definitions>', "bpmn.none"),
        (f'<definitions xmlns="{BPMN}"/>'.encode(), "bpmn.none"),
        (b"<a>" * 100_000, "xml.syntax"),
        (b" " * (read.LARGEST + 1), "xml.size"),
    ],
)
def test_what_is_no_bpmn_is_refused_at_once(data: bytes, code: str):
    with effort.stopped_soon():
        assert codes(("bad.bpmn", data)) == [code]


def test_a_doctype_behind_a_long_beginning_is_still_refused():
    data = b"<?xml version='1.0'?><!--" + b"x" * 5000 + b"--><!DOCTYPE d><d/>"
    assert codes(("bad.bpmn", data)) == ["xml.doctype"]


def test_every_fault_of_every_file_is_told_at_once():
    one = process(
        start(),
        node("complexGateway", "g"),
        user("a", several()),
        catch("c", "<timerEventDefinition/>"),
        flows("s g", "g a", "a nowhere", "a c"),
        id="one",
    )
    two = process(
        start(),
        node("callActivity", "call"),
        boundary("b", "call"),
        flows("s call", "call call ${1 +}"),
        id="two",
    )
    assert sorted(codes(one, two, ("three.bpmn", b"<"))) == sorted(
        [
            "element.complexGateway",
            "flow.end",
            "loop.empty",
            "timer.empty",
            "call.empty",
            "event.empty",
            "expression",
            "xml.syntax",
        ]
    )


def test_a_finding_names_file_element_line_and_remedy():
    text = (
        f'<definitions {NAMESPACES}>\n<process id="p" isExecutable="true">\n'
        '<adHocSubProcess id="x" name="随意"/>\n</process></definitions>'
    )
    with pytest.raises(Unreadable) as caught:
        parse.parse([("f.bpmn", text.encode())])
    found = caught.value.findings[0]
    assert (found.file, found.element, found.name, found.line) == ("f.bpmn", "x", "随意", 3)
    assert found.remedy and "f.bpmn:3" in str(found)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (catch("c", '<messageEventDefinition messageRef="nobody"/>'), "message.missing"),
        (catch("c", "<signalEventDefinition/>"), "signal.missing"),
        (catch("c", "<conditionalEventDefinition/>"), "condition.empty"),
        (throw("t", '<linkEventDefinition name="x"/>'), "link.nowhere"),
        (user("a", "<standardLoopCharacteristics/>"), "loop.empty"),
        (user("a") + boundary("b", "a", "<compensateEventDefinition/>"), "compensation.handler"),
        (boundary("b", "nowhere", '<messageEventDefinition messageRef="m"/>'), "boundary.host"),
        (user("a") + user("a"), "id.twice"),
        (sub("q", triggeredByEvent="true"), "event_subprocess.start"),
        (user("a", camunda_assignee="${1 +}"), "expression"),
    ],
)
def test_what_cannot_be_read_is_named(body: str, code: str):
    assert code in codes(process(start(), body, head=HEAD))


def test_a_name_over_several_lines_is_one_line_in_a_list():
    assert Finding("f", "c", "m", name="随\n 意").name == "随 意"


def test_two_hundred_nested_subprocesses_are_refused_by_number():
    body = user("t")
    for n in range(200):
        body = sub(f"q{n}", body)
    assert codes(process(body))[0] == "scope.deep"


def test_two_processes_with_one_id_are_refused():
    assert codes(process(start()), ("other.bpmn", process(start())[1])) == ["process.twice"]


CODE = '__import__("os").popen("id").read()'


@pytest.mark.parametrize(
    "body",
    [
        user("a", several(CODE)),
        user("a", several("3", until=f"${{{CODE}}}")),
        user("a", several(collection=CODE.replace('"', "&quot;"))),
        user("a", camunda_assignee="${" + CODE.replace('"', "&quot;") + "}"),
        catch(
            "c",
            f"<conditionalEventDefinition><condition>{CODE}</condition></conditionalEventDefinition>",
        ),
        node("scriptTask", "t", f"<script>{CODE}</script>"),
        user("a") + user("b") + flows(f"a b ${{{CODE}}}"),
    ],
)
def test_code_in_any_place_of_a_diagram_is_not_read(body: str):
    assert "expression" in codes(process(start(), body))


def test_a_process_that_is_not_executable_is_only_a_drawing():
    name, data = process(start(), node("complexGateway", "g"))
    assert (
        parse.parse([(name, data.replace(b'isExecutable="true"', b'isExecutable="false"'))]) == {}
    )
