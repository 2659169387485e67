"""Running and finished cases: the list with its filter, and all that one case consists of."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app import clock, workspace
from app.db import db
from app.engine import definitions
from app.engine.models import (
    Event,
    Incident,
    Instance,
    MessageWait,
    ScopeState,
    SignalWait,
    Timer,
    Token,
    UserTask,
)
from app.jobs.models import Job
from app.monitor import narrowing

PER_PAGE = 50
HISTORY = 100
STATES = ("running", "stuck", "overdue", "suspended", "ended", "all")
LIVE, OVER = ("active", "suspended"), ("ended", "cancelled")
LOOKED_AT = 5_000  # cases of one state, in what is over
MANY = 1_000  # cases with numbers that begin alike
# written out, not bound: only then does SQLite use the index of these few
STUCK = Instance.incidents > sa.literal_column("0")
AGES = (1, 3, 7, 30, 90)  # days


@dataclass(frozen=True)
class Ask(narrowing.Narrowing):
    """What the list shows. `version` is a definition's id, `older` days since the start."""

    state: str = "running"
    process: str = ""
    version: int | None = None
    step: str = ""
    starter: str = ""
    key: str = ""
    older: int | None = None
    before: int | None = None
    after: int | None = None


def read(args: Any, process: str = "") -> Ask:
    """The filter that a request's arguments or form ask for; what makes no sense is left out."""
    state = args.get("state", "")

    return Ask(
        state=state if state in STATES else "running",
        process=process or narrowing.text(args, "process"),
        version=args.get("version", None, type=int),
        step=narrowing.text(args, "step"),
        starter=narrowing.text(args, "starter", 40),
        key=narrowing.text(args, "key"),
        older=args.get("older", None, type=int),
        before=args.get("before", None, type=int),
        after=args.get("after", None, type=int),
    )


def _where(ask: Ask) -> list[sa.ColumnElement[bool]]:
    return [Instance.state.in_(_states(ask.state)), *_few(ask.state), *_narrowed(ask)]


def _states(state: str) -> tuple[str, ...]:
    if state in LIVE:
        return (state,)
    return {"ended": OVER, "all": LIVE + OVER}.get(state, LIVE)


def _narrowed(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """Everything that is asked for beside the state."""
    given: list[sa.ColumnElement[bool]] = []
    if ask.process:
        given.append(Instance.process_id == ask.process)
    if ask.version:
        given.append(Instance.definition_id == ask.version)
    if ask.starter:  # see `_way` for where it leads
        given.append(Instance.started_by.concat("") == ask.starter)
    if ask.key:
        given.append(_numbered(ask.key))
    if ask.older is not None and 0 < ask.older < 40_000:
        given.append(Instance.started_at < clock.now() - dt.timedelta(days=ask.older))
    if ask.step:
        there = sa.select(Token.instance_id).where(
            Token.instance_id == Instance.id, Token.element_id == ask.step
        )
        given.append(there.exists())
    return given


def _with_number(key: str) -> list[int]:
    """The cases whose number begins so, from its index; MANY and no more."""
    query = sa.select(Instance.id).where(
        Instance.business_key >= key, Instance.business_key < key + "\U0010ffff"
    )
    return list(db.session.scalars(query.order_by(Instance.business_key).limit(MANY)))


def _numbered(key: str) -> sa.ColumnElement[bool]:
    """A few are named one by one. Very many are no way in: as an expression, which no index has,
    the beginning is looked at in those that the state leads to."""
    found = _with_number(key)
    if len(found) < MANY:
        return Instance.id.in_(found)
    number = Instance.business_key.concat("")
    return sa.and_(number >= key, number < key + "\U0010ffff")


def _few(state: str) -> list[sa.ColumnElement[bool]]:
    """What leads to the few of a state that has few."""
    if state == "stuck":
        return [STUCK]
    if state == "overdue":
        late = sa.select(UserTask.instance_id).where(
            UserTask.workspace_id == workspace.current(), UserTask.state == "open",
            UserTask.due_at < clock.now(),
        )  # fmt: skip
        return [Instance.id.in_(late)]
    return []


@dataclass(frozen=True)
class Page:
    """Cases, newest first; the list goes on after `older` and before `newer`, where there is more.
    `is_cut`: so many cases were looked at that the search was left there."""

    cases: list[Instance]
    newer: int | None = None
    older: int | None = None
    is_cut: bool = False


def page(ask: Ask) -> Page:
    """A page of the list. What is over is history: there a condition that no index has is looked at
    in LOOKED_AT cases of each state, and the next page goes on from there."""
    back = ask.after is not None
    edge = _edge(ask)
    ids = _ids(ask, edge)
    shown, more = ids[:PER_PAGE], len(ids) > PER_PAGE
    goes_on = shown[-1] if more else edge
    rows = narrowing.rows(Instance, sorted(shown, reverse=True), without="header")
    if back:
        return Page(rows, goes_on, shown[0] if shown else ask.after, edge is not None and not more)
    newest = (shown[0] if shown else ask.before) if ask.before else None
    return Page(rows, newest, goes_on, edge is not None and not more)


def _ids(ask: Ask, edge: int | None) -> list[int]:
    """A page and one more, from where the last one ended: by each state's own index, together in
    one order."""
    narrow = _narrowed(ask)
    if edge is not None:
        narrow.append(Instance.id <= edge if ask.after else Instance.id >= edge)
    if ask.state in (
        "stuck",
        "overdue",
    ):  # an expression: to go by the id is to read all there were
        few = sa.select(Instance.id).where(*_where(ask), *_from(ask))
        order = (Instance.id + 0).asc() if ask.after else (Instance.id + 0).desc()
        return list(db.session.scalars(few.order_by(order).limit(PER_PAGE + 1)))
    parts = [_way(ask, state).where(*narrow).limit(PER_PAGE + 1) for state in _states(ask.state)]
    both = sa.union_all(*(sa.select(part.subquery().c.id) for part in parts)).subquery().c.id
    query = sa.select(both).order_by(both.asc() if ask.after else both.desc())
    return list(db.session.scalars(query.limit(PER_PAGE + 1)))


def _way(ask: Ask, state: str) -> sa.Select[tuple[int]]:
    """The cases of one state in order, from where the last page ended, as an index has them."""
    in_it = Instance.state == state
    query = sa.select(Instance.id).where(*_from(ask))
    if ask.version:
        query = query.where(Instance.definition_id == ask.version)
    elif ask.process:
        query = query.where(Instance.process_id == ask.process)
    elif (
        ask.starter and state in OVER
    ):  # nearly all of theirs: an expression, so as not to go by it
        in_it = Instance.state.concat("") == state
        query = query.where(Instance.started_by == ask.starter)
    elif ask.starter:
        query = query.where(Instance.started_by.concat("") == ask.starter)
    query = query.where(in_it)
    return query.order_by(Instance.id.asc() if ask.after else Instance.id.desc())


def _from(ask: Ask) -> list[sa.ColumnElement[bool]]:
    if ask.after:
        return [Instance.id > ask.after]
    return [Instance.id < ask.before] if ask.before else []


def _edge(ask: Ask) -> int | None:
    """How far a page looks, where it must not look at everything."""
    by_index = [one for one in (ask.version or ask.process, ask.starter) if one]
    hard = len(by_index) > 1 or (ask.older or 0) > AGES[-1]
    hard = hard or (bool(ask.key) and len(_with_number(ask.key)) == MANY)
    if not hard or ask.state not in ("ended", "all"):
        return None
    found = [
        id for state in _states(ask.state)
        for id in db.session.scalars(_way(ask, state).offset(LOOKED_AT - 1).limit(1))
    ]  # fmt: skip
    return (min(found) if ask.after else max(found)) if found else None


def chosen(ask: Ask, ids: list[int] | None = None) -> sa.Select[Any]:
    """(instance id, no incident) of everything the filter finds, or of these only."""
    query = sa.select(Instance.id.label("instance_id"), sa.null().label("incident_id")).where(
        Instance.workspace_id == workspace.current()
    )
    if ids is not None:
        return query.where(Instance.id.in_(ids))
    return query.where(*_where(ask))


def total(ask: Ask) -> int:
    """How many the filter finds."""
    query = sa.select(sa.func.count()).select_from(Instance).where(*_where(ask))
    return int(db.session.scalar(query) or 0)


@dataclass
class Work:
    """Where a case of the list stands: who has what, since when, until when."""

    steps: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    since: dt.datetime | None = None
    due: dt.datetime | None = None


def work_of(cases: list[Instance]) -> dict[int, Work]:
    """{case: where it stands}, three queries for a whole page."""
    ids = [case.id for case in cases if case.state in LIVE]
    found: dict[int, Work] = {id: Work() for id in ids}
    names = {case.id: definitions.known(case.definition_id).names for case in cases}
    tokens = sa.select(Token.instance_id, Token.element_id).where(Token.instance_id.in_(ids))
    for case_id, element in db.session.execute(tokens.order_by(Token.token_id)):
        name = names[case_id].get(element)
        if name and name not in found[case_id].steps:
            found[case_id].steps.append(name)
    row = UserTask.__table__.c  # past the filter of the workspace, as `narrowing.rows` is
    tasks = sa.select(row.instance_id, row.name, row.assignee, row.created_at, row.due_at).where(
        row.instance_id.in_(ids), row.state == "open"
    )
    for case_id, name, assignee, since, due in db.session.execute(tasks):
        one = found[case_id]
        if name not in one.steps:
            one.steps.append(name)
        if assignee and assignee not in one.assignees:
            one.assignees.append(assignee)
        one.since = min(filter(None, (one.since, since)), default=None)
        one.due = min(filter(None, (one.due, due)), default=None)
    return found


# one case


def tasks(instance_id: int) -> list[UserTask]:
    """Its open tasks, oldest first, a hundred."""
    query = sa.select(UserTask).where(UserTask.instance_id == instance_id, UserTask.state == "open")
    return list(db.session.scalars(query.order_by(UserTask.id).limit(100)))


@dataclass
class Waiting:
    """What a case waits for, beside people."""

    timers: list[Timer]
    messages: list[MessageWait]
    signals: list[SignalWait]
    jobs: list[Job]

    def __bool__(self) -> bool:
        return bool(self.timers or self.messages or self.signals or self.jobs)


def waiting(instance_id: int) -> Waiting:
    """Timers, messages, signals and jobs of the case, a hundred of each."""

    def of(model: Any, order: Any) -> list[Any]:
        query = sa.select(model).where(model.instance_id == instance_id)
        return list(db.session.scalars(query.order_by(order).limit(100)))

    jobs = sa.select(Job).where(
        Job.subject.in_([f"{of}:{instance_id}" for of in ("instance", "sent", "effect")]),
        Job.state != "done",
    )
    return Waiting(
        of(Timer, Timer.due_at), of(MessageWait, MessageWait.id), of(SignalWait, SignalWait.id),
        list(db.session.scalars(jobs.order_by(Job.run_at).limit(100))),
    )  # fmt: skip


def incidents(instance_id: int) -> list[Incident]:
    """Its open incidents, oldest first."""
    query = sa.select(Incident).where(Incident.instance_id == instance_id, Incident.state == "open")
    return list(db.session.scalars(query.order_by(Incident.id).limit(100)))


@dataclass
class Branch:
    """A case in the tree of who began whom."""

    case: Instance
    name: str
    version: int
    below: list["Branch"] = field(default_factory=list)
    more: int = 0  # that are not shown


MOST_BELOW, DEEPEST = 50, 6


def family(case: Instance) -> Branch:
    """The case that began it all, and below it what that case and its followers began by message."""
    top, seen = case, {case.id}
    while top.caused_by is not None and len(seen) < 50:
        above = db.session.scalar(sa.select(Instance).where(Instance.id == top.caused_by))
        if above is None or above.id in seen:
            break
        top = above
        seen.add(top.id)
    root = _branch(top)
    level = {top.id: root}
    for _depth in range(max(DEEPEST, len(seen))):
        query = sa.select(Instance).where(Instance.caused_by.in_(level)).order_by(Instance.id)
        below: dict[int, Branch] = {}
        for child in db.session.scalars(query.limit(500)):
            above_it = level[child.caused_by or 0]
            if len(above_it.below) < MOST_BELOW or child.id == case.id:
                below[child.id] = _branch(child)
                above_it.below.append(below[child.id])
            else:
                above_it.more += 1
        if not below:
            break
        level = below
    return root


def _branch(case: Instance) -> Branch:
    known = definitions.known(case.definition_id)
    return Branch(case, known.name, known.version)


def called(instance_id: int) -> list[tuple[int, str]]:
    """(definition id, its name) of the processes that run inside the case now, by call activity."""
    query = (
        sa.select(ScopeState.definition_id)
        .where(ScopeState.instance_id == instance_id, ScopeState.definition_id.is_not(None))
        .order_by(ScopeState.owner)
        .limit(100)
    )
    return [(id, definitions.known(id).name) for id in db.session.scalars(query)]


def history(instance_id: int, before: int | None, kinds: str) -> tuple[list[Event], bool]:
    """Lines of the history, newest first, and whether there are older ones."""
    query = sa.select(Event).where(Event.instance_id == instance_id)
    if before:
        query = query.where(Event.id < before)
    if kinds == "people":
        query = query.where(Event.kind.in_(PEOPLE))
    elif kinds == "steps":
        query = query.where(Event.kind != "variable")
    rows = list(db.session.scalars(query.order_by(Event.id.desc()).limit(HISTORY + 1)))
    return rows[:HISTORY], len(rows) > HISTORY


# what somebody decided, as against what followed from it
PEOPLE = ("started", "closed", "claimed", "released", "delegated", "due", "suspended", "resumed",
          "retried", "skipped", "moved", "changed", "migrated", "ended")  # fmt: skip
