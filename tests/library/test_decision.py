"""A decision table to read: its rows, where it is used, nothing for strangers."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine import deploy

FOLDER = Path(__file__).resolve().parents[2] / "processes" / "decisions"


@pytest.fixture
def published(app):
    names = ("dunning_level.dmn", "price_precedence.dmn")
    deploy.deploy([(name, (FOLDER / name).read_bytes()) for name in names], by="zhouning")
    db.session.commit()


def test_a_table_shows_its_rows(published, as_user):
    text = as_user("zhangwei").get("/processes/decisions/dunning_level").text
    assert "催收等级" in text and "逾期天数" in text
    assert "&gt;60" in text and "停发" in text and "第一行适用的算数" in text


def test_every_table_of_the_company_can_be_read(app, as_user):
    files = sorted(FOLDER.glob("*.dmn"))
    deploy.deploy([(path.name, path.read_bytes()) for path in files], by="zhouning")
    db.session.commit()
    browser = as_user("zhangwei")
    for path in files:
        assert browser.get(f"/processes/decisions/{path.stem}").status_code == 200, path.stem


def test_a_table_that_is_not_published_is_not_found(as_user):
    answer = as_user("zhangwei").get("/processes/decisions/nothing")
    assert answer.status_code == 404 and "nothing" in answer.text


def test_nobody_reads_without_logging_in(client):
    assert client.get("/processes/decisions/dunning_level").status_code == 302


def test_roles_words_and_figures_are_shown_as_people_say_them(app, as_user):
    path = FOLDER / "discount_authority.dmn"
    deploy.deploy([(path.name, path.read_bytes())], by="zhouning")
    db.session.commit()
    text = as_user("zhangwei").get("/processes/decisions/discount_authority").text
    assert "销售经理、销售总监、财务经理、总经理" in text and "≥ 500,000" in text
    assert "sales_manager" not in text and ">true<" not in text


def test_an_area_names_its_tables_in_one_question(app, as_user):
    files = sorted(FOLDER.glob("*.dmn"))
    deploy.deploy([(path.name, path.read_bytes()) for path in files], by="zhouning")
    db.session.commit()
    browser, asked = as_user("zhangwei"), []

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        text = browser.get("/processes/area/051-01").text
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    named = next(file for file in files if file.stem == "dup_verdict").read_text("utf-8")
    assert "决策表 " + re.search('<decision id="dup_verdict" name="([^"]+)"', named)[1] in text
    assert len([one for one in asked if "decision" in one]) == 1
