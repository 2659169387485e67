"""Putting a task off: out of the queue until a day, without touching its due time."""

import datetime as dt
from zoneinfo import ZoneInfo

from flask_babel import get_timezone

from app import clock
from app.accounts.models import User
from app.engine import deferring, held, run
from app.engine.models import UserTask
from app.errors import Conflict, Invalid
from app.i18n import _
from app.inbox import acts, sight

MORNING = dt.time(8)
FURTHEST = dt.timedelta(days=366)


def days(today: dt.date) -> list[tuple[dt.date, str]]:
    """The days that the dialog offers at one press."""
    monday = today + dt.timedelta(days=7 - today.weekday())
    offers = {
        today + dt.timedelta(days=1): _("明天"), today + dt.timedelta(days=3): _("三天后"),
    }  # fmt: skip
    offers.setdefault(monday, _("下周一"))
    return sorted(offers.items())


def offered() -> dict[str, object]:
    """What the dialog shows."""
    today = clock.now().astimezone(_zone()).date()
    return {"today": today, "days": days(today), "last": today + FURTHEST}


def defer_now(task_id: int, until: dt.date | None, person: User) -> UserTask:
    """Raises NotFound, NotAllowed, Conflict, Invalid with what to do."""
    held.still(task_id)
    task = sight.task_to_act_on(task_id, person)
    acts.require_open(task)
    if until is None:
        if task.follow_up_at is None:
            raise Conflict(_("这项任务没有被推后。"))
        return deferring.set_follow_up(task_id, None, person.login)
    if task.assignee is None:
        run.claim(task_id, person.login)
    moment = dt.datetime.combine(until, MORNING, _zone()).astimezone(dt.UTC)
    return deferring.set_follow_up(task_id, moment, person.login)


def day_of(text: str) -> dt.date | None:
    """The day in what was typed, None for nothing. Raises Invalid."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_("请选择一个日期。")) from error
    today = clock.now().astimezone(_zone()).date()
    if not today < day <= today + FURTHEST:
        raise Invalid(_("请选择明天到一年之内的日期。"))
    return day


def _zone() -> ZoneInfo:
    """The reader's zone; what Babel gives is off by minutes when a time is combined with it."""
    return ZoneInfo(str(get_timezone() or "Asia/Shanghai"))
