"""Flow nodes as Spiff TaskSpecs: the base of all, the root of a scope, and the gateways that split
and join.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.specs.base import TaskSpec

from app.engine import schedule
from app.engine.spiff.spec import NOTHING, Flow, Lane, Parameter, ScopeSpec, Trigger
from app.engine.spiff.token import READY, WAITING, release
from app.i18n import _

if TYPE_CHECKING:
    from app.engine.spiff.token import Token


class Root(TaskSpec):
    """Owns the tokens of a scope and ends it with the last one."""

    triggers, subscribes, races, gathers, bpmn_name = (NOTHING,), False, False, False, None

    def child_done(self, root: Token, child: Token) -> None:
        tokens = root.workflow.tasks
        if all(tokens[id].is_subscription for id in root._children):
            root.workflow.end()


class Node(BpmnSpecMixin):
    """Runs at once and leaves over its flows. Spiff's look-ahead, data copying and predecessor
    checks are switched off.
    """

    subscribes = False  # a waiting token of it does not keep its scope alive
    races = False  # the tokens below it wait for the same chance
    for_people = False  # an open token of it is a task of the inbox
    gathers = False  # its waiting tokens are looked at when nothing else can move
    _wf_spec: ScopeSpec

    def __init__(self, wf_spec: ScopeSpec, bpmn_id: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, inputs=[], outputs=[], data={}, **kwargs)
        self.flows: list[Flow] = []
        self.default: Flow | None = None
        self.boundaries: list[Any] = []
        self.triggers: tuple[Trigger, ...] = (NOTHING,)
        self.all_needed = False  # parallelMultiple: all triggers, not any
        self.x: dict[str, str] = {}  # camunda: attributes
        self.properties: dict[str, str] = {}  # camunda:properties
        self.before: list[Parameter] = []
        self.after: list[Parameter] = []
        self.async_before = self.async_after = False
        self.retries: str | None = None
        self.lane: Lane | None = None
        self.line = 0

    @property
    def trigger(self) -> Trigger:
        return self.triggers[0]

    # SpiffWorkflow would grow the tree ahead of the token, look at it again and judge the spec's
    # wiring: here the tree holds only what is alive, and app.engine.check has judged the drawing
    def _predict(self, my_task: Token, *_args: Any, **_kwargs: Any) -> None:
        pass

    def _update(self, my_task: Token) -> None:
        pass

    def test(self) -> None:
        pass

    def add_flow(self, flow: Flow, target: Node, is_default: bool) -> None:
        """Called while parsing."""
        self.flows.append(flow)
        self.connect(target)
        if is_default:
            self.default = flow

    # the life of a token

    def is_job_before(self, token: Token) -> bool:
        return self.async_before and token.role is None

    def is_job_after(self, token: Token) -> bool:
        return self.async_after and token.role is None and token.internal_data.get("job") is None

    def _run_hook(self, token: Token) -> bool | None:
        """True: done; None: it waits or is worked on."""
        return True

    def finish(self, token: Token) -> None:
        """Done: what must happen before the token leaves."""

    def _on_complete_hook(self, token: Token) -> None:
        if token.role is None:
            self.follow(token.parent, self.chosen(token))

    def follow(self, owner: Token, flows: list[Flow]) -> None:
        specs = self._wf_spec.task_specs
        release([owner.prepare(specs[flow.target], flow=flow.id) for flow in flows])

    def chosen(self, token: Token) -> list[Flow]:
        """Every flow whose condition holds or that has none, else the default. No flow at all ends
        the branch.
        """
        flows, default = self.flows, self.default
        if len(flows) == 1 and flows[0].condition is None:
            return flows
        taken = [
            f
            for f in flows
            if f is not default and (f.condition is None or token.holds(f.condition))
        ]
        if taken or not flows:
            return taken
        if default is None:
            raise self.no_way_out(token)
        return [default]

    def no_way_out(self, token: Token) -> Exception:
        names = token.names()
        read = sorted(
            {
                name
                for flow in self.flows
                if flow.condition is not None
                for name in flow.condition.names
            }
        )
        return token.stuck(
            "no_way_out",
            _("“%(name)s”的出口条件都不成立，也没有默认出口。", name=self.bpmn_name or self.name),
            {name: names.get(name) for name in read},
        )

    def child_done(self, token: Token, child: Token) -> None:
        """A token below this one's token is finished and gone."""

    # waiting for events

    def subscribe_all(self, owner: Token) -> None:
        """A token below `owner` for each trigger that can be waited for."""
        for which, trigger in enumerate(self.triggers):
            if trigger.waits:
                self.arm(owner.hang(self, which=which) if which else owner.hang(self))

    def arm(self, token: Token) -> None:
        """From now on the token waits for its trigger."""
        trigger, internal = token.trigger, token.internal_data
        if trigger.kind in ("message", "signal"):
            internal["key"] = token.named(trigger.key)
            if trigger.correlation is not None:
                internal["correlation"] = token.text(trigger.correlation)
        elif trigger.kind == "timer":
            internal["due"], internal["rest"] = self.first_due(token, internal)
        token._set_state(WAITING)
        if trigger.kind == "conditional":
            token.top.unchecked.append(token)

    def first_due(self, token: Token, internal: dict[str, Any]) -> tuple[Any, Any]:
        value = token.evaluate(token.trigger.key)
        if schedule.counts(token.trigger.timer or "", value):
            internal["counts"] = True
        try:
            return schedule.first(token.trigger.timer or "", value, token.top.at)
        except (ValueError, OverflowError, TypeError) as error:
            raise token.stuck(
                "expression", _("“%(value)s”不是可用的时间：%(why)s", value=value, why=error)
            ) from error

    def fire(self, token: Token) -> None:
        """What this token waited for has happened."""
        if token.parent.task_spec.races:
            token = token.parent.task_spec.won(token.parent, token)
        token.keep(fired=True)
        token._set_state(READY)

    def rearm(self, token: Token) -> None:
        """After a non-interrupting event: a timer goes on with its cycle or is gone; every other
        wait stays.
        """
        if token.trigger.kind != "timer":
            return
        # the time of day of a cron is that of the company, the first time and every time
        due = token.internal_data["due"].astimezone(token.top.at.tzinfo)
        after = schedule.following(token.internal_data["rest"], due)
        if after is None:
            token.workflow.drop(token)
        else:
            token.keep(due=after[0], rest=after[1])


class ExclusiveGateway(Node):
    """The first flow whose condition holds, else the default. A single flow without condition is
    taken.
    """

    def chosen(self, token: Token) -> list[Flow]:
        flows = self.flows
        if not flows or (len(flows) == 1 and flows[0].condition is None):
            return flows
        for flow in flows:
            if (
                flow.condition is not None
                and flow is not self.default
                and token.holds(flow.condition)
            ):
                return [flow]
        last = self.default or next((flow for flow in flows if flow.condition is None), None)
        if last is None:
            raise self.no_way_out(token)
        return [last]


class Join(Node):
    """Base of the gateways where tokens wait for each other."""

    def here(self, token: Token) -> list[Token]:
        """The other tokens of this scope that wait at this node."""
        return [
            other
            for other in token.parent.children
            if other.task_spec is self and other is not token and other._state == WAITING
        ]

    def merge(self, tokens: list[Token]) -> None:
        for token in tokens:
            token.workflow.drop(token, "joined")


class ParallelGateway(Join):
    """Takes as many tokens as it has flows in, then leaves over all."""

    def chosen(self, token: Token) -> list[Flow]:
        return self.flows

    def _run_hook(self, token: Token) -> bool | None:
        needed = len(self._inputs)
        if needed > 1:
            others = self.here(token)
            if len(others) + 1 < needed:
                token._set_state(WAITING)
                return None
            self.merge(others[: needed - 1])
        return True


class InclusiveGateway(Join):
    """Waits until every flow has brought a token, or nothing else of its scope can still arrive.

    The second is looked at when nothing else moves, see `Instance.gather`.
    """

    gathers = True

    def _run_hook(self, token: Token) -> bool | None:
        if len(self._inputs) < 2 or token.internal_data.get("fired"):
            return True
        others = self.here(token)
        if len(others) + 1 >= len(self._inputs):
            self.merge(others)
            return True
        token._set_state(WAITING)
        return None

    def try_merge(self, token: Token) -> bool:
        """Go on with all that are here, if nothing else can still come."""
        spec = token.workflow.spec
        for other in token.parent.children:
            if (
                other.task_spec is not self
                and not other.is_subscription
                and spec.reaches(other.task_spec, self)
            ):
                return False
        self.merge(self.here(token))
        self.fire(token)
        return True
