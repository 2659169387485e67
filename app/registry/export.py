"""A list as a CSV file that spreadsheets open without harm."""

from collections.abc import Iterator
from typing import Any

from app.records import fields, listing, record, sight, spreadsheet
from app.registry import cell, mask


def rows(ask: listing.Ask, columns: list[str], viewer: sight.Viewer) -> Iterator[str]:
    """The lines of the file: names first, then everything that fits, in the asked order."""
    known = record.columns(ask.model)
    yield spreadsheet.BOM + spreadsheet.line([fields.shown_name(known[name]) for name in columns])
    for batch in listing.every(ask, viewer):
        words = cell.Words(batch, columns)
        hidden = mask.hidden(batch, viewer)
        for row in batch:
            yield spreadsheet.line([_value(words, row, name, row.id in hidden) for name in columns])


def _value(words: cell.Words, row: Any, name: str, hidden: bool) -> str:
    if hidden and name in mask.DETAILS:
        return ""
    column = record.columns(type(row))[name]
    value = getattr(row, name)
    if value is None:
        return ""
    if column.info["format"] in cell.NUMBERS:
        return str(value)  # a number stays one
    return spreadsheet.safe(words.cell(row, name).text)
