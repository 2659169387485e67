"""The board of opportunities: moving a card does the step of its case, with all its rules."""

import datetime as dt
import re

import pytest

from app.db import db
from app.engine import drafts
from app.records import write
from tests.flows import opportunities as chances
from tests.flows.stage import Stage

JSON = {"Accept": "application/json"}


def press(page, task: int, to: str | None = None, **fields: str):
    given = {"outcome": "advance", **fields}
    if to:
        given["follow.to_stage"] = to
    return page.post(f"/tasks/{task}/press", data=given, headers=JSON)


@pytest.fixture
def case(stage: Stage) -> int:
    """张伟 pursues an opportunity."""
    return chances.pursued(stage)


def task(stage: Stage, case: int) -> int:
    return stage.task("follow_up", case).id


def stage_of(stage: Stage, case: int) -> str:
    db.session.expire_all()
    return chances.found(stage, case).stage


def column(text: str, name: str) -> str:
    """What stands in one column."""
    return re.split(r'data-stage="', text)[1:][
        ["初步接触", "需求确认", "方案报价", "商务谈判", "签约"].index(name)
    ]


def test_a_card_moves_on_when_the_gate_lets_it(stage: Stage, case: int, as_user):
    chances.act(stage, case)
    answer = press(as_user("zhangwei"), task(stage, case))
    assert answer.json["result"] == "done"
    assert stage_of(stage, case) == "需求确认"
    assert "stage_gate" in stage.path(case)


def test_a_card_comes_back_with_the_reason_of_the_rule(stage: Stage, case: int, as_user):
    answer = press(as_user("zhangwei"), task(stage, case))
    assert answer.json["result"] == "refused"
    assert "缺少" in answer.json["text"]
    assert answer.json["url"] == f"/tasks/{task(stage, case)}"
    assert stage_of(stage, case) == "初步接触"


def test_two_stages_at_once_are_refused(stage: Stage, case: int):
    chances.act(stage, case)
    stage.complete(stage.task("follow_up", case), "zhangwei",
                   {"outcome": "advance", "follow": {"to_stage": "方案报价"}})  # fmt: skip
    assert "一次只能升一个阶段" in stage.seen(stage.task("follow_up", case))["problems"]
    assert stage_of(stage, case) == "初步接触"


def test_going_back_opens_the_form_for_the_reason(stage: Stage, case: int, as_user):
    chances.act(stage, case)
    press(as_user("zhangwei"), task(stage, case))
    page, here = as_user("zhangwei"), task(stage, case)
    answer = press(page, here, "初步接触")
    assert (answer.json["result"], answer.json["url"]) == ("form", f"/tasks/{here}")
    assert stage_of(stage, case) == "需求确认"
    kept = dict(drafts.find(here, "zhangwei").data)
    assert kept["follow.to_stage"] == "初步接触"
    assert "还要填写" in page.get(f"/tasks/{here}").text
    done = press(page, here, "初步接触", **{"follow.back_reason": "客户换了负责人"})
    assert done.json["result"] == "done"
    assert stage_of(stage, case) == "初步接触"


def test_what_was_typed_in_the_task_goes_with_the_move(stage: Stage, case: int, as_user):
    chances.act(stage, case)
    page, here = as_user("zhangwei"), task(stage, case)
    page.post(f"/tasks/{here}/draft", data={"follow.need_doc": "十台主轴，五月到货"})
    assert press(page, here).json["result"] == "done"
    assert chances.found(stage, case).need_doc == "十台主轴，五月到货"


def test_a_card_that_was_moved_meanwhile_stays(stage: Stage, case: int, as_user):
    here = task(stage, case)
    chances.act(stage, case)
    assert press(as_user("zhangwei"), here).status_code == 409
    assert stage_of(stage, case) == "初步接触"


@pytest.mark.parametrize(("who", "status"), [("baijie", 404), ("lina", 404), ("wangqiang", 403)])
def test_nobody_else_moves_it(stage: Stage, case: int, as_user, who: str, status: int):
    chances.act(stage, case)
    assert press(as_user(who), task(stage, case)).status_code == status
    assert stage_of(stage, case) == "初步接触"


def test_without_a_script_the_menu_leads_back_to_the_board(stage: Stage, case: int, as_user):
    chances.act(stage, case)
    given = {"outcome": "advance", "next": "/records/board?whose=mine"}
    answer = as_user("zhangwei").post(f"/tasks/{task(stage, case)}/press", data=given)
    assert (answer.status_code, answer.location) == (303, "/records/board?whose=mine")
    given["next"] = "https://elsewhere.example/records/"
    answer = as_user("zhangwei").post(f"/tasks/{task(stage, case)}/press", data=given)
    assert answer.location == "/inbox"


def test_the_board_shows_cards_sums_and_days(stage: Stage, case: int, as_user):
    stage.wait(days=3)
    text = as_user("zhangwei").get("/records/board").text
    card = column(text, "初步接触")
    assert "恒远主轴更新" in card and "上海恒远机械有限公司" in card
    assert "114,000.00" in card and "本阶段 3 天" in card
    assert f"/tasks/{task(stage, case)}/press" in card
    assert "升到“需求确认”" in card and "升到“方案报价”" not in card


def test_a_superior_sees_it_but_has_no_way_to_move_it(stage: Stage, case: int, as_user):
    text = as_user("wangqiang").get("/records/board").text
    assert "恒远主轴更新" in text and "/press" not in text
    assert "由张伟跟进" in text


def test_an_outsider_has_no_board(stage: Stage, case: int, as_user):
    for address in ("/records/board", "/records/board/columns"):
        assert as_user("baijie").get(address).status_code == 404


def test_filters_narrow_cards_and_sums(stage: Stage, case: int, as_user):
    page = as_user("wangqiang")
    assert "恒远主轴更新" not in page.get("/records/board?whose=mine").text
    assert "恒远主轴更新" in page.get("/records/board?whose=department").text
    assert "恒远主轴更新" not in page.get("/records/board?closes=month").text
    row = chances.found(stage, case)
    write.change(row, {"close_date": dt.date(2026, 3, 31)}, by="zhangwei")
    db.session.commit()
    for closes in ("month", "quarter", "nonsense"):
        assert "恒远主轴更新" in page.get(f"/records/board?closes={closes}").text
    assert "这样筛选没有机会" in page.get("/records/board?closes=overdue").text
