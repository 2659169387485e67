"""An administrator moves a case to another step: sees what may be chosen, tries, then does it."""

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.models import Event, Token, UserTask
from tests.engine import desk
from tests.engine.draw import (
    HEAD,
    after,
    boundary,
    catch,
    end,
    flows,
    message,
    process,
    start,
    user,
)

FLOW = process(
    start(), user("a"), catch("wait", message("m")), user("b"), end(),
    boundary("late", "a", after("PT1H")), flows("s a", "a wait", "wait b", "b e", "late b"),
    head=HEAD,
)  # fmt: skip


@pytest.fixture
def case(app):
    desk.publish(FLOW)
    return desk.begin()


def form(case, target: str, **more):
    token = db.session.scalar(sa.select(Token.token_id).where(Token.element_id == "a"))
    return {"token": token, "target": target, "reason": "客户改了主意", **more}


def test_the_page_offers_the_steps_and_says_why_others_are_not(case, as_user):
    page = as_user("zhouning").get(f"/monitor/cases/{case.id}/move").text
    for element in ("s", "a", "wait", "b", "e"):
        assert f'<option value="{element}"' in page
    assert '<option value="late"' not in page
    assert "边界事件只能由它所在的步骤引出" in page


def test_a_dry_run_shows_tasks_timers_and_waits_and_changes_nothing(case, as_user):
    admin = as_user("zhouning")
    page = admin.post(f"/monitor/cases/{case.id}/move/try", data=form(case, "b")).text
    for words in ("可行", "关闭任务：a", "下一步：b", "取消 1 个定时"):
        assert words in page, words
    assert desk.names() == ["a"]
    page = admin.post(f"/monitor/cases/{case.id}/move/try", data=form(case, "e")).text
    assert "实例结束" in page
    assert "这一支到此为止" in page


def test_the_move_is_done_and_told(case, as_user):
    admin = as_user("zhouning")
    answer = admin.post(f"/monitor/cases/{case.id}/move", data=form(case, "b"))
    assert answer.status_code == 302
    assert desk.names() == ["b"]
    assert db.session.scalar(sa.select(Event.by).where(Event.kind == "moved")) == "zhouning"
    page = admin.get(f"/monitor/cases/{case.id}").text
    assert "客户改了主意" in page
    assert "客户改了主意" in admin.get("/monitor/log").text
    assert "客户改了主意" in as_user("zhangwei").get(f"/instances/{case.id}").text


@pytest.mark.parametrize(
    ("target", "more", "status"),
    [("b", {"reason": " "}, 422), ("", {}, 422), ("late", {}, 409), ("nowhere", {}, 409),
     ("b", {"token": "99"}, 409)],
)  # fmt: skip
def test_what_makes_no_sense_moves_nothing(case, as_user, target, more, status):
    url = f"/monitor/cases/{case.id}/move"
    assert as_user("zhouning").post(url, data=form(case, target, **more)).status_code == status
    assert db.session.scalar(sa.select(UserTask.state)) == "open"


def test_a_case_that_has_ended_offers_nothing(case, as_user):
    admin = as_user("zhouning")
    admin.post(f"/monitor/cases/{case.id}", data={"verb": "cancel", "reason": "x"})
    assert "没有可以移动的步骤" in admin.get(f"/monitor/cases/{case.id}/move").text
