"""An archived case is found and read by those who could see it, and by nobody else."""

import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from app import cli, clock
from app.accounts import people
from app.db import db
from app.engine import archive, files
from app.engine.archived import ArchivedTask
from app.inbox.archive import find
from app.monitor import acts
from tests.conftest import TODAY
from tests.inbox.test_list import asked_by, explained
from tests.operate.old import LATER, SECRET, finish, look, publish


def test_those_who_took_part_read_who_did_what(archived, as_user):
    for login in ("zhangwei", "wangqiang", "zhaomin"):
        page = as_user(login).get(f"/archive/{archived}")
        assert page.status_code == 200, login
        assert "审批报价" in page.text and SECRET in page.text and "已归档" in page.text
        assert "毛利太低" not in page.text, "variables are for administrators"
        assert "<form" not in page.text.split("<main")[1].split("</main>")[0], "read only"
    assert "毛利太低" in as_user("zhouning").get(f"/archive/{archived}").text


def test_the_outsider_sees_nothing(archived, as_user):
    for login in ("baijie", "lina", "machao"):
        browser = as_user(login)
        assert browser.get(f"/archive/{archived}").status_code == 404
        assert browser.get(f"/instances/{archived}").status_code == 404
        assert "没有找到" in browser.get("/archive?q=QT-202603-0001").text
        assert f"/archive/{archived}" not in browser.get("/archive").text


def test_nobody_sees_it_without_logging_in(archived, client):
    assert "/login" in client.get(f"/archive/{archived}").location
    assert "/login" in client.get("/archive").location


@pytest.mark.parametrize("words", ("QT-202603-0001", "QT-2026", "上海恒远", "1", "#1"))
def test_it_is_found_by_key_subject_and_number(case, as_user, words):
    clock.stop_at(LATER)
    look()
    words = words.replace("1", str(case)) if words in ("1", "#1") else words
    assert f"/archive/{case}" in as_user("zhangwei").get("/archive", query_string={"q": words}).text


@pytest.mark.parametrize("words", ("0007", "%", "_T", "QT-202604", "' or 1=1", "9" * 40))
def test_other_words_find_nothing(archived, as_user, words):
    page = as_user("zhangwei").get("/archive", query_string={"q": words})
    assert page.status_code == 200 and f"/archive/{archived}" not in page.text


def test_the_old_address_leads_there(archived, as_user):
    answer = as_user("zhangwei").get(f"/instances/{archived}")
    assert answer.status_code == 302 and answer.location == f"/archive/{archived}"


def test_an_old_link_to_a_task_leads_there_too(archived, as_user):
    task = archive.unpack(archived)["tables"]["user_task"][0]["id"]
    answer = as_user("zhangwei").get(f"/tasks/{task}")
    assert answer.status_code == 302 and answer.location == f"/archive/{archived}"
    assert as_user("baijie").get(f"/tasks/{task}").status_code == 404
    assert as_user("zhangwei").get(f"/tasks/{task + 1000}").status_code == 404


def test_tasks_of_cases_that_were_archived_earlier_are_found_after_an_upgrade(archived):
    before = db.session.execute(sa.select(ArchivedTask.task_id, ArchivedTask.case_id)).all()
    db.session.execute(sa.delete(ArchivedTask))
    revision = ScriptDirectory.from_config(cli.alembic_config()).get_revision("0010")
    revision.module._fill(db.session.connection(), ArchivedTask.__table__)
    after = db.session.execute(sa.select(ArchivedTask.task_id, ArchivedTask.case_id)).all()
    assert before and after == before


def test_long_lists_have_pages(app, as_user, monkeypatch):
    publish()
    numbers = [finish(number) for number in (1, 2, 3)]
    clock.stop_at(LATER)
    look()
    monkeypatch.setattr("app.inbox.archive.PAGE", 2)
    browser = as_user("zhangwei")
    first = browser.get("/archive").text
    assert f"/archive/{numbers[2]}" in first and f"/archive/{numbers[0]}" not in first
    assert f"before={numbers[1]}" in first
    assert f"/archive/{numbers[0]}" in browser.get(f"/archive?before={numbers[1]}").text


def test_a_file_is_still_there_for_those_who_could_have_it(case, app, as_user):
    row = files.keep(
        io.BytesIO(b"%PDF-1.4 contract"), "合同.pdf", folder=Path(app.instance_path) / "uploads",
        limit=10**6, by="zhangwei", at=TODAY, instance_id=case,
    )  # fmt: skip
    number = row.id
    db.session.commit()
    clock.stop_at(LATER)
    look()
    assert "合同.pdf" in as_user("wangqiang").get(f"/archive/{case}").text
    with as_user("wangqiang").get(f"/files/{number}") as answer:
        assert answer.data == b"%PDF-1.4 contract"
    assert as_user("baijie").get(f"/files/{number}").status_code == 404


def test_the_record_s_page_knows_of_its_archive(archived, app):
    from app.registry import cases

    assert cases.has_archived("QT-202603-0001") and not cases.has_archived("QT-202603-0002")


@pytest.mark.parametrize("words", ("", "QT-", "0007", "#1"))
@pytest.mark.parametrize("many", (1, 1000))
def test_a_page_of_the_archive_is_read_in_its_order(archived, monkeypatch, words, many):
    monkeypatch.setattr("app.inbox.archive.MANY", many)
    admin = people.get("zhouning")
    for text, given in asked_by(lambda: find(admin, words)):
        plan = explained(text, given)
        assert not [line for line in plan if line.startswith(("SCAN", "USE TEMP", "Seq Scan"))], (
            plan
        )


@pytest.mark.parametrize("words", ("QT-2026", "上海恒远", "#1"))
def test_what_very_many_begin_with_finds_the_same(archived, monkeypatch, words):
    admin = people.get("zhouning")
    few = [row.id for row in find(admin, words)]
    monkeypatch.setattr("app.inbox.archive.MANY", 1)
    assert [row.id for row in find(admin, words)] == few


def test_the_log_of_administrators_is_read_in_its_order(app):
    asked = asked_by(lambda: acts.log(None, "", "", most=51))
    ((text, given),) = [one for one in asked if "operator_act" in one[0]]
    assert not [line for line in explained(text, given) if "TEMP B-TREE" in line or "Sort" in line]
