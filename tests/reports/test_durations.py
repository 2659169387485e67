"""How long steps and approvals take: the engine's cases and the records' logs, run for real."""

import datetime as dt

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from app import cli, clock
from app.db import db
from app.engine import archive, retention
from app.engine.archived import ArchivedCase, ArchivedTask
from app.records import log, write
from tests.engine import desk, draw
from tests.inbox.test_list import asked_by, explained
from tests.operate.old import LATER, look
from tests.reports.conftest import MINGDA, at, column

pytestmark = pytest.mark.usefixtures("trade")


def drawn(id, *, ends="e", **attributes):
    """One task and an end with this name."""
    return draw.process(draw.start(), draw.user("编制报价单", **attributes), draw.end(ends),
                        draw.flows("s 编制报价单", f"编制报价单 {ends}"), id=id)  # fmt: skip


def done_after(process, person, *, hours):
    desk.begin(process, by=person)
    clock.stop_at(clock.now() + dt.timedelta(hours=hours))
    desk.complete("编制报价单", by=person)


def test_steps_are_timed_and_held_against_their_due_time(ask):
    desk.publish(drawn("p_051_03_03", camunda_dueDate="${now() + duration('PT6H')}"))
    desk.publish(drawn("p_051_03_09"))
    done_after("p_051_03_03", "lina", hours=2)
    done_after("p_051_03_03", "lina", hours=10)
    done_after("p_051_03_03", "zhangwei", hours=3)
    done_after("p_051_03_09", "zhangwei", hours=50)
    desk.begin("p_051_03_03", by="lina")  # not finished: not counted
    (row,) = ask("051-03/R03-4b").rows
    assert (row["key"], row["count"]) == ("编制报价单", 3)
    assert (row["mean"], row["longest"]) == (
        pytest.approx(5, abs=0.01),
        pytest.approx(10, abs=0.01),
    )
    assert (row["timed"], row["in_time"]) == (3, 2)
    assert column(ask("051-03/R03-4b", by="person"), "key", "count") == {"lina": 2, "zhangwei": 1}
    assert column(ask("051-03/R03-4b", "lina", by="person"), "key", "count") == {"lina": 2}
    assert ask("051-03/R09-2b", "zhouning").totals["mean"] == pytest.approx(50, abs=0.01)
    assert not ask("051-03/R03-4b", period="2025").rows


def archive_everything(monkeypatch, *, rows=1000):
    """Three years later all is archived, or as much as one transaction may move."""
    clock.stop_at(LATER + dt.timedelta(days=7))
    monkeypatch.setattr(archive, "MOST_ROWS", rows)
    look()


def steps_of_two(ask):
    """What the report said while the cases of two processes were not archived."""
    desk.publish(drawn("p_051_03_03", camunda_dueDate="${now() + duration('PT6H')}"))
    desk.publish(drawn("p_051_03_09"))
    done_after("p_051_03_03", "lina", hours=2)
    done_after("p_051_03_03", "zhangwei", hours=10)
    done_after("p_051_03_09", "zhangwei", hours=50)
    return [ask(*one, by=by, period="2026").rows for one, by in STEPS]


STEPS = [
    (("051-03/R03-4b",), "step"), (("051-03/R03-4b",), "person"), (("051-03/R03-4b",), "month"),
    (("051-03/R03-4b", "lina"), "person"), (("051-03/R09-2b", "zhouning"), "step"),
]  # fmt: skip


@pytest.mark.parametrize("rows", (1000, 1))
def test_steps_of_archived_cases_count_as_they_did(ask, monkeypatch, rows):
    before = steps_of_two(ask)
    assert [row["count"] for row in before[0]] == [2]
    archive_everything(monkeypatch, rows=rows)
    assert db.session.scalar(sa.select(sa.func.count(ArchivedCase.id))) == 3
    assert [ask(*one, by=by, period="2026").rows for one, by in STEPS] == before
    assert not ask("051-03/R03-4b").rows, "this year nobody has done anything"


def test_a_case_that_is_just_being_moved_counts_once(ask, monkeypatch):
    before = steps_of_two(ask)
    clock.stop_at(LATER + dt.timedelta(days=7))
    monkeypatch.setattr(archive, "MOST_ROWS", 1)
    for case_id in retention.due(10):
        assert not archive.move(archive.pack(case_id)), "live rows are left"
    assert [ask(*one, by=by, period="2026").rows for one, by in STEPS] == before


def test_steps_of_cases_that_were_archived_earlier_count_after_an_upgrade(ask, monkeypatch):
    before = steps_of_two(ask)
    archive_everything(monkeypatch)
    names = [column.name for column in ArchivedTask.__table__.columns][2:]
    db.session.execute(sa.update(ArchivedTask).values(dict.fromkeys(names)))
    assert not ask("051-03/R03-4b", period="2026").rows
    revision = ScriptDirectory.from_config(cli.alembic_config()).get_revision("0017")
    revision.module._fill(db.session.connection())
    assert [ask(*one, by=by, period="2026").rows for one, by in STEPS] == before


def test_a_period_of_steps_is_read_from_indexes(ask):
    steps_of_two(ask)
    asked = [one for one in asked_by(lambda: ask("051-03/R03-4b")) if "archived_task" in one[0]]
    assert asked
    for text, given in asked:
        plan = explained(text, given)
        assert not [line for line in plan if line.startswith(("SCAN user_task", "Seq Scan"))], plan
        if db.engine.dialect.name == "sqlite":
            for index in ("process_id_state_completed_at", "ix_archived_task_finished"):
                (line,) = [line for line in plan if index in line]
                assert "completed_at>?" in line, plan


def test_who_reports_on_competitors_is_counted_from_the_cases(ask):
    for end, person in (("published", "zhangwei"), ("discarded", "zhangwei"),
                        ("published", "wuhao"), ("report_published", None)):  # fmt: skip
        desk.publish(drawn("p_051_02_04", ends=end))
        desk.begin("p_051_02_04", by=person)
        desk.complete("编制报价单", by=person or "hanxue")
    desk.begin("p_051_02_04", by="lina")
    found = {row["key"]: row for row in ask("051-02/R04-4", "zhouning").rows}
    assert set(found) == {"east", "market"}
    east = found["east"]
    assert (east["count"], east["published"], east["discarded"], east["running"]) == (3, 1, 1, 1)
    assert east["rate"] == 0.5
    assert column(ask("051-02/R04-4", "wangqiang", by="person"), "key", "count") == {
        "zhangwei": 2, "lina": 1}  # fmt: skip
    assert column(ask("051-02/R04-4", "lina", by="month"), "key", "count") == {202603: 1}


def quotation(day):
    row = write.create("quotation", {
        "customer_id": MINGDA, "valid_until": "2026-04-30", "owner_id": "lina",
        "department_id": "east",
    }, by="lina", at=at(day))  # fmt: skip
    write.move(row, "审批中", by="lina", at=at(day))
    return row


def decided(row, person, day, hour, *, level=1, role="sales_manager", decision="approve"):
    db.session.add(log.ApprovalLog(entity="quotation", number=row.number, level=level, role=role,
                                   decision=decision, by=person, at=at(day, hour)))  # fmt: skip
    db.session.flush()


def test_a_level_begins_when_the_one_before_it_was_decided(ask):
    two = quotation("2026-03-02")  # handed in at 2 o'clock
    decided(two, "wangqiang", "2026-03-02", 6)
    decided(two, "zhaomin", "2026-03-02", 16, level=2, role="sales_director", decision="reject")
    again = quotation("2026-03-03")
    decided(again, "wangqiang", "2026-03-03", 4, decision="return")
    found = {row["key"]: row for row in ask("051-03/R03-4").rows}
    manager, director = found["wangqiang"], found["zhaomin"]
    assert (manager["count"], manager["documents"], manager["return"]) == (2, 2, 1)
    assert (manager["mean"], manager["longest"]) == (pytest.approx(3), pytest.approx(4))
    assert (director["mean"], director["reject"], director["rate"]) == (pytest.approx(10), 1, 1)
    assert set(column(ask("051-03/R03-4", by="role"), "key", "count")) == {
        "sales_manager", "sales_director"}  # fmt: skip
    # a manager sees how long he and his people took, not his superiors
    assert set(column(ask("051-03/R03-4", "wangqiang"), "key", "count")) == {"wangqiang"}
    assert not ask("051-03/R04-2").rows  # these were no orders


def test_a_document_handed_in_again_is_timed_from_then(ask):
    row = quotation("2026-03-02")
    decided(row, "wangqiang", "2026-03-02", 4, decision="return")
    db.session.add(log.StateHistory(entity="quotation", record_id=row.id, number=row.number,
                                    old="草稿", new="审批中", by="lina", at=at("2026-03-05")))  # fmt: skip
    decided(row, "wangqiang", "2026-03-05", 3)
    (found,) = ask("051-03/R03-4", by="month").rows
    assert (found["key"], found["documents"], found["count"]) == (202603, 1, 2)
    assert found["mean"] == pytest.approx(1.5)
