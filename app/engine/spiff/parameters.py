"""Input and output parameters, camunda:in and camunda:out: how variables come into an activity and
out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.engine.spiff.spec import Carry, Parameter

if TYPE_CHECKING:
    from app.engine.spiff.token import Token


def map_in(token: Token, parameters: list[Parameter]) -> None:
    """Input parameters become variables local to the token, each seeing those before it."""
    for parameter in parameters:
        token.set({parameter.name: _value(token, parameter.value, token.names())}, local=True)


def map_out(token: Token, parameters: list[Parameter]) -> None:
    """Output parameters become variables outside of the token."""
    for parameter in parameters:
        token.parent.set({parameter.name: _value(token, parameter.value, token.names())})


def _value(token: Token, value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_value(token, item, names) for item in value]
    if isinstance(value, dict):
        return {key: _value(token, item, names) for key, item in value.items()}
    return token.evaluate(value, names)


def carry(
    token: Token, mappings: Iterable[Carry], names: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables that the mappings name, seen from `names`; `own` is meant by `variables="all"
    local="true"`.
    """
    made: dict[str, Any] = {}
    for item in mappings:
        if item.everything:
            made.update(own if item.local else names)
        elif item.value is not None:
            made[item.target or ""] = token.evaluate(item.value, names)
        else:
            made[item.target or ""] = names.get(item.source)
    return made


class Copies(Mapping[str, Any]):
    """A view of variables for handlers: every value that is taken out is a deep copy."""

    __slots__ = ("_names",)

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> Any:
        return copied(self._names[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def copied(value: Any) -> Any:
    """A deep copy of lists and dicts; all other values of variables cannot change."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value
