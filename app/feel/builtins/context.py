"""Functions on contexts. A context given is never changed."""

from typing import Any

from app.feel.builtins.registry import builtin
from app.feel.values import imported


@builtin("get value", "m:c, key:s | context:c, keys:l")
def get_value(context: dict[str, Any], key: Any) -> Any:
    """The value of an entry, or the one a list of keys leads to."""
    keys = key if key.__class__ is list else [key]
    value: Any = context
    for step in keys:
        if value.__class__ is not dict or step.__class__ is not str:
            return None
        value = imported(value.get(step))
    return value if keys else None


@builtin("get entries", "m:c")
def get_entries(context: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": str(key), "value": imported(value)} for key, value in context.items()]


@builtin("context put", "context:c, key:s, value:a | context:c, keys:l, value:a")
def context_put(context: dict[str, Any], key: Any, value: Any) -> dict[str, Any] | None:
    if key.__class__ is str:
        return {**context, key: value}
    if not key or any(step.__class__ is not str for step in key):
        return None
    if len(key) == 1:
        return {**context, key[0]: value}
    inner = imported(context.get(key[0]))
    if inner is None:
        inner = {}
    if inner.__class__ is not dict:
        return None
    made = context_put(inner, key[1:], value)
    return None if made is None else {**context, key[0]: made}


@builtin("context merge", "contexts:l | contexts*:c")
def context_merge(*contexts: Any) -> dict[str, Any] | None:
    """One context of all entries; later ones win."""
    parts = contexts[0] if len(contexts) == 1 and contexts[0].__class__ is list else contexts
    if any(part.__class__ is not dict for part in parts):
        return None
    return {key: value for part in parts for key, value in part.items()}


@builtin("context", "entries:l")
def context(entries: list[Any]) -> dict[str, Any] | None:
    """A context of `{key: …, value: …}` entries; null when a key is missing or comes twice."""
    made: dict[str, Any] = {}
    for entry in entries:
        if entry.__class__ is not dict or "key" not in entry or "value" not in entry:
            return None
        key = entry["key"]
        if key.__class__ is not str or key in made:
            return None
        made[key] = imported(entry["value"])
    return made
