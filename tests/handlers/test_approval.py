"""Approvals: who decides at a level, what several decisions come to."""

import pytest

from app.accounts import people
from app.engine.handlers import Step
from handlers import approval


def level(role: str, last: bool = True) -> dict[str, object]:
    return {"role": role, "number": 1, "last": last}


def who(step: Step, role: str, submitter: str) -> object:
    return approval.resolve_level(step, level=level(role), submitter=submitter)["approver"]["user"]


@pytest.mark.parametrize(
    ("role", "expected"),
    [("sales_manager", "wangqiang"), ("sales_director", "zhaomin"), ("superior", "wangqiang"),
     ("dept_manager", "wangqiang"), ("division_director", "zhaomin"), ("legal", "tanming")],
)  # fmt: skip
def test_a_role_is_looked_for_near_the_submitter_first(step: Step, role: str, expected: str):
    assert who(step, role, "zhangwei") == expected


def test_a_role_that_nobody_holds_goes_to_the_superior(step: Step):
    assert people.holders("promotion_staff") == []
    assert who(step, "promotion_staff", "zhangwei") == "wangqiang"


def test_several_holders_decide_together_as_candidates(step: Step):
    found = approval.resolve_level(step, level=level("service_engineer"), submitter="caomin")
    assert found["approver"]["users"] == ["dingjian", "fanglei", "liqiang"]


def test_the_matrix_rows_become_levels_without_doubles(step: Step):
    rows = [{"roles": ["a", "b"], "mode": "依次"}, {"roles": ["b", "c"], "mode": "依次"}]
    made = approval.use_matrix(step, matrix=rows)
    assert [one["role"] for one in made["levels"]] == ["a", "b", "c"]
    assert [one["last"] for one in made["levels"]] == [False, False, True]


@pytest.mark.parametrize(
    ("mode", "given", "total", "needed", "expected"),
    [
        ("依次", ["approve"], 2, None, ("approve", False)),
        ("依次", ["approve", "return"], 3, None, ("return", True)),
        ("会签", ["approve", "approve"], 2, None, ("approve", True)),
        ("会签", ["reject"], 3, None, ("reject", True)),
        ("或签", ["reject", "approve"], 3, None, ("approve", True)),
        ("或签", ["reject", "return"], 2, None, ("return", True)),
        ("会签", ["reject", "approve"], 3, 2, ("reject", False)),
        ("会签", ["reject", "approve", "approve"], 3, 2, ("approve", True)),
    ],
)
def test_what_the_decisions_come_to(mode, given, total, needed, expected):
    made = [{"decision": one} for one in given]
    assert approval._standing(made, mode, total, needed) == expected
