"""The diagram's expressions, compiled once per definition. One language, FEEL; `${…}` is read as
the same (see `app.feel`).

A compiled expression is called with the names it may see. Everything here raises `Bad` with a
sentence for people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from app import feel, i18n
from app.feel import Expression
from app.feel.nodes import Call, Name
from app.i18n import _

__all__ = [
    "Bad",
    "Expression",
    "Names",
    "condition",
    "formula",
    "holds",
    "is_constant",
    "looked_at",
    "result",
    "template",
]


class Bad(Exception):
    """An expression that cannot be read, or that fails."""


def template(text: str) -> Expression:
    """An attribute's value: a constant text, `=FEEL`, or a text with `${…}` inside."""
    return _compiled(feel.compile_value, text)


def formula(text: str) -> Expression:
    """A place that always computes (collection, cardinality, correlation key, script): bare FEEL,
    `=…` or `${…}`.
    """
    marked = text.lstrip().startswith("=") or "${" in text or "#{" in text
    return _compiled(feel.compile_value if marked else feel.compile, text)


def condition(text: str) -> Expression:
    """A condition: bare FEEL, `=…` or `${…}`."""
    return _compiled(feel.compile_condition, text)


def watched(text: str) -> Expression:
    """The condition of a conditional event: a variable that does not exist yet is null, not a
    failure.
    """
    return _compiled(lambda text: feel.compile_condition(text, strict=False), text)


def _compiled(compiler: Any, text: str) -> Expression:
    try:
        made: Expression = compiler(text.strip())
    except feel.FeelError as error:
        raise Bad(_said(error)) from None
    unknown = next((name for name in _called(made.tree) if name in made.names), None)
    if unknown is not None:
        raise Bad(_("没有名为“%(name)s”的函数。", name=unknown))
    return made


def _called(tree: Any) -> Iterator[str]:
    """The names that the expression calls as functions."""
    if isinstance(tree, list | tuple):
        for item in tree:
            yield from _called(item)
    elif dataclasses.is_dataclass(tree):
        if isinstance(tree, Call) and isinstance(tree.function, Name):
            yield tree.function.name
        for field in dataclasses.fields(tree):
            yield from _called(getattr(tree, field.name))


def result(expression: Expression, names: Mapping[str, Any]) -> Any:
    """The value of the expression."""
    try:
        return expression(names)
    except feel.FeelError as error:
        raise Bad(_said(error)) from None


def holds(expression: Expression, names: Mapping[str, Any]) -> bool:
    """Is the condition true? null counts as false; anything that is not true, false or null is
    `Bad`.
    """
    value = result(expression, names)
    if value is None or value is True or value is False:
        return bool(value)
    raise Bad(
        _(
            "条件“%(text)s”的结果是 %(value)s，应为 true 或 false。",
            text=expression.text,
            value=repr(value)[:80],
        )
    )


def is_constant(expression: Expression) -> bool:
    """Does it give the same value whatever the variables are?"""
    return expression.is_constant


def looked_at(expression: Expression, names: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that the expression reads, with their values; None for those that are missing."""
    return {name: names.get(name) for name in sorted(expression.names)}


def _said(error: feel.FeelError) -> str:
    return error.message_en if i18n.language() == "en" else error.message


class Names(Mapping[str, Any]):
    """Several variable scopes seen as one, innermost first; nothing is copied."""

    __slots__ = ("maps",)

    def __init__(self, maps: list[dict[str, Any]]) -> None:
        self.maps = maps

    def __getitem__(self, name: str) -> Any:
        for scope in self.maps:
            if name in scope:
                return scope[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in scope for scope in self.maps)

    def get(self, name: str, default: Any = None) -> Any:
        for scope in self.maps:
            if name in scope:
                return scope[name]
        return default

    def _names(self) -> dict[str, None]:
        return {name: None for scope in reversed(self.maps) for name in scope}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())
