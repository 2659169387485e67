"""Values as they are stored: JSON text in which decimals, dates, times and durations survive.

Used for process variables and for every JSON column. Key order is kept.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import orjson

_TAG = "$"
_OPTIONS = (
    orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_NON_STR_KEYS
)


def dumps(value: Any) -> str:
    """JSON text of a value made of None, bool, int, float, str, Decimal, dates, lists and dicts.

    Raises TypeError for anything else: an object of a handler must not reach the database.
    """
    return orjson.dumps(value, default=_tagged, option=_OPTIONS).decode()


def loads(text: str | bytes | None) -> Any:
    """The value that `dumps` wrote; None for None."""
    if text is None:
        return None
    value = orjson.loads(text)
    # most texts hold no tag at all: then nothing has to be walked
    needle = b'{"$' if isinstance(text, bytes) else '{"$'
    return _restored(value) if needle in text else value


def _tagged(value: Any) -> Any:
    for kind, name, write in _WRITERS:
        if isinstance(value, kind):
            return {_TAG + name: write(value)}
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    if isinstance(value, int):  # a whole number beyond 64 bits
        return {_TAG + "int": str(value)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored as a process variable")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            key, text = next(iter(value.items()))
            if key.startswith(_TAG) and key[1:] in _READERS and isinstance(text, str):
                return _READERS[key[1:]](text)
        return {key: _restored(item) for key, item in value.items()}
    return value


def _timedelta(text: str) -> dt.timedelta:
    return dt.timedelta(seconds=float(text))


_WRITERS: list[tuple[type, str, Any]] = [
    (Decimal, "dec", str),
    (dt.datetime, "at", dt.datetime.isoformat),
    (dt.date, "on", dt.date.isoformat),
    (dt.time, "time", dt.time.isoformat),
    (dt.timedelta, "sec", lambda value: str(value.total_seconds())),
]
_READERS: dict[str, Any] = {
    "dec": Decimal,
    "int": int,
    "at": dt.datetime.fromisoformat,
    "on": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "sec": _timedelta,
}


def register(kind: type, name: str, write: Any, read: Any) -> None:
    """Values of `kind` are stored under the tag `name` from now on (FEEL's own temporal types)."""
    _WRITERS.insert(0, (kind, name, write))
    _READERS[name] = read
