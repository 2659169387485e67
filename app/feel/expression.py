"""Expressions: text read once, evaluated often, in any thread."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from app.feel import (
    access,
    budget,
    calls,
    forms,
    loops,
    nodes,
    operators,
)
from app.feel.budget import Run
from app.feel.build import Builder, Scope
from app.feel.builtins import context as context_functions
from app.feel.builtins import conversion, numeric, registry
from app.feel.builtins import list as list_functions
from app.feel.builtins import range as range_functions
from app.feel.builtins import string as string_functions
from app.feel.builtins import temporal as temporal_functions
from app.feel.errors import FeelError, error
from app.feel.juel import condition_parser, value_node
from app.feel.parser import Parser
from app.feel.values import measured

# reading a module is what fills the tables of closures and of functions
_WRITERS = (access, calls, loops, operators)
_FUNCTIONS = (
    context_functions,
    conversion,
    list_functions,
    numeric,
    range_functions,
    string_functions,
    temporal_functions,
)
_EMPTY: dict[str, Any] = {}
_COMPOUND = frozenset((list, dict))


class Expression:
    """A compiled expression: `expression(context) -> value`. Immutable.

    `.text` as given · `.names` the variables it reads (properties named only inside a filter are
    left out) · `.is_constant` whether it always gives the same · `.strict` whether a name that is
    not in the context is an error (else null) · `.tree` the parsed nodes.
    """

    __slots__ = ("_run", "is_constant", "names", "strict", "text", "tree")
    text: str
    tree: Any
    strict: bool
    names: tuple[str, ...]
    is_constant: bool

    def __init__(self, text: str, tree: Any, strict: bool, known: frozenset[str]) -> None:
        builder = Builder(text, strict, known)
        run = builder.build(tree)
        names = tuple(
            name
            for name in builder.free
            if name not in builder.filtered and registry.as_value(name) is None
        )
        parts = {
            "text": text,
            "tree": tree,
            "strict": strict,
            "_run": run,
            "names": names,
            "is_constant": _is_constant(tree),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a compiled expression cannot be changed")

    def __call__(self, context: Mapping[str, Any] = _EMPTY) -> Any:
        try:
            value = self._run(Scope(context, None, Run(self.text, self.strict)))
            return measured(value) if value.__class__ in _COMPOUND else value
        except (FeelError, RecursionError, MemoryError, AttributeError) as problem:
            raise self._explained(problem, context) from None

    def evaluate(self, context: Mapping[str, Any], run: Run | None = None) -> Any:
        """As a call; inside a function that got a `run`, on the budget of that run."""
        if run is None:
            return self(context)
        inner = Run(self.text, self.strict)
        inner.steps, inner.calls = run.steps, run.calls
        try:
            return self._run(Scope(context, None, inner))
        except (FeelError, RecursionError, MemoryError, AttributeError) as problem:
            raise self._explained(problem, context) from None
        finally:
            run.steps = inner.steps

    def _explained(self, problem: BaseException, context: Any) -> BaseException:
        if isinstance(problem, FeelError):
            if not problem.text:
                problem.text = self.text
            return problem
        if isinstance(problem, RecursionError):
            return error("deep", text=self.text)
        if isinstance(problem, MemoryError):
            return error("size", text=self.text, limit=budget.ITEMS)
        if not isinstance(context, Mapping):
            return error("context", text=self.text)
        return problem

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _is_constant(tree: Any) -> bool:
    if isinstance(tree, nodes.Negate):
        return _is_constant(tree.operand)
    if isinstance(tree, nodes.ListOf):
        return all(_is_constant(item) for item in tree.items)
    return isinstance(tree, nodes.Literal | nodes.Temporal)


def compile(text: str, names: Iterable[str] = (), *, strict: bool = True) -> Expression:
    """The FEEL expression `text`.

    `names` are the variables whose names hold blanks, operators or keywords, or that hide a
    built-in function. Strict (the platform): a variable or function that does not exist, or an
    operator between kinds that do not fit, raises FeelError. Not strict (the standard; decision
    models, the DMN test kit): all that gives null.
    """
    return _compiled(_text(text), tuple(names), "expression", strict)


def compile_unary(text: str, names: Iterable[str] = (), *, strict: bool = True) -> Expression:
    """Unary tests (a decision table's input cell); the tested value is context key `?`.

    Evaluates to True or False, never to None.
    """
    return _compiled(_text(text), tuple(names), "unary", strict)


def compile_condition(text: str, *, strict: bool = True) -> Expression:
    """The condition of a sequence flow: `${…}`, `=…` or bare FEEL."""
    return _compiled(_text(text), (), "condition", strict)


def compile_value(text: str, *, strict: bool = True) -> Expression:
    """The value of an attribute: `${…}` and texts with several of them, `=…`, else the text."""
    return _compiled(_text(text), (), "value", strict)


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise error("text")
    return text


@lru_cache(maxsize=4096)
def _compiled(text: str, names: tuple[str, ...], mode: str, strict: bool) -> Expression:
    if len(text) > budget.TEXT:
        raise error("long", limit=budget.TEXT)
    try:
        tree = _READERS[mode](text, names)
        return Expression(text, tree, strict, frozenset(names))
    except RecursionError:
        raise error("deep", text=text[:200]) from None
    except FeelError as problem:
        if not problem.text:
            problem.text = text
        raise


def _read_expression(text: str, names: tuple[str, ...]) -> Any:
    parser = Parser(text, names)
    return parser.finish(parser.whole())


def _read_unary(text: str, names: tuple[str, ...]) -> Any:
    parser = Parser(text, names)
    return parser.finish(forms.unary_tests(parser))


def _read_condition(text: str, names: tuple[str, ...]) -> Any:
    parser = condition_parser(text)
    return parser.finish(parser.whole())


_READERS: dict[str, Callable[[str, tuple[str, ...]], Any]] = {
    "expression": _read_expression,
    "unary": _read_unary,
    "condition": _read_condition,
    "value": lambda text, names: value_node(text),
}


def forget() -> None:
    """Empties the cache of compiled expressions."""
    _compiled.cache_clear()
