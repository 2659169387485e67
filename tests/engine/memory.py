"""The platform in memory: the core's host for tests, without database. Cold: every instance is
written and rebuilt before each step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app import values
from app.engine import expression, schedule
from app.engine.spiff import instance, parse
from app.engine.spiff.host import Call, Limits, Message
from app.engine.spiff.instance import Instance
from app.engine.spiff.rows import Changes, Header, ScopeRow, StartRow, TaskRow, TokenRow
from app.engine.spiff.spec import ProcessSpec

BEGIN = datetime(2026, 1, 1, 8, 0, 30, tzinfo=UTC)


class NobodyWaits(Exception):
    pass


class Case:
    """One stored instance: its rows as text, as a database would hold them, and the live object."""

    def __init__(self, live: Instance) -> None:
        self.live = live
        self.header: str = ""
        self.scopes: dict[int, str] = {}
        self.tokens: dict[int, str] = {}
        self.tasks: dict[int, TaskRow] = {}
        self.waits: dict[str, dict[int, Any]] = {
            "timers": {},
            "messages": {},
            "signals": {},
            "jobs": {},
        }
        self.history: list[Any] = []
        self.incident: Any = None
        self.written = 0

    @property
    def completed(self) -> bool:
        return self.live.completed

    @property
    def data(self) -> dict[str, Any]:
        return self.live.data

    def write(self) -> Changes:
        changes = self.live.changes()
        if changes.header:
            self.header = _text(changes.header)
        self.last_id = changes.last_id
        for table, rows, gone, key in (
            (self.scopes, changes.scopes, changes.scopes_gone, "owner"),
            (self.tokens, changes.tokens, changes.tokens_gone, "id"),
        ):
            for id in gone:
                del table[id]
            for row in rows:
                table[getattr(row, key)] = _text(row)
        for id in [*changes.tasks_done, *changes.tasks_cancelled]:
            del self.tasks[id]
        for row in changes.tasks_opened:
            assert row is not None and row.token_id not in self.tasks
            self.tasks[row.token_id] = row
        for name, table in self.waits.items():
            for id in getattr(changes, f"{name}_gone"):
                del table[id]
            for row in getattr(changes, name):
                table[row.token_id] = row
        self.history += changes.events
        self.incident = changes.incident
        self.written += len(changes.tokens)
        return changes

    def reload(self, host: Platform) -> None:
        header = replace(_read(Header, self.header), last_id=self.last_id)
        self.live = instance.load(
            host,
            header,
            [_read(ScopeRow, text) for text in self.scopes.values()],
            [_read(TokenRow, text) for text in self.tokens.values()],
        )


def _text(row: Any) -> str:
    return values.dumps({name: getattr(row, name) for name in row.__slots__})


def _read(kind: Any, text: str) -> Any:
    return kind(**values.loads(text))


class Platform:
    """A host that keeps everything in dicts, and what a platform does around it: deploy, start,
    correlate, let time pass.
    """

    def __init__(self, cold: bool = False, **limits: int) -> None:
        self.cold, self.limits, self.time = cold, Limits(**limits), BEGIN
        self.definitions: dict[str, ProcessSpec] = {}
        self.versions: dict[str, list[ProcessSpec]] = {}
        self.cases: list[Case] = []
        self.handlers: dict[str, Callable[[Call], Mapping[str, Any] | None]] = {}
        self.tables: dict[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = {}
        self.outgoing: list[tuple[Any, ...]] = []
        self.sent: list[Message] = []
        self.timers: list[list[Any]] = []
        self.deployments = itertools.count(1)

    # the host

    def now(self) -> datetime:
        return self.time

    def definition(self, key: str) -> ProcessSpec:
        return self.definitions[key]

    def called(
        self, process_id: str, binding: str, version: str | None, caller: str
    ) -> ProcessSpec | None:
        known = self.versions.get(process_id, [])
        if binding == "version":
            return known[int(version or 0) - 1] if 0 < int(version or 0) <= len(known) else None
        if binding == "deployment":
            together = caller.partition(":")[0]
            return next((spec for spec in known if spec.key.partition(":")[0] == together), None)
        return known[-1] if known else None

    def handles(self, topic: str) -> bool:
        return topic in self.handlers

    def call(self, call: Call) -> Mapping[str, Any] | None:
        return self.handlers[call.topic](call)

    def decide(
        self,
        decision_id: str,
        binding: str,
        version: str | None,
        caller: str,
        variables: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        return self.tables[decision_id](variables)

    def explain(self) -> dict[str, Any]:
        return {}

    def send(self, message: Message) -> None:
        self.sent.append(message)
        self.outgoing.append(("message", message.name, message.key, message.variables, None))

    def broadcast(self, name: str, variables: dict[str, Any]) -> None:
        self.outgoing.append(("signal", name, None, variables, self.stepping))

    stepping: Case | None = None

    # the platform

    def deploy(self, *files: tuple[str, bytes]) -> dict[str, ProcessSpec]:
        found = parse.parse(list(files))
        number = next(self.deployments)
        for id, spec in found.items():
            spec.key = f"{number}:{id}"
            self.definitions[spec.key] = spec
            self.versions.setdefault(id, []).append(spec)
            self.timers = [timer for timer in self.timers if timer[2].id != id]
            for row in spec.starts():
                if row.kind == "timer":
                    self.timers.append(
                        [*schedule.first(row.timer or "", row.expression({}), self.time), spec, row]
                    )
        return found

    def start(
        self,
        process_id: str,
        variables: Mapping[str, Any] | None = None,
        business_key: str | None = None,
        element: str | None = None,
    ) -> Case:
        spec = self.versions[process_id][-1]
        self.stepping = None
        case = Case(instance.start(spec, self, variables, business_key, element))
        self.cases.append(case)
        case.write()
        self._deliver_outgoing(case)
        return case

    def step(self, case: Case, verb: str, *args: Any) -> None:
        """One step of one instance; after a failure it is what it was before."""
        if self.cold:
            case.reload(self)
        self.stepping = case
        try:
            getattr(case.live, verb)(*args)
        except Exception:
            case.reload(self)
            raise
        case.write()
        self._deliver_outgoing(case)

    def _deliver_outgoing(self, case: Case) -> None:
        while self.outgoing:
            kind, name, key, variables, thrower = self.outgoing.pop(0)
            if kind == "message":
                if self._receivers("message", name, key) or self._starts("message", name):
                    self.message(name, variables, key)
            else:
                self.signal(name, variables, but=thrower or case)

    def _receivers(self, kind: str, name: str, key: str | None = None) -> list[tuple[Case, int]]:
        return [
            (case, id)
            for case in self.cases
            for id, row in case.waits[f"{kind}s"].items()
            if row.name == name and (kind == "signal" or key is None or row.key in (None, key))
        ]

    def _starts(self, kind: str, name: str) -> list[tuple[ProcessSpec, StartRow]]:
        return [
            (known[-1], row)
            for known in self.versions.values()
            for row in known[-1].starts()
            if (row.kind, row.name) == (kind, name)
        ]

    def message(
        self, name: str, variables: Mapping[str, Any] | None = None, key: str | None = None
    ) -> list[Case]:
        found = self._receivers("message", name, key)
        if found:
            self.step(found[0][0], "deliver", found[0][1], variables)
            return []
        starts = self._starts("message", name)
        if not starts:
            raise NobodyWaits(name)
        return [self.start(starts[0][0].id, variables, element=starts[0][1].element_id)]

    def signal(
        self, name: str, variables: Mapping[str, Any] | None = None, but: Case | None = None
    ) -> list[Case]:
        found = [(case, id) for case, id in self._receivers("signal", name) if case is not but]
        for case, id in found:
            if id in case.waits["signals"]:
                self.step(case, "deliver", id, variables)
        starts = self._starts("signal", name)
        if not found and not starts and but is None:
            raise NobodyWaits(name)
        return [self.start(spec.id, variables, element=row.element_id) for spec, row in starts]

    def open(self) -> list[tuple[Case, TaskRow]]:
        return [(case, row) for case in self.cases for row in case.tasks.values()]

    def names(self) -> list[str]:
        """The names of all open tasks, sorted."""
        return sorted(row.name for _case, row in self.open())

    def task(self, label: str) -> tuple[Case, TaskRow]:
        return next((case, row) for case, row in self.open() if label in (row.name, row.element_id))

    def complete(self, label: str, **variables: Any) -> None:
        case, row = self.task(label)
        self.step(case, "complete", row.token_id, variables)

    def set(self, **variables: Any) -> None:
        for case in self.cases:
            if not case.completed:
                self.step(case, "set_variables", variables)

    def run_jobs(self) -> int:
        """Every job that is there now; returns how many."""
        found = [(case, id) for case in self.cases for id in case.waits["jobs"]]
        for case, id in found:
            self.step(case, "resume", id)
        return len(found)

    def advance(self, duration: str) -> None:
        end = schedule.duration(duration).after(self.time)
        while True:
            due = [
                (row.due_at, n, id)
                for n, case in enumerate(self.cases)
                for id, row in case.waits["timers"].items()
            ]
            starts = [(timer[0], n, None) for n, timer in enumerate(self.timers)]
            found = min(
                [entry for entry in [*due, *starts] if entry[0] <= end],
                key=lambda entry: entry[0],
                default=None,
            )
            if found is None:
                break
            self.time = max(self.time, found[0])
            if found[2] is not None:
                self.step(self.cases[found[1]], "fire", found[2])
            else:
                self._timed_start(found[1])
        self.time = end

    def _timed_start(self, number: int) -> None:
        due, rest, spec, row = self.timers.pop(number)
        after = schedule.following(rest, due)
        if after:
            self.timers.append([*after, spec, row])
        self.start(spec.id, element=row.element_id)


__all__ = ["BEGIN", "Case", "NobodyWaits", "Platform", "expression"]
