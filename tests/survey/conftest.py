"""The company with all its flows published, as for the flow tests."""

from collections.abc import Iterator

import pytest

from app.survey import pace
from tests.flows.conftest import app, published, stage  # noqa: F401


@pytest.fixture(autouse=True)
def calm() -> Iterator[None]:
    """Nobody has asked too often yet."""
    pace.forget()
    yield
    pace.forget()
