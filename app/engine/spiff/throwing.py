"""Who hears what is thrown: errors, escalations and cancel go outwards, signals go to all, messages
leave, compensation undoes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.engine.spiff import compensation, parameters
from app.engine.spiff.host import Message
from app.engine.spiff.spec import Trigger
from app.engine.spiff.token import INSTANCE

if TYPE_CHECKING:
    from app.engine.spiff.events import Boundary
    from app.engine.spiff.token import Scope, Token

Catcher = tuple["Boundary", Trigger, "Token | Scope"]


def throw_event(token: Token, trigger: Trigger) -> bool | None:
    """Throw what a throwing event says. True: done; None: the token waits until all is undone."""
    return _THROW[trigger.kind](token, trigger) if trigger.kind in _THROW else True


# errors and escalations


def throw(
    token: Token,
    kind: str,
    code: str | None,
    variables: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> bool:
    """Let the nearest event catch it; False when there is none."""
    found = _catcher(token, kind, code)
    token.top.note("thrown", token, {"event": kind, "code": code, "caught": found is not None})
    if found is None:
        return False
    node, trigger, place = found
    caught = node.happen(place)
    token.top.note("caught", caught, {"event": kind, "code": code})
    values = dict(variables or {})
    if trigger.code_to:
        values[trigger.code_to] = code
    if trigger.message_to:
        values[trigger.message_to] = message
    caught.set(values)
    return True


def _catcher(token: Token, kind: str, code: str | None) -> Catcher | None:
    """The nearest level wins; within it a matching code before one that catches all."""
    for level in _levels(token, kind):
        for node, trigger, place in level:
            if trigger.key is not None and token.text(trigger.key) == code:
                return node, trigger, place
        for found in level:
            if found[1].key is None:
                return found
    return None


def _levels(token: Token, kind: str) -> Iterator[list[Catcher]]:
    """What could catch it, level by level outwards: each activity's boundary events, then the
    scope's event sub-processes.

    An event sub-process never catches what it throws itself; boundary events belong to the body of
    a multi-instance.
    """
    inside: Any = None
    while True:
        scope = token.workflow
        while token is not scope.task_tree:
            if token.role != INSTANCE:
                yield _of_kind(token.task_spec.boundaries, kind, token)
            token = token.parent
        yield _of_kind(
            [node for node in scope.spec.event_subprocesses if node is not inside], kind, scope
        )
        if scope.parent_task is None:
            return
        token = scope.parent_task
        inside = token.task_spec


def _of_kind(nodes: list[Any], kind: str, place: Token | Scope) -> list[Catcher]:
    return [
        (node, trigger, place)
        for node in nodes
        for trigger in node.triggers
        if trigger.kind == kind
    ]


def _error(token: Token, trigger: Trigger) -> bool:
    """As in Camunda 7, an error end event that nobody catches is a plain end; the history says so."""
    throw(token, "error", token.text(trigger.key))
    return True


def _escalation(token: Token, trigger: Trigger) -> bool:
    throw(token, "escalation", token.text(trigger.key))
    return True


# signals and messages


def _signal(token: Token, trigger: Trigger) -> bool:
    token.top.broadcast(token.named(trigger.key), _payload(token, trigger), token)
    return True


def _message(token: Token, trigger: Trigger) -> bool:
    from app.engine.spiff import machines  # machines throw messages too

    if trigger.topic:
        token.set(machines.call(token, trigger.topic))
    elif trigger.key is not None:
        send(token, trigger)
    return True


def send(token: Token, trigger: Trigger) -> None:
    """The message leaves; it carries the input parameters and `camunda:in` of its element."""
    name = token.named(trigger.key)
    key = token.text(trigger.correlation)
    token.top.note("sent", token, {"message": name, "key": key})
    token.top.host.send(
        Message(
            name,
            key,
            _payload(token, trigger),
            token.task_spec.name,
            token.id,
            token.workflow.home.business_key,
        )
    )


def _payload(token: Token, trigger: Trigger) -> dict[str, Any]:
    own = {
        item.name: token.data[item.name]
        for item in token.task_spec.before
        if item.name in token.data
    }
    return {**own, **parameters.carry(token, trigger.payload, token.names(), token.data)}


# the end of a scope


def _terminate(token: Token, trigger: Trigger) -> bool:
    token.workflow.terminated = True
    token.workflow.end()
    return True


def _cancel(token: Token, trigger: Trigger) -> bool | None:
    """End a transaction: stop what runs in it, undo what is done, leave over the cancel boundary
    event.
    """
    scope = token.workflow
    for other in scope.tokens:
        if other is not token:
            scope.drop(other)
    if compensation.undo(token, scope, None):
        return None
    _cancelled(token)
    return True


def _cancelled(token: Token) -> None:
    host = token.workflow.parent_task
    while host.role == INSTANCE:
        host = host.parent
    node = next((n for n in host.task_spec.boundaries if n.trigger.kind == "cancel"), None)
    if node is not None:
        node.happen(host)
    else:
        token.workflow.end()


def _compensate(token: Token, trigger: Trigger) -> bool | None:
    """In an event sub-process the scope around it is meant."""
    scope = token.workflow
    if compensation.undo(token, scope, trigger.activity):
        return None
    host = scope.parent_task
    around = host is not None and host.task_spec.subscribes
    return None if around and compensation.undo(token, host.workflow, trigger.activity) else True


def all_undone(token: Token) -> None:
    """Everything that the token wanted undone is undone."""
    if any(trigger.kind == "cancel" for trigger in token.task_spec.triggers):
        _cancelled(token)
    else:
        token.complete()


_THROW = {
    "error": _error,
    "escalation": _escalation,
    "signal": _signal,
    "message": _message,
    "terminate": _terminate,
    "cancel": _cancel,
    "compensate": _compensate,
}
