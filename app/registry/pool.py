"""/records/pool: leads and customers that nobody has, each with a button to ask for it.

Asking starts the flow: a lead goes to whoever asked first (051-02-01), a customer needs the
manager's plan (051-01-02); limits and bans are the flow's.
"""

from typing import Any

import sqlalchemy as sa
from flask import Response, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required

from app import errors, viewer
from app.db import db
from app.engine import run
from app.engine.cases import Instance
from app.i18n import _, label
from app.records import record, sight
from app.registry import routes

EACH = 50
WHO = frozenset({"sales_rep", "sales_manager"})
FREE = {"lead": "线索池", "customer": "公海"}


@routes.pages.get("/pool")
@login_required
def pool() -> str:
    """What this person may see of both pools, the longest waiting first."""
    here = viewer.here()
    if here.is_outside:
        raise errors.NotFound()
    words = request.args.get("q", "").strip()[:60]
    return render_template(
        "registry/pool.html", room="records", q=words, may_claim=_may(here),
        leads=_free("lead", here, words), customers=_free("customer", here, words),
        counts={entity: _count(entity, here) for entity in FREE}, most=EACH,
    )  # fmt: skip


def _may(here: sight.Viewer) -> bool:
    return bool(here.groups & WHO)


def _wanted(entity: str, here: sight.Viewer) -> tuple[Any, list[Any]]:
    model: Any = record.entity(entity)
    return model, [sight.visible(entity, here), model.state == FREE[entity]]


def _count(entity: str, here: sight.Viewer) -> int:
    model, wanted = _wanted(entity, here)
    return db.session.scalar(sa.select(sa.func.count(model.id)).where(*wanted)) or 0


def _free(entity: str, here: sight.Viewer, words: str) -> list[Any]:
    model, wanted = _wanted(entity, here)
    if words:
        names = ("title_text", "company") if entity == "lead" else ("name",)
        fits = [getattr(model, name).contains(words, autoescape=True) for name in names]
        wanted.append(sa.or_(model.number == words, *fits))
    return list(db.session.scalars(sa.select(model).where(*wanted).order_by(model.id).limit(EACH)))


@routes.pages.post("/<any(lead, customer):entity>/<key>/claim")
@login_required
def claim(entity: str, key: str) -> Response:
    """The flow has been asked; what it said is told on the page that follows."""
    here = viewer.here()
    model: Any = record.entity(entity)
    row = db.session.scalar(
        sa.select(model).where(model.number == key, sight.visible(entity, here))
    )
    if row is None:
        raise errors.NotFound()
    if not _may(here):
        raise errors.NotAllowed(_("只有销售代表和销售经理可以领取。"))
    if row.state != FREE[entity]:
        raise errors.Conflict(
            _(
                "“%(name)s”已经不在池里了，现在是“%(state)s”。",
                name=str(row.title),
                state=label(row.state),
            )
        )
    case = _ask(entity, key)
    db.session.commit()
    flash(_told(entity, row, case))
    return redirect(url_for("records.pool"), 303)  # type: ignore[return-value]


def _ask(entity: str, key: str) -> Instance:
    login = current_user.login
    if entity == "lead":
        id = run.correlate("msg_lead_revisit", key, {"lead_no": key, "claimer": login}, by=login)
    else:
        given = {"reason": "claim", "customer_ids": [key], "requester": login}
        id = run.correlate("msg_assignment_requested", f"{key}+{login}", given, by=login)
    return db.session.get_one(Instance, id, populate_existing=True)


def _told(entity: str, row: Any, case: Instance) -> str:
    db.session.refresh(row)
    if case.end_event:  # refused at once: the flow's end says how, a notice says why
        return _("没有领到：%(end)s。原因见您的通知。", end=label(case.end_event))
    if entity == "lead" and row.owner_id == current_user.login:
        return _("线索归您了，请在收件箱里接收。")
    return _("已经申请，等经理确定分配。")
