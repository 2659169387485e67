"""Every behaviour of the core is tested twice: live in memory, and rebuilt from its rows before
each step.
"""

import pytest

from tests.engine.memory import Platform


@pytest.fixture(params=["warm", "cold"])
def memory(request: pytest.FixtureRequest) -> Platform:
    """The in-memory platform, empty."""
    return Platform(cold=request.param == "cold")
