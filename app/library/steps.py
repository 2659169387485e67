"""What a drawn step means to the person who looks at it: who, how long, which form, what next."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import db
from app.engine import read
from app.engine.check.drawing import Drawing, Node
from app.engine.published import Definition, DeploymentFile, FileContent
from app.engine.read import bpmn, camunda

PROCESS = re.compile(r"\bp_\w+")
KINDS = {
    "userTask": "用户任务",
    "manualTask": "人工步骤",
    "task": "步骤",
    "serviceTask": "系统步骤",
    "sendTask": "发送",
    "receiveTask": "等待消息",
    "scriptTask": "计算",
    "businessRuleTask": "决策表",
    "callActivity": "调用流程",
    "subProcess": "子流程",
    "transaction": "事务",
    "startEvent": "开始",
    "endEvent": "结束",
    "boundaryEvent": "边界事件",
    "intermediateCatchEvent": "等待",
    "intermediateThrowEvent": "发出",
    "exclusiveGateway": "选择一条路",
    "parallelGateway": "同时进行",
    "inclusiveGateway": "选择若干条路",
    "eventBasedGateway": "等先发生的事",
}


@dataclass(frozen=True)
class Step:
    """A flow node of a definition, for reading. Texts are those of the file (Chinese)."""

    id: str
    name: str
    kind: str
    lane: str
    documentation: str
    form: str | None
    decision: str | None
    topic: str | None
    called: str | None
    assignee: str | None
    groups: tuple[str, ...]
    due: str | None
    exits: tuple[tuple[str, str], ...]
    told_by: str | None = None  # the form by which a person says what an event waits for


def of_definition(definition_id: int) -> dict[str, Step]:
    """{element id: step} of a version, in the order of the file. Raises LookupError for none."""
    query = (
        sa.select(Definition.process_id, DeploymentFile.name, DeploymentFile.content_hash)
        .join(DeploymentFile, Definition.file_id == DeploymentFile.id)
        .where(Definition.id == definition_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"there is no definition {definition_id}")
    return _drawn(row.content_hash, row.process_id, row.name)


# by content, which is the same in every database; a number is not
@functools.lru_cache(maxsize=256)
def _drawn(content_hash: str, process_id: str, file_name: str) -> dict[str, Step]:
    stored = db.session.get_one(FileContent, content_hash)
    drawing = Drawing(file_name, read.diagram(file_name, stored.content))
    lanes = _lanes(drawing)
    return {
        id: _step(node, _lane(node, lanes))
        for id, node in drawing.nodes.items()
        if _process_of(node) == process_id
    }


def _process_of(node: Node) -> str | None:
    process = next(node.element.iterancestors(bpmn("process")), None)
    return process.get("id") if process is not None else None


def _lanes(drawing: Drawing) -> dict[str, str]:
    return {
        (reference.text or "").strip(): lane.get("name") or ""
        for process in drawing.processes
        for lane in process.iter(bpmn("lane"))
        for reference in lane.findall(bpmn("flowNodeRef"))
    }


def _lane(node: Node, lanes: dict[str, str]) -> str:
    """The lane of a step; inside a sub-process that of the sub-process."""
    around = (element.get("id") for element in node.element.iterancestors())
    return next((lanes[id] for id in (node.id, *around) if id in lanes), "")


def _step(node: Node, lane: str) -> Step:
    groups = (node.attribute("candidateGroups") or "").split(",")
    return Step(
        id=node.id or "",
        name=node.name or "",
        kind=KINDS.get(node.kind, node.kind),
        lane=lane,
        documentation=(node.element.findtext(bpmn("documentation")) or "").strip(),
        form=node.attribute("formRef") or node.attribute("formKey"),
        decision=node.attribute("decisionRef"),
        topic=node.attribute("topic"),
        called=called(node.element.get("calledElement")),
        assignee=node.attribute("assignee"),
        groups=tuple(part.strip() for part in groups if part.strip()),
        due=node.element.get(camunda("dueDate")),
        exits=tuple(dict.fromkeys(_exits(node, {node.id}))),
        told_by=node.properties.get("senderForm") or None,
    )


def called(text: str | None) -> str | None:
    """The process that is called; also where an expression names it."""
    found = PROCESS.search(text or "")
    return found[0] if found else text


def _exits(node: Node, seen: set[str | None]) -> Iterator[tuple[str, str]]:
    """(what the line says, where it leads) of every way on; through gateways without a name."""
    for flow in node.outgoing:
        says, target = flow.element.get("name") or "", flow.target
        if target is None or target.name or says:
            yield says, (target.name or "") if target is not None else ""
        elif target.id not in seen:
            yield from _exits(target, seen | {target.id})
