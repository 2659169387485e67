"""Random walks over the flows of the house: rebuilt before each step they go the same way, and none
of them ever stops silently.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from app import values
from app.engine.failures import BpmnError, Stuck
from app.engine.spiff.host import Call
from tests.engine.memory import Case, Platform

FLOWS = sorted((Path(__file__).parents[2] / "processes").glob("*/*.bpmn"))


class Stage(Platform):
    """Every topic has a handler and every decision an answer; some handlers fail with a business
    error.
    """

    def handles(self, topic: str) -> bool:
        return True

    def call(self, call: Call) -> dict[str, Any]:
        if (call.token_id + len(call.element_id)) % 9 == 0:
            raise BpmnError("E_PROFILE_INVALID", "走不通")
        return {"outcome": "submit"}

    def decide(self, *_asked: Any) -> list[dict[str, Any]]:
        return [{"result": True}]


def moves(case: Case) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [
        ("complete", id, {"outcome": "submit"}) for id in sorted(case.tasks)
    ]
    found += [("fire", id) for id in sorted(case.waits["timers"])]
    found += [("resume", id) for id in sorted(case.waits["jobs"])]
    for kind in ("messages", "signals"):
        found += [("deliver", id, {}) for id in sorted(case.waits[kind])]
    return found


def walk(path: Path, seed: int, cold: bool) -> list[Any]:
    """What can be seen after each step; a step that is stuck is seen by its reason."""
    memory, chance = Stage(cold=cold), random.Random(seed)
    found = memory.deploy((path.name, path.read_bytes()))
    try:
        case = memory.start(next(iter(found)), {"starter": "zhangwei"})
    except Stuck as stuck:
        return [stuck.reason, stuck.element]
    seen: list[Any] = []
    for _ in range(40):
        possible = moves(case)
        if not possible:
            break
        try:
            memory.step(case, *chance.choice(possible))
        except Stuck as stuck:
            seen.append((stuck.reason, stuck.element))
        seen.append((memory.names(), sorted(case.tokens), values.dumps(case.data)))
    assert case.completed or case.incident or moves(case) or case.live.waits["conditional"]
    return [*seen, case.completed, [(e.kind, e.element_id, e.token_id) for e in case.history]]


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_a_flow_goes_the_same_way_rebuilt_before_each_step(path: Path, seed: int):
    assert walk(path, seed, cold=False) == walk(path, seed, cold=True)
