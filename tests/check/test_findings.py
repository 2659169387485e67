"""Everything that would be ignored, unreachable, dead-locked or mis-executed is named."""

import pytest

from app.engine import check
from tests.check.drawings import codes_of, file, findings_of, flow, line

USER = '<userTask id="review" camunda:formRef="f" camunda:candidateGroups="sales_rep"/>'
MESSAGE = '<message id="m" name="msg_paid"/>'


def said(kind: str, **properties: str) -> str:
    """A step with these camunda properties."""
    inner = "".join(f'<camunda:property name="{name}" value="{value}"/>'
                    for name, value in properties.items())  # fmt: skip
    return (f'<{kind} id="told"><extensionElements><camunda:properties>{inner}'
            f"</camunda:properties></extensionElements></{kind}>")  # fmt: skip


MESSAGES = MESSAGE + '<message id="n" name="msg_other"/><error id="E" name="refused"/>'
UNDO = (
    '<boundaryEvent id="undone" attachedToRef="review"><compensateEventDefinition/></boundaryEvent>'
    '<manualTask id="undo" isForCompensation="true"/>'
    '<association sourceRef="undone" targetRef="undo"/>'
)
CHOICE = (
    '<startEvent id="start"/><eventBasedGateway id="g"/><receiveTask id="r" messageRef="n"/>'
    '<intermediateCatchEvent id="c1"><messageEventDefinition messageRef="m"/>'
    "</intermediateCatchEvent>" + flow("start", "g") + flow("g", "c1") + flow("g", "r")
)


def border(id: str, message: str, host: str = "review") -> str:
    """A boundary event that waits for a message."""
    return (
        f'<boundaryEvent id="{id}" attachedToRef="{host}"><messageEventDefinition'
        f' messageRef="{message}"/></boundaryEvent>'
    )


def aside(start: str) -> str:
    """An event sub-process with this start, whose id is s2."""
    return (
        f'<subProcess id="esp" triggeredByEvent="true">{start}<endEvent id="e2"/>'
        + flow("s2", "e2") + "</subProcess>"
    )  # fmt: skip


WRONG = {
    "gateway.no_default": '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="a"/>'
    '<endEvent id="b"/>' + flow("s", "g") + flow("g", "a", "${x = 1}") + flow("g", "b", "${x = 2}"),
    "gateway.conditions": '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="a"/>'
    '<endEvent id="b"/>' + flow("s", "g") + flow("g", "a") + flow("g", "b"),
    "gateway.single_condition": '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="a"/>'
    + flow("s", "g") + flow("g", "a", "${x = 1}"),
    "gateway.ignored_condition": '<startEvent id="s"/><parallelGateway id="g"/><endEvent id="a"/>'
    '<endEvent id="b"/>' + flow("s", "g") + flow("g", "a", "${x = 1}") + flow("g", "b"),
    "gateway.event_target": '<startEvent id="s"/><eventBasedGateway id="g"/>'
    '<scriptTask id="a" camunda:resultVariable="r"><script>1</script></scriptTask>'
    + flow("s", "g") + flow("g", "a"),
    "flow.end": line(USER) + flow("review", "nowhere"),
    "flow.into_start": line(USER) + flow("review", "start"),
    "flow.end ": line(
        '<subProcess id="sub"><startEvent id="s2"/><userTask id="t2" camunda:formRef="f"'
        ' camunda:assignee="a"/><endEvent id="e2"/>' + flow("s2", "t2") + flow("t2", "e2")
        + flow("t2", "end") + "</subProcess>"
    ),
    "node.unreachable": line(USER) + '<userTask id="lost" camunda:formRef="f"/>',
    "join.deadlock": '<startEvent id="s"/><exclusiveGateway id="x" default="x_to_b"/>'
    '<manualTask id="a"/><manualTask id="b"/><parallelGateway id="j"/><endEvent id="e"/>'
    + flow("s", "x") + flow("x", "a", "${y}") + flow("x", "b") + flow("a", "j") + flow("b", "j")
    + flow("j", "e"),
    "loop.endless": '<startEvent id="s"/><manualTask id="a"/><manualTask id="b"/>'
    + flow("s", "a") + flow("a", "b") + flow("b", "a"),
    "element.complexGateway": '<startEvent id="s"/><complexGateway id="g"/><endEvent id="e"/>'
    + flow("s", "g") + flow("g", "e"),
    "service.nothing": line('<serviceTask id="work"/>'),
    "service.topic": line('<serviceTask id="work" camunda:type="external"/>'),
    "send.nothing": line('<sendTask id="work"/>'),
    "sender.nobody": line(said("receiveTask", senderForm="told")),
    "sender.place": line(said("manualTask", senderGroups="sales_rep")),
    "sender.tone": line(said("receiveTask", senderGroups="sales_rep", senderTone="pink")),
    "extension.ignored": line('<serviceTask id="work" camunda:class="com.example.Work"/>'),
    "retry.cycle": line(
        '<serviceTask id="work" camunda:topic="t"><extensionElements>'
        "<camunda:failedJobRetryTimeCycle>P1M</camunda:failedJobRetryTimeCycle>"
        "</extensionElements></serviceTask>"
    ),
    "script.language": line(
        '<scriptTask id="work" scriptFormat="groovy"><script>1</script></scriptTask>'
    ),
    "script.empty": line('<scriptTask id="work" scriptFormat="feel"><script> </script></scriptTask>'),
    "script.no_result": line(
        '<scriptTask id="work" scriptFormat="feel"><script>1</script></scriptTask>'
    ),
    "rule.decision": line('<businessRuleTask id="work"/>'),
    "rule.shape": line(
        '<businessRuleTask id="work" camunda:decisionRef="d" camunda:mapDecisionResult="x"'
        ' camunda:resultVariable="r"/>'
    ),
    "call.nothing": line('<callActivity id="work"/>'),
    "call.version": line(
        '<callActivity id="work" calledElement="q" camunda:calledElementBinding="version"/>'
    ),
    "multi.nothing": line(
        '<userTask id="work" camunda:formRef="f"><multiInstanceLoopCharacteristics/></userTask>'
    ),
    "multi.limit": line(
        '<userTask id="work" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>1000000</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
    ),
    "timer.value": line(
        '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>soon</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    ),
    "event.reference": line(
        '<intermediateThrowEvent id="tell"><signalEventDefinition/></intermediateThrowEvent>'
    ),
    "receive.no_message": line('<receiveTask id="wait"/>'),
    "catch.trigger": line('<intermediateCatchEvent id="wait"/>'),
    "boundary.host": line(USER)
    + '<boundaryEvent id="b" attachedToRef="gone"><timerEventDefinition><timeDuration>P1D'
    "</timeDuration></timerEventDefinition></boundaryEvent>",
    "boundary.trigger": line(USER) + '<boundaryEvent id="b" attachedToRef="review"/>',
    "cancel.place": '<startEvent id="s"/><endEvent id="e"><cancelEventDefinition/></endEvent>'
    + flow("s", "e"),
    "compensation.handler": line(USER)
    + '<boundaryEvent id="b" attachedToRef="review"><compensateEventDefinition/></boundaryEvent>',
    "start.conditional": '<startEvent id="s"><conditionalEventDefinition><condition>${x = 1}'
    '</condition></conditionalEventDefinition></startEvent><endEvent id="e"/>' + flow("s", "e"),
    "start.several": line(USER) + '<startEvent id="again"/>' + flow("again", "review"),
    "start.event_subprocess": line(USER)
    + '<subProcess id="esp" triggeredByEvent="true"><startEvent id="s2"/><endEvent id="e2"/>'
    + flow("s2", "e2") + "</subProcess>",
    "expression.syntax": '<startEvent id="s"/><exclusiveGateway id="g" default="g_to_b"/>'
    '<endEvent id="a"/><endEvent id="b"/>' + flow("s", "g") + flow("g", "a", "${x &gt; }")
    + flow("g", "b"),
    "attribute.ignored": line('<userTask id="review" camunda:formRef="f" startQuantity="2"/>'),
    "data.drawn_only": line(
        '<userTask id="review" camunda:formRef="f"><dataInputAssociation id="d"/></userTask>'
    ),
    "loop.output": line(
        '<userTask id="work" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>2</loopCardinality><loopDataOutputRef>all</loopDataOutputRef>"
        "</multiInstanceLoopCharacteristics></userTask>"
    ),
    "event.trigger": line(
        '<intermediateCatchEvent id="wait"><errorEventDefinition/></intermediateCatchEvent>'
    ),
    "event.code": '<startEvent id="s"/><endEvent id="e"><errorEventDefinition errorRef="E"/>'
    "</endEvent>" + flow("s", "e"),
    "event.twice": line(USER) + border("b1", "m") + border("b2", "m"),
    "start.interrupts": line(USER)
    + aside('<startEvent id="s2" isInterrupting="false"><errorEventDefinition/></startEvent>'),
    "gateway.event_entered": CHOICE + flow("start", "c1"),
    "gateway.event_border": CHOICE + border("b1", "m", "r"),
    "gateway.parallel_events": CHOICE.replace('id="g"', 'id="g" eventGatewayType="Parallel"'),
    "compensation.exit": line(USER) + UNDO + flow("undone", "end"),
    "compensation.process": line(USER)
    + aside('<startEvent id="s2"><compensateEventDefinition/></startEvent>'),
    "compensation.scope": line(
        '<subProcess id="sub"><startEvent id="s2"/><endEvent id="e2"/>' + flow("s2", "e2")
        + "</subProcess>",
        '<subProcess id="more"><startEvent id="s3"/><intermediateThrowEvent id="t">'
        '<compensateEventDefinition activityRef="sub"/></intermediateThrowEvent>'
        + flow("s3", "t") + "</subProcess>",
    ),
    "compensation.nothing": line(
        USER, '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="review"/>'
        "</intermediateThrowEvent>"
    ),
    "node.unreachable ": line(USER) + '<manualTask id="lost" isForCompensation="true"/>',
    "link.name": '<startEvent id="s"/><intermediateThrowEvent id="a"><linkEventDefinition/>'
    '</intermediateThrowEvent><intermediateCatchEvent id="b"><linkEventDefinition/>'
    "</intermediateCatchEvent>" + flow("s", "a"),
    "link.exit": '<startEvent id="s"/><intermediateThrowEvent id="a"><linkEventDefinition name="l"/>'
    '</intermediateThrowEvent><intermediateCatchEvent id="b"><linkEventDefinition name="l"/>'
    "</intermediateCatchEvent>" + flow("s", "a") + flow("a", "b"),
    "multi.count": line(
        '<userTask id="work" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>-1</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
    ),
    "loop.twice": line(
        '<userTask id="work" camunda:formRef="f"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        '<standardLoopCharacteristics loopMaximum="2"/></userTask>'
    ),
    "form.missing": line('<userTask id="review" camunda:candidateGroups="sales_rep"/>'),
    "task.nobody": line('<userTask id="review" camunda:formRef="f"/>'),
}  # fmt: skip


@pytest.mark.parametrize("code", WRONG)
def test_a_mistake_is_named(app, code: str):
    assert code.strip() in codes_of(WRONG[code], MESSAGES)


def test_a_sound_process_has_no_findings(app):
    assert findings_of(line(USER)) == []


def test_a_finding_tells_file_element_line_and_remedy(app):
    (finding,) = findings_of(
        line('<userTask id="review" name="审核" camunda:candidateGroups="sales_rep"/>')
    )
    assert (finding.file, finding.element, finding.name) == ("p.bpmn", "review", "审核")
    assert finding.line >= 1
    assert finding.message and finding.remedy


def test_all_mistakes_of_a_file_come_at_once(app):
    codes = codes_of(line('<serviceTask id="a"/>', '<callActivity id="b"/>', '<sendTask id="c"/>'))
    assert {"service.nothing", "call.nothing", "send.nothing"} <= codes


def test_errors_stand_before_warnings(app):
    severities = [
        finding.severity
        for finding in findings_of(line('<receiveTask id="a"/>', '<sendTask id="b"/>'))
    ]
    assert severities == sorted(severities)


def test_what_is_unknown_on_the_platform_gets_a_suggestion(app):
    known = check.Known(
        forms=frozenset({"customer_edit"}),
        topics=frozenset({"customer.save"}),
        decisions=frozenset({"dup_verdict"}),
        groups=frozenset({"sales_rep"}),
        processes=frozenset(),
    )
    body = line(
        '<userTask id="review" camunda:formRef="customer_edi" camunda:candidateGroups="sales_repp"/>',
        '<serviceTask id="save" camunda:type="external" camunda:topic="customer.sve"/>',
        '<businessRuleTask id="judge" camunda:decisionRef="dup_verdct" camunda:resultVariable="v"/>',
        '<callActivity id="ask" calledElement="p_other"/>',
    )
    found = {finding.code: finding for finding in findings_of(body, known=known)}
    assert {
        "form.unknown",
        "role.unknown",
        "topic.unknown",
        "decision.unknown",
        "call.unknown",
    } <= set(found)
    assert "customer_edit" in found["form.unknown"].remedy
    assert "sales_rep" in found["role.unknown"].remedy
    assert "customer.save" in found["topic.unknown"].remedy
    assert "dup_verdict" in found["decision.unknown"].remedy


def test_a_process_that_always_calls_itself_is_refused(app):
    known = check.Known(processes=frozenset())
    assert "call.endless" in codes_of(
        line('<callActivity id="again" calledElement="p"/>'), known=known
    )


def test_a_process_that_calls_itself_behind_a_choice_is_allowed(app):
    body = (
        '<startEvent id="s"/><exclusiveGateway id="g" default="g_to_e"/>'
        '<callActivity id="again" calledElement="p"/><endEvent id="e"/>'
        + flow("s", "g") + flow("g", "again", "${more}") + flow("g", "e") + flow("again", "e")
    )  # fmt: skip
    assert "call.endless" not in codes_of(body, known=check.Known(processes=frozenset()))


def test_a_message_that_nobody_sends_is_worth_a_look(app):
    body = line('<receiveTask id="wait" messageRef="m"/>')
    assert "message.unsent" in codes_of(body, MESSAGE)
    assert "message.unsent" not in codes_of(
        body, MESSAGE, check.Known(messages=frozenset({"msg_paid"}))
    )


def test_a_drawing_that_is_not_executable_is_no_empty_deployment(app):
    from app.engine import read

    data = file(line(USER)).replace(b'isExecutable="true"', b'isExecutable="false"')
    found = check.check([("p.bpmn", read.diagram("p.bpmn", data))])
    assert [finding.code for finding in found] == ["process.not_executable"]


def test_trying_a_drawing_out_turns_missing_wiring_into_warnings(app):
    body = line('<userTask id="review"/>')
    assert {f.severity for f in findings_of(body, complete=False)} == {"warning"}
    assert {f.severity for f in findings_of(body)} == {"error"}


@pytest.mark.parametrize(
    "text", ["P1D", "PT4H", "${due}", "=date and time(x)"], ids=lambda text: text
)
def test_a_time_that_can_come_is_accepted(app, text: str):
    body = line(
        '<intermediateCatchEvent id="wait"><timerEventDefinition>'
        f"<timeDuration>{text}</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    )
    assert "timer.value" not in codes_of(body)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDuration", "PT-5M"),
        ("timeDuration", "-PT5M"),
        ("timeDuration", "P9999Y"),
        ("timeDate", "2026-02-30"),
        ("timeCycle", "R/PT0S"),
        ("timeCycle", "0 0 25 * * ?"),
        ("timeDuration", "__import__('os').popen('id').read()"),
    ],
)
def test_a_time_that_cannot_come_is_refused(app, kind: str, text: str):
    body = line(
        '<intermediateCatchEvent id="wait"><timerEventDefinition>'
        f"<{kind}>{text}</{kind}></timerEventDefinition></intermediateCatchEvent>"
    )
    assert "timer.value" in codes_of(body)


@pytest.mark.parametrize(
    "body",
    [
        line(USER) + border("b1", "m") + border("b2", "n"),
        CHOICE,
        line(
            USER,
            '<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="review"/>'
            "</intermediateThrowEvent>",
        )
        + UNDO,
        line(USER) + aside('<startEvent id="s2"><errorEventDefinition/></startEvent>'),
    ],
    ids=["two messages", "event gateway", "compensation", "error event sub-process"],
)
def test_what_is_drawn_right_is_not_refused(app, body: str):
    errors = {one.code for one in findings_of(body, MESSAGES) if one.severity == "error"}
    assert errors == set()


def test_one_message_starts_one_process(app):
    from app.engine import read

    body = '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
    one = read.diagram("a.bpmn", file(body, MESSAGE))
    other = read.diagram("b.bpmn", file(body, MESSAGE).replace(b'"p"', b'"q"'))
    codes = [finding.code for finding in check.check([("a.bpmn", one), ("b.bpmn", other)])]
    assert codes.count("start.twice") == 1
    assert "start.twice" not in [finding.code for finding in check.check([("a.bpmn", one)])]


def test_a_message_that_starts_a_process_in_force_starts_no_other(app):
    from app.engine import read

    body = '<startEvent id="s" name="网单"><messageEventDefinition messageRef="m"/></startEvent>'
    model = ("a.bpmn", read.diagram("a.bpmn", file(body, MESSAGE)))
    known = check.Known(starters={"msg_paid": "收款 (p_receipt)"})
    (found,) = [one for one in check.check([model], known) if one.code == "start.twice"]
    assert (found.file, found.element, found.severity) == ("a.bpmn", "s", "error")
    assert found.line and "收款 (p_receipt)" in found.message and "停用" in found.remedy
    assert "start.twice" not in [one.code for one in check.check([model], check.Known())]
