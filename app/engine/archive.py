"""Finished cases leave the live tables; nothing of them is lost.

They are packed while others write, then moved in one short transaction. The records (customers,
orders, the ledger and its logs) stay where they are. Uploaded files stay too, and belong to the
archived case. Which cases, and when: `retention`.
"""

import functools
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock, errors, measure, sql, values, workspace
from app.db import db
from app.engine.archived import ArchivedCase, ArchivedContent, ArchivedPerson, ArchivedTask
from app.engine.files import StoredFile
from app.engine.models import Event, HandlerJournal, Instance, UserTask

MOST_ROWS = 250  # of one case, deleted at a time
TOGETHER = 8  # cases that are moved with the same statements, at most
FORMAT = 1
FINISHED = ("ended", "cancelled")
_case, _file, _task = Instance.__table__, StoredFile.__table__, UserTask.__table__
_archived, _content = ArchivedCase.__table__, ArchivedContent.__table__
_person, _event, _journal = ArchivedPerson.__table__, Event.__table__, HandlerJournal.__table__
_archived_task = ArchivedTask.__table__
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished case, ready to be moved. `marks` is how many rows of each table it had."""

    case: dict[str, Any]
    people: frozenset[str]
    content: bytes
    sha256: str
    marks: dict[str, int]

    @property
    def id(self) -> int:
        """Its number, before and after."""
        return self.case["id"]

    @property
    def size(self) -> int:
        """How many rows it has."""
        return sum(self.marks.values())


def _among(column: Any) -> sa.ColumnElement[bool]:
    """Is it one of `_these`?"""
    return column.in_([sa.bindparam(f"the_{n}", type_=sa.BigInteger) for n in range(TOGETHER)])


def _these(ids: Sequence[int]) -> dict[str, int]:
    """The values of a statement that is made once, for TOGETHER numbers; the last may fill in."""
    return {f"the_{n}": ids[min(n, len(ids) - 1)] for n in range(TOGETHER)}


def _answers(events: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    """The keys of what handlers answered, by these lines of the history."""
    case, token = (sa.cast(_event.c[name], sa.String) for name in ("instance_id", "token_id"))
    asked = sa.and_(_event.c.token_id.is_not(None), _event.c.element_id.is_not(None))
    key = case + ":" + _event.c.element_id + ":" + token
    return sa.select(key.label("key")).where(events, asked).distinct()


def _kept_tasks(which: sa.ColumnElement[bool]) -> sa.Insert:
    """What is kept of tasks beside the packed case; a server of the release before may have."""
    same = ("workspace_id", "process_id", "name", "completed_by", "created_at", "due_at")
    rows = {
        "task_id": _task.c.id, "case_id": _task.c.instance_id,
        "completed_at": sa.case((_task.c.state == "done", _task.c.completed_at)),
    } | {name: _task.c[name] for name in same}  # fmt: skip
    known = sa.exists().where(_archived_task.c.task_id == _task.c.id)
    return sa.insert(_archived_task).from_select(
        list(rows), sa.select(*rows.values()).where(which, ~known)
    )


# FOR UPDATE: a remark or a file that came after the count would be deleted unseen
_LOCK = (
    sa.select(_case.c.id, _case.c.revision, _case.c.state)
    .where(_among(_case.c.id), _case.c.workspace_id == sa.bindparam("the_workspace_id"))
    .with_for_update(skip_locked=True)
)
_FILES = (
    sa.update(_file)
    .where(_among(_file.c.instance_id))
    .values(archived_id=_file.c.instance_id, instance_id=None, task_id=None)
)
_ANSWERS = sa.delete(_journal).where(_journal.c.key.in_(_answers(_among(_event.c.instance_id))))
_TASKS = _kept_tasks(_among(_task.c.instance_id))
_CASES = sa.delete(_case).where(_among(_case.c.id))


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
    return next(iter(pack_all([instance_id])), None)


def pack_all(ids: Sequence[int]) -> list[Packed]:
    """As `pack`, those of several cases that are there and rest, with one question a table."""
    resting = sa.and_(
        _case.c.id.in_(ids), _case.c.state.in_(FINISHED), _case.c.ended_at.is_not(None)
    )
    found = db.session.execute(sa.select(_case).where(resting)).mappings()
    cases = {row["id"]: dict(row) for row in found}
    kept: dict[int, dict[str, Rows]] = {id: {name: [] for name in tables()} for id in cases}
    for name, (table, column) in tables().items():
        query = sa.select(table).where(column.in_(list(cases)))
        for row in db.session.execute(query.order_by(*table.primary_key.columns)).mappings():
            kept[row[column.name]][name].append(dict(row))
    return [_packed(cases[id], kept[id]) for id in ids if id in cases]


def _packed(case: dict[str, Any], kept: dict[str, Rows]) -> Packed:
    text = values.dumps({"format": FORMAT, "case": case, "tables": kept}).encode()
    logins = {case["started_by"]}
    for task in kept[_task.name]:
        logins |= {task["assignee"], task["completed_by"]}
    return Packed(
        case=case, people=frozenset(logins - {None}), content=zlib.compress(text, 6),
        sha256=hashlib.sha256(text).hexdigest(),
        marks={name: len(rows) for name, rows in kept.items()},
    )  # fmt: skip


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
    """The case is archived, and some of its live rows are gone. True: that was all of it; else
    `clear` goes on.

    Raises Conflict when somebody has written to the case since it was packed, or writes to it.
    """
    if not still([packed]):
        raise errors.Conflict()
    keep([packed])
    return clear(packed.id)


def still(packed: Sequence[Packed]) -> list[Packed]:
    """Those of the cases that are as they were when they were packed; they are locked. Who writes
    to one this very moment is not waited for, and who wants to from now on finds it archived.

    At most TOGETHER.
    """
    these = _these([one.id for one in packed])
    now = {
        row.id: (row.revision, row.state)
        for row in sql.read(_LOCK, these | {"the_workspace_id": workspace.current()})
    }
    counts: dict[int, dict[str, int]] = {id: dict.fromkeys(tables(), 0) for id in now}
    for name, id, number in sql.read(_counts(), these):
        if id in counts:
            counts[id][name] = number
    return [
        one for one in packed
        if now.get(one.id) == (one.case["revision"], one.case["state"])
        and counts[one.id] == one.marks
    ]  # fmt: skip


@functools.cache
def _counts() -> sa.CompoundSelect[Any]:
    """(table, case, how many rows), where there are any."""
    return sa.union_all(*(
        sa.select(sa.literal_column(f"'{name}'", sa.String), column.label("id"),
                  sa.func.count().label("number")).where(_among(column)).group_by(column)
        for name, (_table, column) in tables().items()
    ))  # fmt: skip


def keep(packed: Sequence[Packed]) -> None:
    """The cases are in the archive, their files belong to it; their live rows are still there, and
    their tasks are only known from them.

    At most TOGETHER.
    """
    now = clock.now()
    sql.insert_all(_archived, [
        {column.name: one.case.get(column.name) for column in _archived.columns}
        | {"archived_at": now} for one in packed
    ])  # fmt: skip
    # `sql.insert_all` would send bytes row by row on PostgreSQL; the usual way takes all at once
    db.session.execute(sa.insert(_content), [
        {"case_id": one.id, "sha256": one.sha256, "content": one.content} for one in packed
    ])  # fmt: skip
    sql.insert_all(_person, [
        {"case_id": one.id, "login": login} for one in packed for login in sorted(one.people)
    ])  # fmt: skip
    sql.write(_FILES, _these([one.id for one in packed]))
    for one in packed:
        measure.after_commit(
            "archived", workspace=one.case["workspace_id"], instance_id=one.id,
            process=one.case["process_id"],
        )  # fmt: skip


def drop(packed: Sequence[Packed]) -> None:
    """The live rows of cases that `still` has locked are gone. At most TOGETHER, short ones."""
    these = _these([one.id for one in packed])
    sql.write(_ANSWERS, these)
    sql.write(_TASKS, these)
    filled = {name for one in packed for name, number in one.marks.items() if number}
    for name in tables():
        if name in filled:
            sql.write(_rows_of(name), these)
    sql.write(_CASES, these)


@functools.cache
def _rows_of(name: str) -> sa.Delete:
    table, column = tables()[name]
    return sa.delete(table).where(_among(column))


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
    for table, column in tables().values():
        if left <= 0:
            return False
        left -= _clear(table, column == instance_id, left)
    if left <= 0:
        return False
    db.session.execute(sa.delete(_case).where(_case.c.id == instance_id))
    return True


def _clear(table: sa.Table, of_case: sa.ColumnElement[bool], most: int) -> int:
    """So many rows of the case are gone, how many; of tasks something is kept. With the history goes
    what handlers answered: nobody asks again."""
    key = list(table.primary_key.columns)
    some = sa.select(*key).where(of_case).order_by(*key).limit(most)
    if table is _event:
        answers = _answers(_event.c.id.in_(some))
        db.session.execute(sa.delete(_journal).where(_journal.c.key.in_(answers)))
    if table is _task:
        db.session.execute(_kept_tasks(_task.c.id.in_(some)))
    gone = sa.delete(table).where(sa.tuple_(*key).in_(some) if key[1:] else key[0].in_(some))
    return db.session.execute(gone).rowcount
