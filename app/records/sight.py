"""Who may see which records: one SQL condition per kind and viewer, so that lists are cut in the
query and never afterwards (records_sales §1).

Owner, his superiors, the customer's team, the managers of the department and above, and the roles
that look after customers of everybody. People from outside (teacher, student) see nothing.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.records import record
from app.records.customer import Customer
from app.records.customer_team import CustomerTeam

OUTSIDE = frozenset({"teacher", "student"})
# these look after the customers of the whole company
EVERYWHERE = frozenset({
    "admin", "general_manager", "customer_director", "info_specialist", "finance_clerk",
    "finance_manager", "credit_controller", "analyst",
})  # fmt: skip


# a lead that nobody has is everybody's who could follow it
SELLERS = frozenset({"sales_rep", "sales_manager"})


@dataclass(frozen=True)
class Viewer:
    """A person as far as sight goes; `below` are the logins of the positions under his,
    `managed` the departments he manages and those below them."""

    login: str
    groups: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    managed: frozenset[str] = frozenset()
    department: str | None = None

    @property
    def is_outside(self) -> bool:
        """Nobody's colleague: sees no record at all."""
        return not self.groups - OUTSIDE

    def over(self, login: str | None) -> bool:
        """Is this the person self, or somebody under him?"""
        return login is not None and (login == self.login or login in self.below)


def visible(entity: str, viewer: Viewer) -> sa.ColumnElement[bool]:
    """The condition on the entity's rows that this viewer may see."""
    model: Any = record.entity(entity)
    if viewer.is_outside:
        return sa.false()
    if viewer.groups & (EVERYWHERE | set(model.record.readers)):
        return sa.true()
    if model.record.sight == "open":
        return sa.true()
    if model.record.sight == "owner":
        return _owned(model, viewer)
    if model.record.sight == "access":
        return _granted(model, viewer)
    column = getattr(model, model.record.sight)
    if column.info["format"] == "user":
        return _person(column, viewer)
    target = column.info["target"]
    parent: Any = record.entity(target)
    condition = _customers(viewer, pool=False) if target == "customer" else visible(target, viewer)
    return column.in_(sa.select(parent.id).where(condition))


def may_see(row: Any, viewer: Viewer) -> bool:
    """May this person see this very record?"""
    model = type(row)
    query = sa.select(model.id).where(model.id == row.id, visible(model.__tablename__, viewer))
    session = sa.inspect(row).session
    return session is not None and session.scalar(query) is not None


def may_see_contacts(customer: Customer, viewer: Viewer) -> bool:
    """A customer of the pool is shown without contact details to those who only share its
    department."""
    session = sa.inspect(customer).session
    if session is None or viewer.is_outside:
        return False
    if viewer.groups & EVERYWHERE:
        return True
    query = sa.select(Customer.id).where(Customer.id == customer.id, _customers(viewer, pool=False))
    return session.scalar(query) is not None


def may_see_private(row: Any, viewer: Viewer) -> bool:
    """Birthday, hobby, family: only with consent, only owner and superiors (catalogue README 13)."""
    if getattr(row, "consent", None) != "已取得" or viewer.is_outside:
        return False
    return viewer.over(responsible(row))


def responsible(row: Any) -> str | None:
    """The owner of a record, else of the customer it hangs on."""
    own = getattr(row, "owner_id", None)
    customer_id = getattr(row, "customer_id", None)
    if own or customer_id is None:
        return str(own) if own else None
    session = sa.inspect(row).session
    customer = session.get(Customer, customer_id) if session else None
    return customer.owner_id if customer else None


def _person(column: Any, viewer: Viewer) -> sa.ColumnElement[bool]:
    return column.in_(sorted({viewer.login, *viewer.below}))


def _owned(model: Any, viewer: Viewer) -> sa.ColumnElement[bool]:
    if model is Customer:
        return _customers(viewer, pool=True)
    parts = [_person(model.owner_id, viewer)]
    if hasattr(model, "created_by"):
        parts.append(model.created_by == viewer.login)
    if viewer.managed:
        parts.append(model.department_id.in_(sorted(viewer.managed)))
    if hasattr(model, "customer_id"):
        seen = sa.select(Customer.id).where(_customers(viewer, pool=False))
        parts.append(model.customer_id.in_(seen))
    if model.__tablename__ == "lead" and viewer.groups & SELLERS:
        parts.append(model.state == "线索池")  # who sells may claim it, so may look at it
    return sa.or_(*parts)


def _granted(model: Any, viewer: Viewer) -> sa.ColumnElement[bool]:
    """Competitors: the departments that were let in, and who found the information."""
    access: Any = record.entity("competitor_access")
    let_in = sa.select(access.competitor_id).where(access.department_id == viewer.department)
    own = sa.or_(model.owner_id == viewer.login, model.created_by == viewer.login)
    return sa.or_(own, sa.and_(model.state == "已发布", model.id.in_(let_in)))


def _customers(viewer: Viewer, *, pool: bool) -> sa.ColumnElement[bool]:
    shared = sa.select(CustomerTeam.customer_id).where(CustomerTeam.user_id == viewer.login)
    parts = [_person(Customer.owner_id, viewer), Customer.id.in_(shared)]
    if viewer.managed:
        parts.append(Customer.department_id.in_(sorted(viewer.managed)))
    if pool and viewer.department:
        parts.append(sa.and_(Customer.state == "公海", Customer.department_id == viewer.department))
    return sa.or_(*parts)
