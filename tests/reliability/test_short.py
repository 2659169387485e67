"""The experiments of this folder in short, on the database that the tests run on. `make reliability`
runs them as long as they are meant to be."""

import os

import pytest

from tests import servers
from tests.reliability import full, jump, kill, outage, race, release, retire
from tests.reliability.judge import Verdict

pytestmark = pytest.mark.database
DATABASE = "postgres" if os.environ.get("TEST_POSTGRES") else "sqlite"


def breaches(verdict: Verdict) -> str:
    """What was not kept, with the figures; empty when everything was."""
    return "\n".join([*verdict.breaches, str(verdict.figures)]) if verdict.breaches else ""


def test_nothing_acknowledged_is_lost_when_everything_is_killed():
    assert not breaches(kill.run(DATABASE, 6, between=(2.0, 4.0), completions=8, pause=0.3))


def test_of_two_at_once_one_wins_and_joins_fire_once():
    assert not breaches(race.run(DATABASE, 24))


def test_a_database_that_goes_away_costs_nothing_but_a_moment():
    assert not breaches(outage.run(DATABASE, 6.0, between=(1.0, 2.0), locked=3.0, completions=6))


def test_a_full_disk_refuses_in_clear_words_and_damages_nothing():
    try:
        assert not breaches(full.run(DATABASE, 6, seconds=2.0))
    except full.CannotMount as missing:
        servers.lack(missing)


def test_timers_keep_their_durations_when_the_clock_is_set():
    try:
        assert not breaches(jump.run(DATABASE, 40, spread=10.0, soonest=8.0))
    except jump.NotInstalled as missing:
        servers.lack(missing)


def test_new_versions_come_while_cases_run():
    assert not breaches(release.run(DATABASE, 6.0, every=1.0))


def test_old_cases_are_archived_once_though_everything_is_killed():
    assert not breaches(retire.run(DATABASE, 40, between=(0.5, 1.5)))
