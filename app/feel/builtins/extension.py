"""Functions that the platform adds to the language, such as working time on its calendars."""

from collections.abc import Callable, Sequence
from typing import Any

from app.feel.builtins import registry


def register(name: str, function: Callable[..., Any], parameters: Sequence[str] | str) -> None:
    """Expressions may call `name` from now on, by position or by the names of `parameters`.

    A parameter is `"name"`, or `"name:kind"` with a letter of `registry`; `?` after the name
    marks an optional one. `function` gets FEEL values and returns one; an exception of its own
    becomes a FeelError. A built-in function of the standard cannot be replaced (ValueError).
    """
    from app.feel import expression

    known = registry.FUNCTIONS.get(name)
    if known is not None and not known.extension:
        raise ValueError(f"{name!r} is a function of the standard")
    text = parameters if isinstance(parameters, str) else ", ".join(parameters)
    signatures = [registry.signature_of(part) for part in text.split("|")]
    registry.add(registry.Builtin(name, signatures, function, False, False, True))
    expression.forget()


def unregister(name: str) -> None:
    """Expressions no longer know the extension `name`."""
    from app.feel import expression

    known = registry.FUNCTIONS.get(name)
    if known is not None and known.extension:
        registry.remove(name)
    expression.forget()
