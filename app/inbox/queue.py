"""What waits for a person: the lists of the inbox, their order, their counts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import g
from flask_babel import get_timezone

from app import clock, workspace
from app.accounts.models import User
from app.db import db
from app.engine import definitions
from app.engine.models import Definition, Instance, TaskCandidate, UserTask
from app.i18n import _
from app.inbox import due, sift, sight

PAGE = 50
SHOWN = (  # of a task in a list
    sa.orm.joinedload(UserTask.instance).load_only(Instance.started_by),
    sa.orm.defer(UserTask.documentation), sa.orm.defer(UserTask.properties),
    sa.orm.defer(UserTask.search_text),
)  # fmt: skip
WORK = ("todo", "overdue", "today", "mine", "groups", "later")
BY_DATE = ("todo", "overdue", "today", "mine", "groups")
OF_REACH = ("todo", "overdue", "today", "groups")
FILTERS = (*WORK, "started", "done")
ORDERS = ("due", "new", "priority")
DUES = ("overdue", "today", "week", "none")
MANY = 100  # from here on nobody counts; the pages say 99+
LOOKED_AT = 1_000  # tasks, to know the processes to choose from
FEW = 500  # tasks in reach; whoever has fewer gets them sorted and searched one by one
FAR = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Question:
    """What a list shows; it stands in the page's address."""

    f: str = "todo"
    process: str = ""
    due: str = ""
    priority: str = ""
    q: str = ""
    sort: str = "due"
    page: int = 1

    def url(self, **changes: Any) -> str:
        """The query string of this list with some parts changed; the first page unless told."""
        other = replace(self, **({"page": 1} | changes))
        usual = Question()
        parts = {key: value for key, value in vars(other).items() if value != getattr(usual, key)}
        return "?" + urlencode(parts) if parts else "?"

    @property
    def narrowed(self) -> bool:
        """Is anything asked for beside the filter?"""
        return bool(self.process or self.due or self.priority or self.q)


def read(args: Mapping[str, str]) -> Question:
    """The question in a page's address; what makes no sense there is left out."""

    def one_of(name: str, allowed: tuple[str, ...], usual: str) -> str:
        return args.get(name, usual) if args.get(name) in allowed else usual

    page = args.get("page", "1")
    return Question(
        f=one_of("f", FILTERS, "todo"),
        process=args.get("process", "")[:200],
        due=one_of("due", DUES, ""),
        priority=one_of("priority", ("high",), ""),
        q=args.get("q", "").strip()[:100],
        sort=one_of("sort", ORDERS, "due"),
        page=min(int(page), 10_000) if page.isdigit() and int(page) > 0 else 1,
    )


def tasks(question: Question, person: User) -> tuple[list[UserTask], bool]:
    """One page of the list, and whether there are more."""
    first = (question.page - 1) * PAGE
    if question.sort == "due" and question.f in BY_DATE and not question.narrowed:
        found = _these(_by_date(question.f, person, first))
    elif (near := _near(question, person)) is None:
        found = _these(sift.page(question, person, _moments(), first, PAGE + 1))
    else:
        query = _asked(question, person, near).limit(PAGE + 1).offset(first)
        found = list(db.session.scalars(query.options(*SHOWN)))
    return found[:PAGE], len(found) > PAGE


def first_ids(person: User) -> list[int]:
    """The tasks on the first page of what waits for the person, by number."""
    return _by_date("todo", person, 0)[:PAGE]


def _these(ids: list[int]) -> list[UserTask]:
    """The tasks with these ids, in this order; those that were closed meanwhile are left out."""
    query = workspace.by_key(sa.select(UserTask).where(UserTask.id.in_(ids)).options(*SHOWN))
    found = {task.id: task for task in db.session.scalars(query)} if ids else {}
    return [found[id] for id in ids if id in found and found[id].state == "open"]


def _near(question: Question, person: User) -> list[int] | None:
    """The tasks in reach, for a list that is made from each of them; None if they are too many."""
    if question.f not in OF_REACH:
        return []
    ids = due.page(person, clock.now(), (None, None), 0, FEW, has=question.f != "groups")
    return ids if len(ids) < FEW else None


def _by_date(name: str, person: User, first: int) -> list[int]:
    now = clock.now()
    spans = {"overdue": (None, now), "today": (now, _midnight())}
    return due.page(
        person, now, spans.get(name, (None, None)), first, PAGE + 1,
        has=name != "groups", may_take=name != "mine",
    )  # fmt: skip


def total(question: Question, person: User) -> int:
    """How many tasks the list has on all its pages, MANY at most."""
    near = _near(question, person)
    if near is None:
        return len(sift.page(question, person, _moments(), 0, MANY))
    return _capped(_asked(question, person, near))


def cases(question: Question, person: User) -> tuple[list[Instance], bool]:
    """One page of the cases that the person began, the newest first."""
    query = sa.select(Instance).where(Instance.started_by == person.login)
    if question.process:
        query = query.where(Instance.process_id == question.process)
    if question.q:
        like = f"%{sift.escaped(question.q)}%"
        query = query.where(
            sa.or_(
                Instance.subject.ilike(like, escape="\\"),
                Instance.business_key.ilike(like, escape="\\"),
            )
        )
    query = query.order_by(Instance.id.desc()).limit(PAGE + 1).offset((question.page - 1) * PAGE)
    found = list(db.session.scalars(query.options(sa.orm.joinedload(Instance.definition))))
    return found[:PAGE], len(found) > PAGE


def counts(person: User) -> dict[str, int]:
    """{filter: how many}; MANY stands for so many or more, nobody reads further."""
    now, midnight = clock.now(), _midnight()
    spans = {"todo": (None, None), "overdue": (None, now), "today": (now, midnight)}
    dated = due.counts(person, now, spans, MANY)
    found = {
        **{name: parts["all"] for name, parts in dated.items()},
        "mine": dated["todo"]["own"],
        "groups": dated["todo"]["free"],
        "later": _capped(sa.select(UserTask.id).where(*_put_off(person))),
        "started": _capped(
            sa.select(Instance.id).where(
                Instance.started_by == person.login, Instance.ended_at.is_(None)
            )
        ),
    }
    g.waiting = found["todo"]
    return found


def _capped(query: sa.Select[Any]) -> int:
    few = query.limit(MANY).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(few)) or 0


def waiting(person: User) -> int:
    """How many tasks wait for the person, MANY at most, for the badge on the rail."""
    if "waiting" in g:  # the page has counted already
        return g.waiting
    return due.count(person, clock.now(), (None, None), MANY)


def badge_text(count: int) -> str:
    """The number on the badge."""
    return str(count) if count < MANY else f"{MANY - 1}+"


def processes(person: User) -> list[tuple[str, str]]:
    """(process id, name) of what the person has open tasks in, for the filter; of whoever has very
    many, of everything that has open tasks."""
    ids = due.page(person, FAR, (None, None), 0, LOOKED_AT)
    found = workspace.by_key(
        sa.select(UserTask.process_id, UserTask.definition_id).where(UserTask.id.in_(ids))
    )
    if len(ids) == LOOKED_AT:
        found = _everywhere()
    newest: dict[str, int] = {}
    for process, definition in db.session.execute(found.distinct()):
        newest[process] = max(definition, newest.get(process, 0))
    return [(process, definitions.known(newest[process]).name) for process in sorted(newest)]


def _everywhere() -> sa.Select[tuple[str, int]]:
    open_task = sa.select(sa.literal(1)).where(
        UserTask.definition_id == Definition.id, UserTask.state == "open"
    )
    return sa.select(Definition.process_id, Definition.id).where(open_task.exists())


def _asked(question: Question, person: User, near: list[int]) -> sa.Select[tuple[UserTask]]:
    query = _filtered(question.f, person, near)
    query = query.where(*sift.narrowed(question, UserTask, _moments()))
    if question.f == "done":
        return query.order_by(UserTask.completed_at.desc(), UserTask.id.desc())
    return query.order_by(*sift.order(question.sort, UserTask))


def _filtered(name: str, person: User, near: list[int]) -> sa.Select[tuple[UserTask]]:
    """The tasks of the filter `name`; `near`: those in reach that are not put off."""
    query = sa.select(UserTask)
    if name == "done":
        return query.where(UserTask.state == "done", UserTask.completed_by == person.login)
    if name == "later":
        return query.where(*_put_off(person))
    if name != "mine":
        within = sift.within(name, UserTask, _moments())
        query = query.where(UserTask.state == "open", UserTask.id.in_(near), *within)
        return workspace.by_key(query)
    return query.where(
        UserTask.state == "open",
        UserTask.assignee == person.login,
        sa.or_(UserTask.follow_up_at.is_(None), UserTask.follow_up_at <= clock.now()),
    )


def _put_off(person: User) -> list[sa.ColumnElement[bool]]:
    """What is put off is little, and found first."""
    may_take = sa.select(sa.literal(1)).where(
        TaskCandidate.task_id == UserTask.id,
        TaskCandidate.taken.is_(False),
        sight.candidate_of(person),
    )
    return [
        UserTask.follow_up_at > clock.now(),
        UserTask.state == sift.OPEN,
        sa.or_(UserTask.assignee == person.login, may_take.exists()),
    ]


def _moments() -> sift.Moments:
    return clock.now(), _midnight()


def _midnight() -> dt.datetime:
    """The end of the reader's day, in UTC."""
    zone = ZoneInfo(str(get_timezone()))  # Babel's own cannot be combined with a time
    today = clock.now().astimezone(zone).date()
    return dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


def sections(found: list[UserTask], question: Question) -> list[tuple[str, list[UserTask]]]:
    """The page's tasks under headings: overdue, today, later; one without heading otherwise."""
    if question.sort != "due" or question.f in ("done", "later"):
        return [("", found)] if found else []
    now, midnight = clock.now(), _midnight()
    parts: dict[str, list[UserTask]] = {
        _("已逾期"): [], _("今天"): [], _("之后"): [], _("没有期限"): [],
    }  # fmt: skip
    late, today, later, never = parts.values()
    for task in found:
        if task.due_at is None:
            never.append(task)
        elif task.due_at < now:
            late.append(task)
        else:
            (today if task.due_at < midnight else later).append(task)
    return [(title, part) for title, part in parts.items() if part]
