"""`failedJobRetryTimeCycle` as people write it."""

import pytest

from app.engine import retries
from app.jobs.registry import RETRIES

MINUTE, HOUR = 60.0, 3600.0


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("R3/PT5M", (5 * MINUTE, 5 * MINUTE)),
        (" R2/PT10M ", (10 * MINUTE,)),
        ("R1/PT5M", ()),
        ("R0/PT5M", ()),
        ("PT1M,PT10M,PT1H", (MINUTE, 10 * MINUTE, HOUR)),
        ("PT1M, P1D", (MINUTE, 24 * HOUR)),
        ("PT0.5S", (0.5,)),
        (None, RETRIES),
        ("", RETRIES),
    ],
)
def test_what_it_says_is_how_long_each_attempt_waits(text: str | None, waits: tuple[float, ...]):
    assert retries.plan(text) == waits


@pytest.mark.parametrize(
    "text", ["soon", "R/PT5M", "R3", "R3/", "P1M", "PT1M,", "-PT5M", "PT0S", "R3/P1Y", "R-1/PT5M"]
)
def test_what_says_no_time_is_no_plan(text: str):
    with pytest.raises(ValueError, match="'"):
        retries.read(text)
    assert retries.plan(text) == RETRIES, "one that was published before goes on"


def test_nobody_tries_for_ever():
    assert len(retries.plan("R1000000/PT1S")) == retries.MOST
    assert len(retries.plan(",".join(["PT1S"] * 1000))) == retries.MOST
