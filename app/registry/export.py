"""A list as a CSV file that spreadsheets open without harm."""

from collections.abc import Iterator
from typing import Any

from app.records import fields, listing, record, sight
from app.registry import cell, mask

BOM = "\ufeff"  # without it spreadsheets read Chinese as something else
# a cell that begins so would be run as a formula
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rows(ask: listing.Ask, columns: list[str], viewer: sight.Viewer) -> Iterator[str]:
    """The lines of the file: names first, then everything that fits, in the asked order."""
    known = record.columns(ask.model)
    yield BOM + line([fields.shown_name(known[name]) for name in columns])
    for batch in listing.every(ask, viewer):
        words = cell.Words(batch, columns)
        hidden = mask.hidden(batch, viewer)
        for row in batch:
            yield line([_value(words, row, name, row.id in hidden) for name in columns])


def _value(words: cell.Words, row: Any, name: str, hidden: bool) -> str:
    if hidden and name in mask.DETAILS:
        return ""
    column = record.columns(type(row))[name]
    value = getattr(row, name)
    if value is None:
        return ""
    if column.info["format"] in cell.NUMBERS:
        return str(value)  # a number stays one
    return safe(words.cell(row, name).text)


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(DANGEROUS) else text


def line(values: list[str]) -> str:
    """One line of CSV (RFC 4180)."""
    return ",".join(_quoted(value) for value in values) + "\r\n"


def _quoted(value: str) -> str:
    if any(mark in value for mark in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value
