"""Activities as Spiff TaskSpecs: what is common to all, people's tasks, sub-processes and calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.engine import schedule
from app.engine.expression import Expression
from app.engine.spiff import compensation, loops, parameters
from app.engine.spiff.events import still_missing
from app.engine.spiff.nodes import Node
from app.engine.spiff.rows import TaskRow
from app.engine.spiff.spec import Carry, Loop, ScopeSpec
from app.engine.spiff.token import HANDLER, INSTANCE, Scope
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.token import Token


class Activity(Node):
    """A task without type and a manual task pass; the others say in `behave` what they do."""

    loop: Loop | None = None
    undo: str | None = None  # the node that compensates it
    for_compensation = False

    def is_job_before(self, token: Token) -> bool:
        if token.role == INSTANCE:
            return self.loop is not None and self.loop.async_before
        return super().is_job_before(token)

    def is_job_after(self, token: Token) -> bool:
        if token.role == INSTANCE:
            return (
                self.loop is not None
                and self.loop.async_after
                and token.internal_data.get("job") is None
            )
        return super().is_job_after(token)

    def _run_hook(self, token: Token) -> bool | None:
        internal = token.internal_data
        if internal.get("fired"):  # a receive task whose message has come
            return True
        if internal.get("role") != INSTANCE and "restore" not in internal:
            for node in self.boundaries:
                node.subscribe_all(token)
            if self.loop is not None:
                return loops.begin(self, token)
        if self.before:
            parameters.map_in(token, self.before)
        return self.behave(token)

    def behave(self, token: Token) -> bool | None:
        """True: done; None: it is worked on."""
        return True

    def finish(self, token: Token) -> None:
        if (
            self.after
            and (self.loop is None or token.role == INSTANCE)
            and "restore" not in token.internal_data
        ):
            parameters.map_out(token, self.after)
        compensation.remember(self, token)

    def child_done(self, token: Token, child: Token) -> None:
        if child.role == INSTANCE:
            loops.instance_done(self, token, child)


class UserTask(Activity):
    """Waits for a person: a STARTED token that is noted as `open`."""

    for_people = True
    texts: dict[str, Expression | None]

    def task_texts(self) -> dict[str, str | None]:
        """The attributes that are evaluated when the task opens."""
        x = self.x
        return {
            "name": self.bpmn_name,
            "documentation": self.documentation,
            "form": x.get("formRef") or x.get("formKey"),
            "assignee": x.get("assignee"),
            "users": x.get("candidateUsers"),
            "groups": x.get("candidateGroups"),
            "due": x.get("dueDate"),
            "follow": x.get("followUpDate"),
            "priority": x.get("priority"),
        }

    def behave(self, token: Token) -> bool | None:
        token.opening = self._row(token)
        token.internal_data["open"] = True
        token.top.note("opened", token)
        return None

    def _row(self, token: Token) -> TaskRow:
        home, texts, lane = token.workflow.home, self.texts, self.lane
        names = token.names()
        found = {
            key: token.evaluate(value, names) for key, value in texts.items() if value is not None
        }
        return TaskRow(
            token.id,
            self.name,
            home.spec.id,
            home.spec.key,
            _said(found.get("name")) or self.name,
            form_key=_said(found.get("form")),
            assignee=_said(found.get("assignee")),
            candidate_users=_several(found.get("users")),
            candidate_groups=_several(found.get("groups")),
            lane=lane.name if lane else None,
            lane_groups=list(lane.groups) if lane else [],
            priority=self._priority(token, found.get("priority")),
            due_at=self._moment(token, found.get("due")),
            follow_up_at=self._moment(token, found.get("follow")),
            documentation=_said(found.get("documentation")),
            loop_index=names.get(loops.INDEX),
            business_key=home.business_key,
            properties=self.properties,
        )

    def _moment(self, token: Token, value: Any) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            return schedule.moment(value, token.top.at).astimezone(UTC)
        except (ValueError, OverflowError, TypeError) as error:
            raise token.stuck(
                "expression", _("“%(value)s”不是可用的时间：%(why)s", value=value, why=error)
            ) from error

    def _priority(self, token: Token, value: Any) -> int:
        try:
            return 50 if value is None or value == "" else int(value)
        except (TypeError, ValueError) as error:
            raise token.stuck(
                "expression", _("优先级“%(value)s”不是整数。", value=value)
            ) from error


def _said(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _several(value: Any) -> list[str]:
    """A list, or a text with commas."""
    if value is None:
        return []
    found = value if isinstance(value, list | tuple) else str(value).split(",")
    return [text for text in (str(item).strip() for item in found if item is not None) if text]


class ReceiveTask(Activity):
    """Waits for its message; without one until somebody continues it by hand."""

    def behave(self, token: Token) -> bool | None:
        if self.trigger.waits:
            self.arm(token)
        else:
            token.keep(open=True)
        return None


def open_scope(token: Token, spec: ScopeSpec, data: dict[str, Any] | None = None) -> Scope:
    """The inner scope that the token runs from now on; `Stuck` when they are nested too deep."""
    scope = Scope(spec, token.top, token, data)
    deepest = token.top.host.limits.depth
    if scope.depth > deepest:
        raise token.stuck("limit", _("子流程和被调用的流程嵌套超过 %(n)s 层。", n=deepest))
    token.top.inner[token.id] = scope
    return scope


class SubProcess(Activity):
    """Embedded sub-process and transaction."""

    body: ScopeSpec

    def behave(self, token: Token) -> bool | None:
        saved = token.internal_data.get("restore")
        if saved is None:
            open_scope(token, self.body).begin()
        else:
            token.data = dict(saved["data"])
            compensation.undo_scope(open_scope(token, self.body), saved["entries"])
        return None

    def scope_ended(self, token: Token, scope: Scope) -> None:
        if token.role != HANDLER and compensation.can_undo(scope):
            token.keep(done={"data": dict(token.data), "entries": scope.compensations})
        token.complete()


class EventSubProcess(SubProcess):
    """Its waiting token hangs in the scope that it may interrupt; it holds its start event's
    triggers.
    """

    subscribes = True
    interrupting = True

    def fire(self, token: Token) -> None:
        if not still_missing(self, token):
            self.happen(token.workflow, token)

    def happen(self, scope: Scope, wait: Token | None = None) -> Token:
        """It has happened in `scope`: an interrupting one takes away all that runs there."""
        if self.interrupting:
            scope.clear()
        elif wait is not None and self.all_needed:
            scope.drop(wait)
            self.subscribe_all(scope.task_tree)
        elif wait is not None:
            self.rearm(wait)
        return scope.task_tree.spawn(self)

    def _on_complete_hook(self, token: Token) -> None:
        """No flow leaves an event sub-process."""


class CallActivity(Activity):
    """Runs another process inside this instance; only `in` and `out` mappings join their variables."""

    called: Expression | None = None
    binding = "latest"
    version: Expression | None = None
    business_key: Expression | None = None
    same_business_key = False
    ins: tuple[Carry, ...] = ()
    outs: tuple[Carry, ...] = ()

    def behave(self, token: Token) -> bool | None:
        called, home = token.text(self.called), token.workflow.home
        spec = token.top.host.called(
            called or "", self.binding, token.text(self.version), home.spec.key
        )
        if spec is None:
            raise token.stuck("not_deployed", _("被调用的流程“%(id)s”没有发布。", id=called))
        scope = open_scope(
            token, spec, parameters.carry(token, self.ins, token.names(), token.data)
        )
        scope.business_key = (
            home.business_key if self.same_business_key else token.text(self.business_key)
        )
        token.top.note("called", token, {"process": spec.id, "definition": spec.key})
        scope.begin()
        return None

    def scope_ended(self, token: Token, scope: Scope) -> None:
        seen = scope.data
        token.set(
            parameters.carry(
                token, (m for m in self.outs if m.local and not m.everything), seen, seen
            ),
            local=True,
        )
        token.set(
            parameters.carry(
                token, (m for m in self.outs if not m.local or m.everything), seen, seen
            )
        )
        token.top.settle()
        if token.alive:
            token.complete()
