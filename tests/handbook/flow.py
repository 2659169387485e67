"""What a flow's file says to the people who work with it: tasks, deadlines, tables, ends."""

import re
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from app.engine import read

ROOT = Path(__file__).resolve().parent.parent.parent
NS = {"b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
      "c": "http://camunda.org/schema/1.0/bpmn"}  # fmt: skip
CAMUNDA = f"{{{NS['c']}}}"
PERIOD = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")


@dataclass(frozen=True)
class Task:
    """A user task: its name, whose it is (roles, else the lane), its period (P2D) if it has a
    fixed one, what to do."""

    name: str
    roles: tuple[str, ...]
    lane: str
    due: str
    todo: str


@dataclass(frozen=True)
class Flow:
    """One file. Texts are those of the file (Chinese)."""

    number: str
    name: str
    about: str
    starters: tuple[str, ...]
    starts: tuple[tuple[str, str], ...]
    tasks: tuple[Task, ...]
    timers: tuple[tuple[str, str, str], ...]
    tables: tuple[tuple[str, str], ...]
    calls: tuple[tuple[str, str], ...]
    told: tuple[str, ...]
    ends: tuple[str, ...]


def of_file(path: Path) -> Flow:
    """The flow of a `.bpmn` file of `processes/`."""
    root = read.diagram(path.name, path.read_bytes())
    process = root.find("b:process[@isExecutable='true']", NS)
    lanes = {ref.text: lane.get("name") for lane in root.iterfind(".//b:lane", NS)
             for ref in lane.iterfind("b:flowNodeRef", NS)}  # fmt: skip
    starters = process.get(f"{CAMUNDA}candidateStarterGroups") or ""
    number = re.match(r"(\d{3}-\d\d-\d+\w?|COM-\d+)", path.name)
    return Flow(
        number=number[1] if number else path.stem,
        name=process.get("name"),
        about=_words(process),
        starters=tuple(filter(None, starters.split(","))),
        starts=tuple((one.get("name") or "", _kind(one))
                     for one in process.iterfind("b:startEvent", NS)),
        tasks=tuple(_task(one, lanes) for one in process.iterfind(".//b:userTask", NS)),
        timers=tuple(_timer(one, process) for one in process.iterfind(".//b:boundaryEvent", NS)
                     if one.find("b:timerEventDefinition", NS) is not None),
        tables=tuple((one.get("name"), one.get(f"{CAMUNDA}decisionRef"))
                     for one in process.iterfind(".//b:businessRuleTask", NS)),
        calls=tuple((one.get("name"), one.get("calledElement"))
                    for one in process.iterfind(".//b:callActivity", NS)),
        told=tuple(_told(process)),
        ends=tuple(dict.fromkeys(one.get("name") or "" for one in
                                 process.iterfind("b:endEvent", NS))),
    )  # fmt: skip


def _task(node: etree._Element, lanes: dict[str | None, str | None]) -> Task:
    at: etree._Element | None = node
    while at is not None and at.get("id") not in lanes:
        at = at.getparent()
    lane = lanes.get(at.get("id")) if at is not None else None
    due = node.get(f"{CAMUNDA}dueDate") or ""
    groups = node.get(f"{CAMUNDA}candidateGroups") or ""
    roles = () if "${" in groups else tuple(filter(None, groups.split(",")))
    return Task(node.get("name") or "", roles, lane or "", due if PERIOD.match(due) else "",
                _words(node))  # fmt: skip


def _words(node: etree._Element) -> str:
    found = node.find("b:documentation", NS)
    return (found.text or "").strip() if found is not None else ""


def _kind(event: etree._Element) -> str:
    for child in event:
        name = etree.QName(child).localname
        if name.endswith("EventDefinition"):
            return name.removesuffix("EventDefinition")
    return "none"


def _timer(event: etree._Element, process: etree._Element) -> tuple[str, str, str]:
    """(task, label, period) of a boundary timer."""
    host = process.find(f".//*[@id='{event.get('attachedToRef')}']")
    period = event.findtext(".//b:timeDuration", "", NS).strip()
    return (host.get("name") or "", event.get("name") or "", period if PERIOD.match(period) else "")


def _told(process: etree._Element) -> list[str]:
    """Labels of the events at which a running case waits for a message."""
    waiting = (".//b:intermediateCatchEvent", ".//b:receiveTask", ".//b:boundaryEvent",
               ".//b:subProcess/b:startEvent")  # fmt: skip
    found = [node.get("name") or "" for path in waiting for node in process.iterfind(path, NS)
             if node.find("b:messageEventDefinition", NS) is not None
             or etree.QName(node).localname == "receiveTask"]  # fmt: skip
    return list(dict.fromkeys(found))
