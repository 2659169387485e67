"""One verb for many cases: written down at once, done by jobs, each case in its own transaction.

A case that fails says why and stops nobody; whoever looks sees how far it is. No two cases are
ever locked together.
"""

import logging
from typing import Any

import sqlalchemy as sa

from app import clock, errors
from app.db import db
from app.engine.models import Incident, Instance
from app.i18n import _
from app.jobs import queue, registry
from app.jobs.models import UNDER_WAY, Job
from app.monitor import acts
from app.monitor.models import DONE, FAILED, RUNNING, STOPPED, WAITING, Bulk, BulkItem

KIND = "monitor.bulk"
PER_JOB = 20
PER_PAGE = 50
VERBS = (*acts.OF_INCIDENTS, *acts.OF_CASES)
_item, _bulk = BulkItem.__table__, Bulk.__table__
log = logging.getLogger(__name__)


def begin(verb: str, why: str, about: str, chosen: sa.Select[Any], by: str) -> Bulk:
    """The chosen cases are listed and the work begins with the commit.

    `chosen` selects (instance id, incident id). For verbs of whole cases each case counts once.
    Raises Invalid when nothing is chosen.
    """
    if verb not in VERBS:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    made = Bulk(verb=verb, reason=why, about=about[:300], by=by, created_at=clock.now(), total=0,
                done=0, failed=0, state=RUNNING)  # fmt: skip
    db.session.add(made)
    db.session.flush()
    rows = chosen.order_by(None).limit(None).subquery()
    case, incident = list(rows.c)[:2]
    if verb in acts.OF_CASES:
        incident = sa.cast(sa.null(), _item.c.incident_id.type)
    fields = sa.select(
        sa.literal(made.id), case, incident.label("incident_id"), sa.literal(WAITING)
    ).distinct()
    db.session.execute(
        sa.insert(_item).from_select(["bulk_id", "instance_id", "incident_id", "state"], fields)
    )
    made.total = db.session.scalar(
        sa.select(sa.func.count()).select_from(_item).where(_item.c.bulk_id == made.id)
    )
    if not made.total:
        raise errors.Invalid(_("一个也没有选。请先选择要处理的实例。"))
    acts.note("begin", "bulk", f"#{made.id} {about}", why, by=by,
              data={"verb": verb, "total": made.total})  # fmt: skip
    _later(made.id)
    return made


def _later(bulk_id: int) -> None:
    queue.enqueue(KIND, {"bulk_id": bulk_id}, subject=f"bulk:{bulk_id}")


def _gave_up(payload: dict[str, Any], _job: Job, error: BaseException) -> None:
    """The job itself could not go on: the bulk stands still and can be continued."""
    log.error("bulk %s stands still: %s", payload["bulk_id"], error)
    _finish(payload["bulk_id"], STOPPED)


@registry.job(KIND, retries=(10.0, 60.0, 300.0), gave_up=_gave_up)
def work(payload: dict[str, Any], _job: Job) -> None:
    """A handful of cases, each committed by itself; then the next job, if more are waiting."""
    bulk_id = payload["bulk_id"]
    for _n in range(PER_JOB):
        bulk = _locked(bulk_id)
        if bulk is None or bulk.state != RUNNING:
            return
        item = _next(bulk_id)
        if item is None:
            _finish(bulk_id, DONE)
            return
        _one(bulk.verb, bulk.reason, bulk.by, item)
    _later(bulk_id)


def _locked(bulk_id: int) -> Bulk | None:
    """The bulk, its row locked: two jobs of it, or two administrators, follow one another."""
    return db.session.get(Bulk, bulk_id, with_for_update=True, populate_existing=True)


def _next(bulk_id: int) -> BulkItem | None:
    query = sa.select(BulkItem).where(BulkItem.bulk_id == bulk_id, BulkItem.state == WAITING)
    return db.session.scalar(query.order_by(BulkItem.id).limit(1))


def _one(verb: str, why: str, by: str, item: BulkItem) -> None:
    id, case_id, incident_id = item.id, item.instance_id, item.incident_id
    bulk_id = item.bulk_id
    try:
        acts.one(verb, case_id, incident_id, why, by)()
        _mark(bulk_id, id, DONE, None)
    except (sa.exc.OperationalError, sa.exc.InterfaceError):
        raise  # the database is away: the job comes again, this case is still waiting
    except Exception as problem:
        db.session.rollback()
        text = problem.message if isinstance(problem, errors.ShunliuError) else str(problem)
        _mark(bulk_id, id, FAILED, text or type(problem).__name__)
    db.session.commit()


def _mark(bulk_id: int, item_id: int, state: str, text: str | None) -> None:
    column = _bulk.c.done if state == DONE else _bulk.c.failed
    marked = db.session.execute(
        sa.update(_item)
        .where(_item.c.id == item_id, _item.c.state == WAITING)
        .values(state=state, message=text[:1000] if text else None, at=clock.now())
    )
    if marked.rowcount:  # what failed was rolled back, and the lock with it
        db.session.execute(
            sa.update(_bulk).where(_bulk.c.id == bulk_id).values({column.name: column + 1})
        )


def _finish(bulk_id: int, state: str) -> None:
    db.session.execute(
        sa.update(_bulk)
        .where(_bulk.c.id == bulk_id, _bulk.c.state == RUNNING)
        .values(state=state, finished_at=clock.now())
    )


def found(bulk_id: int, *, hold: bool = False) -> Bulk:
    """The bulk; with `hold` it is nobody else's until the transaction ends. Raises NotFound."""
    query = sa.select(Bulk).where(Bulk.id == bulk_id)
    bulk = db.session.scalar(query.with_for_update() if hold else query)
    if bulk is None:
        raise errors.NotFound()
    return bulk


def stop(bulk: Bulk, why: str) -> None:
    """What waits is left as it is; the case at work is finished. Raises Conflict when it is over."""
    if bulk.state != RUNNING:
        raise errors.Conflict(_("这次批量处理已经结束。"))
    _finish(bulk.id, STOPPED)
    acts.note("stop", "bulk", f"#{bulk.id} {bulk.about}", why)


def go_on(bulk: Bulk, why: str) -> None:
    """A stopped bulk does the rest; those that failed are tried again."""
    if bulk.state == RUNNING:
        raise errors.Conflict(_("这次批量处理还在进行。"))
    again = sa.update(_item).where(_item.c.bulk_id == bulk.id, _item.c.state == FAILED)
    db.session.execute(again.values(state=WAITING, message=None))
    bulk.state, bulk.finished_at, bulk.failed = RUNNING, None, 0
    acts.note("resume", "bulk", f"#{bulk.id} {bulk.about}", why)
    _later(bulk.id)


def items(bulk_id: int, state: str, after: int) -> tuple[list[Any], bool]:
    """(item, case, its step if an incident) of a bulk in one state, and whether there are more."""
    query = (
        sa.select(BulkItem, Instance, Incident.element_name, Incident.element_id)
        .outerjoin(Instance, Instance.id == BulkItem.instance_id)
        .outerjoin(Incident, Incident.id == BulkItem.incident_id)
        .where(BulkItem.bulk_id == bulk_id, BulkItem.state == state, BulkItem.id > after)
        .order_by(BulkItem.id)
        .limit(PER_PAGE + 1)
    )
    rows = db.session.execute(query).all()
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def recent(most: int = 50) -> list[Bulk]:
    """The latest, newest first."""
    return list(db.session.scalars(sa.select(Bulk).order_by(Bulk.id.desc()).limit(most)))


def stands_still(bulk: Bulk) -> bool:
    """Does it say that it runs while no job of it is there?"""
    if bulk.state != RUNNING:
        return False
    query = sa.select(Job.id).where(Job.subject == f"bulk:{bulk.id}", Job.state.in_(UNDER_WAY))
    return db.session.scalar(query.limit(1)) is None
