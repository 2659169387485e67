"""The names under which a browser posts: `customer.name`, `contacts[0].mobile`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

Name = tuple[str | int, ...]
_PART = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")
_WHOLE = re.compile(r"[^.\[\]]+(?:\[\d{1,4}\])*(?:\.[^.\[\]]+(?:\[\d{1,4}\])*)*")
_INDEX = re.compile(r"\[\d+\]")


def split(name: str) -> Name | None:
    """`contacts[0].mobile` as `("contacts", 0, "mobile")`; None if it is no such name."""
    if len(name) > 300 or not _WHOLE.fullmatch(name):
        return None
    return tuple(
        int(match[2]) if match[2] is not None else match[1] for match in _PART.finditer(name)
    )


def join(name: Iterable[str | int]) -> str:
    """The inverse of `split`."""
    text = ""
    for part in name:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def pattern(name: str) -> str:
    """The name with every row number left out: `contacts[].mobile`."""
    return _INDEX.sub("[]", name)


def pairs(posted: Any) -> list[tuple[str, str]]:
    """(name, text) of a Werkzeug MultiDict, of a mapping, or of pairs, in their order."""
    if hasattr(posted, "items") and hasattr(posted, "getlist"):
        return list(posted.items(multi=True))
    if isinstance(posted, Mapping):
        return [
            (name, text)
            for name, texts in posted.items()
            for text in (texts if isinstance(texts, list | tuple) else (texts,))
        ]
    return [(str(name), text) for name, text in posted]


def at(data: Any, address: Iterable[str]) -> Any:
    """What lies at an address inside contexts, None where nothing is."""
    for part in address:
        if not isinstance(data, Mapping):
            return None
        data = data.get(part)
    return data
