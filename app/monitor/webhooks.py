"""Webhooks as administrators set them up: what a form says, whether it can be, what has been sent."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from app import clock, errors
from app.db import db
from app.engine.models import Definition
from app.i18n import _
from app.jobs import queue
from app.monitor import acts
from app.notify import events, reach, sealing, webhooks
from app.notify.models import FAILED, SENT, SKIPPED, WAITING, Delivery, Webhook

MOST = 50  # webhooks
PER_PAGE = 50
MOST_FIELDS = 30
MANY = 1000  # deliveries: more are not counted
STATES = (WAITING, SENT, FAILED, SKIPPED)


@dataclass
class Draft:
    """What the form says; `problems` is {field: text} of what it cannot say."""

    name: str = ""
    url: str = ""
    events: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    active: bool = True
    problems: dict[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """As the columns take them."""
        return {name: value for name, value in asdict(self).items() if name != "problems"}


def draft_of(hook: Webhook) -> Draft:
    """The form as it stands."""
    return Draft(hook.name, hook.url, hook.events, hook.processes, hook.fields, hook.active)


def read(form: MultiDict[str, str]) -> Draft:
    """The form and its problems. Asks what the address means, before anything is written."""
    made = Draft(
        name=form.get("name", "").strip()[:100],
        url=form.get("url", "").strip(),
        events=[name for name in events.NAMES if name in form.getlist("events")],
        processes=sorted(set(form.getlist("processes")))[:500],
        fields=list(dict.fromkeys(form.get("fields", "").replace("，", ",").replace(",", " ").split())),
        active=form.get("active") == "1",
    )  # fmt: skip
    found = {
        "name": "" if made.name else _("请给它起个名字。"),
        "url": _wrong_url(made),
        "events": "" if made.events else _("请至少选一种事件。"),
        "fields": _wrong_fields(made.fields),
        "reason": "" if form.get("reason", "").strip() else _("请写明理由：它会记入历史。"),
    }
    made.problems = {name: text for name, text in found.items() if text}
    return made


def _wrong_url(draft: Draft) -> str:
    try:
        target = reach.parse(draft.url)
        draft.url = target.url
        reach.look_up(target, webhooks.allowed())
    except reach.BadAddress as error:
        return str(error)
    except reach.Forbidden:
        return _(
            "%(host)s 在内部网络里，默认不向那里送。确实需要的，请在设置 SHUNLIU_WEBHOOK_NETWORKS 里写上它的网段。",
            host=target.host,
        )
    except reach.Unreachable:
        return ""  # it may mean something by the time that something is sent
    return ""


def _wrong_fields(names: list[str]) -> str:
    private = set(current_app.config["SETTINGS"].private_fields.split(","))
    for name in names:
        if name in private:
            return _("%(name)s 是个人隐私，不能送出。", name=name)
    if len(names) > MOST_FIELDS or any(len(name) > 100 for name in names):
        return _("最多写 %(n)s 个变量名，用空格或逗号分开。", n=MOST_FIELDS)
    return ""


def all_of_them() -> list[Webhook]:
    """Every webhook, by name."""
    return list(db.session.scalars(sa.select(Webhook).order_by(Webhook.name, Webhook.id)))


def figures() -> dict[int, dict[str, int]]:
    """{webhook: {state: how many deliveries of the last month, MANY at most}}."""
    counts = [_counted(state).label(state) for state in (SENT, FAILED)]
    rows = db.session.execute(sa.select(Webhook.id, *counts)).mappings()
    return {row["id"]: {state: row[state] for state in (SENT, FAILED)} for row in rows}


def _counted(state: str) -> sa.ScalarSelect[int]:
    sent = Delivery.__table__  # those of another workspace's webhook are not asked for
    some = sa.select(sent.c.id).where(sent.c.webhook_id == Webhook.id, sent.c.state == state)
    few = some.correlate(Webhook).limit(MANY).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


def one(webhook_id: int) -> Webhook:
    """The webhook. Raises NotFound."""
    found = db.session.scalar(sa.select(Webhook).where(Webhook.id == webhook_id))
    if found is None:
        raise errors.NotFound()
    return found


def flows(chosen: list[str]) -> dict[str, str]:
    """{process: name} of all that are published, and of what was chosen and is no more."""
    query = sa.select(Definition.process_id, Definition.name).where(Definition.is_newest)
    found = dict(db.session.execute(query.order_by(Definition.process_id)).all())
    return {id: id for id in chosen if id not in found} | found


def deliveries(webhook_id: int, state: str, before: int | None) -> tuple[list[Delivery], bool]:
    """What was or will be sent, newest first, and whether there is more."""
    query = sa.select(Delivery).where(Delivery.webhook_id == webhook_id)
    if state in STATES:
        query = query.where(Delivery.state == state)
    if before:
        query = query.where(Delivery.id < before)
    rows = list(db.session.scalars(query.order_by(Delivery.id.desc()).limit(PER_PAGE + 1)))
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def add(draft: Draft, why: str) -> Webhook:
    """There is one more. Raises Conflict when there are too many."""
    if (db.session.scalar(sa.select(sa.func.count(Webhook.id))) or 0) >= MOST:
        raise errors.Conflict(_("最多 %(n)s 个。请先删除不用的。", n=MOST))
    made = Webhook(**draft.values(), created_at=clock.now(), created_by=current_user.login)
    webhooks.keep_secret(made, webhooks.new_secret())
    db.session.add(made)
    db.session.flush()
    _note("add", made, why, draft.values())
    return made


def edit(hook: Webhook, draft: Draft, why: str) -> None:
    """It is as the form says; the log keeps what it was. Its receiver counts as awake."""
    before = draft_of(hook).values()
    changed = {name: value for name, value in draft.values().items() if before[name] != value}
    for name, value in changed.items():
        setattr(hook, name, value)
    hook.failures, hook.rests_until = 0, None
    _note("edit", hook, why, {"before": {name: before[name] for name in changed}, "now": changed})


def rekey(hook: Webhook, why: str) -> None:
    """What is sent from now on is signed with a new secret."""
    webhooks.keep_secret(hook, webhooks.new_secret())
    _note("rekey", hook, why)


def secret(hook: Webhook) -> tuple[str, str]:
    """Its secret, or nothing and why it cannot be shown."""
    try:
        return webhooks.secret_of(hook), ""
    except sealing.Unreadable as problem:
        return "", problem.message


def remove(hook: Webhook, why: str) -> None:
    """It is gone, with what was to be sent."""
    _note("remove", hook, why, draft_of(hook).values())
    db.session.delete(hook)
    db.session.flush()


def test(hook: Webhook) -> None:
    """A delivery of the kind `test` leaves at once, also when the webhook is switched off."""
    hook.failures, hook.rests_until = 0, None
    db.session.flush()
    events.put(hook.id, events.TEST, {"workspace": hook.workspace_id, "by": current_user.login})
    _note("test", hook, _("测试"))


def send_again(delivery_id: int) -> Delivery:
    """The delivery is due at once, under the name that it had. Raises NotFound, Conflict when it
    is on its way."""
    row = db.session.scalar(sa.select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise errors.NotFound()
    if row.state == WAITING:
        raise errors.Conflict(_("这一条正在送。请刷新后查看。"))
    hook = one(row.webhook_id)
    hook.failures, hook.rests_until = 0, None
    row.state = WAITING
    queue.drop(events.subject(row.id))
    events.send_later(row.id)
    _note("retry", hook, _("重新送出"), {"delivery": row.id, "event": row.event})
    return row


def _note(verb: str, hook: Webhook, why: str, data: Mapping[str, Any] | None = None) -> None:
    acts.note(verb, "webhook", f"{hook.name} #{hook.id}", why, data=data)
