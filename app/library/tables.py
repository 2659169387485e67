"""/processes/decisions/<id>: a decision table to read, as it is in force, and where it is used."""

import functools

import sqlalchemy as sa
from flask import render_template

from app import errors, show
from app.db import db
from app.engine import definitions
from app.engine.published import Definition
from app.i18n import _
from app.library import areas
from app.library.routes import group_names, pages

POLICIES = {
    "UNIQUE": "只有一行适用", "FIRST": "第一行适用的算数", "PRIORITY": "优先级最高的算数",
    "ANY": "适用的各行结果相同", "COLLECT": "所有适用的行一起算数",
    "RULE ORDER": "所有适用的行按次序算数", "OUTPUT ORDER": "所有适用的行按优先级算数",
}  # fmt: skip


@pages.get("/decisions/<decision_id>")
def decision(decision_id: str) -> str:
    """The rows of the newest published version; the process owner changes them in the file."""
    row = definitions.decision(decision_id)
    found = row and definitions.model(row.file).find(decision_id)
    if row is None or not found:
        raise errors.NotFound(_("决策表 %(id)s 还没有发布。", id=decision_id))
    return render_template(
        "library/decision.html", room="library", row=row, decision=found, table=found.table,
        policy=POLICIES.get(found.table.policy, "") if found.table else "",
        users=_users(decision_id), said=functools.partial(show.rule, names=group_names()),
    )  # fmt: skip


def _users(decision_id: str) -> list[tuple[str, str]]:
    """(number, name) of the flows in force that decide by this table."""
    newest = db.session.execute(
        sa.select(Definition.process_id, Definition.name, Definition.uses)
        .where(Definition.is_newest)
        .order_by(Definition.process_id)
    )
    return [(areas.flow_number(id), name) for id, name, uses in newest
            if decision_id in uses.get("decisions", ())]  # fmt: skip
