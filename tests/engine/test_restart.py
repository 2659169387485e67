"""Killing the server between any two clicks loses nothing; two people never both win."""

import threading

from flask import Flask

from app.db import db
from app.engine import memory, run
from app.engine.models import Instance
from app.engine.run import TaskGone
from tests import database as databases
from tests.database import Database
from tests.engine import desk
from tests.engine.draw import boundary, end, escalation, flows, node, process, start, sub, user

FLOW = process(
    start(),
    node("parallelGateway", "both"),
    user("a"),
    sub("inside", start("s2"), user("b"), end("e2"), flows("s2 b", "b e2")),
    node("parallelGateway", "join"),
    user("c"),
    end(),
    boundary("b1", "inside", escalation()),
    flows("s both", "both a", "both inside", "a join", "inside join", "join c", "c e"),
)


def test_a_new_process_of_the_server_goes_on_where_the_old_one_stopped(
    app: Flask, database: Database
):
    desk.publish(FLOW)
    case_id = desk.begin(n=1).id
    db.session.remove()
    for name in ("b", "a", "c"):
        with databases.opened(database):
            desk.complete(name, by="lina", **{f"by_{name}": True})
    assert db.session.get_one(Instance, case_id).state == "ended"
    assert {"by_a", "by_b", "by_c"} <= set(run.variables(case_id))


def test_memory_holds_no_more_cases_than_it_may(app: Flask):
    desk.publish(FLOW)
    memory.here().cases.limit = 3
    for _n in range(5):
        desk.begin()
    assert len(memory.here().cases) == 3
    for _n in range(5):
        desk.complete("a")
    assert desk.names().count("a") == 0


def test_a_case_in_memory_of_an_older_revision_is_not_used(app: Flask):
    desk.publish(FLOW)
    case = desk.begin()
    live = memory.here().cases.take(case.id, case.revision)
    desk.complete("a")
    kept = memory.here().cases
    kept.put(case.id, 1, live)
    assert kept.take(case.id, 2) is not live
    desk.complete("b")
    assert desk.names(case) == ["c"]


def test_of_two_people_at_once_one_wins_and_the_other_is_told(app: Flask):
    desk.publish(FLOW)
    desk.begin()
    task_id = desk.task("a").id
    db.session.remove()
    results: list[str] = []
    barrier = threading.Barrier(4)

    def finish(who: str) -> None:
        with app.app_context():
            barrier.wait()
            try:
                run.complete(task_id, {"who": who}, by=who)
                db.session.commit()
                results.append("won")
            except TaskGone:
                db.session.rollback()
                results.append("told")
            finally:
                db.session.remove()

    people = ("lina", "zhangwei", "wangqiang", "zhaomin")
    threads = [threading.Thread(target=finish, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["told", "told", "told", "won"]


def test_two_branches_that_arrive_at_once_join_once(app: Flask):
    desk.publish(FLOW)
    case_id = desk.begin().id
    ids = [desk.task("a").id, desk.task("b").id]
    db.session.remove()
    barrier = threading.Barrier(2)

    def finish(task_id: int) -> None:
        with app.app_context():
            barrier.wait()
            run.complete(task_id, {}, by="lina")
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=finish, args=(id,)) for id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.names(db.session.get_one(Instance, case_id)) == ["c"]
