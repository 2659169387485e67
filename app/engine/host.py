"""The platform as the running core sees it, for one step of one case (`spiff/host.Host`).

Handlers run inside a savepoint, so that a failing one leaves nothing behind. What leaves the case
(messages, signals) is kept here and delivered when the step is written.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import SessionTransaction

from app import clock, sql, values
from app.db import db
from app.engine import definitions, handlers
from app.engine.failures import Stuck
from app.engine.models import Decision, HandlerJournal
from app.engine.spiff.host import Call, Limits, Message
from app.engine.spiff.spec import ProcessSpec
from app.feel import dmn
from app.feel.dmn import hit
from app.i18n import _
from app.jobs import queue

_journal = HandlerJournal.__table__
_ANSWERED = sa.select(_journal.c.result).where(sql.named(_journal, "key"))


class StepHost:
    """One step: its time, its actor, what it sends."""

    def __init__(
        self,
        instance_id: int,
        workspace_id: int,
        *,
        by: str | None,
        started_by: str | None,
        at: dt.datetime,
        limits: Limits,
        seen_id: int = 0,
        stops: frozenset[str] = frozenset(),
    ) -> None:
        self.instance_id, self.workspace_id = instance_id, workspace_id
        self.by, self.started_by, self.limits = by, started_by, limits
        self.at = at.astimezone(clock.zone())  # days and times of day are the company's
        self.seen_id = seen_id  # tokens up to this one were there before the step
        self.stops = stops  # elements in front of which tokens stop as jobs
        self.messages: list[Message] = []
        self.signals: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[dict[str, Any]] = []  # for the journal
        self.calling: Call | None = None
        self.looked_at: tuple[Decision, dmn.Decision, Mapping[str, Any]]
        self._savepoint: SessionTransaction | None = None

    def now(self) -> dt.datetime:
        return self.at

    # definitions

    def definition(self, key: str) -> ProcessSpec:
        return self._stopping(definitions.spec(int(key)))

    def called(
        self, process_id: str, binding: str, version: str | None, caller: str
    ) -> ProcessSpec | None:
        found = definitions.called(process_id, binding, version, caller)
        return found and self._stopping(found)

    def _stopping(self, spec: ProcessSpec) -> ProcessSpec:
        return definitions.stopped_at(int(spec.key), self.stops) if self.stops else spec

    # work

    def handles(self, topic: str) -> bool:
        return handlers.get(topic) is not None

    def call(self, call: Call) -> Mapping[str, Any] | None:
        called = handlers.get(call.topic)
        if called is None:
            raise Stuck(
                "no_handler",
                _("没有名为 %(topic)s 的处理程序。", topic=call.topic),
                element=call.element_id,
                name=call.element_name,
                token=call.token_id,
            )
        if called.pure:
            return self._run(called, call)
        key = f"{self.instance_id}:{call.element_id}:{call.token_id}"
        if call.token_id <= self.seen_id:  # a token of this very step cannot have asked before
            known = sql.one(_ANSWERED, {"the_key": key})
            if known is not None:
                return known.result
        result = self._run(called, call)
        self.answers.append({"key": key, "handler": call.topic, "result": result, "at": self.at})
        return result

    def _run(self, called: handlers.Handler, call: Call) -> dict[str, Any]:
        if self._savepoint is None:
            self._savepoint = db.session.begin_nested()
        self.calling = call
        result = handlers.invoke(called, self._step(call), call.variables)
        session = db.session
        if called.pure and (session.new or session.dirty or session.deleted):
            raise handlers.HandlerError(f"{call.topic} is declared pure but changes records")
        session.flush()  # what the database refuses is this handler's failure
        self.calling = None
        return result

    def _step(self, call: Call) -> handlers.Step:
        return handlers.Step(
            instance_id=self.instance_id,
            process_id=call.process_id,
            element_id=call.element_id,
            element_name=call.element_name,
            token_id=call.token_id,
            loop_index=call.loop_index,
            by=self.by,
            started_by=self.started_by,
            now=self.at,
            workspace_id=self.workspace_id,
            business_key=call.business_key,
            _visible=call.variables,
            _platform=self,
            _call=call,
        )

    def keep(self) -> None:
        """What the handlers wrote stays in the transaction."""
        if self._savepoint is not None:
            self._savepoint.commit()
            self._savepoint = None

    def remember(self) -> None:
        """The journal knows what the handlers answered."""
        sql.insert_all(_journal, self.answers)

    def undo(self) -> None:
        """What the handlers wrote is gone."""
        if self._savepoint is not None:
            self._savepoint.rollback()
            self._savepoint = None

    def decide(
        self,
        decision_id: str,
        binding: str,
        version: str | None,
        caller: str,
        variables: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        row = definitions.decision(decision_id, binding, version, caller)
        found = row and definitions.model(row.file).find(decision_id)
        if row is None or found is None:
            raise Stuck("not_deployed", _("没有发布过决策表 %(id)s。", id=decision_id))
        self.looked_at = row, found, variables
        return _rules(found, found.evaluate(variables))

    def explain(self) -> dict[str, Any]:
        row, found, variables = self.looked_at
        inputs = {name: variables[name] for name in found.requires if name in variables}
        # copied by way of JSON: history must not change when the variables do
        copied = values.loads(values.dumps(inputs))
        return {"decision": row.decision_id, "version": row.version, "inputs": copied}

    # what leaves the case

    def send(self, message: Message) -> None:
        self.messages.append(message)

    def send_from(
        self, step: handlers.Step, name: str, key: str | None, variables: dict[str, Any],
        every: bool = False,
    ) -> None:  # fmt: skip
        """A handler sends a message; its variables are copied now."""
        copied = values.loads(values.dumps(variables))
        place = (step.element_id, step.token_id, step.business_key)
        self.send(Message(name, key, copied, *place, every))

    def broadcast(self, name: str, variables: dict[str, Any]) -> None:
        self.signals.append((name, values.loads(values.dumps(variables))))

    def effect(
        self, step: handlers.Step, kind: str, payload: dict[str, Any], key: str | None
    ) -> None:
        """A job is in the outbox. Without a key, one per token, kind and payload."""
        digest = hashlib.sha256(values.dumps(payload).encode()).hexdigest()[:16]
        text = key or f"{self.instance_id}:{step.token_id}:{kind}:{digest}"
        queue.enqueue(kind, payload, key=text, subject=f"effect:{self.instance_id}")


def _rules(decision: dmn.Decision, value: Any) -> list[dict[str, Any]]:
    """A decision's value as the rules that hit."""
    table = decision.table
    if table is None:
        return [value if isinstance(value, dict) else {decision.name or decision.id: value}]
    if value is None:
        return []
    single = table.outputs[0].name or decision.id
    several = table.policy in hit.LISTS and not table.aggregation
    found = value if several else [value]
    return [one if len(table.outputs) > 1 else {single: one} for one in found]
