"""History tells what changed, without personal data and without growing with big values."""

import sqlalchemy as sa

from app.db import db
from app.engine import deploy, history, run
from app.engine.models import Event
from tests.check.drawings import file, line

REVIEW = '<userTask id="review" camunda:formRef="f" camunda:assignee="zhangwei"/>'


def told(**variables):
    deploy.deploy([("p.bpmn", file(line(REVIEW)))], by="zhouning", lenient=True)
    case = run.start("p", variables, by="zhangwei")
    db.session.commit()
    events = db.session.scalars(sa.select(Event).where(Event.kind == "variable"))
    return {event.data["name"]: event.data["value"] for event in events}, case


def test_birthdays_and_hobbies_are_never_written_to_history(app):
    contacts = [{"name": "王海", "birthday": "1980-03-12", "hobby": "帆船", "mobile": None}]
    values, case = told(contacts=contacts, birthday="1980-03-12")
    assert values["contacts"] == [
        {"name": "王海", "birthday": history.MASK, "hobby": history.MASK, "mobile": None}
    ]
    assert values["birthday"] == history.MASK
    assert run.variables(case.id)["contacts"] == contacts


def test_a_big_value_is_written_by_its_size(app):
    values, _case = told(text="长" * 10_000)
    assert values["text"] == {"size": 10_002}
