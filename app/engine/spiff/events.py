"""Start, end, intermediate and boundary events, and the gateway that waits for the first of
several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.spiff import parameters, throwing
from app.engine.spiff.nodes import Node

if TYPE_CHECKING:
    from app.engine.spiff.token import Token


def still_missing(node: Node, token: Token) -> bool:
    """A parallel multiple event: has this one come, but not yet all? Then its wait is gone."""
    if not node.all_needed:
        return False
    waiting = [
        other for other in token.parent.children if other.task_spec is node and other is not token
    ]
    if waiting:
        token.workflow.drop(token, "fired")
    return bool(waiting)


class Start(Node):
    """Where a scope begins; what it waited for has already happened."""


class Throw(Node):
    """Intermediate throw and end events; several definitions are thrown in their order."""

    def _run_hook(self, token: Token) -> bool | None:
        parameters.map_in(token, self.before)
        done: bool | None = True
        for trigger in self.triggers:
            if not token.alive:
                return None
            if throwing.throw_event(token, trigger) is None:
                done = None
        return done

    def finish(self, token: Token) -> None:
        parameters.map_out(token, self.after)

    def child_done(self, token: Token, child: Token) -> None:
        if not token._children:
            throwing.all_undone(token)


class Catch(Node):
    """Waits for its trigger; with several for the first of them, or for all."""

    def _run_hook(self, token: Token) -> bool | None:
        if token.internal_data.get("fired") or self.trigger.kind == "none":
            return True
        if len(self.triggers) == 1:
            self.arm(token)
        else:
            self.subscribe_all(token)
        return None

    def fire(self, token: Token) -> None:
        owner = token.parent
        if owner.task_spec is not self:
            super().fire(token)
        elif not still_missing(self, token):
            for child in owner.children:
                owner.workflow.drop(child)
            super().fire(owner)

    def finish(self, token: Token) -> None:
        parameters.map_out(token, self.after)


class Boundary(Node):
    """While it waits it hangs below its activity; it runs only as an event that has happened."""

    subscribes = True
    interrupting = True

    def fire(self, token: Token) -> None:
        if not still_missing(self, token):
            self.happen(token.parent, token)

    def happen(self, host: Token, wait: Token | None = None) -> Token:
        """It has happened to `host`: a token leaves over its flows; an interrupting one takes the
        activity away.
        """
        owner = host.parent
        if self.interrupting:
            host.workflow.drop(host)
        elif wait is not None:
            self.go_on_waiting(host, wait)
        return owner.spawn(self)

    def go_on_waiting(self, host: Token, wait: Token) -> None:
        if self.all_needed:
            host.workflow.drop(wait)
            self.subscribe_all(host)
        else:
            self.rearm(wait)


class EventGateway(Node):
    """The first event that happens takes the token; the others are forgotten."""

    races = True

    def _run_hook(self, token: Token) -> bool | None:
        for node in self.outputs:
            node.subscribe_all(token)
        return None

    def won(self, gateway: Token, wait: Token) -> Token:
        """A token for the event that has happened, in the gateway's place."""
        owner, node = gateway.parent, wait.task_spec
        flow = next(flow.id for flow in self.flows if flow.target == node.name)
        gateway.finished = True
        gateway.top.note("left", gateway)
        gateway.workflow._remove_task(gateway.id)
        token = owner.hang(node, flow=flow)
        token.top.note("entered", token, {"flow": flow})
        return token
