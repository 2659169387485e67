"""Every control objective and policy is realised somewhere, and every named place exists.

Read from the files alone: processes/*/area.toml against flows, tables, handlers, records, reports.
"""

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.engine import handlers
from app.library import areas
from app.records import entities
from app.reports.catalogue import REPORTS

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = ROOT / "processes"
AREAS = {
    data["id"]: data
    for data in (tomllib.loads(path.read_text()) for path in sorted(PROCESSES.glob("*/area.toml")))
}


@functools.cache
def flows() -> dict[str, str]:
    """{process id: the text of its file}."""
    found = {}
    for path in PROCESSES.glob("*/*.bpmn"):
        text = path.read_text()
        found |= dict.fromkeys(re.findall(r'<bpmn:process id="([^"]+)"', text), text)
    return found


@functools.cache
def topics() -> set[str]:
    handlers.load("handlers")
    return set(handlers.every())


def is_complete(area: dict[str, Any]) -> bool:
    """Is every flow that the area names drawn?"""
    return all(areas.process_of(flow["id"]) in flows() for flow in area.get("flow", ()))


def goals(area: dict[str, Any]) -> list[dict[str, Any]]:
    return [*area.get("objective", ()), *area.get("policy", ())]


def is_there(place: str, area: str) -> bool:
    kind, colon, name = place.partition(":")
    if not colon:
        return _element(place) is not None
    if kind == "timer":
        found = _element(name)
        return found is not None and "timerEventDefinition" in found
    return {
        "decision": lambda: (PROCESSES / "decisions" / f"{name}.dmn").exists(),
        "handler": lambda: name in topics(),
        "record": lambda: name in entities(),
        "report": lambda: (name if "/" in name else f"{area}/{name}") in REPORTS,
        "signal": lambda: _named("signal", name),
        "message": lambda: _named("message", name),
    }[kind]()


def _element(place: str) -> str | None:
    """The XML of an element from its tag to its end, None if the flow has none of this name."""
    number, _hash, element = place.partition("#")
    text = flows().get(areas.process_of(number), "")
    found = re.search(
        rf'<bpmn:(\w+) [^>]*\bid="{re.escape(element)}".*?(?:</bpmn:\1>|/>)', text, re.S
    )
    return found.group(0) if found else None


def _named(kind: str, name: str) -> bool:
    """Is there a signal or message of this name that a flow throws or catches?"""
    for text in flows().values():
        id = re.search(rf'<bpmn:{kind} id="([^"]+)" name="{re.escape(name)}"', text)
        if id and f'{kind}Ref="{id.group(1)}"' in text:
            return True
    return False


PLACES = sorted({
    (area, place) for area, data in AREAS.items() for goal in goals(data) for place in
    goal.get("realised", ())
})  # fmt: skip


@pytest.mark.parametrize(("area", "place"), PLACES, ids=[f"{a}-{p}" for a, p in PLACES])
def test_a_named_place_exists(area: str, place: str):
    assert is_there(place, area), f"{area}: {place}"


@pytest.mark.parametrize("area", [id for id, data in AREAS.items() if is_complete(data)])
def test_every_goal_of_a_drawn_area_is_realised(area: str):
    open_goals = [goal["id"] for goal in goals(AREAS[area]) if not goal.get("realised")]
    assert not open_goals


def test_the_heart_of_the_company_is_drawn():
    assert is_complete(AREAS["051-01"])
    assert is_complete(AREAS["051-03"])


@pytest.mark.parametrize(
    "place",
    ["051-01-01#nothing", "099-01#start", "decision:none", "handler:no.thing", "record:none",
     "report:R99-9", "signal:sig_none", "timer:051-01-01#save", "message:none"],
)  # fmt: skip
def test_a_place_that_is_not_there_is_found_out(place: str):
    assert not is_there(place, "051-01")


def test_the_area_page_leads_to_each_place(as_user):
    text = as_user("zhangwei").get("/processes/area/051-01").text
    assert 'href="/processes/decisions/dup_verdict"' in text
    assert 'href="/records/dev_counter"' in text
    assert "step=nightly" in text
