"""Archived cases: found by number, shown to those who could see them, never changed."""

import datetime as dt
import logging
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask import redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app import workspace
from app.accounts import people
from app.accounts.models import User
from app.db import db
from app.engine import archive, definitions
from app.engine.archived import ArchivedCase
from app.engine.files import StoredFile
from app.errors import NotFound
from app.i18n import _, label
from app.inbox import sight, story
from app.inbox.routes import inbox

PAGE = 50
MANY = 1_000  # that begin alike
LAST = "\U0010ffff"
NOTHING: dict[str, Any] = {
    "case": {"header": ""}, "tables": {"user_task": [], "event": [], "comment": []}
}  # fmt: skip
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remark:
    """What somebody said about the case."""

    login: str
    text: str
    at: dt.datetime


@inbox.get("/archive")
@login_required
def archived() -> str:
    """The archived cases that this person may see, the latest number first; `?q=` finds some."""
    words = request.args.get("q", "").strip()[:200]
    before = request.args.get("before", "")
    found = find(current_user, words, int(before) if before.isdecimal() else None)
    return render_template(
        "inbox/archive.html", words=words, cases=found[:PAGE], more=len(found) > PAGE,
        names=people.names(case.started_by for case in found if case.started_by),
        process_names=definitions.facts(found),
    )  # fmt: skip


def find(person: User, words: str = "", before: int | None = None) -> list[ArchivedCase]:
    """Up to a page and one of the cases; `words` begin their business key or subject, or are their
    number. Read from an index whatever is asked for."""
    query = sa.select(ArchivedCase).where(sight.archived(person)).order_by(ArchivedCase.id.desc())
    if words:
        query = query.where(_with(words))
    if before is not None:
        query = query.where(ArchivedCase.id < min(before, 2**63 - 1))
    return list(db.session.scalars(query.limit(PAGE + 1)))


def _with(words: str) -> sa.ColumnElement[bool]:
    """A few are named one by one, from the indexes of number and subject. Very many are met on the
    way through the list: there the words are an expression, which leads away from its order."""
    row = ArchivedCase.__table__.c
    columns = (row.business_key, row.subject)
    number = words.removeprefix("#")
    ids = [int(number)] if number.isdecimal() and len(number) < 19 else []
    found = [_first(column, words) for column in columns]
    if all(len(some) < MANY for some in found):
        return ArchivedCase.id.in_({*ids, *found[0], *found[1]})
    every = (ArchivedCase.business_key, ArchivedCase.subject)
    same = [_begins(column.concat(""), words) for column in every]
    return sa.or_(*same, *(ArchivedCase.id == id for id in ids))


def _first(column: Any, words: str) -> list[int]:
    row = ArchivedCase.__table__.c
    some = sa.select(row.id).where(row.workspace_id == workspace.current(), _begins(column, words))
    return list(db.session.connection().execute(some.order_by(column).limit(MANY)).scalars())


def _begins(column: Any, words: str) -> sa.ColumnElement[bool]:
    if db.engine.dialect.name == "sqlite":  # whose LIKE uses no index
        return column.between(words, words + LAST)
    return column.startswith(words, autoescape=True)


def instead_of(instance_id: int) -> Response:
    """On the way to a case that is archived by now. Raises NotFound as for any other case."""
    return redirect(
        url_for("inbox.archived_case", case_id=sight.archived_case(instance_id, current_user).id)
    )


def instead_of_task(task_id: int) -> Response:
    """On the way to the archived case of a task. Raises NotFound as for any other task."""
    case_id = archive.case_of_task(task_id)
    if case_id is None:
        raise NotFound()
    return instead_of(case_id)


@inbox.get("/archive/<int:case_id>")
@login_required
def archived_case(case_id: int) -> str:
    """Who did what and when, remarks, files; the variables for administrators."""
    found = sight.archived_case(case_id, current_user)
    content = _content(found)
    tables = content["tables"]
    lines = lines_of(found, tables)
    return render_template(
        "inbox/archived.html",
        case=found,
        process=definitions.known(found.definition_id).name,
        lines=lines,
        comments=_remarks(tables),
        files=list(db.session.scalars(_files(found.id))),
        names=people.names([found.started_by] if found.started_by else []),
        variables=archive.variables(content) if current_user.is_admin else {},
        is_damaged=content is NOTHING,
    )


def _content(case: ArchivedCase) -> dict[str, Any]:
    """Its rows, or NOTHING when they cannot be read any more: who and when is still known."""
    try:
        return archive.unpack(case.id)
    except (LookupError, ValueError) as error:
        log.error("%s", error)
        return NOTHING


def _files(case_id: int) -> sa.Select[tuple[StoredFile]]:
    return sa.select(StoredFile).where(StoredFile.archived_id == case_id).order_by(StoredFile.id)


def lines_of(case: ArchivedCase, tables: dict[str, list[dict[str, Any]]]) -> list[story.Line]:
    """The timeline, from the rows that the case had."""
    lines = [story.Line(case.started_at, _("发起了流程"), case.started_by, icon="player-play")]
    for row in tables["user_task"]:
        if row["state"] == "done":
            outcome = story.outcome_text(SimpleNamespace(**row)) if row["outcome"] else ""
            said = f"{label(row['name'])}{_('：') + outcome if outcome else ''}"
            lines.append(story.Line(row["completed_at"], said, row["completed_by"]))
    lines += story.noted(SimpleNamespace(**row) for row in tables["event"])
    lines.append(story.Line(case.ended_at, story.ended(case), icon="flag"))
    lines.sort(key=lambda line: line.at or case.started_at)
    story.name_people(lines)
    return lines


def _remarks(tables: dict[str, list[dict[str, Any]]]) -> list[tuple[Remark, str]]:
    rows = tables["comment"]
    names = people.names(row["login"] for row in rows)
    return [
        (Remark(row["login"], row["text"], row["at"]), names.get(row["login"], row["login"]))
        for row in rows
    ]
