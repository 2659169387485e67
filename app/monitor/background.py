"""Machine work that gave up, and messages on their way out: looked at, tried again, given up."""

from typing import Any

import sqlalchemy as sa

from app import errors, workspace
from app.db import db
from app.i18n import _, _l
from app.jobs import queue, registry
from app.jobs.models import Job
from app.monitor import acts
from app.notify import outbox
from app.notify.models import FAILED, WAITING, Outgoing

PER_PAGE = 50
DROPPED = "已弃"
JOB_STATES = ("failed", "stuck", "waiting", "held", "parked")
OUT_STATES = (FAILED, WAITING)
KINDS = {
    "engine.resume": _l("继续一步"), "engine.timer": _l("触发定时"),
    "engine.message": _l("送达消息"), "engine.message_to": _l("送达消息"),
    "engine.signal": _l("送达信号"), "engine.remind": _l("催办"), "engine.tidy": _l("清理"),
    "notify.outgoing": _l("发出邮件或短信"), "notify.flush": _l("补发邮件和短信"),
    "notify.webhook": _l("送出 Webhook"), "notify.forget": _l("清理"),
    "notify.tidy": _l("清理"), "engine.archive": _l("归档"), "engine.archive_case": _l("归档"),
    "jobs.purge": _l("清理"), "monitor.bulk": _l("批量处理"),
}  # fmt: skip


def jobs(state: str, before: int | None, kind: str = "") -> tuple[list[Job], bool]:
    """Jobs in one state, newest first, and whether there are older ones."""
    query = sa.select(Job).where(Job.state == state, Job.workspace_id == workspace.current())
    query = query.order_by(Job.id.desc()).limit(PER_PAGE + 1)
    if before:
        query = query.where(Job.id < before)
    if kind:
        query = query.where(Job.kind == kind)
    rows = list(db.session.scalars(query))
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def job_counts() -> dict[str, int]:
    """{state: how many}, of those that are not done."""
    query = (
        sa.select(Job.state, sa.func.count())
        .where(Job.state.in_(JOB_STATES), Job.workspace_id == workspace.current())
        .group_by(Job.state)
    )
    return dict(db.session.execute(query).all())


def messages(state: str, before: int | None) -> tuple[list[Outgoing], bool]:
    """Mails and text messages in one state, newest first, and whether there are older ones."""
    query = sa.select(Outgoing).where(Outgoing.state == state).order_by(Outgoing.id.desc())
    if before:
        query = query.where(Outgoing.id < before)
    rows = list(db.session.scalars(query.limit(PER_PAGE + 1)))
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def message_counts() -> dict[str, int]:
    """{state: how many} of what has not left."""
    query = (
        sa.select(Outgoing.state, sa.func.count())
        .where(Outgoing.state.in_(OUT_STATES))
        .group_by(Outgoing.state)
    )
    return dict(db.session.execute(query).all())


def is_periodic(job: Job) -> bool:
    """Does it come again and again by itself?"""
    kind = registry.kinds.get(job.kind)
    return kind is not None and kind.every is not None


def _job(job_id: int) -> Job:
    found = db.session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if found is None or found.state == "done" or found.workspace_id != workspace.current():
        raise errors.NotFound()
    return found


def retry_job(job_id: int, why: str) -> None:
    """A failed job is due at once. Raises NotFound, Conflict when it has not failed."""
    job = _job(job_id)
    if job.state != "failed":
        raise errors.Conflict(_("这个后台任务没有失败，不用重试。"))
    queue.retry(job_id)
    acts.note("retry", "job", f"{job.kind} #{job_id}", why, instance_id=queue.case_of(job))


def drop_job(job_id: int, why: str) -> None:
    """A failed job is gone; a stuck one has failed, see `queue.give_up`. Raises NotFound, Conflict
    when it is neither, or has failed and comes again by itself.

    What it was about and why it failed stays in the log.
    """
    job = _job(job_id)
    if job.state == "stuck":
        _note_drop(job, why)
        queue.give_up(job_id)
        return
    if job.state not in ("failed", "parked") or is_periodic(job):
        raise errors.Conflict(_("只能放弃已经失败的后台任务。"))
    _note_drop(job, why)
    db.session.delete(job)
    db.session.flush()


def _note_drop(job: Job, why: str) -> None:
    data: dict[str, Any] = {"payload": job.payload, "error": (job.last_error or "")[-1000:]}
    acts.note(
        "drop", "job", f"{job.kind} #{job.id}", why, instance_id=queue.case_of(job), data=data
    )


def _message(message_id: int) -> Outgoing:
    query = sa.select(Outgoing).where(Outgoing.id == message_id).with_for_update()
    found = db.session.scalar(query)
    if found is None:
        raise errors.NotFound()
    if found.state not in OUT_STATES:
        raise errors.Conflict(_("这封已经发出或放弃了。请刷新后查看。"))
    return found


def send_again(message_id: int, why: str) -> None:
    """The message is tried again at once. Raises NotFound, Conflict when it left or nobody set up
    its channel."""
    row = _message(message_id)
    if not outbox.configured(row.channel):
        raise errors.Conflict(
            _("还没有设置%(channel)s的发送服务。设置好后会自动补发。", channel=row.channel)
        )
    row.state, row.error = WAITING, None
    queue.enqueue(outbox.KIND, {"id": row.id})
    acts.note("retry", "outgoing", f"{row.channel} {row.address}", why, data={"id": row.id})


def drop_message(message_id: int, why: str) -> None:
    """The message will never leave. Raises NotFound, Conflict when it has left."""
    row = _message(message_id)
    acts.note("drop", "outgoing", f"{row.channel} {row.address}", why,
              data={"id": row.id, "subject": row.subject})  # fmt: skip
    row.state = DROPPED
    db.session.flush()
