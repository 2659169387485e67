"""The pages of one task and one case read the rows of that case, however many others there were."""

import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import run
from app.engine.models import Instance, UserTask
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.inbox.test_list import asked_by, explained

FLOW = process(start(), user("a"), user("b"), end(), flows("s a", "a b", "b e"))
LONG = ("user_task", "event", "instance", "token", "timer", "incident", "message_wait", "notice")
# what leads to every row, or to every row in one state, of all cases
ALL = r"SCAN|\((workspace_id=\?( AND state=\?)?)\)|Seq Scan"


@pytest.fixture
def half_done(app) -> tuple[int, int]:
    """A case and its open task; another task of it is done."""
    desk.publish(FLOW)
    case = desk.begin()
    run.complete(desk.tasks(case)[0].id, {}, by="zhangwei")
    db.session.commit()
    return case.id, desk.tasks(case)[0].id


@pytest.mark.parametrize(
    ("login", "page"),
    [("zhangwei", "/tasks/{task}"), ("zhangwei", "/tasks/{task}/peek"), ("zhangwei", "/instances/{case}"),
     ("zhangwei", "/instances/{case}/peek"), ("zhouning", "/monitor/cases/{case}"),
     ("baijie", "/tasks/{task}"), ("baijie", "/instances/{case}")],
)  # fmt: skip
def test_a_page_of_one_case_reads_no_other_case(half_done, as_user, login, page):
    case, task = half_done
    browser = as_user(login)
    browser.get("/settings")
    asked = asked_by(lambda: browser.get(page.format(case=case, task=task)))
    for text, given in asked:
        if not re.search(r"\b(instance_id|token_id) (=|IN)", text):
            continue
        for line in explained(text, given):
            found = re.search(rf"\b({'|'.join(LONG)})\b", line)
            assert not (found and re.search(ALL, line)), (text, line)


def test_tasks_of_a_case_are_found_by_the_case(half_done):
    for state in ("open", "done"):
        query = sa.select(UserTask).where(UserTask.instance_id == 1, UserTask.state == state)
        for ordered in (
            query,
            query.order_by(UserTask.id),
            query.order_by(UserTask.id.desc()).limit(9),
        ):
            ((text, given),) = asked_by(lambda chosen=ordered: list(db.session.scalars(chosen)))
            plan = explained(text, given)
            assert any("instance_id" in line for line in plan), plan
            assert not [line for line in plan if re.search(ALL, line)], plan


def test_no_long_table_has_an_index_that_leads_to_all_of_it(app):
    for table in (Instance, UserTask):
        assert ("workspace_id",) not in {
            tuple(one.columns.keys()) for one in table.__table__.indexes
        }
