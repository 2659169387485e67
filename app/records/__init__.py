"""Records: customers, orders, invoices and everything else the flows keep.

`records.create / change / move` are the only writers; `records.visible` says who may see what.
"""

from flask import Flask

from app.records import (
    audit,
    audit_control,
    audit_money,
    audit_quantity,
    calendar,
    commands,
    demo,
    duplicate,
    log,
    models,
    names,
    numbers,
    sight,
    view,
)
from app.records.errors import Frozen, IllegalTransition, RecordError, VersionConflict
from app.records.lookup import search
from app.records.record import Entity, Entry, Line, Record, entities, entity
from app.records.sight import Viewer, visible
from app.records.write import Origin, change, create, find, get, move, need


def init_app(app: Flask) -> None:
    """FEEL expressions know the working calendar; `flask check-records` checks the invariants."""
    calendar.register()
    app.cli.add_command(commands.check_records)


__all__ = [
    "Entity", "Entry", "Frozen", "IllegalTransition", "Line", "Origin", "Record", "RecordError",
    "VersionConflict", "Viewer", "audit", "audit_control", "audit_money", "audit_quantity",
    "calendar", "change", "create", "demo", "duplicate", "entities",
    "entity", "find", "get", "init_app", "log", "models", "move", "names", "need", "numbers",
    "search", "sight", "view", "visible",
]  # fmt: skip
