"""Finished cases leave the live tables when they are old enough; nothing of them is lost.

Each case goes by itself, in a job of its own: it is packed while others write, then moved in one
short transaction. The records (customers, orders, the ledger and its logs) stay where they are.
Uploaded files stay too, and belong to the archived case.
"""

import datetime as dt
import functools
import hashlib
import logging
import zlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from dateutil.relativedelta import relativedelta
from flask import current_app

from app import clock, errors, measure, values, workspace
from app import db as database
from app.db import db
from app.engine import definitions, schedule, store
from app.engine.archived import ArchivedCase, ArchivedContent, ArchivedPerson, ArchivedTask
from app.engine.files import StoredFile
from app.engine.models import Definition, Event, HandlerJournal, Instance, UserTask
from app.jobs import queue
from app.jobs.models import UNDER_WAY, Job
from app.jobs.registry import job

ATTRIBUTE = "historyTimeToLive"  # of the process, in days or as ISO 8601
EVERY = dt.timedelta(minutes=5)
MOST_CASES = 500  # asked for at a time
MOST_ROWS = 1_000  # deleted in one transaction
FORMAT = 1
FINISHED = ("ended", "cancelled")
log = logging.getLogger(__name__)
_case, _file, _task = Instance.__table__, StoredFile.__table__, UserTask.__table__
_archived, _content = ArchivedCase.__table__, ArchivedContent.__table__
_person, _event, _journal = ArchivedPerson.__table__, Event.__table__, HandlerJournal.__table__
_archived_task = ArchivedTask.__table__


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished case, ready to be moved. `marks` is how many rows of each table it had."""

    case: dict[str, Any]
    people: frozenset[str]
    tasks: tuple[dict[str, Any], ...]  # as `archived_task` keeps them
    content: bytes
    sha256: str
    marks: dict[str, int]


# which cases


@functools.cache
def age(text: str | None, days: int) -> relativedelta | None:
    """How old a finished case must be: what its process says (`180`, `P10Y`, `P3650D`), else so
    many days; None: it stays for ever. A text that says neither is as none."""
    if text and text.strip().isdecimal():
        return relativedelta(days=int(text))
    try:
        if text:
            given = schedule.duration(text.strip())
            if given.months >= 0 and given.rest >= dt.timedelta():
                return relativedelta(months=given.months) + given.rest
            raise ValueError(text)
    except ValueError:
        log.warning("a process's %s is neither days nor a duration", ATTRIBUTE)
    return relativedelta(days=days) if days else None


def _before(definition_id: int, now: dt.datetime) -> dt.datetime | None:
    """What ended before is old, by this version of its process; None: nothing ever is."""
    text = definitions.spec(definition_id).attributes.get(ATTRIBUTE)
    span = age(text, current_app.config["SETTINGS"].archive_days)
    try:
        return None if span is None else now - span
    except (ValueError, OverflowError):  # before there were dates
        return None


def _candidates(now: dt.datetime) -> list[int]:
    """The versions with a case that finished at least a day ago, whatever they say of it."""
    first = sa.select(sa.func.min(_case.c.ended_at)).where(
        _case.c.definition_id == Definition.id, _case.c.ended_at.is_not(None)
    )
    query = sa.select(Definition.id).where(first.scalar_subquery() <= now - dt.timedelta(days=1))
    return list(db.session.scalars(query.order_by(Definition.id)))


def due(limit: int) -> list[int]:
    """Finished cases of the current workspace that are old enough, children before parents: while
    a case is here that another one's message began, the other one stays."""
    found: list[int] = []
    now, child = clock.now(), _case.alias()
    for definition_id in _candidates(now):
        before = _before(definition_id, now)
        if before is None or len(found) >= limit:
            continue
        query = (
            sa.select(_case.c.id)
            .where(
                _case.c.definition_id == definition_id,
                _case.c.ended_at <= before,
                _case.c.workspace_id == workspace.current(),
                _case.c.state.in_(FINISHED),
                ~sa.exists().where(child.c.caused_by == _case.c.id),
            )
            .order_by(_case.c.ended_at)
            .limit(limit - len(found))
        )
        found += db.session.scalars(query)
    return found


# packing


@functools.cache
def tables() -> dict[str, tuple[sa.Table, sa.Column[Any]]]:
    """{name: (table, its column)} of everything that belongs to a case and is archived with it."""
    found = {}
    for table in db.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is _case.c.id:
                found[table.name] = (table, key.parent)
    return found


def pack(instance_id: int) -> Packed | None:
    """The case as it stands, read without any lock; None when it is gone, or does not rest."""
    row = db.session.execute(sa.select(_case).where(_case.c.id == instance_id)).one_or_none()
    if row is None or row.state not in FINISHED or row.ended_at is None:
        return None
    kept = {}
    for name, (table, column) in tables().items():
        found = db.session.execute(
            sa.select(table).where(column == instance_id).order_by(*table.primary_key.columns)
        )
        kept[name] = [dict(one) for one in found.mappings()]
    case = dict(row._mapping)
    text = values.dumps({"format": FORMAT, "case": case, "tables": kept}).encode()
    logins = {case["started_by"]}
    for task in kept[_task.name]:
        logins |= {task["assignee"], task["completed_by"]}
    return Packed(
        case, frozenset(logins - {None}), tuple(map(task_row, kept[_task.name])),
        zlib.compress(text, 6), hashlib.sha256(text).hexdigest(), {name: len(rows) for name, rows in kept.items()},
    )  # fmt: skip


def task_row(task: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a task beside the packed case."""
    columns = ("workspace_id", "process_id", "name", "completed_by", "created_at", "due_at")
    at = task["completed_at"] if task["state"] == "done" else None
    return {"task_id": task["id"], "case_id": task["instance_id"], "completed_at": at} | {
        name: task[name] for name in columns
    }


def unpack(case_id: int) -> dict[str, Any]:
    """{"case": the row, "tables": {name: rows}} of an archived case.

    Raises LookupError when there is none, ValueError when it is not what was packed.
    """
    row = db.session.execute(sa.select(_content).where(_content.c.case_id == case_id)).one_or_none()
    if row is None:
        raise LookupError(f"case {case_id} is not archived")
    try:
        text = zlib.decompress(row.content)
    except zlib.error:
        text = b""
    if hashlib.sha256(text).hexdigest() != row.sha256:
        raise ValueError(f"the archived case {case_id} is damaged; restore it from a backup")
    return values.loads(text.decode())


def variables(content: dict[str, Any]) -> dict[str, Any]:
    """The variables that the unpacked case had in the end."""
    header = content["case"]["header"]
    return values.loads(header)[1] if header else {}


# moving


def move(packed: Packed) -> bool:
    """The case is archived, and its live rows are gone, or as many of them as one transaction
    should delete: then False, and `clear` goes on.

    Raises Conflict when somebody has written to the case since it was packed.
    """
    case = packed.case
    locked = store.lock(case["id"])
    if locked is None or (locked.revision, locked.state) != (case["revision"], case["state"]):
        raise errors.Conflict()
    for name, (table, column) in tables().items():
        count = sa.select(sa.func.count()).select_from(table).where(column == case["id"])
        if db.session.scalar(count) != packed.marks[name]:
            raise errors.Conflict()
    fields = {column.name: case.get(column.name) for column in _archived.columns}
    db.session.execute(sa.insert(_archived), fields | {"archived_at": clock.now()})
    db.session.execute(
        sa.insert(_content),
        {"case_id": case["id"], "sha256": packed.sha256, "content": packed.content},
    )
    for login in sorted(packed.people):
        db.session.execute(sa.insert(_person), {"case_id": case["id"], "login": login})
    if packed.tasks:
        db.session.execute(sa.insert(_archived_task), list(packed.tasks))
    db.session.execute(
        sa.update(_file)
        .where(_file.c.instance_id == case["id"])
        .values(archived_id=case["id"], instance_id=None, task_id=None)
    )
    measure.after_commit(
        "archived", workspace=case["workspace_id"], instance_id=case["id"],
        process=case["process_id"],
    )  # fmt: skip
    return clear(case["id"])


def is_archived(instance_id: int) -> bool:
    """Is the case archived, also while its live rows are being cleared?"""
    found = sa.select(_archived.c.id).where(_archived.c.id == instance_id)
    return db.session.scalar(found) is not None


def case_of_task(task_id: int) -> int | None:
    """The archived case that the task belonged to."""
    return db.session.scalar(
        sa.select(_archived_task.c.case_id).where(_archived_task.c.task_id == task_id)
    )


def clear(instance_id: int) -> bool:
    """Up to MOST_ROWS live rows of an archived case are gone; True: that was all of it."""
    left = MOST_ROWS
    left -= _forget_answers(instance_id, left)
    for table, column in tables().values():
        if left <= 0:
            return False
        key = list(table.primary_key.columns)
        some = sa.select(*key).where(column == instance_id).limit(left)
        gone = sa.delete(table).where(sa.tuple_(*key).in_(some) if key[1:] else key[0].in_(some))
        left -= db.session.execute(gone).rowcount
    if left <= 0:
        return False
    db.session.execute(sa.delete(_case).where(_case.c.id == instance_id))
    return True


def _forget_answers(instance_id: int, most: int) -> int:
    """What handlers answered in the case is gone: nobody asks again. Found by exact keys, which
    the history holds; thus before the history goes."""
    steps = sa.select(_event.c.element_id, _event.c.token_id).where(
        _event.c.instance_id == instance_id, _event.c.token_id.is_not(None),
        _event.c.element_id.is_not(None),
    )  # fmt: skip
    place = sa.cast(_event.c.token_id, sa.String)
    keys = sa.literal(f"{instance_id}:") + _event.c.element_id + sa.literal(":") + place
    wanted = steps.with_only_columns(keys).distinct()
    some = sa.select(_journal.c.key).where(_journal.c.key.in_(wanted)).limit(most)
    return db.session.execute(sa.delete(_journal).where(_journal.c.key.in_(some))).rowcount


# the jobs


@job("engine.archive", every=EVERY.total_seconds())
def archive(_payload: dict[str, Any], _job: Job) -> None:
    """Cases of the company that are old enough have a job each, unless earlier ones still wait."""
    waiting = sa.select(Job.id).where(
        Job.kind == "engine.archive_case", Job.state.in_((*UNDER_WAY, "held"))
    )
    if db.session.scalar(waiting.limit(1)) is None:
        with workspace.use(workspace.COMPANY):
            for instance_id in due(MOST_CASES):
                queue.enqueue("engine.archive_case", {"instance_id": instance_id})


def _gave_up(payload: dict[str, Any], _job: Job, error: BaseException) -> None:
    """The case stays where it is and is found again; an ended case has no open question, so the
    log says it, and the failed job stands in the monitor's background."""
    log.error("case %s could not be archived: %s", payload.get("instance_id"), type(error).__name__)


@job("engine.archive_case", gave_up=_gave_up)
def archive_case(payload: dict[str, Any], _job: Job) -> None:
    """The case is archived; the rest of a long one is left to a further job."""
    instance_id = payload["instance_id"]
    with database.reading():
        known = is_archived(instance_id)
        packed = None if known else pack(instance_id)
        database.end_reading()
    try:
        done = clear(instance_id) if known else packed is None or move(packed)
    except errors.Conflict:
        return  # somebody has just written to it; it is found again
    if not done:
        queue.enqueue("engine.archive_case", {"instance_id": instance_id})
