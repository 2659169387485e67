"""What administrators may do, each with its reason; every act leaves a line."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import request
from flask_login import current_user

from app import clock, errors
from app.db import db
from app.engine import repair, run
from app.i18n import _, _l
from app.monitor.models import OperatorAct

SHORTEST, LONGEST = 1, 300  # characters of a reason
# verbs of a bulk, and of the log
NAMES = {
    "retry": _l("重试"), "skip": _l("跳过"), "suspend": _l("暂停"), "resume": _l("恢复"),
    "cancel": _l("终止"), "resolve": _l("只关闭故障"), "move": _l("移动"), "change": _l("改数据"),
    "drop": _l("放弃"), "stop": _l("停止"), "begin": _l("批量处理"), "fire": _l("立即触发"),
    "add": _l("新增"), "edit": _l("修改设置"), "rekey": _l("换密钥"), "remove": _l("删除"),
    "test": _l("测试"),
}  # fmt: skip
OF_INCIDENTS = ("retry", "skip", "resolve")
OF_CASES = ("suspend", "resume", "cancel")


def reason() -> str:
    """The reason that the form gives. Raises Invalid when there is none."""
    text = request.form.get("reason", "").strip()
    if len(text) < SHORTEST:
        raise errors.Invalid(_("请写明理由：它会记入历史。"))
    return text[:LONGEST]


def note(
    verb: str, kind: str, object: str, why: str, *, instance_id: int | None = None,
    data: Mapping[str, Any] | None = None, by: str | None = None,
) -> None:  # fmt: skip
    """The act is in the log, in the caller's transaction."""
    db.session.add(
        OperatorAct(
            at=clock.now(), by=by or current_user.login, verb=verb, kind=kind,
            object=object[:200], reason=why[:500], instance_id=instance_id,
            data=dict(data) if data else None,
        )
    )  # fmt: skip
    db.session.flush()


def one(
    verb: str, instance_id: int, incident_id: int | None, why: str, by: str,
    variables: Mapping[str, Any] | None = None,
) -> Callable[[], object]:  # fmt: skip
    """What the verb does to one case or incident. Raises Invalid for a verb that makes no sense."""
    found = incident_id or 0
    known: dict[str, Callable[[], object]] = {
        "suspend": lambda: run.suspend(instance_id, why, by),
        "resume": lambda: run.unsuspend(instance_id, why, by),
        "cancel": lambda: run.cancel(instance_id, why, by),
    }
    if incident_id is not None:
        known |= {
            "retry": lambda: repair.retry(found, reason=why, by=by, variables=variables),
            "skip": lambda: repair.skip(found, reason=why, by=by, variables=variables),
            "resolve": lambda: repair.resolve(found, reason=why, by=by),
        }
    if verb not in known:
        raise errors.Invalid(_("不认识的操作。请从页面上选择。"))
    return known[verb]


def log(before: int | None, by: str = "", verb: str = "", most: int = 50) -> list[OperatorAct]:
    """The acts, newest first, those older than `before`."""
    query = sa.select(OperatorAct).order_by(OperatorAct.id.desc()).limit(most)
    if before is not None:
        query = query.where(OperatorAct.id < before)
    if by:
        query = query.where(OperatorAct.by == by)
    if verb:
        query = query.where(OperatorAct.verb == verb)
    return list(db.session.scalars(query))
