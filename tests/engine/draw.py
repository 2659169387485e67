"""Small diagrams as text: `process(start(), user("a"), flows("s a"))` is a deployable file."""

from __future__ import annotations

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t"'
)


def process(*body: str, id: str = "p", head: str = "") -> tuple[str, bytes]:
    """A file with one executable process; `head` holds messages, signals, errors."""
    text = (
        f'<definitions {NAMESPACES}>{head}<process id="{id}" name="{id}" isExecutable="true">'
        f"{''.join(body)}</process></definitions>"
    )
    return f"{id}.bpmn", text.encode()


def node(tag: str, id: str, *inside: str, **attributes: str) -> str:
    """Any element; `camunda_x` in the attributes is `camunda:x`."""
    written = "".join(
        f' {name.replace("camunda_", "camunda:")}="{value}"' for name, value in attributes.items()
    )
    return f'<{tag} id="{id}" name="{id}"{written}>{"".join(inside)}</{tag}>'


def start(id: str = "s", *inside: str, **attributes: str) -> str:
    return node("startEvent", id, *inside, **attributes)


def end(id: str = "e", *inside: str) -> str:
    return node("endEvent", id, *inside)


def user(id: str, *inside: str, **attributes: str) -> str:
    return node("userTask", id, *inside, **attributes)


def service(id: str, topic: str, *inside: str, **attributes: str) -> str:
    return node(
        "serviceTask", id, *inside, camunda_type="external", camunda_topic=topic, **attributes
    )


def catch(id: str, *inside: str, **attributes: str) -> str:
    return node("intermediateCatchEvent", id, *inside, **attributes)


def throw(id: str, *inside: str) -> str:
    return node("intermediateThrowEvent", id, *inside)


def boundary(id: str, host: str, *inside: str, interrupting: bool = True, **attributes: str) -> str:
    attributes["cancelActivity"] = str(interrupting).lower()
    return node("boundaryEvent", id, *inside, attachedToRef=host, **attributes)


def sub(id: str, *inside: str, **attributes: str) -> str:
    return node("subProcess", id, *inside, **attributes)


def event_sub(id: str, *inside: str) -> str:
    return sub(id, *inside, triggeredByEvent="true")


def xor(id: str, default: str | None = None) -> str:
    return node("exclusiveGateway", id, **({"default": default} if default else {}))


def flows(*pairs: str) -> str:
    """`"a b"`, `"a b ${condition}"`; `"id: a b"` gives the flow an id."""
    return "".join(_flow(pair) for pair in pairs)


def _flow(pair: str) -> str:
    id, colon, rest = pair.partition(": ")
    if not colon or " " in id:
        id, rest = "", pair
    source, target, *condition = rest.split(" ", 2)
    inside = (
        f"<conditionExpression><![CDATA[{condition[0]}]]></conditionExpression>"
        if condition
        else ""
    )
    named = f'id="{id}" ' if id else ""
    return f'<sequenceFlow {named}sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def timer(kind: str, text: str) -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def after(text: str) -> str:
    return timer("timeDuration", text)


def message(ref: str) -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def signal(ref: str, inside: str = "") -> str:
    return f'<signalEventDefinition signalRef="{ref}">{inside}</signalEventDefinition>'


def error(ref: str = "", more: str = "") -> str:
    return f"<errorEventDefinition {f'errorRef={chr(34)}{ref}{chr(34)}' if ref else ''} {more}/>"


def escalation(ref: str = "", more: str = "") -> str:
    written = f'escalationRef="{ref}"' if ref else ""
    return f"<escalationEventDefinition {written} {more}/>"


def conditional(text: str, more: str = "") -> str:
    return (
        f"<conditionalEventDefinition {more}><condition><![CDATA[{text}]]></condition>"
        "</conditionalEventDefinition>"
    )


def compensate(activity: str = "") -> str:
    written = f'activityRef="{activity}"' if activity else ""
    return f"<compensateEventDefinition {written}/>"


def several(
    cardinality: str = "", sequential: bool = False, until: str = "", **attributes: str
) -> str:
    written = "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    inside = f"<loopCardinality>{cardinality}</loopCardinality>" if cardinality else ""
    if until:
        inside += f"<completionCondition><![CDATA[{until}]]></completionCondition>"
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"{written}>{inside}'
        "</multiInstanceLoopCharacteristics>"
    )


def extension(*inside: str) -> str:
    return f"<extensionElements>{''.join(inside)}</extensionElements>"


def properties(**values: str) -> str:
    written = "".join(f'<camunda:property name="{k}" value="{v}"/>' for k, v in values.items())
    return f"<camunda:properties>{written}</camunda:properties>"


def mappings(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    written = [_parameter("input", *item) for item in (inputs or {}).items()]
    written += [_parameter("output", *item) for item in (outputs or {}).items()]
    return f"<camunda:inputOutput>{''.join(written)}</camunda:inputOutput>"


def _parameter(side: str, name: str, text: str) -> str:
    return f'<camunda:{side}Parameter name="{name}">{text}</camunda:{side}Parameter>'


def undoable(activity: str, handler: str, *tasks: str) -> str:
    """A compensation event on `activity` that leads to the handler `handler` (a user task unless
    given).
    """
    made = "".join(tasks) or user(handler, isForCompensation="true")
    return (
        boundary(f"undo_event_{activity}", activity, compensate())
        + made
        + f'<association sourceRef="undo_event_{activity}" targetRef="{handler}" associationDirection="One"/>'
    )


MESSAGES = "".join(f'<message id="{id}" name="{id}"/>' for id in ("m", "m1", "m2", "m3"))
SIGNALS = "".join(f'<signal id="{id}" name="{id}"/>' for id in ("g", "g1", "g2"))
ERRORS = "".join(f'<error id="{id}" errorCode="{id}"/>' for id in ("E1", "E2"))
ESCALATIONS = "".join(f'<escalation id="{id}" escalationCode="{id}"/>' for id in ("X1", "X2"))
HEAD = MESSAGES + SIGNALS + ERRORS + ESCALATIONS
