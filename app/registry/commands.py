"""Ctrl K finds records: by name, number, code, phone or pinyin initials."""

from flask import url_for

from app import shell, viewer
from app.accounts.models import User
from app.i18n import label
from app.records import lookup, record
from app.registry import cell

SEARCHED = ("customer", "contact", "sales_order", "quotation", "opportunity", "lead", "product")
EACH = 4


def commands(person: User, words: str) -> list[shell.Command]:
    """The records that fit the typed words, at most four of each kind."""
    looks = viewer.of(person)
    if len(words) < 2 or looks.is_outside:
        return []
    found = []
    for entity in SEARCHED:
        if entity not in record.entities():
            continue
        model = record.entity(entity)
        for row in lookup.search(entity, words, EACH, viewer=looks):
            url = url_for("records.page", entity=entity, key=row.key)
            hint = f"{label(model.record.label)} {row.key}"
            found.append(shell.Command(cell.title(row), url, model.record.icon, hint))
    return found
