"""开发指标：新客户、新联系人、重复拦截（051-01-01, P2）。"""

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import Step, handler
from app.records import counter, log

NEW_CUSTOMER, NEW_CONTACT, BLOCKED = "new_customer", "new_contact", "duplicate_blocked"


@handler()
def count_development(
    step: Step, *, mode: str = "create", starter: str | None = None, intake: dict | None = None
) -> None:
    """把新客户和新联系人计入发掘人的开发指标。

    The finder's month has one more customer (mode create only) and one more contact for each
    that this case created; quarters and years are sums of months (051-01 P2).
    """
    finder = (intake or {}).get("discoverer") or starter or step.started_by
    if finder is None:
        return
    if mode == "create":
        counter.add(finder, NEW_CUSTOMER, step.now)
    created = _contacts_created(step)
    if created:
        counter.add(finder, NEW_CONTACT, step.now, created)


@handler()
def count_blocked(step: Step, *, starter: str | None = None) -> None:
    """把这次重复登记计入重复拦截数。"""
    finder = starter or step.started_by
    if finder is not None:
        counter.add(finder, BLOCKED, step.now)


def _contacts_created(step: Step) -> int:
    query = sa.select(sa.func.count(log.StateHistory.id)).where(
        log.StateHistory.entity == "contact",
        log.StateHistory.old.is_(None),
        log.StateHistory.instance_id == str(step.instance_id),
    )
    return int(db.session.scalar(query) or 0)
