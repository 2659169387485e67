"""What the running core asks of the platform around it. No SQL, no Flask and no SpiffWorkflow in
here.

How the platform drives an instance::

    definitions = parse.parse([("a.bpmn", data), ...])   # {process id: ProcessSpec}; Unreadable
    spec.key = "the platform's own key of this version"  # str; comes back in host.definition(key)
    spec.starts()                                        # [StartRow]: how instances can begin

    live = instance.start(spec, host, variables, business_key=None, element=None)
    live = instance.load(host, header, scopes, tokens)   # cold; equals the warm one
    live.host = host                                     # before each step on a cached one
    live.complete(token_id, variables)                   # a user task
    live.deliver(token_id, variables)                    # the message or signal it waits for
    live.fire(token_id)                                  # a timer that is due
    live.resume(token_id)                                # a job (asyncBefore, asyncAfter)
    live.skip(token_id, variables)                             # a parked token leaves its element as if that were done
    live.trigger(token_id, variables)                    # a receive task or event, by hand
    live.set_variables(values, token_id=None)            # also wakes conditional events
    live.cancel(reason)                                  # `ended` is then "cancelled"
    changes = live.changes()                             # rows.Changes since the last call

The rows of `changes` share their dicts with the live instance: write them before its next step.
Each of these runs until everything waits. **Any exception that leaves one of them leaves the live
instance poisoned** (`live.poisoned` is True and every further step raises): throw it away, roll the
transaction back and load it again from its rows. A `BpmnError` of a handler never leaves; it goes
to the diagram or becomes `Stuck`. A called process runs inside its caller's instance: a `ScopeRow`
with the called definition's key. An unknown or already finished `token_id` raises `KeyError`.
`live.running` is the token id at work when something raised; `live.retries(token_id)` its element's
failedJobRetryTimeCycle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from app.engine.spiff.spec import ProcessSpec


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a run becomes an incident instead of eating the server."""

    steps: int = 20_000  # nodes run in one step of an instance
    instances: int = 1_000  # of one multi-instance activity or standard loop
    tokens: int = 10_000  # alive in one instance
    depth: int = 50  # sub-processes and called processes inside each other


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a handler by a service, send or throwing element.

    `variables` is a read-only mapping of everything visible (input mappings innermost); each access
    makes a deep copy, `dict(call.variables)` copies all. `loop_index` counts from 0, None outside
    of a multi-instance. `set_business_key(key)` changes the key of the process instance at once.
    `process_id` is the process that contains the element (the called one inside a call activity),
    `definition` its key.
    """

    topic: str
    token_id: int
    element_id: str
    element_name: str | None
    process_id: str
    definition: str
    business_key: str | None
    loop_index: int | None
    variables: Mapping[str, Any]
    set_business_key: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that leaves the instance. `key` is its correlation key (text) or None.

    `every`: each case that waits for it with this key has it, and it is never kept.
    """

    name: str
    key: str | None
    variables: dict[str, Any] = field(default_factory=dict)
    element_id: str | None = None
    token_id: int | None = None
    business_key: str | None = None
    every: bool = False


class Host(Protocol):
    """The platform, for one step of one instance."""

    limits: Limits

    def now(self) -> datetime:
        """Aware UTC time of the instance's workspace."""

    def definition(self, key: str) -> ProcessSpec:
        """The compiled version with the key that a row carries (cold load)."""

    def called(
        self, process_id: str, binding: str, version: str | None, caller: str
    ) -> ProcessSpec | None:
        """The version that a call activity means, None when nothing is deployed.

        `binding` is `latest`, `deployment` (the caller's deployment) or `version` (then `version`
        is the number as text); `caller` is the key of the calling definition.
        """

    def handles(self, topic: str) -> bool:
        """Is there a handler for this topic?"""

    def call(self, call: Call) -> Mapping[str, Any] | None:
        """Run the handler (or give back its journalled answer); what it returns is set as
        variables.

        Raises `failures.BpmnError` for the diagram; any other exception leaves the step.
        """

    def decide(
        self,
        decision_id: str,
        binding: str,
        version: str | None,
        caller: str,
        variables: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The rules that hit, one dict of output name to value each, in the order of the hit
        policy.

        An aggregation, a literal expression or a FEEL context is one dict (`{decision or output
        name: value}`). Must not keep or change `variables`.
        """

    def explain(self) -> dict[str, Any]:
        """What the last `decide` looked at, for the history: `{decision, file, inputs}`."""

    def send(self, message: Message) -> None:
        """Keep the message; deliver it after the step, in the same transaction or by a job. Never
        touch an instance in here.
        """

    def broadcast(self, name: str, variables: dict[str, Any]) -> None:
        """Keep the signal for all OTHER instances and start events; deliver it after the step.

        The throwing instance's own waits have already heard it.
        """
