"""Values are typed by their kind, checked, and the history keeps old and new."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app import errors
from app.db import db
from app.engine import run
from app.engine.models import Event
from app.monitor import typed
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user

VALUES = {
    "name": "恒远", "count": 3, "price": Decimal("12.50"), "rate": Decimal("0.065"),
    "day": dt.date(2026, 3, 10), "at": dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC),
    "urgent": True, "lines": [{"qty": Decimal("2.00")}], "empty": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [("name", "text"), ("count", "number"), ("price", "money"), ("rate", "number"), ("day", "date"),
     ("at", "moment"), ("urgent", "boolean"), ("lines", "json"), ("empty", "nothing")],
)  # fmt: skip
def test_a_value_is_shown_by_its_kind_and_reads_back_as_itself(app, name, kind):
    with app.test_request_context():
        assert typed.kind_of(VALUES[name]) == kind
        assert typed.parse(kind, typed.text_of(VALUES[name])) == VALUES[name]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("number", "three"), ("number", "NaN"), ("number", "1e999"), ("money", "1.234"),
     ("money", "Infinity"), ("date", "2026-02-30"), ("moment", "soon"), ("boolean", "maybe"),
     ("json", "{"), ("json", "3"), ("json", "[" * 2000), ("nothing", "x"), ("code", "1")],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(app, kind, text):
    with app.test_request_context(), pytest.raises(errors.Invalid):
        typed.parse(kind, text)


def test_a_text_that_is_too_long_is_refused(app):
    with app.test_request_context(), pytest.raises(errors.Invalid):
        typed.parse("text", "x" * (typed.LARGEST + 1))


@pytest.fixture
def case(app):
    desk.publish(process(start(), user("a"), end(), flows("s a", "a e")))
    return desk.begin(**VALUES)


def change(as_user, case, **fields):
    data = {"verb": "change", "reason": "录错了", "revision": case.revision, **fields}
    return as_user("zhouning").post(f"/monitor/cases/{case.id}", data=data)


def test_only_what_was_changed_is_written_and_the_history_keeps_both(case, as_user):
    answer = change(
        as_user, case,
        **{"kind:price": "money", "value:price": "13.00", "kind:count": "number", "value:count": "3",
           "kind:urgent": "boolean", "value:urgent": "false"},
    )  # fmt: skip
    assert answer.status_code == 302
    found = run.variables(case.id)
    assert (found["price"], found["urgent"]) == (Decimal("13.00"), False)
    told = db.session.scalars(sa.select(Event).where(Event.kind == "changed")).one()
    assert told.by == "zhouning"
    assert {one["name"]: (one["old"], one["new"]) for one in told.data["changes"]} == {
        "price": (Decimal("12.50"), Decimal("13.00")),
        "urgent": (True, False),
    }


def test_a_variable_can_change_its_kind(case, as_user):
    change(as_user, case, **{"kind:empty": "date", "value:empty": "2026-04-01"})
    assert run.variables(case.id)["empty"] == dt.date(2026, 4, 1)
    db.session.refresh(case)
    change(as_user, case, **{"kind:name": "nothing", "value:name": ""})
    assert run.variables(case.id)["name"] is None


def test_nothing_changed_is_said(case, as_user):
    answer = change(as_user, case, **{"kind:count": "number", "value:count": "3"})
    assert answer.status_code == 422
    assert "没有改动" in answer.text


def test_a_case_that_has_gone_on_since_is_not_overwritten(case, as_user):
    before = case.revision
    run.set_variables(case.id, {"count": 4}, by="lina")
    db.session.commit()
    answer = change(as_user, case, revision=before, **{"kind:count": "number", "value:count": "5"})
    assert answer.status_code == 409
    assert run.variables(case.id)["count"] == 4


def test_private_values_are_not_written_to_the_history(case, as_user):
    change(as_user, case, new_name="birthday", new_kind="date", new_value="1980-01-01")
    told = db.session.scalars(sa.select(Event).where(Event.kind == "changed")).one()
    assert told.data["changes"][0]["new"] == "***"


@pytest.mark.parametrize("name", ["1st", "a b", "count", "x" * 101])
def test_a_new_variable_needs_a_name_of_its_own(case, as_user, name):
    answer = change(as_user, case, new_name=name, new_kind="text", new_value="x")
    assert answer.status_code == 422


def test_the_page_says_the_values_in_words_and_the_editor_what_is_stored(case, as_user):
    page = as_user("zhouning").get(f"/monitor/cases/{case.id}").text
    shown = "".join(re.findall(r'class="val">(.*?)</span>', page, re.DOTALL))
    assert "$dec" not in shown and "Decimal" not in page and "qty：2.00" in shown
    assert "2026-03-10 09:00:00" in shown and "12.50" in shown
    assert "&#34;$dec&#34;: &#34;2.00&#34;" in page  # in the editor of the list
