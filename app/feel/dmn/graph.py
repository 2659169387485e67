"""The requirements graph: what each decision, knowledge model and service needs, evaluated once per run."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.feel.dmn import boxed, functions, read
from app.feel.dmn.build import Build, Formula, Place, Scope, nothing
from app.feel.dmn.errors import DmnError
from app.feel.dmn.read import Element
from app.feel.dmn.table import Table, read_table, show
from app.feel.dmn.types import Type
from app.feel.values import imported

Parameters = tuple[tuple[str, Type | None], ...]


@dataclass(slots=True)
class Input:
    """Data that comes from outside."""

    id: str
    name: str
    type: Type | None


@dataclass(slots=True)
class Knowledge:
    """A business knowledge model: a function that sees its parameters and the knowledge it requires."""

    id: str
    name: str
    parameters: Parameters
    body: Formula
    requires: tuple[str, ...]


@dataclass(slots=True)
class Service:
    """A decision service: a function of its input data and input decisions."""

    id: str
    name: str
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    outputs: tuple[str, ...]
    type: Type | None


@dataclass(slots=True)
class Node:
    """A decision as the graph sees it: its formula and the ids of what it requires."""

    id: str
    name: str
    variable: str
    formula: Formula
    type: Type | None
    place: Place
    inputs: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    logic: Table | None = None
    line: int | None = None


@dataclass(slots=True)
class Graph:
    """All nodes of a model by id."""

    inputs: dict[str, Input] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    knowledge: dict[str, Knowledge] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    lenient: bool = False

    def order(self, key: str, made: Container[str]) -> list[str]:
        """The decision and those under it that are not made yet, what is required first."""
        found: dict[str, None] = {}
        stack = [(key, False)]
        while stack:
            here, ready = stack.pop()
            if ready:
                found[here] = None
            elif here not in found and here not in made:
                stack.append((here, True))
                stack += [(under, False) for under in self.nodes[here].decisions]
        return list(found)

    def names(self) -> set[str]:
        """Names that the model itself makes: of decisions, knowledge models and services."""
        functions = (*self.knowledge.values(), *self.services.values())
        return {node.variable for node in self.nodes.values()} | {one.name for one in functions}


class Run:
    """One evaluation: the data given, and every decision already made in it."""

    def __init__(self, graph: Graph, context: Mapping[str, Any]) -> None:
        self.graph = graph
        self.context: Scope = dict(context)
        self.made: dict[str, Any] = {}
        self.functions: dict[str, Any] = {}

    def scope(self, node: Node) -> Scope:
        """What the expressions of a decision see: the data, its inputs as their types, what it requires."""
        graph = self.graph
        scope = dict(self.context)
        for key in node.inputs:
            scope[graph.inputs[key].name] = self._input(graph.inputs[key])
        for key in node.decisions:
            scope[graph.nodes[key].variable] = self.decide(key)
        for key in node.knowledge:
            function = self.function(key)
            scope[function.name] = function
        return scope

    def _input(self, data: Input) -> Any:
        value = imported(self.context.get(data.name))
        if data.type is None:
            return value
        made, fits = data.type.coerce(value)
        if not fits and not self.graph.lenient:
            raise DmnError(
                f"输入“{data.name}”的值 {show(value)} 不符合类型 {data.type.name}。请检查传入的数据。",
                f"Input “{data.name}”: {show(value)} does not fit the type {data.type.name}. "
                "Check the data passed in.",
                code="input",
                element_id=data.id,
            )
        return made

    def decide(self, key: str) -> Any:
        """The value of a decision, made once per run."""
        if key not in self.made:
            for under in self.graph.order(key, self.made):
                node = self.graph.nodes[under]
                self.made[under] = self.finish(node, node.formula(self.scope(node)))
        return self.made[key]

    def finish(self, node: Node, value: Any) -> Any:
        """A decision's value as its variable's type; null (lenient) or DmnError when it does not fit."""
        if node.type is None:
            return value
        made, fits = node.type.coerce(value)
        if not fits and not self.graph.lenient:
            raise DmnError(
                f"结果 {show(value)} 不符合类型 {node.type.name}。请修改输出或类型。",
                f"The result {show(value)} does not fit the type {node.type.name}. "
                "Change the outputs or the type.",
                code="output",
                element_id=node.id,
                line=node.line,
                place=(node.place.zh, node.place.en),
            )
        return made

    def function(self, key: str) -> Any:
        """A knowledge model or a decision service as a function value."""
        if key not in self.functions:
            make = self._service if key in self.graph.services else self._knowledge
            self.functions[key] = make(key)
        return self.functions[key]

    def _knowledge(self, key: str) -> Any:
        model = self.graph.knowledge[key]

        def body(given: Scope) -> Any:
            known = {self.function(k).name: self.function(k) for k in (*model.requires, key)}
            return model.body({**known, **given})

        return functions.make(model.parameters, body, model.name)

    def _service(self, key: str) -> Any:
        graph, service = self.graph, self.graph.services[key]
        parameters = [(graph.inputs[i].name, graph.inputs[i].type) for i in service.inputs]
        parameters += [(graph.nodes[i].variable, graph.nodes[i].type) for i in service.given]
        return functions.make(tuple(parameters), lambda given: self.serve(key, given), service.name)

    def serve(self, key: str, given: Mapping[str, Any]) -> Any:
        """The result of a decision service for its inputs and input decisions, by name."""
        graph, service = self.graph, self.graph.services[key]
        inner = Run(graph, given)
        for decision in service.given:
            node = graph.nodes[decision]
            inner.made[decision] = inner.finish(node, given.get(node.variable))
        results = {graph.nodes[one].variable: inner.decide(one) for one in service.outputs}
        value = next(iter(results.values())) if len(results) == 1 else results
        return value if service.type is None else service.type.coerce(value)[0]


def read_graph(build: Build, lenient: bool) -> Graph:
    """The graph of the build's file; what is missing or circular is noted as an error."""
    graph, root = Graph(lenient=lenient), build.root
    for element in read.kids(root, "inputData"):
        place = Place(f"输入数据“{read.name(element)}”", f"input data “{read.name(element)}”")
        kind = build.type_of(read.kid(element, "variable"), place)
        graph.inputs[_id(element)] = Input(_id(element), read.variable_name(element), kind)
    for element in read.kids(root, "businessKnowledgeModel"):
        graph.knowledge[_id(element)] = _read_knowledge(element, build)
    for element in read.kids(root, "decisionService"):
        graph.services[_id(element)] = _read_service(element, build)
    for element in read.kids(root, "decision"):
        graph.nodes[_id(element)] = _read_node(element, build)
    _check(graph, build)
    return graph


def _id(element: Element) -> str:
    return element.get("id") or read.name(element)


def _targets(element: Element, holder: str, link: str) -> tuple[str, ...]:
    found = (read.kid(e, link) for e in read.kids(element, holder))
    return tuple(read.target(e) for e in found if e is not None)


def _read_knowledge(element: Element, build: Build) -> Knowledge:
    place = Place(f"业务知识模型“{read.name(element)}”", f"knowledge model “{read.name(element)}”")
    logic = read.kid(element, "encapsulatedLogic")
    parameters, body = (
        ((), nothing) if logic is None else boxed.function_definition(logic, build, place)
    )
    kind = build.type_of(read.kid(element, "variable"), place)
    if kind is not None and not kind.function:
        body = boxed.typed(body, kind)
    return Knowledge(_id(element), read.variable_name(element), parameters, body,
                     _targets(element, "knowledgeRequirement", "requiredKnowledge"))  # fmt: skip


def _read_service(element: Element, build: Build) -> Service:
    kind = build.type_of(read.kid(element, "variable"))
    return Service(
        _id(element),
        read.variable_name(element),
        tuple(map(read.target, read.kids(element, "inputData"))),
        tuple(map(read.target, read.kids(element, "inputDecision"))),
        tuple(map(read.target, read.kids(element, "outputDecision"))),
        None if kind is None or kind.function else kind,
    )


def _read_node(element: Element, build: Build) -> Node:
    name = read.name(element)
    place = Place(f"决策“{name or _id(element)}”", f"decision “{name or _id(element)}”")
    if read.kid(element, *boxed.EXPRESSIONS) is None and not build.lenient:
        build.refuse(element, place, "没有内容。请填写决策表或表达式。",
                     "It is empty. Add a decision table or an expression.", "empty")  # fmt: skip
    holder = read.kid(element, "decisionTable")
    logic = read_table(holder, build, place) if holder is not None else None
    return Node(
        _id(element),
        name,
        read.variable_name(element) or _id(element),
        logic.decide if logic is not None else boxed.compile(element, build, place),
        build.type_of(read.kid(element, "variable"), place),
        place,
        _targets(element, "informationRequirement", "requiredInput"),
        _targets(element, "informationRequirement", "requiredDecision"),
        _targets(element, "knowledgeRequirement", "requiredKnowledge"),
        logic,
        element.sourceline,
    )


def _check(graph: Graph, build: Build) -> None:
    root = build.root
    for node in graph.nodes.values():
        known = (
            (node.inputs, graph.inputs),
            (node.decisions, graph.nodes),
            (node.knowledge, graph.knowledge | graph.services),
        )
        for wanted, there in known:
            for key in wanted:
                if key not in there:
                    build.refuse(root, node.place, f"所需的元素“{key}”不在本文件中。请把它加入本文件。",
                                 f"The required element “{key}” is not in this file; add it.", "missing")  # fmt: skip
        node.inputs = tuple(k for k in node.inputs if k in graph.inputs)
        node.decisions = tuple(k for k in node.decisions if k in graph.nodes)
        node.knowledge = tuple(k for k in node.knowledge if k in graph.knowledge | graph.services)
    for knowledge in graph.knowledge.values():
        there = graph.knowledge | graph.services
        knowledge.requires = tuple(k for k in knowledge.requires if k in there)
    for service in graph.services.values():
        service.inputs = tuple(k for k in service.inputs if k in graph.inputs)
        service.given = tuple(k for k in service.given if k in graph.nodes)
        service.outputs = tuple(k for k in service.outputs if k in graph.nodes)
    _check_cycles(graph, build)


def _check_cycles(graph: Graph, build: Build) -> None:
    done: set[str] = set()

    for start in graph.nodes:
        path: list[str] = []
        stack = [(start, iter(graph.nodes[start].decisions))]
        while stack:
            key, following = stack[-1]
            if not path or path[-1] != key:
                path.append(key)
            after = next((k for k in following if k not in done), None)
            if after is None:
                done.add(key)
                path.pop()
                stack.pop()
            elif after in path:
                node = graph.nodes[after]
                node.decisions = ()
                build.refuse(build.root, node.place, "决策互相依赖，形成了循环。请去掉其中一个依赖。",
                             "The decisions depend on each other in a circle; remove one link.", "cycle")  # fmt: skip
            else:
                stack.append((after, iter(graph.nodes[after].decisions)))
