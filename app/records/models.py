"""Every kind of record, imported once so that tables and register are complete."""

from app.records import (
    action,
    assignment,
    assignment_history,
    contact,
    counter,
    customer,
    customer_team,
    industry,
    region,
    report_snapshot,
)

__all__ = [
    "action", "assignment", "assignment_history", "contact", "counter", "customer",
    "customer_team", "industry", "region", "report_snapshot",
]  # fmt: skip
