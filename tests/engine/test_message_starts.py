"""A message starts one process: a second one is refused while the first is in force."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app import errors
from app.db import db
from app.engine import repair, run
from app.engine.models import Definition, Instance
from tests.engine import desk
from tests.engine.draw import flows, message, process, start, user

HEAD = '<message id="m" name="paid"/>'
BOTH = start("s", message("m")), user("begun"), flows("s begun")
ONE = process(*BOTH, id="one", head=HEAD)
CHANGED = process(start("s", message("m")), user("more"), flows("s more"), id="one", head=HEAD)
SILENT = process(start(), user("begun"), flows("s begun"), id="one")
TWO = process(*BOTH, id="two", head=HEAD)


def newest(process_id: str) -> Definition:
    query = sa.select(Definition).where(Definition.process_id == process_id, Definition.is_newest)
    return db.session.scalars(query).one()


def suspend(process_id: str, value: bool = True) -> None:
    repair.set_suspended(newest(process_id).id, value)
    db.session.commit()


def started() -> str:
    """The process that the message starts."""
    case = run.correlate("paid", None, {})
    db.session.commit()
    return db.session.get_one(Instance, case).process_id


def test_a_second_process_is_refused_with_the_name_of_the_first(app: Flask):
    desk.publish(ONE)
    with pytest.raises(errors.Refused) as refused:
        desk.publish(TWO)
    (found,) = [one for one in refused.value.findings if one.code == "start.twice"]
    assert (found.file, found.element) == (TWO[0], "s")
    assert found.line and "(one)" in found.message and "paid" in found.message and found.remedy
    db.session.rollback()
    assert started() == "one"


def test_a_new_version_may_start_by_the_message_of_the_old_one(app: Flask):
    desk.publish(ONE)
    desk.publish(CHANGED)
    assert newest("one").version == 2 and started() == "one"


def test_a_message_moves_from_one_process_to_another(app: Flask):
    desk.publish(ONE)
    desk.publish(SILENT, TWO)
    assert started() == "two"


def test_a_disabled_process_makes_room_and_comes_back_only_after_the_other_has_gone(app: Flask):
    desk.publish(ONE)
    suspend("one")
    with pytest.raises(errors.Conflict, match="已停用"):
        run.correlate("paid", None, {})
    db.session.rollback()
    desk.publish(TWO)
    assert started() == "two"
    with pytest.raises(errors.Conflict, match=r"paid.*\(two\)"):
        suspend("one", False)
    db.session.rollback()
    with pytest.raises(errors.Refused):
        desk.publish(CHANGED)
    db.session.rollback()
    suspend("two")
    suspend("one", False)
    assert started() == "one"
