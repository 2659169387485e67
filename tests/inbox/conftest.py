"""Every test of the inbox has the small quote flow."""

import pytest

from tests.inbox import quotes


@pytest.fixture
def task(app):
    """One approval that waits for 王强."""
    quotes.publish()
    return quotes.begin()
