"""What a definition consists of: scopes, flows, triggers, loops, mappings. Plain records, made once
per version by `parse`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from app.engine import expression
from app.engine.expression import Expression
from app.engine.spiff.rows import StartRow

if TYPE_CHECKING:
    from app.engine.spiff.activities import EventSubProcess
    from app.engine.spiff.nodes import Node

WAITED_FOR = frozenset(
    {"message", "signal", "timer", "conditional"}
)  # the other kinds are looked up when they are thrown


@dataclass(slots=True)
class Flow:
    """A sequence flow; `condition` is None when it has none."""

    id: str
    target: str
    condition: Expression | None = None


@dataclass(slots=True)
class Carry:
    """camunda:in and camunda:out: one variable, the value of an expression, or everything."""

    target: str | None = None
    value: Expression | None = None
    source: str | None = None
    everything: bool = False
    local: bool = False


@dataclass(slots=True)
class Parameter:
    """An input or output parameter; `value` is an expression, or a list or dict of such."""

    name: str
    value: Any


@dataclass(slots=True)
class Trigger:
    """What an event waits for, or throws.

    `key`: name of the message or signal, code of the error or escalation (None catches all), text
    of the timer, condition.
    """

    kind: str = "none"
    key: Expression | None = None
    timer: str | None = None  # timeDate | timeDuration | timeCycle
    correlation: Expression | None = None  # of a message
    activity: str | None = None  # compensation: only this one
    variable: str | None = None  # conditional: only changes of this variable
    changes: frozenset[str] = frozenset()  # conditional: only these of create, update, delete
    code_to: str | None = None  # error, escalation: the variable that takes the code
    message_to: str | None = None  # error: the variable that takes the message
    payload: tuple[Carry, ...] = ()  # what a thrown signal or message carries
    topic: str | None = None  # a thrown message goes through this handler
    wait: bool = True  # compensation: go on only when all is undone

    @property
    def waits(self) -> bool:
        return self.kind in WAITED_FOR


NOTHING = Trigger()


@dataclass(slots=True)
class Loop:
    """Multi-instance (parallel or sequential) or standard loop."""

    kind: str  # parallel | sequential | standard
    cardinality: Expression | None = None
    collection: Expression | None = None
    element: str | None = None
    until: Expression | None = None  # completion condition of a multi-instance
    again: Expression | None = None  # condition of a standard loop
    test_before: bool = False
    maximum: int | None = None
    async_before: bool = False  # of each instance
    async_after: bool = False


@dataclass(slots=True)
class Lane:
    name: str | None
    groups: list[str] = field(default_factory=list)


class ScopeSpec(WorkflowSpec):
    """The inside of a process or sub-process. `start` is the node of the token that owns all others
    of the scope.
    """

    def __init__(self, id: str, name: str, filename: str | None = None) -> None:
        super().__init__(name=id, filename=filename)
        self.description = name
        self.data_objects, self.data_stores, self.io_specification = (
            {},
            {},
            None,
        )  # Spiff's ProcessParser fills them
        self.entries: list[Node] = []
        self.event_subprocesses: list[EventSubProcess] = []
        self._reaches: dict[tuple[str, str], bool] = {}

    @property
    def id(self) -> str:
        return self.name

    @property
    def plain_entries(self) -> list[Node]:
        """Where a start begins that no event asked for: the none starts, else a timer or
        conditional, else the only one there is.
        """
        plain = [node for node in self.entries if node.trigger.kind == "none"]
        timed = [node for node in self.entries if node.trigger.kind in ("timer", "conditional")]
        return plain or timed[:1] or (self.entries if len(self.entries) == 1 else [])

    def reaches(self, source: Node, target: Node) -> bool:
        """Is there a path of flows (or over a boundary event) from one node to another?"""
        key = source.name, target.name
        if key not in self._reaches:
            self._reaches[key] = target.name in self._reachable(source)
        return self._reaches[key]

    def _reachable(self, source: Node) -> set[str]:
        seen: set[str] = set()
        todo = [source]
        while todo:
            node = todo.pop()
            for following in [*node.outputs, *node.boundaries]:
                if following.name not in seen:
                    seen.add(following.name)
                    todo.append(following)
        return seen

    def nodes(self) -> Iterator[Node]:
        """All nodes of this scope and of the sub-processes in it."""
        for node in self.task_specs.values():
            if node is self.start:
                continue
            yield node
            inner = getattr(node, "body", None)
            if inner is not None:
                yield from inner.nodes()


class ProcessSpec(ScopeSpec):
    """One executable process of a file. The platform sets `key`, its own name for this version."""

    def __init__(self, id: str, name: str, filename: str | None = None) -> None:
        super().__init__(id, name, filename)
        self.key = id
        self.version_tag: str | None = None
        self.attributes: dict[
            str, str
        ] = {}  # camunda: attributes of the process element, without the namespace
        self.properties: dict[str, str] = {}  # camunda:properties of the process element
        self.documentation: str | None = None
        self.rewritten: list[tuple[str, str]] = []  # what `normalise` changed: (element id, what)

    def starts(self) -> list[StartRow]:
        """Every way in which an instance can begin."""
        return [_start_row(node, trigger) for node in self.entries for trigger in node.triggers]


def _start_row(node: Node, trigger: Trigger) -> StartRow:
    row = StartRow(
        node.name,
        node.bpmn_name,
        trigger.kind,
        initiator=node.x.get("initiator"),
        variable=trigger.variable,
        timer=trigger.timer,
    )
    if trigger.kind in ("message", "signal") and trigger.key is not None:
        row.name = _constant_name(trigger.key)
    elif trigger.key is not None:
        row.expression = trigger.key
    return row


def _constant_name(key: Expression) -> str | None:
    """The name of a start's message or signal; None when it needs variables, which nobody has yet."""
    try:
        return str(expression.result(key, {}))
    except expression.Bad:
        return None
