"""The address of a list as a question, and back: filters, order and page live in the URL."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from app.records import listing, record

RESERVED = ("q", "sort", "page", "columns")
FURTHEST = 100_000  # pages


def asked(entity: str) -> listing.Ask:
    """What the present URL asks of this list; unknown parts are left out."""
    given = request.args
    model = record.entity(entity)
    filters = {
        name: given.getlist(name)
        for name in given
        if name not in RESERVED and listing.filterable(model, name.partition(".")[0])
    }
    return listing.Ask(
        entity, given.get("q", "")[:100], filters, given.get("sort", "")[:60], _page(given)
    )


def _page(given: MultiDict[str, str]) -> int:
    text = given.get("page", "1")
    return min(max(1, int(text)), FURTHEST) if text.isdecimal() and len(text) < 8 else 1


def url(ask: listing.Ask, endpoint: str = "records.index_of", **changes: Any) -> str:
    """The address of this list with something changed: `sort`, `page`, `q`, or one filter."""
    parts: list[tuple[str, Any]] = []
    more = changes.pop("more", {})
    filters: Mapping[str, Any] = {**ask.filters, **changes.pop("filters", {})}
    for name, wanted in filters.items():
        parts += [(name, value) for value in wanted]
    plain = {"q": ask.text, "sort": ask.sort, "page": ask.page if ask.page > 1 else "", **changes}
    parts += [(name, value) for name, value in plain.items() if value not in ("", None)]
    query = urlencode(parts)
    return url_for(endpoint, entity=ask.entity, **more) + (f"?{query}" if query else "")


def toggled(ask: listing.Ask, name: str, value: str) -> str:
    """The list with this value of a filter switched on or off, from its first page."""
    had = list(ask.filters.get(name, ()))
    wanted = [text for text in had if text != value] if value in had else [*had, value]
    return url(ask, page="", filters={name: wanted})


def without(ask: listing.Ask, name: str) -> str:
    """The list without this filter."""
    return url(ask, page="", filters={name: []})


def sorted_by(ask: listing.Ask, name: str) -> str:
    """The list in the order of this column; rising first, then falling."""
    return url(ask, page="", sort=f"-{name}" if ask.sort == name else name)


def options_url(ask: listing.Ask, name: str) -> str:
    """Where the offers of a filter come from; they know the rest of the question."""
    return url(ask, "records.options", page="", more={"name": name})
