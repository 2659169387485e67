"""Webhooks: the list, the form, what was sent; test, send again, a new secret, away with it."""

from flask import Response, flash, redirect, render_template, request, url_for

from app import errors
from app.accounts import people
from app.db import db
from app.i18n import _
from app.monitor import acts, webhooks
from app.monitor.routes import monitor
from app.notify import events
from app.notify.models import Webhook


@monitor.get("/webhooks")
def all_webhooks() -> str:
    """Who outside is told of what."""
    found = webhooks.all_of_them()
    return render_template(
        "monitor/webhooks.html", room="monitor", hooks=found, figures=webhooks.figures(),
        many=webhooks.MANY,
        names=people.names(one.created_by for one in found if one.created_by),
        events=events.NAMES,
    )  # fmt: skip


@monitor.get("/webhooks/new")
def new_webhook() -> str:
    """An empty form."""
    return _form(None, webhooks.Draft())


@monitor.post("/webhooks")
def add_webhook() -> Response | tuple[str, int]:
    """There is one more, or the form with what is wrong in it."""
    draft = webhooks.read(request.form)
    if draft.problems:
        return _form(None, draft), 422
    made = webhooks.add(draft, acts.reason())
    db.session.commit()
    events.forget()
    flash(_("已保存。请把密钥交给接收方，再按“测试”。"))
    return redirect(url_for("monitor.one_webhook", webhook_id=made.id))


@monitor.get("/webhooks/<int:webhook_id>")
def one_webhook(webhook_id: int) -> str:
    """Its form, its secret and what was sent last."""
    hook = webhooks.one(webhook_id)
    return _form(hook, webhooks.draft_of(hook))


@monitor.get("/webhooks/<int:webhook_id>/deliveries")
def webhook_deliveries(webhook_id: int) -> str:
    """The list alone, asked for every two seconds while something is on its way."""
    hook = webhooks.one(webhook_id)
    return render_template("monitor/deliveries.html", hook=hook, **_sent(hook))


@monitor.post("/webhooks/<int:webhook_id>")
def act_on_webhook(webhook_id: int) -> Response | tuple[str, int]:
    """It is changed, tested, gets a new secret, or is gone."""
    verb = request.form.get("verb", "")
    if verb == "edit":
        return _edit(webhook_id)
    hook = webhooks.one(webhook_id)
    if verb == "test":
        webhooks.test(hook)
        told = _("已送出测试，结果在下面。")
    elif verb == "rekey":
        webhooks.rekey(hook, acts.reason())
        told = _("密钥已换。请立即交给接收方，旧的不再使用。")
    elif verb == "remove":
        webhooks.remove(hook, acts.reason())
        told = _("已删除。")
    else:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    db.session.commit()
    events.forget()
    flash(told)
    if verb == "remove":
        return redirect(url_for("monitor.all_webhooks"))
    return redirect(url_for("monitor.one_webhook", webhook_id=webhook_id))


def _edit(webhook_id: int) -> Response | tuple[str, int]:
    draft = webhooks.read(request.form)  # asks what the address means: nobody waits meanwhile
    hook = webhooks.one(webhook_id)
    if draft.problems:
        return _form(hook, draft), 422
    webhooks.edit(hook, draft, acts.reason())
    db.session.commit()
    events.forget()
    flash(_("已保存。"))
    return redirect(url_for("monitor.one_webhook", webhook_id=webhook_id))


@monitor.post("/deliveries/<int:delivery_id>")
def send_delivery_again(delivery_id: int) -> Response:
    """What was sent, or has failed, is sent once more."""
    row = webhooks.send_again(delivery_id)
    db.session.commit()
    flash(_("已安排重新送出。"))
    return redirect(url_for("monitor.one_webhook", webhook_id=row.webhook_id))


def _form(hook: Webhook | None, draft: webhooks.Draft) -> str:
    return render_template(
        "monitor/webhook.html", room="monitor", hook=hook, draft=draft,
        flows=webhooks.flows(draft.processes), reason=request.form.get("reason", "")[:300],
        secret=webhooks.secret(hook) if hook is not None else None,
        **(_sent(hook) if hook is not None else {"events": events.NAMES}),
    )  # fmt: skip


def _sent(hook: Webhook) -> dict[str, object]:
    state = request.args.get("state", "")
    found, more = webhooks.deliveries(hook.id, state, request.args.get("before", None, type=int))
    return {
        "found": found, "more": more, "state": state, "states": webhooks.STATES,
        "events": events.NAMES, "is_moving": any(row.state == "待发" for row in found),
    }  # fmt: skip
