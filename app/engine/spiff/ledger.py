"""What changed since it was last asked: kept while tokens move, turned into rows once at the end of
a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.engine.spiff.rows import (
    Changes,
    EventRow,
    Header,
    JobRow,
    MessageRow,
    ScopeRow,
    SignalRow,
    TaskRow,
    TimerRow,
    TokenRow,
)
from app.engine.spiff.token import READY, STARTED, WAITING

if TYPE_CHECKING:
    from app.engine.spiff.instance import Instance
    from app.engine.spiff.token import Scope, Token

STATES = {READY: "ready", WAITING: "waiting", STARTED: "started"}
ROW_KINDS = frozenset({"timer", "message", "signal", "job", "task"})


class Ledger:
    """Changed and removed tokens and scopes, and the history of the step. A row that came and went
    in between leaves no trace.
    """

    def __init__(self) -> None:
        self.tokens: dict[int, Token] = {}
        self.tokens_gone: list[Token] = []
        self.scopes: dict[int, Scope] = {}
        self.scopes_gone: list[int] = []
        self.header = False
        self.events: list[EventRow] = []

    def token_gone(self, token: Token) -> None:
        self.tokens.pop(token.id, None)
        if token.stored is not None:
            self.tokens_gone.append(token)

    def scope_changed(self, scope: Scope) -> None:
        if scope.parent_task is None:
            self.header = True
        else:
            self.scopes[scope.parent_task.id] = scope

    def scope_gone(self, scope: Scope) -> None:
        owner = scope.parent_task.id
        self.scopes.pop(owner, None)
        if scope.stored:
            self.scopes_gone.append(owner)

    def changes(self, live: Instance) -> Changes:
        """The rows; from now on they count as stored."""
        made = Changes(
            live.last_id,
            _header(live) if self.header else None,
            events=self.events,
            incident=live.incident,
        )
        for owner, scope in self.scopes.items():
            made.scopes.append(_scope_row(owner, scope))
            scope.stored = True
        made.scopes_gone = self.scopes_gone
        for token in self.tokens_gone:
            made.tokens_gone.append(token.id)
            _close(made, token, token.stored or "")
        for token in self.tokens.values():
            made.tokens.append(_token_row(token))
            _wait(made, token)
        self.__init__()
        return made


def kind_of(token: Token) -> str:
    """What else than a token a row of it says: timer, message, signal, job, task, or nothing."""
    internal = token.internal_data
    if "job" in internal and token._state == READY:
        return "job"
    if token._state == WAITING:
        kind = token.trigger.kind
        return kind if kind in ROW_KINDS else ""
    return "task" if "open" in internal and token.task_spec.for_people else ""


def _header(live: Instance) -> Header:
    return Header(
        live.spec.key,
        live.spec.id,
        live.task_tree.id,
        live.last_id,
        live.data,
        live.compensations,
        live.business_key,
        live.ended,
    )


def _scope_row(owner: int, scope: Scope) -> ScopeRow:
    return ScopeRow(
        owner,
        scope.task_tree.id,
        scope.spec.id,
        scope.spec.key if scope.is_process else None,
        scope.business_key,
        scope.data,
        scope.compensations,
    )


def _token_row(token: Token) -> TokenRow:
    return TokenRow(
        token.id,
        token.workflow.variable_scope,
        token._parent,
        token.task_spec.name,
        STATES[token._state],
        token.data,
        token.internal_data,
    )


def _close(made: Changes, token: Token, kind: str) -> None:
    if kind == "task":
        (made.tasks_done if token.finished else made.tasks_cancelled).append(token.id)
    elif kind:
        getattr(made, f"{kind}s_gone").append(token.id)


def _wait(made: Changes, token: Token) -> None:
    kind = kind_of(token)
    if token.stored and token.stored != kind:
        token.finished = token.finished or (
            token.stored == "task" and "open" not in token.internal_data
        )
        _close(made, token, token.stored)
    if kind and (kind != token.stored or kind == "timer"):
        getattr(made, "tasks_opened" if kind == "task" else f"{kind}s").append(_row(kind, token))
    token.stored, token.opening = kind, None


def _row(kind: str, token: Token) -> Any:
    return _ROWS[kind](token, token.task_spec.name, token.internal_data)


def _task(token: Token, element: str, internal: dict[str, Any]) -> TaskRow | None:
    return token.opening


def _timer(token: Token, element: str, internal: dict[str, Any]) -> TimerRow:
    return TimerRow(token.id, element, internal["due"], "counts" in internal)


def _message(token: Token, element: str, internal: dict[str, Any]) -> MessageRow:
    return MessageRow(
        token.id,
        element,
        internal["key"],
        internal.get("correlation"),
        token.workflow.home.business_key,
    )


def _signal(token: Token, element: str, internal: dict[str, Any]) -> SignalRow:
    return SignalRow(token.id, element, internal["key"])


def _job(token: Token, element: str, internal: dict[str, Any]) -> JobRow:
    return JobRow(token.id, element, internal["job"], token.task_spec.retries)


_ROWS = {"task": _task, "timer": _timer, "message": _message, "signal": _signal, "job": _job}
