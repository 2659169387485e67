"""Records: customers, orders, invoices and everything else the flows keep.

`records.create / change / move` are the only writers; `records.visible` says who may see what.
"""

from app.records import (  # every kind of record, in the order of the catalogue
    action,
    assignment,
    assignment_history,
    contact,
    counter,
    customer,
    customer_team,
    industry,
    log,
    region,
    report_snapshot,
)

from app.records import duplicate, names, numbers, sight  # isort: skip
from app.records.errors import Frozen, IllegalTransition, RecordError, VersionConflict
from app.records.lookup import search
from app.records.record import Entity, Entry, Line, Record, entities, entity
from app.records.sight import Viewer, visible
from app.records.write import Origin, change, create, find, get, move, need

__all__ = [
    "Entity", "Entry", "Frozen", "IllegalTransition", "Line", "Origin", "Record", "RecordError",
    "VersionConflict", "Viewer", "action", "assignment", "assignment_history", "change", "contact",
    "counter", "create", "customer", "customer_team", "duplicate", "entities", "entity", "find",
    "get", "industry", "log", "move", "names", "need", "numbers", "region", "report_snapshot",
    "search", "sight", "visible",
]  # fmt: skip
