"""Token: a Spiff Task in a tree of ownership. Scope: a Spiff Workflow, the inside of a process or
sub-process.

A token hangs below what owns it now: a boundary wait below its task, an instance below its
multi-instance body, everything else below the root of its scope. READY = the run loop takes it (or
a job), WAITING = for an event or for other tokens, STARTED = somebody works on it (a person, an
inner scope, instances). A finished token leaves the tree at once and its owner is told
(`child_done`). Nothing is predicted, copied or merged; what has been is in the history rows only.

Whatever may cancel the token that is running must be followed by a look at `alive`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from app.engine import expression
from app.engine.failures import Stuck
from app.engine.spiff.spec import NOTHING, ProcessSpec, ScopeSpec, Trigger
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.expression import Expression
    from app.engine.spiff.instance import Instance
    from app.engine.spiff.nodes import Node
    from app.engine.spiff.rows import TaskRow

READY, WAITING, STARTED = TaskState.READY, TaskState.WAITING, TaskState.STARTED
INSTANCE, HANDLER, ITEMS = "instance", "handler", "items"  # roles


class Token(Task):
    """`id` counts from 1 in its process instance. `data` holds the variables local to it,
    `internal_data` the core's notes.
    """

    task_spec: Node
    workflow: Scope

    def __init__(
        self,
        scope: Scope,
        node: Node,
        parent: Token | None,
        state: int = STARTED,
        id: int | None = None,
    ) -> None:
        top = scope.top
        if id is None:
            id = top.last_id = top.last_id + 1
        super().__init__(scope, node, parent, state=state, id=id)
        self.stored: str | None = (
            None  # what the rows know of it: None nothing, "" a token, else the kind of its wait
        )
        self.opening: TaskRow | None = None  # the user task that it has just opened
        self.finished = False
        self.waits_in: dict[int, Token] | None = None  # the instance's table that it is in
        top.population += 1

    @property
    def top(self) -> Instance:
        return self.workflow.top

    @property
    def role(self) -> str | None:
        """None for a token that follows flows; an `instance` of a body, a compensation `handler`, a
        body's `items`.
        """
        return self.internal_data.get("role")

    @property
    def trigger(self) -> Trigger:
        """The one of its node's triggers that this token waits for."""
        triggers = self.task_spec.triggers
        return triggers[self.internal_data.get("which", 0)] if triggers else NOTHING

    @property
    def alive(self) -> bool:
        return self.workflow.tasks.get(self.id) is self and not self.workflow.completed

    @property
    def is_subscription(self) -> bool:
        """Does it only wait for something that may never come?"""
        return self._state == WAITING and self.task_spec.subscribes

    # life

    def hang(
        self, node: Node, state: int = STARTED, data: dict[str, Any] | None = None, **internal: Any
    ) -> Token:
        """A new token of `node` below this one."""
        child = Token(self.workflow, node, self, state)
        child.internal_data = internal
        if data:
            child.data = data
        self.top.touched(child)
        return child

    def prepare(self, node: Node, data: dict[str, Any] | None = None, **internal: Any) -> Token:
        """A new token of `node` below this one that still has to be released."""
        child = self.hang(node, data=data, **internal)
        told = {key: internal[key] for key in ("flow", "role") if key in internal}
        self.top.note("entered", child, told)
        return child

    def release(self) -> None:
        """The run loop takes it next, or a job when its node asks for it."""
        if self.task_spec.is_job_before(self):
            self.park("before")
        else:
            self._set_state(READY)

    def spawn(self, node: Node, data: dict[str, Any] | None = None, **internal: Any) -> Token:
        """A new token of `node` below this one, released at once."""
        child = self.prepare(node, data, **internal)
        child.release()
        return child

    def park(self, kind: str) -> None:
        """Leave it to a job, that is, to another transaction."""
        self.internal_data["job"] = kind
        self._set_state(READY)

    def _set_state(self, value: int) -> None:
        self._state = value
        self.top.noticed(self)

    def error(self) -> None:
        """Spiff's hook after an exception; the run loop decides what becomes of it."""

    def run(self) -> None:
        result = self.task_spec._run(self)
        if (
            self.alive and self._state == READY
        ):  # neither cancelled by what it did, nor waiting by its own decision
            if result:
                self.complete()
            else:
                self._set_state(STARTED)

    def complete(self) -> None:
        """Its work is done: outputs are mapped, then it leaves over the flows, at once or by a job."""
        node = self.task_spec
        node.finish(self)
        if self.alive and node.is_job_after(self):
            for child in self.children:
                self.workflow.drop(child)
            self.park("after")
        elif self.alive:
            self.leave()

    def leave(self) -> None:
        self.finished = True
        self.top.note("left", self)
        super().complete()

    def keep(self, **internal: Any) -> None:
        """Note something that must outlive this step."""
        self.internal_data.update(internal)
        self.top.touched(self)

    def touch(self) -> None:
        self.top.touched(self)

    @property
    def variable_scope(self) -> int:
        return self.id

    # variables

    def owners(self) -> Iterator[Token | Scope]:
        """Who may hold variables that are seen from here, innermost first; last the process (or
        called process) itself.
        """
        token: Token | None = self
        scope = self.workflow
        while True:
            while token is not None:
                yield token
                token = token.parent
            if scope.is_process:
                yield scope
                return
            token = scope.parent_task
            scope = token.workflow

    def names(self) -> Mapping[str, Any]:
        """All variables seen from here. Not to be changed, nor kept."""
        maps = [owner.data for owner in self.owners() if owner.data]
        return maps[0] if len(maps) == 1 else expression.Names(maps)

    def set(self, values: Mapping[str, Any] | None, local: bool = False) -> None:
        """A variable is changed where it is defined, else made in the process; `local`: made here."""
        if not values:
            return
        owners = [self] if local else list(self.owners())
        for name, value in values.items():
            owner = next((o for o in owners if name in o.data), owners[-1])
            self.top.assign(owner, name, value, self)

    # expressions

    def evaluate(self, compiled: Expression, names: Mapping[str, Any] | None = None) -> Any:
        """The value; `Stuck` names this element and what the expression looked at."""
        names = self.names() if names is None else names
        try:
            return expression.result(compiled, names)
        except expression.Bad as error:
            raise self.stuck(
                "expression", str(error), expression.looked_at(compiled, names)
            ) from error

    def holds(self, compiled: Expression, names: Mapping[str, Any] | None = None) -> bool:
        """Is the condition true? As `evaluate`."""
        names = self.names() if names is None else names
        try:
            return expression.holds(compiled, names)
        except expression.Bad as error:
            raise self.stuck(
                "expression", str(error), expression.looked_at(compiled, names)
            ) from error

    def text(self, compiled: Expression | None) -> str | None:
        """The value as text, None for null and for an empty text."""
        value = None if compiled is None else self.evaluate(compiled)
        return None if value is None or value == "" else str(value)

    def named(self, compiled: Expression | None) -> str:
        """The value as the name of a message or signal; `Stuck` when there is none."""
        name = self.text(compiled)
        if name is None:
            values = {} if compiled is None else expression.looked_at(compiled, self.names())
            raise self.stuck("expression", _("消息或信号的名称是空的。"), values)
        return name

    def stuck(self, reason: str, message: str, values: Mapping[str, Any] | None = None) -> Stuck:
        """The failure of this element, to be raised."""
        node = self.task_spec
        return Stuck(
            reason,
            message,
            element=node.name,
            name=node.bpmn_name,
            token=self.id,
            values=dict(values or {}),
        )


def release(tokens: list[Token]) -> None:
    """The run loop takes the last first: one branch to its waits, then the next."""
    for token in reversed(tokens):
        token.release()


class Scope(Workflow):
    """One running process, called process, sub-process or event sub-process; its tokens hang under
    one root token.

    Only a process holds variables (`data`); those of a sub-process are the local ones of the token
    that runs it.
    """

    spec: ScopeSpec
    parent_task: Token | None

    def __init__(
        self,
        spec: ScopeSpec,
        top: Instance | None = None,
        parent_task: Token | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        self.top, self.parent_task = top or self, parent_task
        super().__init__(spec, deserializing=True)
        self.data = {} if data is None else data
        self.is_process = isinstance(spec, ProcessSpec)
        self.home: Scope = self if self.is_process else parent_task.workflow.home
        self.depth = 0 if parent_task is None else parent_task.workflow.depth + 1
        self.business_key: str | None = None
        self.compensations: list[
            dict[str, Any]
        ] = []  # what could be undone here, in order of completion
        self.stored = self.terminated = False
        self.task_tree: Token = None  # planted when it begins or is loaded

    def plant(self, id: int | None = None) -> None:
        """Make the root token."""
        self.task_tree = Token(self, self.spec.start, None, STARTED, id)
        self.task_tree.stored = ""  # its id is kept with the scope

    def begin(self, entries: list[Node] | None = None) -> None:
        """Subscribe the event sub-processes, then start; the run loop does the rest."""
        if self.task_tree is None:
            self.plant()
        self.touch()
        for node in self.spec.event_subprocesses:
            node.subscribe_all(self.task_tree)
        first = self.spec.plain_entries if entries is None else entries
        release([self.task_tree.prepare(node) for node in first])
        if not first:
            self.end()

    def touch(self) -> None:
        self.top.scope_touched(self)

    @property
    def variable_scope(self) -> int | None:
        return self.parent_task.id if self.parent_task is not None else None

    @property
    def tokens(self) -> list[Token]:
        return self.task_tree.children

    def clear(self) -> None:
        """Cancel everything in it."""
        for token in self.tokens:
            self.drop(token)

    def drop(self, token: Token, why: str = "cancelled") -> None:
        """Take a token away with everything that it owns; its owner is not told."""
        if self.tasks.get(token.id) is token:
            if not token.is_subscription and token.role != ITEMS:
                self.top.note(why, token)
            self._remove_task(token.id)

    def end(self) -> None:
        """The last token is gone; what only waited for events goes with it."""
        self.clear()
        self.completed = True
        host = self.parent_task
        if host is None:
            return
        self.top.scope_gone(self)
        host.task_spec.scope_ended(host, self)

    # Spiff's hooks

    def is_completed(self) -> bool:
        return self.completed

    def _task_completed_notify(self, token: Token) -> None:
        if not token.alive:
            return
        owner = token.parent
        self._remove_task(token.id)
        owner.task_spec.child_done(owner, token)

    def _task_removed_notify(self, token: Token) -> None:
        self.top.forgotten(token)
        inner = self.top.inner.get(token.id)
        if inner is not None:
            inner.clear()
            inner.completed = True
            self.top.scope_gone(inner)
