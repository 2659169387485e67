"""How complete a customer's profile is: the share of its important facts that are there (O1)."""

from decimal import ROUND_HALF_UP, Decimal

import sqlalchemy as sa

from app.db import db
from app.records.contact import Contact
from app.records.customer import Customer

FACTS = (
    "industry", "region", "address", "phone", "unified_code", "legal_rep", "employees", "ownership",
)  # fmt: skip
PRIVATE_FACTS = ("region", "address", "phone")  # of a person, not a company


def missing(customer: Customer) -> list[str]:
    """Names of the facts that are not there; `contact` and `decision_maker` among them."""
    wanted = PRIVATE_FACTS if customer.customer_type == "个人" else FACTS
    gaps = [name for name in wanted if getattr(customer, name) in (None, "")]
    if customer.customer_type == "个人":
        return gaps
    roles = list(
        db.session.scalars(
            sa.select(Contact.decision_role).where(
                Contact.customer_id == customer.id, Contact.state == "在职"
            )
        )
    )
    gaps += [] if roles else ["contact"]
    return gaps + ([] if "决策者" in roles else ["decision_maker"])


def refresh(customer: Customer) -> Decimal:
    """`customer.completeness` is what `missing` says now, 0..1; flushed, no line in the log."""
    whole = len(PRIVATE_FACTS) if customer.customer_type == "个人" else len(FACTS) + 2
    share = Decimal(whole - len(missing(customer))) / whole
    customer.completeness = share.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    db.session.flush()
    return customer.completeness
