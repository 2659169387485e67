"""What is hidden inside a record that may be seen: contact details of what lies in a pool."""

from collections.abc import Sequence
from typing import Any

from app.records import sight
from app.records.customer import Customer
from app.records.lead import Lead

DETAILS = frozenset({"phone", "mobile", "fax", "email", "website", "address"})


def hidden(rows: Sequence[Any], viewer: sight.Viewer) -> set[int]:
    """Ids of the customers and leads among `rows` whose contact details this viewer must not
    see."""
    found = [row for row in rows if isinstance(row, Customer) and row.state == "公海"]
    pooled = [row for row in rows if isinstance(row, Lead) and row.state == "线索池"]
    hide = {row.id for row in found if not sight.may_see_contacts(row, viewer)}
    return hide | {row.id for row in pooled if not _knows(row, viewer)}


def _knows(row: Lead, viewer: sight.Viewer) -> bool:
    """Who found the lead, whoever stands above, and who looks after all of them."""
    return (
        viewer.over(row.created_by)
        or viewer.over(row.discoverer_id)
        or row.department_id in viewer.managed
        or bool(viewer.groups & sight.EVERYWHERE)
    )
