"""What is hidden inside a record that may be seen: contact details of a customer in the pool."""

from collections.abc import Sequence
from typing import Any

from app.records import sight
from app.records.customer import Customer

DETAILS = frozenset({"phone", "fax", "email", "website", "address"})


def hidden(rows: Sequence[Any], viewer: sight.Viewer) -> set[int]:
    """Ids of the customers among `rows` whose contact details this viewer must not see."""
    found = [row for row in rows if isinstance(row, Customer) and row.state == "公海"]
    return {row.id for row in found if not sight.may_see_contacts(row, viewer)}
