"""A live instance as plain rows, and back. The platform stores them as they are; nothing in here
knows a database.

Values inside `variables`, `data`, `internal` and `compensations` are what `app.values` can write:
None, bool, int, float, Decimal, str, date, time, datetime, durations, lists and dicts of these.
Keys of rows: an instance has one header; inner scopes and all other rows are keyed by a token id
(int, counted per instance from 1, never used twice).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Header:
    """The process instance itself: its own variables and what must outlive its tokens."""

    definition: str  # key of the version it runs
    process_id: str
    root: int  # id of the token that owns all others
    last_id: int  # the last token id given out
    variables: dict[str, Any] = field(default_factory=dict)
    compensations: list[Any] = field(default_factory=list)
    business_key: str | None = None
    ended: str | None = None  # None while alive, then "completed", "terminated" or "cancelled"


@dataclass(slots=True)
class ScopeRow:
    """The inside of a sub-process, event sub-process or called process that runs now. `owner` is
    the token that runs it.
    """

    owner: int
    root: int
    spec: str  # id of the sub-process element, or of the called process
    definition: str | None  # key of the called version; None for a sub-process of the same file
    business_key: str | None = None  # of a called process
    variables: dict[str, Any] = field(default_factory=dict)
    compensations: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class TokenRow:
    """One live token. `scope` is the owner of its inner scope, None in the process itself; `parent`
    the token that owns it.
    """

    id: int
    scope: int | None
    parent: int
    element_id: str
    state: str  # ready (a job will go on with it) | waiting (for an event) | started
    data: dict[str, Any] = field(
        default_factory=dict
    )  # variables local to the activity or the loop instance
    internal: dict[str, Any] = field(default_factory=dict)  # the core's own notes


@dataclass(slots=True)
class TaskRow:
    """A user task that has opened. All texts are evaluated; `due_at` and `follow_up_at` are aware
    UTC.

    `definition` and `process_id` are those of the process that contains the element. `properties`
    are the element's camunda:properties; `lane` is the lane's name, `lane_groups` what the lane
    names as groups (for tasks that name nobody).
    """

    token_id: int
    element_id: str
    process_id: str
    definition: str
    name: str
    form_key: str | None = None
    assignee: str | None = None
    candidate_users: list[str] = field(default_factory=list)
    candidate_groups: list[str] = field(default_factory=list)
    lane: str | None = None
    lane_groups: list[str] = field(default_factory=list)
    priority: int = 50
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    documentation: str | None = None
    loop_index: int | None = None
    business_key: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class TimerRow:
    """A token that waits for a time. Comes again with a later `due_at` when a cycle goes on
    (replace the old row).
    """

    token_id: int
    element_id: str
    due_at: datetime  # aware UTC
    counts: bool = False  # a duration from now, not a date


@dataclass(slots=True)
class MessageRow:
    """A token that waits for a message. `key` is its evaluated correlation key as text, None when
    any key will do.
    """

    token_id: int
    element_id: str
    name: str
    key: str | None = None
    business_key: str | None = None


@dataclass(slots=True)
class SignalRow:
    """A token that waits for a signal."""

    token_id: int
    element_id: str
    name: str


@dataclass(slots=True)
class JobRow:
    """A token that another transaction must go on with: call `resume(token_id)`.

    `retries` is the element's failedJobRetryTimeCycle (`R3/PT5M`), None for the platform's default.
    """

    token_id: int
    element_id: str
    kind: str  # before | after
    retries: str | None = None


@dataclass(slots=True)
class EventRow:
    """One line of the append-only history, in the order in which things happened.

    `kind` and its `data`: started `{element}`, entered `{flow, role}` (both may be missing; role is
    `instance` inside a multi-instance, `handler` in compensation), left, cancelled, joined (taken
    up by another token of a join), opened and closed (user task), fired (an event it waited for),
    thrown `{event, code, caught}`, caught `{event, code}`, sent `{message, key}` or `{signal}`,
    called `{process, definition}`, compensated `{activity, times}`, variable `{name, value, change,
    scope}` (scope: owner token id or None), ended `{how, reason}`.
    """

    at: datetime
    kind: str
    token_id: int | None
    element_id: str | None
    definition: str
    scope: int | None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Incident:
    """The watchdog's finding after a step that went through: live, but nothing can ever move these
    elements.
    """

    reason: str
    message: str
    elements: list[str]


@dataclass(slots=True)
class Changes:
    """What one or more steps changed. Rows that were made and removed in between appear in neither
    list.

    `tokens`, `scopes` and `timers` are to be inserted or replaced by their id; lists ending in
    `_gone` hold token ids.
    """

    last_id: int = 0  # always to be stored with the instance (with the revision)
    header: Header | None = None  # None when nothing in it changed but last_id
    scopes: list[ScopeRow] = field(default_factory=list)
    scopes_gone: list[int] = field(default_factory=list)
    tokens: list[TokenRow] = field(default_factory=list)
    tokens_gone: list[int] = field(default_factory=list)
    tasks_opened: list[TaskRow] = field(default_factory=list)
    tasks_done: list[int] = field(default_factory=list)
    tasks_cancelled: list[int] = field(default_factory=list)
    timers: list[TimerRow] = field(default_factory=list)
    timers_gone: list[int] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    messages_gone: list[int] = field(default_factory=list)
    signals: list[SignalRow] = field(default_factory=list)
    signals_gone: list[int] = field(default_factory=list)
    jobs: list[JobRow] = field(default_factory=list)
    jobs_gone: list[int] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    incident: Incident | None = None


@dataclass(slots=True)
class StartRow:
    """One way in which an instance of a definition can begin: pass `element_id` to
    `instance.start(..., element=...)`.

    `kind`: none, message, signal, timer, conditional. `name` is the message's or signal's name;
    `timer` is timeDate, timeDuration or timeCycle, whose compiled text is `expression`:
    `schedule.first(row.timer, row.expression({}), now)` gives the due times. A conditional start's
    `expression` is its condition: `expression.holds(row.expression, variables)`. `initiator` names
    the variable that takes the login of who starts.
    """

    element_id: str
    name_of_element: str | None
    kind: str
    name: str | None = None
    timer: str | None = None
    expression: Any = None
    variable: str | None = None
    initiator: str | None = None
