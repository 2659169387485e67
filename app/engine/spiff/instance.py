"""One process instance: steps from outside, the run loop, what waits, conditional events, joins
that gather, the watchdog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.engine.failures import BpmnError, Stuck
from app.engine.spiff import restore, throwing
from app.engine.spiff.host import Host
from app.engine.spiff.ledger import Ledger
from app.engine.spiff.rows import Changes, EventRow, Header, Incident, ScopeRow, TokenRow
from app.engine.spiff.spec import ProcessSpec
from app.engine.spiff.token import READY, WAITING, Scope, Token
from app.i18n import _


class Instance(Scope):
    """Alive in memory. How to drive it is said in `host.py`; make one by `start` or `load`."""

    spec: ProcessSpec

    def __init__(self, spec: ProcessSpec, host: Host, data: dict[str, Any] | None = None) -> None:
        self.host, self.at = host, host.now()
        self.last_id, self.population = 0, 0
        self.inner: dict[int, Scope] = {}  # token id -> the scope that it runs
        self.ledger = Ledger()
        self.stack: list[Token] = []  # READY: the last is run next
        self.unchecked: list[Token] = []  # conditional events that have just begun to wait
        self.assigned: list[
            tuple[Token | Scope, str, str]
        ] = []  # changes that conditional events have not seen yet
        self.waits: dict[str, dict[int, Token]] = {
            "message": {},
            "signal": {},
            "timer": {},
            "conditional": {},
            "join": {},
        }
        self.open: dict[int, Token] = {}  # tasks of people, receive tasks without message
        self.jobs: dict[int, Token] = {}
        self.running: int | None = None  # the token at work
        self.busy = self.poisoned = False
        self.ended: str | None = None
        self.incident: Incident | None = None
        super().__init__(spec, data=data)

    # steps from outside

    @contextmanager
    def _step(self) -> Iterator[None]:
        if self.poisoned or self.busy:
            raise RuntimeError(
                "poisoned by an earlier failure: load it again"
                if self.poisoned
                else "a step is running"
            )
        self.busy, self.at, self.incident = True, self.host.now(), None
        try:
            yield
            self._run()
            self._watch()
        except BaseException:
            self.poisoned = True
            raise
        finally:
            self.busy = False

    def complete(self, token_id: int, variables: Mapping[str, Any] | None = None) -> None:
        """A person has done this user task."""
        token = self.open[token_id]
        with self._step():
            token.set(variables)
            self.settle()
            if token.alive:
                self.running = token_id
                del token.internal_data["open"]
                self.open.pop(token_id)
                token.finished = True
                self.note("closed", token)
                token.complete()

    def deliver(self, token_id: int, variables: Mapping[str, Any] | None = None) -> None:
        """The message or signal that this token waits for has come."""
        token = self._waiting(token_id, "message", "signal")
        with self._step():
            self._happen(token, variables)

    def fire(self, token_id: int, due_at: datetime | None = None) -> None:
        """The timer that this token waits for is due. `due_at` is when, if the clock was set since
        it began to wait: a cycle goes on from there."""
        token = self._waiting(token_id, "timer")
        if due_at is not None and due_at != token.internal_data["due"]:
            token.keep(due=due_at)
        with self._step():
            self._happen(token, None)

    def trigger(self, token_id: int, variables: Mapping[str, Any] | None = None) -> None:
        """Somebody continues a receive task or a waiting event by hand."""
        token = self.open.get(token_id) or self._waiting(token_id, *self.waits)
        with self._step():
            if token_id in self.open:
                token.internal_data.pop("open")
                self.open.pop(token_id)
            self._happen(token, variables)

    def resume(self, token_id: int) -> None:
        """A job goes on with a parked token."""
        token = self.jobs[token_id]
        with self._step():
            self.running = token_id
            self.jobs.pop(token_id)
            if token.internal_data["job"] == "after":
                token.leave()
            else:
                del token.internal_data["job"]
                token._set_state(READY)

    def skip(self, token_id: int, variables: Mapping[str, Any] | None = None) -> None:
        """A parked token leaves its element as if that were done, with these variables."""
        token = self.jobs[token_id]
        with self._step():
            self.running = token_id
            self.jobs.pop(token_id)
            token.set(variables)
            self.note("skipped", token)
            if token.internal_data.pop("job") == "after":
                token.leave()
            else:
                token.complete()

    def set_variables(self, variables: Mapping[str, Any], token_id: int | None = None) -> None:
        """Set them where they are defined, seen from the token or from the process."""
        token = self.task_tree if token_id is None else self.find(token_id)
        with self._step():
            token.set(variables)

    def cancel(self, reason: str = "") -> None:
        """Everything alive is cancelled; nothing is undone."""
        with self._step():
            self.ended = "cancelled"
            self.end(reason)

    def changes(self) -> Changes:
        """What changed since the last call."""
        return self.ledger.changes(self)

    def retries(self, token_id: int) -> str | None:
        """The retry cycle of the element at which this token is."""
        return self.find(token_id).task_spec.retries

    def find(self, token_id: int) -> Token:
        """A live token by its id; KeyError when there is none."""
        for scope in [self, *self.inner.values()]:
            if token_id in scope.tasks:
                return scope.tasks[token_id]
        raise KeyError(token_id)

    def _waiting(self, token_id: int, *kinds: str) -> Token:
        for kind in kinds:
            if token_id in self.waits[kind]:
                return self.waits[kind][token_id]
        raise KeyError(token_id)

    def _happen(self, token: Token, variables: Mapping[str, Any] | None) -> None:
        self.running = token.id
        self.note("fired", token)
        token.set(variables)
        if token.alive:
            token.task_spec.fire(token)

    def broadcast(self, name: str, variables: dict[str, Any], thrower: Token) -> None:
        """A signal thrown in here: own waits hear it at once, all others through the host."""
        self.note("sent", thrower, {"signal": name})
        for token in list(self.waits["signal"].values()):
            if token.internal_data["key"] == name and token.id in self.waits["signal"]:
                self._happen(token, variables)
        self.host.broadcast(name, variables)

    # kept by the tokens

    def noticed(self, token: Token) -> None:
        """The token's state has changed."""
        self.ledger.tokens[token.id] = token
        self.register(token)

    def touched(self, token: Token) -> None:
        self.ledger.tokens[token.id] = token

    def scope_touched(self, scope: Scope) -> None:
        self.ledger.scope_changed(scope)

    def scope_gone(self, scope: Scope) -> None:
        if self.inner.pop(scope.parent_task.id, None) is not None:
            self.population -= 1  # its root
            self.ledger.scope_gone(scope)

    def register(self, token: Token) -> None:
        """Put it into the tables of what waits, is open, or is to be run."""
        state = token._state
        if state == WAITING:
            kind = "join" if token.task_spec.gathers else token.trigger.kind
            table = self.waits.get(kind)
            if table is not None:
                table[token.id] = token
                token.waits_in = table
            return
        if token.waits_in is not None:
            token.waits_in.pop(token.id, None)
            token.waits_in = None
        if "open" in token.internal_data:
            self.open[token.id] = token
        if state == READY:
            if "job" in token.internal_data:
                self.jobs[token.id] = token
            else:
                self.stack.append(token)

    def forgotten(self, token: Token) -> None:
        """The token has left the tree."""
        self.population -= 1
        self.ledger.token_gone(token)
        if token.waits_in is not None:
            token.waits_in.pop(token.id, None)
        self.open.pop(token.id, None)
        self.jobs.pop(token.id, None)

    def note(self, kind: str, token: Token, data: dict[str, Any] | None = None) -> None:
        """A line of history."""
        scope = token.workflow
        self.ledger.events.append(
            EventRow(
                self.at,
                kind,
                token.id,
                token.task_spec.name,
                scope.home.spec.key,
                scope.variable_scope,
                data or {},
            )
        )

    def assign(self, owner: Token | Scope, name: str, value: Any, token: Token) -> None:
        """Set one variable of one owner; conditional events will see it."""
        data = owner.data
        change = "update" if name in data else "create"
        if self.waits["conditional"]:
            self.assigned.append((owner, name, change))
        if (
            change == "update"
            and type(value) is type(data[name])
            and not isinstance(value, dict | list)
            and value == data[name]
        ):
            return
        data[name] = value
        owner.touch()
        self.note(
            "variable",
            token,
            {"name": name, "value": value, "change": change, "scope": owner.variable_scope},
        )

    def end(self, reason: str = "") -> None:
        """The instance has ended."""
        self.ended = self.ended or ("terminated" if self.terminated else "completed")
        super().end()
        self.touch()
        self.note("ended", self.task_tree, {"how": self.ended, "reason": reason})

    # the run loop

    def _run(self) -> None:
        steps, limits = 0, self.host.limits
        while True:
            while self.stack or self.assigned or self.unchecked:
                if self.assigned or self.unchecked:
                    self.settle()
                    continue
                token = self.stack.pop()
                if token._state != READY or not token.alive:
                    continue
                steps += 1
                if steps > limits.steps:
                    raise token.stuck(
                        "budget",
                        _("一步之内执行了 %(n)s 个元素还没有停下，可能是死循环。", n=limits.steps),
                    )
                if self.population > limits.tokens:
                    raise token.stuck("limit", _("同时进行的元素超过 %(n)s 个。", n=limits.tokens))
                self._take(token)
            if not self._gather():
                return

    def _take(self, token: Token) -> None:
        self.running = token.id
        try:
            token.run()
        except BpmnError as error:
            if not throwing.throw(token, "error", error.code, error.variables, error.message):
                raise token.stuck(
                    "uncaught_error",
                    _(
                        "业务错误 %(code)s（%(message)s）没有边界事件处理。",
                        code=error.code,
                        message=error.message,
                    ),
                    error.variables,
                ) from error

    def settle(self) -> None:
        """Conditional events look once when they begin to wait, then at every change of a variable
        that they can see.
        """
        while self.assigned or self.unchecked:
            new, self.unchecked = self.unchecked, []
            changes, self.assigned = self.assigned, []
            for token in new:
                self._look(token)
            for owner, name, change in changes:
                for token in list(self.waits["conditional"].values()):
                    if token not in new and _concerns(token, owner, name, change):
                        self._look(token)

    def _look(self, token: Token) -> None:
        if token.id in self.waits["conditional"] and token.holds(token.trigger.key):
            self._happen(token, None)

    def _gather(self) -> bool:
        """Let an inclusive join go on that nothing can reach any more."""
        return any(token.task_spec.try_merge(token) for token in list(self.waits["join"].values()))

    def _watch(self) -> None:
        """An instance that nothing can ever move is an incident, never silence."""
        self.running = None
        if self.completed or self.open or self.jobs:
            return
        if any(table for kind, table in self.waits.items() if kind != "join"):
            return
        stuck = sorted(
            {
                token.task_spec.name
                for scope in [self, *self.inner.values()]
                for token in scope.tasks.values()
                if token._state == WAITING
            }
        )
        self.incident = Incident(
            "deadlock",
            _("实例停住了：%(elements)s 等待的令牌不会再来。", elements="、".join(stuck)),
            stuck,
        )


def _concerns(token: Token, owner: Token | Scope, name: str, change: str) -> bool:
    trigger = token.trigger
    if trigger.variable not in (None, name) or (trigger.changes and change not in trigger.changes):
        return False
    return any(seen is owner for seen in token.owners())


def start(
    spec: ProcessSpec,
    host: Host,
    variables: Mapping[str, Any] | None = None,
    business_key: str | None = None,
    element: str | None = None,
) -> Instance:
    """A new instance, run until everything waits. `element`: the start event that happened; None
    for a plain start.

    Raises `Stuck` (`no_start`) when the process can only be started by an event.
    """
    live = Instance(spec, host)
    live.business_key = business_key
    with live._step():
        live.plant()
        live.note("started", live.task_tree, {"element": element})
        live.task_tree.set(variables)
        entries = [spec.task_specs[element]] if element is not None else spec.plain_entries
        if not entries:
            raise Stuck(
                "no_start", _("流程“%(name)s”只能由消息、信号或定时启动。", name=spec.description)
            )
        live.begin(entries)
    return live


def load(host: Host, header: Header, scopes: list[ScopeRow], tokens: list[TokenRow]) -> Instance:
    """The instance that these rows were written from; nothing runs. The rows' dicts become its own."""
    live = Instance(host.definition(header.definition), host, header.variables)
    restore.fill(live, header, scopes, tokens)
    return live
