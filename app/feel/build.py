"""Tree -> closures. A closure takes the scope it runs in and returns a FEEL value.

A closure never looks at Python attributes of a value: names come from mappings, components of
temporal values from the table in `access`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.feel import errors, nodes, temporal
from app.feel.budget import Run
from app.feel.values import PLAIN, imported

MISSING: Any = object()


class Scope:
    """Variables, the scope around them, and the run they belong to."""

    __slots__ = ("parent", "run", "vars")

    def __init__(self, vars: Mapping[str, Any], parent: "Scope | None", run: Run) -> None:
        self.vars, self.parent, self.run = vars, parent, run

    def names(self) -> list[str]:
        """Every name that can be seen from here."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found.extend(key for key in scope.vars if isinstance(key, str))
            scope = scope.parent
        return found


Closure = Callable[[Scope], Any]
Writer = Callable[["Builder", Any], Closure]
_WRITERS: dict[type, Writer] = {}


def writes(kind: type) -> Callable[[Writer], Writer]:
    """Registers how nodes of `kind` become closures."""

    def register(writer: Writer) -> Writer:
        _WRITERS[kind] = writer
        return writer

    return register


class Builder:
    """Turns one tree into closures and notes its free names and its size."""

    def __init__(self, text: str, strict: bool, known: frozenset[str] = frozenset()) -> None:
        self.text, self.strict, self.known = text, strict, known
        self.size = 0
        self.depth = 0
        self.free: dict[str, None] = {}
        self.locals: list[frozenset[str]] = []
        self.used: set[str] = set()
        self.filtered: set[str] = set()  # free, but maybe properties of a filter's items

    def build(self, node: Any) -> Closure:
        self.size += 1
        return _WRITERS[node.__class__](self, node)

    def sized(self, node: Any) -> tuple[Closure, int]:
        """The closure and how many steps one evaluation of it takes."""
        before = self.size
        closure = self.build(node)
        return closure, self.size - before + 1

    def inside(self, names: Any, node: Any) -> tuple[Closure, int]:
        """As `sized`, for a part in which `names` are bound."""
        self.locals.append(frozenset(names))
        try:
            return self.sized(node)
        finally:
            self.locals.pop()

    def is_local(self, name: str) -> bool:
        return any(name in names for names in self.locals)

    def error(self, code: str, at: int, **details: Any) -> errors.FeelError:
        return errors.error(code, at, self.text, **details)


@writes(nodes.Literal)
def _constant(builder: Builder, node: nodes.Literal | nodes.Temporal) -> Closure:
    value = node.value
    return lambda scope: value


@writes(nodes.Temporal)
def _moment(builder: Builder, node: nodes.Temporal) -> Closure:
    if node.value is None and builder.strict and temporal.looks_wrong(node.text):
        raise builder.error("literal", node.at, found=node.text)
    return _constant(builder, node)


@writes(nodes.Name)
def _name(builder: Builder, node: nodes.Name) -> Closure:
    name, at, text = node.name, node.at, builder.text
    from app.feel.builtins import registry

    builder.used.add(name)
    if not builder.is_local(name):
        builder.free[name] = None
    function = registry.as_value(name)

    def get(scope: Scope) -> Any:
        here: Scope | None = scope
        while here is not None:
            value = here.vars.get(name, MISSING)
            if value is not MISSING:
                return value if value.__class__ in PLAIN else imported(value)
            here = here.parent
        if function is not None:
            return function
        if scope.run.strict:
            raise errors.unknown("name", name, scope.names(), at, text)
        return None

    return get


@writes(nodes.ListOf)
def _list(builder: Builder, node: nodes.ListOf) -> Closure:
    items = [builder.build(item) for item in node.items]
    if all(isinstance(item, nodes.Literal) for item in node.items):
        constant = [item.value for item in node.items]
        return lambda scope: constant.copy()  # whoever gets it may change it
    return lambda scope: [item(scope) for item in items]


@writes(nodes.ContextOf)
def _context(builder: Builder, node: nodes.ContextOf) -> Closure:
    entries: list[tuple[str, Closure]] = []
    names: list[str] = []
    for key, value in node.entries:
        entries.append((key, builder.inside(names, value)[0]))
        names.append(key)
    twice = len(set(names)) < len(names)

    def make(scope: Scope) -> Any:
        if twice:
            return None
        made: dict[str, Any] = {}
        inner = Scope(made, scope, scope.run)
        for key, value in entries:
            made[key] = value(inner)
        return made

    return make


@writes(nodes.Template)
def _template(builder: Builder, node: nodes.Template) -> Closure:
    from app.feel import budget, text

    parts = [part if isinstance(part, str) else builder.build(part) for part in node.parts]

    def join(scope: Scope) -> str:
        made = [
            part if part.__class__ is str else text.shown(part(scope))  # type: ignore[operator]
            for part in parts
        ]
        whole = "".join(made)
        budget.check_characters(len(whole))
        return whole

    return join


@writes(nodes.If)
def _if(builder: Builder, node: nodes.If) -> Closure:
    condition, then = builder.build(node.condition), builder.build(node.then)
    otherwise = builder.build(node.otherwise)
    return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)
