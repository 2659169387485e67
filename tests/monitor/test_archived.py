"""Archived cases are found by administrators, by number, process and time, however many there are."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from app.db import db
from app.engine.archived import ArchivedCase, ArchivedContent
from app.engine.models import Definition
from app.monitor import archived as listed
from tests.conftest import TODAY
from tests.engine import desk
from tests.engine.draw import end, flows, process, start, user
from tests.inbox.test_list import asked_by, explained
from tests.operate.conftest import archived, case  # noqa: F401

DRAWN = [process(start(), user("a"), end(), flows("s a", "a e"), id=id) for id in ("p", "q")]


@pytest.fixture
def many(app) -> None:
    """Cases 101 to 130: one ended each day, of p and of q by turns; every third without number;
    two of another workspace."""
    desk.publish(*DRAWN)
    ids = dict(db.session.execute(sa.select(Definition.process_id, Definition.id)).all())
    for n in range(1, 31):
        id, ended = "pq"[n % 2], TODAY - dt.timedelta(days=n)
        row = ArchivedCase(
            id=100 + n, definition_id=ids[id], process_id=id, started_by="lina", started_at=ended,
            business_key=None if n % 3 == 0 else f"QT-2026{n % 2 + 1:02d}-{n:04d}", ended_at=ended,
            archived_at=TODAY, result="completed", subject=f"客户 {n}",
        )  # fmt: skip
        if n > 28:
            row.workspace_id = 7
        db.session.add(row)
    db.session.commit()


def shown(as_user, query: str = "") -> list[int]:
    page = as_user("zhouning").get(f"/monitor/archive?{query}")
    assert page.status_code == 200
    return [int(id) for id in re.findall(r'href="/archive/(\d+)"', page.text)]


DAYS = [f"{TODAY - dt.timedelta(days=n):%Y-%m-%d}" for n in range(40)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", range(101, 129)),
        ("process=p", range(102, 129, 2)),
        ("process=nobody", []),
        (f"first={DAYS[3]}", [101, 102, 103]),
        (f"last={DAYS[26]}", [126, 127, 128]),
        (f"first={DAYS[4]}&last={DAYS[2]}&process=p", [102, 104]),
        ("key=QT-202602-0007", [107]),
        ("key=QT-202601-", [102, 104, 108, 110, 114, 116, 120, 122, 126, 128]),
        ("key=QT-202601&process=q", []),
        (f"key=QT-&process=p&first={DAYS[5]}", [104, 102]),
        ("key=%25", []),
        ("key=%23107", [107]),
        ("key=%23107&process=p", []),
        ("key=%23129", []),
        ("key=%23x", []),
        ("first=gestern&last=0001-01-01&before=abc", range(101, 129)),
    ],
)
def test_the_filter_finds(many, as_user, query, found):
    numbered = [id for id in found if not ("key=QT" in query and (id - 100) % 3 == 0)]
    assert sorted(shown(as_user, query)) == sorted(numbered)


def test_the_latest_ended_come_first_and_the_highest_number(many, as_user):
    assert shown(as_user)[:3] == [101, 102, 103]
    assert shown(as_user, "key=QT-202601")[:2] == [128, 126]


def walked(ask: dict[str, str]) -> list[int]:
    """The cases of all pages, one after the other."""
    found: list[int] = []
    after: int | None = None
    for _n in range(200):
        page = listed.page(listed.Ask(**ask, before=after))
        found += [row.id for row in page.cases]
        after = page.after
        if after is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("looked_at", (1, 3, 5000))
@pytest.mark.parametrize(
    "ask", ({}, {"process": "p"}, {"first": DAYS[20]}, {"key": "QT-"}, {"key": "QT-2026", "process": "q"},
            {"key": "QT-", "first": DAYS[20], "last": DAYS[9]}),
)  # fmt: skip
def test_pages_show_every_case_once(many, monkeypatch, ask, looked_at):
    whole = walked(ask)
    assert whole and len(set(whole)) == len(whole)
    monkeypatch.setattr(listed, "PER_PAGE", 2)
    monkeypatch.setattr(listed, "LOOKED_AT", looked_at)
    assert walked(ask) == whole


def test_a_search_that_finds_nothing_ends_after_so_many_rows_and_can_go_on(
    many, as_user, monkeypatch
):
    monkeypatch.setattr(listed, "LOOKED_AT", 10)
    page = as_user("zhouning").get(f"/monitor/archive?key=QT-&first={DAYS[1]}&last={DAYS[1]}").text
    assert "已查过" in page and "接着查" in page
    assert walked({"key": "QT-", "first": DAYS[1], "last": DAYS[1]}) == [101]


@pytest.mark.parametrize(
    "ask", ({}, {"process": "p"}, {"first": DAYS[9], "last": DAYS[2]}, {"key": "QT-"}, {"key": "#107"},
            {"process": "p", "first": DAYS[9]}, {"key": "QT-", "process": "p", "last": DAYS[2]}),
)  # fmt: skip
@pytest.mark.parametrize("before", (None, 110))
def test_a_page_is_read_from_an_index_in_its_order(many, ask, before):
    asked = asked_by(lambda: listed.page(listed.Ask(**ask, before=before)))
    asked = [one for one in asked if "archived_case" in one[0]]
    assert asked
    for text, given in asked:
        plan = explained(text, given)
        whole = [
            line for line in plan if line.startswith(("SCAN archived_case", "Seq Scan", "Sort  ("))
        ]
        assert not whole, plan
        if "USE TEMP B-TREE" in " ".join(plan):
            # those that were looked at are few, and put into their order again
            assert ask.keys() > {"key"} and "LIMIT" in text.split(") AS anon")[0], plan


def test_it_links_to_what_happened(archived, as_user):  # noqa: F811
    admin = as_user("zhouning")
    assert shown(as_user, "key=QT-202603") == [archived]
    page = admin.get(f"/archive/{archived}").text
    assert "审批报价" in page and "毛利太低" in page
    assert "QT-202603-0001" in admin.get("/monitor/archive?process=p_browser").text


def test_the_live_lists_lead_there(many, as_user):
    admin = as_user("zhouning")
    assert (
        "/monitor/archive?process=p&amp;key=QT" in admin.get("/monitor/cases?process=p&key=QT").text
    )
    assert "/monitor/archive?process=p" in admin.get("/monitor/processes/p").text
    assert "/monitor/cases?state=ended&amp;key=QT" in admin.get("/monitor/archive?key=QT").text
    assert "到归档里找" in admin.get("/monitor/cases?state=ended&key=QT").text


def test_the_old_address_of_a_case_leads_there(archived, as_user):  # noqa: F811
    answer = as_user("zhouning").get(f"/monitor/cases/{archived}")
    assert answer.status_code == 302 and answer.location == f"/archive/{archived}"
    assert as_user("zhouning").get(f"/monitor/cases/{archived + 1}").status_code == 404


def test_to_others_there_is_no_such_list(archived, as_user, client):  # noqa: F811
    for login in ("baijie", "zhangwei", "zhaomin"):
        assert as_user(login).get("/monitor/archive").status_code == 404
        assert as_user(login).get(f"/monitor/cases/{archived}").status_code == 404
    assert "/login" in client.get("/monitor/archive").location


def test_an_empty_archive_says_when_it_fills(app, as_user):
    assert "还没有归档的实例" in as_user("zhouning").get("/monitor/archive").text
    assert "没有符合条件的" in as_user("zhouning").get("/monitor/archive?key=x").text


@pytest.mark.parametrize("damage", ({"sha256": "0" * 64}, {"content": b"no zlib"}))
def test_a_damaged_case_still_says_who_and_when(archived, as_user, damage):  # noqa: F811
    db.session.execute(sa.update(ArchivedContent).values(**damage))
    db.session.commit()
    page = as_user("zhouning").get(f"/archive/{archived}")
    assert page.status_code == 200
    assert "已损坏" in page.text and "发起了流程" in page.text and "审批报价" not in page.text
    assert as_user("baijie").get(f"/archive/{archived}").status_code == 404
