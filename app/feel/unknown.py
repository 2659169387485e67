"""Which functions does an expression call that nobody has? For checks before anything runs."""

import dataclasses
import difflib
from collections.abc import Collection, Iterator
from typing import Any

from app.feel import nodes
from app.feel.builtins import registry
from app.feel.expression import Expression


def unknown_functions(expression: Expression, known: Collection[str] = ()) -> list[tuple[str, str]]:
    """[(name, "did you mean" or "")] of called names that are neither built in, nor registered,
    nor defined in the expression itself, nor among `known`. A call of a property (`a.b(c)`) counts
    unless `a` is known or defined inside."""
    free = set(expression.names) - set(known)
    found = []
    for call in _calls(expression.tree):
        name = _called(call.function)
        if name is not None and name.partition(".")[0] in free and registry.as_value(name) is None:
            close = difflib.get_close_matches(name, registry.FUNCTIONS, 1)
            found.append((name, close[0] if close else ""))
    return list(dict.fromkeys(found))


def _called(node: Any) -> str | None:
    """`f` of `f(…)`, `a.b` of `a.b(…)`; the innermost name when calls follow one another."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Path):
        source = _called(node.source)
        return f"{source}.{node.name}" if source else None
    return None


def _calls(tree: Any) -> Iterator[nodes.Call]:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, nodes.Call):
            yield node
        if isinstance(node, list | tuple):
            todo.extend(node)
        elif dataclasses.is_dataclass(node) and not isinstance(node, type):
            todo.extend(getattr(node, field.name) for field in dataclasses.fields(node))
