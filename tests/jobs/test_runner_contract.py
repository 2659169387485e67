"""What every runner promises, held against two real worker processes of each.

Celery needs Redis: without it its part fails where CI=true, and is said to be left out elsewhere.
Its part over RabbitMQ belongs to `make test-rabbitmq`: it is there when TEST_RABBITMQ names one.
"""

import datetime as dt
import itertools
import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app import clock
from app.db import db
from app.engine import deploy, run
from app.engine.models import Incident, Instance
from app.jobs import queue, registry
from app.jobs.models import Job
from tests import database as databases
from tests import redis, servers
from tests.database import Database
from tests.engine.draw import after, boundary, end, flows, process, service, start, timer, user
from tests.jobs.house import LOCK, House
from tests.postgres import NotInstalled

RETRIES = "<camunda:failedJobRetryTimeCycle>R3/PT1S</camunda:failedJobRetryTimeCycle>"
ASIDE = process(
    start(),
    service("before", "kinds.book", camunda_asyncBefore="true"),
    service("after", "kinds.book", camunda_asyncAfter="true"),
    service("last", "kinds.book"),
    end(),
    flows("s before", "before after", "after last", "last e"),
    id="aside",
)
REFUSED = process(
    start(),
    service("refused", "kinds.refuse", f"<extensionElements>{RETRIES}</extensionElements>",
            camunda_asyncBefore="true"),
    end(),
    flows("s refused", "refused e"),
    id="refuses",
)  # fmt: skip
LATE = process(
    start(), user("wait"), boundary("clock", "wait", after("PT1S")),
    service("reminder", "kinds.book"), end(),
    flows("s wait", "wait e", "clock reminder", "reminder e"),
    id="late",
)  # fmt: skip
EVERY = process(
    start("s", timer("timeCycle", "R3/PT1S")), service("hourly", "kinds.book"), end(),
    flows("s hourly", "hourly e"),
    id="every",
)  # fmt: skip


RABBITMQ = os.environ.get("TEST_RABBITMQ")
RUNNERS = ["inline", "local", "celery", *(["rabbitmq"] if RABBITMQ else [])]


@pytest.fixture(scope="module", params=RUNNERS)
def house(
    request: pytest.FixtureRequest, template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Two workers over one database."""
    given = {"job_runner": request.param}
    if request.param == "celery":
        given["broker_url"] = request.getfixturevalue("broker")
    if request.param == "rabbitmq":
        given = {"job_runner": "celery", "broker_url": RABBITMQ}
    with databases.copied(template, tmp_path_factory.mktemp(request.param)) as database:
        house = House(database.folder, database.settings | given)
        with house.data():
            deploy.deploy([ASIDE, REFUSED, LATE], by="zhouning", lenient=True)
            db.session.commit()
        try:
            house.open()
            yield house
        finally:
            house.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A Redis of its own: workers of other houses must not take this one's messages."""
    try:
        with redis.server() as running:
            yield running.url
    except NotInstalled as missing:
        servers.lack(missing)


def begin(house: House, process_id: str) -> int:
    with house.data():
        case = run.start(process_id, {}, by=None).id
        db.session.commit()
        return case


def state(house: House, case: int) -> str:
    with house.data():
        return db.session.scalar(sa.select(Instance.state).where(Instance.id == case))


def test_two_workers_do_each_of_many_jobs_once(house: House):
    names: list[str] = []
    took_part: set[int] = set()
    while len(took_part) < 2:  # on a busy machine one may have done all before the other looked
        assert len(names) < 400, "only one worker takes part"
        more = [f"once {n}" for n in range(len(names), len(names) + 40)]
        names += more
        for name in more:
            house.ask("proof.once", name=name)
        count = len(names)
        house.wait(lambda count=count: len(house.done("once %")) >= count)
        house.wait(lambda: not house.jobs("proof.once"))
        begun = [house.begun(name) for name in more]
        assert {len(times) for times in begun} == {1}, "no job was begun by both"
        took_part |= {times[0][0] for times in begun}
    assert sorted(house.done("once %")) == sorted(names)


def test_the_job_of_a_killed_worker_is_taken_over_and_its_effect_is_there_once(house: House):
    house.ask("proof.dies", name="dies")
    house.wait(lambda: house.done("dies"))
    house.wait(lambda: not house.jobs("proof.dies"))
    (first, _began), (second, _again) = house.begun("dies")
    assert first != second and house.done("dies") == ["dies"]
    house.open()


def test_the_job_of_a_machine_that_vanished_is_taken_over_when_its_lock_is_over(house: House):
    name = f"vanished-machine:7:1@{'0' * 8}.1"
    with house.data():
        queue.enqueue("proof.once", {"name": "vanished"}, subject="vanished")
        locked = {"locked_by": name, "locked_until": clock.real_now() + dt.timedelta(hours=1)}
        db.session.execute(sa.update(Job).where(Job.subject == "vanished").values(locked))
        db.session.commit()
        since = time.time()
    house.wait(lambda: house.done("vanished"))
    house.wait(lambda: not house.jobs("proof.once"))
    ((_process, at),) = house.begun("vanished")
    assert at - since >= LOCK * 0.9, "not before the length of a lock was over"


def test_a_clock_that_jumps_ahead_does_not_begin_a_running_job_again(house: House):
    house.ask("proof.until", name="under way", file="enough")
    ((busy, _at),) = house.wait(lambda: house.begun("under way"))
    house.ask("proof.ahead", name="ahead", hours=1)
    ((other, _at),) = house.wait(lambda: house.begun("ahead"))
    assert other != busy
    until = time.monotonic() + 2 * LOCK
    while time.monotonic() < until:  # the one whose clock was set looks for work all the time
        name = f"meanwhile {time.monotonic()}"
        house.ask("proof.once", name=name)
        house.wait(lambda name=name: house.done(name))
        assert {process for process, _at in house.begun(name)} == {other}
    (house.folder / "enough").touch()
    house.wait(lambda: house.done("under way"))
    house.wait(lambda: not house.jobs("proof.until"))
    assert len(house.begun("under way")) == 1 and house.done("under way") == ["under way"]
    house.reopen()


def test_a_job_that_takes_longer_than_its_lock_is_begun_once(house: House):
    house.ask("proof.long", name="long", seconds=2.5 * LOCK)
    house.wait(lambda: house.begun("long"))
    house.wait(lambda: house.done("long"))
    house.wait(lambda: not house.jobs("proof.long"))
    assert len(house.begun("long")) == 1 and house.done("long") == ["long"]


def test_a_case_goes_on_behind_async_before_and_async_after(house: House):
    case = begin(house, "aside")
    house.wait(lambda: state(house, case) == "ended")
    for element in ("before", "after", "last"):
        assert house.done(f"{element} {case}") == [f"{element} {case}"]


def test_a_timer_fires_once_for_all_workers(house: House):
    case = begin(house, "late")
    house.wait(lambda: state(house, case) == "ended")
    assert house.done(f"reminder {case}") == [f"reminder {case}"]


def test_retries_come_as_the_model_says_and_end_in_an_incident(house: House):
    case = begin(house, "refuses")

    def incident() -> Incident | None:
        with house.data():
            return db.session.scalar(sa.select(Incident).where(Incident.instance_id == case))

    found = house.wait(incident)
    times = [at for _process, at in house.begun(f"refused {case}")]
    assert len(times) == 3 and house.done("refused %") == []
    assert all(later - sooner >= 0.9 for sooner, later in itertools.pairwise(times))
    assert (found.element_id, found.message) == ("refused", "the other system is away")
    assert (found.attempts, found.state) == (3, "open")
    assert [job["state"] for job in house.jobs("engine.resume")] == ["failed"]


def test_timed_starts_do_not_multiply_with_two_workers(house: House):
    with house.data():
        deploy.deploy([EVERY], by="zhouning", lenient=True)
        db.session.commit()
    house.wait(lambda: len(house.done("hourly %")) >= 3)
    house.wait(lambda: not house.jobs("engine.timer"))
    counted = Counter(house.done("hourly %"))
    assert len(counted) == 3 and set(counted.values()) == {1}


def test_chores_do_not_multiply_with_two_workers(house: House):
    (row,) = house.jobs("proof.often")
    first, last = (house.begun("often")[place][1] for place in (0, -1))
    assert row["key"] == "every:proof.often"
    assert len(house.begun("often")) <= last - first + 2, "every second, not twice a second"


def test_a_kind_that_nobody_knows_is_parked(house: House):
    with house.data():
        registry.kinds["proof.future"] = registry.kinds["proof.once"]
        try:
            queue.enqueue("proof.future", {"name": "future"})
        finally:
            del registry.kinds["proof.future"]
        db.session.commit()
    house.wait(lambda: house.jobs("proof.future")[0]["state"] == "parked")
    (row,) = house.jobs("proof.future")
    assert (row["attempts"], row["locked_by"]) == (0, None)
    assert "proof.future" in row["last_error"]
    house.ask("proof.once", name="behind the parked one")
    house.wait(lambda: house.done("behind%"))
