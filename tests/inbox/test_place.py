"""Where a case stands in its own drawing, whichever process its tasks belong to."""

import json
import re
from html import unescape

import pytest

from app.db import db
from app.engine.models import Instance
from app.inbox import story
from tests.flows import opportunities
from tests.flows.conftest import app, published, stage  # noqa: F401 - the company and its stage


@pytest.fixture
def approval(stage):  # noqa: F811 - the fixture
    """张伟 follows an opportunity up and has asked 王强 to approve its quotation."""
    case = opportunities.pursued(stage)
    stage.do("follow_up", "zhangwei", "quote", case=case)
    stage.do("edit_quote", "zhangwei", "submit", case=case,
             quote_lines=[{"_row": 0, "price": 10000}])  # fmt: skip
    return stage.task("approve", case)


def test_a_task_of_a_called_process_stands_at_the_step_that_calls_it(approval):
    case = db.session.get_one(Instance, approval.instance_id)
    place = story.place(case, story.open_tasks(case), approval)
    assert place.focus == "make_quote"
    assert {id: who for id, _name, who in place.notes} == {
        "follow_up": "张伟", "make_quote": "王强",
    }  # fmt: skip
    now = {name: ids.split() for ids, name in place.marks}["d-now"]
    assert {"follow_up", "make_quote"} <= set(now)
    assert "approve" not in now and "approve_quote" not in now


def test_the_page_of_a_task_begins_at_that_task(approval, as_user):
    page = as_user("wangqiang").get(f"/tasks/{approval.id}").text
    assert re.search(r'data-focus="([^"]*)"', page).group(1) == "make_quote"
    notes = json.loads(unescape(re.search(r'data-notes="([^"]*)"', page).group(1)))
    assert ["make_quote", "now", "王强"] in notes
