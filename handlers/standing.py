"""What hangs on a customer in the other areas: open business, money, links that move with it.

Only records that exist in this installation are asked; each area adds its own.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.i18n import _
from app.records import record
from app.records.customer import Customer
from app.records.errors import RecordError

# states in which a document no longer concerns anybody
CLOSED = {
    "opportunity": ("赢单", "丢单", "重复驳回"),
    "quotation": ("已接受", "已替代", "已拒绝", "已过期", "已驳回", "已退回", "已下单"),
    "sales_order": ("已完成", "已取消", "已驳回"),
}
MOVED_LATER = ("customer", "assignment_history", "grade_history")  # history stays where it was


def is_known(entity: str) -> bool:
    """Does this installation have the record?"""
    return entity in record.entities()


def open_documents(customer: Customer, entity: str) -> list[Any]:
    """The customer's documents of one kind that are not finished."""
    if not is_known(entity):
        return []
    model: Any = record.entity(entity)
    query = sa.select(model).where(
        model.customer_id == customer.id, model.state.not_in(CLOSED[entity])
    )
    return list(db.session.scalars(query))


def has_open_opportunity(customer: Customer) -> bool:
    """Is somebody still trying to sell something to this customer?"""
    return bool(open_documents(customer, "opportunity"))


def balances(customer: Customer) -> dict[str, Any]:
    """{ledger: balance} of the customer's sub-ledger (应收, 预收, 应退)."""
    if not is_known("ar_entry"):
        return {}
    entry: Any = record.entity("ar_entry")
    query = (
        sa.select(entry.ledger, sa.func.sum(entry.amount))
        .where(entry.customer_id == customer.id)
        .group_by(entry.ledger)
    )
    return dict(tuple(row) for row in db.session.execute(query))


def check_unused(customer: Customer) -> None:
    """Nothing is open with this customer. Raises E_CUSTOMER_IN_USE that says what is."""
    kinds = {"opportunity": _("机会"), "sales_order": _("订单")}
    found = [
        _("%(kind)s %(number)s", kind=kind, number=row.number)
        for entity, kind in kinds.items()
        for row in open_documents(customer, entity)
    ]
    found += [_("%(ledger)s余额 %(amount)s", ledger=ledger, amount=amount)
              for ledger, amount in balances(customer).items() if amount]  # fmt: skip
    if found:
        raise RecordError(
            "E_CUSTOMER_IN_USE",
            _("客户还有未了结的业务，不能停用：%(list)s。", list="、".join(found)),
        )


def links(entity: str = "customer") -> Iterator[tuple[Any, Any]]:
    """(model, column) of every record that names a customer, except what only tells history."""
    for model in record.entities().values():
        if model.__tablename__ in MOVED_LATER or issubclass(model, record.Entry):
            continue
        for column in sa.inspect(model).columns:
            if column.info.get("target") == entity and column.info.get("format") == "ref":
                yield model, getattr(model, column.key)
