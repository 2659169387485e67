"""What the history keeps of a value: personal data never, long values by their size only."""

import functools
from typing import Any

from flask import current_app

from app import values

LONGEST = 4_000  # characters of a value's JSON
MASK = "***"


def kept(data: dict[str, Any]) -> dict[str, Any]:
    """The data of an event as it may be written to a log (conventions §13: birthday, hobby and
    family are never written to one). What the case itself holds is not touched."""
    found = masked(data)
    for name in ("value", "inputs"):
        if isinstance(found.get(name), dict | list | str):
            size = len(values.dumps(found[name]))
            if size > LONGEST:
                found[name] = {"size": size}
    return found


def masked(data: dict[str, Any]) -> dict[str, Any]:
    """The data with a mask in place of every private field, at any depth."""
    return _masked(data, _names(current_app.config["SETTINGS"].private_fields))


@functools.lru_cache(8)
def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split(","))


def _masked(value: Any, private: frozenset[str]) -> Any:
    if isinstance(value, dict):
        masked = {
            key: MASK if key in private and item is not None else _masked(item, private)
            for key, item in value.items()
        }
        if value.get("name") in private and "value" in value:
            masked["value"] = MASK
        return masked
    if isinstance(value, list):
        return [_masked(item, private) for item in value]
    return value
