"""Small BPMN files for the checks: a process around a body, with one line per element."""

import itertools

from app.engine import check, read
from app.engine.findings import Finding
from app.engine.normalise import normalise

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)


def file(body: str, outside: str = "") -> bytes:
    """A file with the executable process `p`; `outside` stands beside the process."""
    text = f'{HEAD}{outside}<process id="p" isExecutable="true">{body}</process></definitions>'
    return text.encode()


def flow(source: str, target: str, condition: str = "") -> str:
    """A sequence flow with a readable id."""
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return (
        f'<sequenceFlow id="{source}_to_{target}" sourceRef="{source}" targetRef="{target}">'
        f"{inner}</sequenceFlow>"
    )


def line(*steps: str) -> str:
    """start -> steps -> end; a step is its XML element, whose id is found in it."""
    ids = ["start", *(step.split('id="')[1].split('"')[0] for step in steps), "end"]
    flows = "".join(flow(a, b) for a, b in itertools.pairwise(ids))
    return f'<startEvent id="start"/>{"".join(steps)}<endEvent id="end"/>{flows}'


def findings_of(
    body: str, outside: str = "", known: check.Known | None = None, complete: bool = True
) -> list[Finding]:
    """What the checks find in a file with this body."""
    tree = normalise(read.diagram("p.bpmn", file(body, outside)), "p.bpmn")
    return [*tree.findings, *check.check([("p.bpmn", tree.root)], known, complete)]


def codes_of(body: str, outside: str = "", known: check.Known | None = None) -> set[str]:
    """The codes of what the checks find."""
    return {finding.code for finding in findings_of(body, outside, known)}
