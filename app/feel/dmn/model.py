"""A loaded decision model: its decisions, each of which can be made, explained and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app import feel
from app.feel.dmn import check, functions, graph, read, trace
from app.feel.dmn.build import Build, Place, Scope
from app.feel.dmn.check import Finding
from app.feel.dmn.errors import DmnError
from app.feel.dmn.graph import Graph, Node, Run
from app.feel.dmn.table import Table
from app.feel.dmn.trace import Trace


@dataclass(slots=True)
class Decision:
    """One decision of a model."""

    id: str
    name: str
    node: Node
    graph: Graph
    table: Table | None

    @property
    def requires(self) -> tuple[str, ...]:
        """Names of the data this decision and the decisions under it read from outside."""
        found: dict[str, None] = {}
        made = self.graph.names()
        for node in _under(self.graph, self.node):
            found |= {self.graph.inputs[key].name: None for key in node.inputs}
            read_here = node.logic.names() if node.logic else getattr(node.formula, "names", ())
            found |= {name: None for name in read_here if name not in made}
        return tuple(found)

    def evaluate(self, context: Mapping[str, Any], made: Mapping[str, Any] | None = None) -> Any:
        """The decision's value for this data. DmnError says why there is none.

        `made` are values of required decisions that are already known, by decision id.
        """
        run = Run(self.graph, context)
        run.made.update(made or {})
        return own(self._guarded(lambda: run.decide(self.id)))

    def trace(self, context: Mapping[str, Any]) -> Trace:
        """The same with every step written down; an error is in the trace, not raised."""
        run = Run(self.graph, context)
        try:
            return self._guarded(lambda: self._traced(run, {}))
        except DmnError as error:
            return Trace(
                self.id, self.name, error=error, why=error.message, why_en=error.message_en
            )

    def _traced(self, run: Run, seen: dict[str, Trace]) -> Trace:
        made = Trace(self.id, self.name)
        seen[self.id] = made
        for key in self.node.decisions:
            if key not in seen:
                node = self.graph.nodes[key]
                under = Decision(key, node.name, node, self.graph, node.logic)
                made.required.append(under._traced(run, seen))
        try:
            self._guarded(lambda: self._explain(run, made))
        except DmnError as error:
            made.error, made.why, made.why_en = error, error.message, error.message_en
        return made

    def _explain(self, run: Run, made: Trace) -> None:
        scope = run.scope(self.node)
        if self.table is None:
            made.result = own(run.decide(self.id))
            made.inputs = [_given(name, scope) for name in self.requires]
            made.why, made.why_en = "由表达式算出。", "Computed by an expression."
            return
        trace.explain(self.table, scope, made)
        if made.error is None:
            run.made[self.id] = run.finish(self.node, made.result)
            made.result = own(run.made[self.id])

    def _guarded(self, act: Any) -> Any:
        try:
            with functions.counted():
                return act()
        except RecursionError:
            raise DmnError(
                "决策嵌套太深，无法计算。请检查是否有没有终点的递归。",
                "The decision is nested too deeply. Look for a recursion without end.",
                code="deep",
                element_id=self.id,
                place=(self.node.place.zh, self.node.place.en),
            ) from None
        except DmnError:
            raise
        except feel.FeelError as error:
            place = (self.node.place.zh, self.node.place.en)
            raise DmnError(error.message, error.message_en, code=error.code, element_id=self.id,
                           line=self.node.line, place=place, cause=error) from error  # fmt: skip

    def findings(self) -> list[Finding]:
        """What is questionable about the table without running it; empty for other decisions."""
        return check.findings(self.table) if self.table else []


def own(value: Any) -> Any:
    """A copy of lists and contexts: constants of a table are shared, and a caller may change his."""
    if isinstance(value, list):
        return [own(one) for one in value]
    return {key: own(one) for key, one in value.items()} if isinstance(value, dict) else value


def _given(name: str, scope: Scope) -> dict[str, Any]:
    return {"label": name, "expression": name, "value": scope.get(name)}


def _under(found: Graph, node: Node) -> list[Node]:
    seen = {node.id: node}
    queue = [node]
    for one in queue:
        for key in one.decisions:
            if key not in seen:
                seen[key] = found.nodes[key]
                queue.append(found.nodes[key])
    return list(seen.values())


@dataclass(slots=True)
class Model:
    """A loaded file. `decisions` by id; `errors` is empty unless the load was lenient."""

    name: str
    id: str
    namespace: str
    decisions: dict[str, Decision]
    graph: Graph
    errors: list[DmnError] = field(default_factory=list)

    def find(self, key: str) -> Decision | None:
        """A decision by id, or by name when no id is like that."""
        named = (
            d for d in self.decisions.values() if read.squeeze(key) in (d.name, d.node.variable)
        )
        return self.decisions.get(key) or next(named, None)

    def serve(self, name: str, context: Mapping[str, Any]) -> Any:
        """The result of a decision service, by id or name, for its inputs by name."""
        for key, service in self.graph.services.items():
            if name in (key, service.name):
                with functions.counted():
                    return own(Run(self.graph, context).serve(key, context))
        raise DmnError(
            f"没有名为“{name}”的决策。", f"There is no decision “{name}”.", code="missing"
        )


def load(xml: bytes | str | read.Element, name: str = "", *, lenient: bool = False) -> Model:
    """The model of a DMN file; DmnError with every error found (`.all`) when one cell of it is wrong.

    `lenient` is the letter of the standard instead: what is wrong is null wherever it is used, noted in
    `Model.errors`, and nothing raises but a budget.
    """
    root = read.root(xml)
    build = Build(root, lenient)
    for element in read.kids(root, "import"):
        build.refuse(element, Place("引用", "import"), "不支持引用其他文件。请把所需内容复制到本文件。",
                     "Other files cannot be imported; copy what is needed into this file.", "import")  # fmt: skip
    found = graph.read_graph(build, lenient)
    decisions = {
        key: Decision(key, node.name, node, found, node.logic) for key, node in found.nodes.items()
    }
    if not decisions and not lenient:
        build.refuse(root, Place(), "文件中没有决策。", "The file holds no decision.", "empty")
    _raise(build, name)
    return Model(name or read.name(root), root.get("id") or "", root.get("namespace") or "", decisions,
                 found, build.errors)  # fmt: skip


def _raise(build: Build, name: str) -> None:
    if build.errors and not build.lenient:
        first = build.errors[0]
        for error in build.errors if name else ():
            error.message = f"{name}，{error.message}"
            error.message_en = f"{name}, {error.message_en}"
        first.all = build.errors
        raise first
