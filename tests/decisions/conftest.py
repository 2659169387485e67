"""Every test of a table asks the table that process owners own, not a copy."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.feel import dmn

FOLDER = Path(__file__).resolve().parents[2] / "processes" / "decisions"


@cache
def table(name: str) -> dmn.Decision:
    path = FOLDER / f"{name}.dmn"
    return dmn.load(path.read_bytes(), path.name).decisions[name]


@pytest.fixture
def decide() -> Callable[..., Any]:
    """decide("dup_verdict", tax_equal=True, …): columns that are not named are null."""

    def evaluate(name: str, /, **values: Any) -> Any:
        decision = table(name)
        assert set(values) <= set(decision.requires), "the table has no such input"
        return decision.evaluate(dict.fromkeys(decision.requires) | values)

    return evaluate
