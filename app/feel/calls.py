"""Closures of function calls and function definitions."""

from typing import Any

from app.feel import errors, nodes
from app.feel.build import Builder, Closure, Scope, writes
from app.feel.builtins import registry
from app.feel.errors import FeelError
from app.feel.operators import negation
from app.feel.values import Function


@writes(nodes.Call)
def _call(builder: Builder, node: nodes.Call) -> Closure:
    target = node.function
    if isinstance(target, nodes.Name) and not builder.is_local(target.name):
        name = target.name
        if name not in builder.known and name in registry.FUNCTIONS:
            return _builtin_call(builder, node, registry.FUNCTIONS[name])
    return _value_call(builder, node)


def _builtin_call(builder: Builder, node: nodes.Call, function: registry.Builtin) -> Closure:
    if function.name == "not" and len(node.arguments) == 1 and not node.names:
        return negation(builder, nodes.Not(node.arguments[0], node.at))
    arguments = [builder.build(argument) for argument in node.arguments]
    names, at, text = node.names, node.at, builder.text
    if builder.strict and not _could_fit(function, node):
        raise builder.error("arguments", at, name=function.name, wanted=function.describe())

    def run(scope: Scope) -> Any:
        values = [argument(scope) for argument in arguments]
        try:
            return registry.call(function, scope.run, values, names)
        except FeelError as problem:
            raise _placed(problem, at, text) from None

    return run


def _could_fit(function: registry.Builtin, node: nodes.Call) -> bool:
    return any(
        registry.fit(signature, node.arguments, node.names) is not None
        for signature in function.signatures
    )


def _placed(problem: FeelError, at: int, text: str) -> FeelError:
    if problem.position is None:
        problem.position, problem.text = at, text
    return problem


def _value_call(builder: Builder, node: nodes.Call) -> Closure:
    target = node.function
    at, text, names = node.at, builder.text, node.names
    arguments = [builder.build(argument) for argument in node.arguments]
    name = getattr(target, "name", "") if isinstance(target, nodes.Name | nodes.Path) else "…"
    unknown = isinstance(target, nodes.Name) and not builder.is_local(name)
    function = builder.build(target)

    def run(scope: Scope) -> Any:
        try:
            value = function(scope)
        except FeelError as problem:
            if unknown and problem.code == "name":
                known = [*registry.FUNCTIONS, *scope.names()]
                raise errors.unknown("function", name, known, target.at, text) from None
            raise
        if value.__class__ is not Function:
            if scope.run.strict:
                raise errors.error("not_function", at, text, name=name)
            return None
        values = [argument(scope) for argument in arguments]
        try:
            return registry.invoke(value, scope.run, values, names)
        except FeelError as problem:
            raise _placed(problem, at, text) from None

    return run


@writes(nodes.FunctionOf)
def _function(builder: Builder, node: nodes.FunctionOf) -> Closure:
    from app.feel import types

    names = tuple(name for name, _ in node.parameters)
    tests = [types.test_of(builder, kind) if kind else None for _, kind in node.parameters]
    body, cost = builder.inside(names, node.body)

    def make(scope: Scope) -> Function:
        def call(*arguments: Any) -> Any:
            scope.run.spend(cost)
            for test, argument in zip(tests, arguments, strict=True):
                if test is not None and argument is not None and not test(argument):
                    return None
            given = dict(zip(names, arguments, strict=True))
            return body(Scope(given, scope, scope.run))

        return Function("", names, call)

    return make


@writes(nodes.External)
def _external(builder: Builder, node: nodes.External) -> Closure:
    if builder.strict:
        raise builder.error("external", node.at)
    return lambda scope: None
