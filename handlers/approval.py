"""审批：确定审批人、登记结论、上移、加签、撤回（COM-01, conventions §4）。"""

from collections.abc import Mapping
from typing import Any

from app.accounts import people
from app.db import db
from app.engine.handlers import Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import log, record
from handlers import steps

WORDS = {
    "approve": "同意", "return": "退回修改", "reject": "驳回", "withdraw": "撤回",
    "auto": "自动通过",
}  # fmt: skip
TOGETHER = ("会签", "并行", "或签")
# roles that are relative to the submitter (conventions §10)
RELATIVE = {
    "superior": people.superior_of,
    "dept_manager": people.manager_of,
    "division_director": lambda login: people.manager_of(people.manager_of(login) or ""),
}


@handler(
    outputs=("levels", "mode", "form", "due", "delegate_after", "amount", "discount", "needed",
             "decisions", "opinions", "approval_facts", "stopped", "approval_result", "object_id",
             "object_type", "org", "submitter", "problems"),
    pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, object_type: str = "通用申请", object_id: str | None = None,
    amount: Any = None, discount: Any = None, org: str | None = None,
    submitter: str | None = None, levels: list | None = None, mode: str | None = None,
    form: str | None = None, due: str | None = None, delegate_after: str | None = None,
    needed: int | None = None, facts: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备审批：补上默认的表单、时限和方式，列出要给审批人看的内容。"""
    submitter = submitter or step.started_by
    shown = facts or [
        {"label": _("申请"), "value": object_type}, {"label": _("编号"), "value": object_id},
        {"label": _("申请人"), "value": steps.name_of(submitter)},
    ]  # fmt: skip
    if not facts and amount is not None:
        shown.append({"label": _("金额"), "value": amount})
    return {
        "levels": _levels(levels or []), "mode": mode or "依次", "form": form or "approve",
        "due": due or "P1D", "delegate_after": delegate_after or "P3D", "amount": amount,
        "discount": discount, "needed": needed, "decisions": [], "opinions": [],
        "approval_facts": shown, "stopped": False, "approval_result": None,
        "object_id": object_id or str(step.instance_id), "object_type": object_type, "org": org,
        "submitter": submitter, "problems": None,
    }  # fmt: skip


def _levels(roles: list[Any]) -> list[dict[str, Any]]:
    """Each role once, in order, counted from 1."""
    names = [one.get("role") if isinstance(one, Mapping) else one for one in roles]
    unique = list(dict.fromkeys(str(name) for name in names if name))
    last = len(unique)
    return [{"role": role, "number": n, "last": n == last} for n, role in enumerate(unique, 1)]


@handler(outputs=("levels", "mode"), pure=True)
def use_matrix(
    step: Step, *, matrix: list | None = None, mode: str | None = None
) -> dict[str, Any]:
    """把审批矩阵命中的各行连成审批级别，重复的角色只留一次。"""
    roles: list[Any] = []
    for row in matrix or []:
        given = row.get("roles") or []
        roles += [given] if isinstance(given, str) else list(given)
        mode = row.get("mode") or mode
    return {"levels": _levels(roles), "mode": mode or "依次"}


@handler(outputs=("approver", "skipped", "delegated_from", "extra_signer"), pure=True)
def resolve_level(
    step: Step, *, level: dict, submitter: str | None = None, org: str | None = None,
    mode: str = "依次", decisions: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """按提交人的部门和职位找出这一级的审批人；本人和批过的人跳过。

    `approver` is {user, users}: one person, or several of whom one decides. The submitter's own
    level is skipped when a later one follows, else his superior decides (E_SELF_APPROVAL).
    """
    found = _holders(level["role"], submitter, org)
    own = submitter in found
    others = [login for login in found if login != submitter]
    if own and mode not in TOGETHER and not level["last"]:
        return _level(None, skipped=True)
    if own or not others:
        above = people.superior_of(submitter or "") or people.manager_of(submitter or "")
        others = [above] if above and above != submitter else others
    decided = {one["by"] for one in decisions or [] if one["decision"] == "approve"}
    if others and mode not in TOGETHER and set(others) <= decided:
        return _level(None, skipped=True)
    if not others:
        raise LookupError(
            _("没有人担任 %(role)s，也没有上级可以审批。请在组织架构里补上。", role=level["role"])
        )
    return _level(others, skipped=False)


def _level(logins: list[str] | None, *, skipped: bool) -> dict[str, Any]:
    only = logins[0] if logins and len(logins) == 1 else None
    several = logins if logins and only is None else None
    return {"approver": {"user": only, "users": several, "group": None}, "skipped": skipped,
            "delegated_from": None, "extra_signer": None}  # fmt: skip


def _holders(role: str, submitter: str | None, org: str | None) -> list[str]:
    """Who holds the role nearest to the submitter: in his department, then further up."""
    if role in RELATIVE:
        found = RELATIVE[role](submitter or "")
        return [found] if found else []
    start = org or steps.department_of(submitter)
    for department in people.departments_above(start):
        near = people.holders(role, department)
        if near:
            return near
    return people.holders(role)


@handler(
    topic="approval.record",
    outputs=("decision", "decisions", "approval_result", "stopped", "problems"),
)
def record_decision(
    step: Step, *, outcome: str, comment: str | None = None, submitter: str | None = None,
    object_type: str = "通用申请", object_id: str | None = None, level: Any = None,
    delegated_from: str | None = None, decisions: list | None = None,
    levels: list | None = None, mode: str = "依次", needed: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记一位审批人的结论；自己的申请不能自己批。

    One approval_log row. `stopped` says that no further level needs to decide, `approval_result`
    is approve, return or reject as things stand. The submitter is refused (E_SELF_APPROVAL).
    """
    who = steps.actor(step)
    if step.by is not None and step.by == submitter:
        raise Invalid(_("自己提交的申请不能由自己审批，请交给上级。"))
    if outcome != "approve" and not (comment or "").strip():
        raise Invalid(_("退回或驳回时请写明理由。"), fields={"comment": _("此项必填")})
    role = level.get("role") if isinstance(level, Mapping) else level
    number = level.get("number") if isinstance(level, Mapping) else None
    _note(step, object_type, object_id, WORDS.get(outcome, outcome), comment,
          level=number, role=role, delegated_from=delegated_from)  # fmt: skip
    made = [*(decisions or []), {"by": who, "decision": outcome, "comment": comment}]
    result, stopped = _standing(made, mode, len(levels or []), needed)
    return {"decision": outcome, "decisions": made, "approval_result": result,
            "stopped": stopped, "problems": None}  # fmt: skip


def _standing(
    made: list[dict[str, Any]], mode: str, total: int, needed: int | None
) -> tuple[str, bool]:
    """(what the approval comes to as things stand, whether that is final)."""
    against = [one["decision"] for one in made if one["decision"] != "approve"]
    agreed = len(made) - len(against)
    if mode not in TOGETHER:
        return made[-1]["decision"], bool(against)
    wanted = 1 if mode == "或签" else needed or total
    if agreed >= wanted:
        return "approve", True
    left = total - len(made)
    if agreed + left < wanted:
        return against[-1], True
    return against[-1] if against else "approve", False


def _note(
    step: Step, object_type: str, number: str | None, decision: str, reason: str | None, *,
    level: int | None = None, role: str | None = None, delegated_from: str | None = None,
) -> None:  # fmt: skip
    db.session.add(
        log.ApprovalLog(
            entity=_entity(object_type), number=number or f"#{step.instance_id}",
            version=None, level=level, role=role, delegated_from=delegated_from,
            decision=decision, reason=(reason or "")[:1000] or None, by=steps.actor(step),
            at=step.now, **vars(steps.origin(step)),
        )
    )  # fmt: skip
    db.session.flush()


def _entity(object_type: str) -> str:
    """The record's name for its label: 客户 is `customer`; the label itself if there is none."""
    known = {model.record.label: name for name, model in record.entities().items()}
    return known.get(object_type, object_type)[:40]


@handler(outputs=("approver", "delegated_from", "outcome", "comment"))
def delegate_up(
    step: Step, *, approver: dict, submitter: str | None = None,
    delegated_from: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """逾期未批，转给审批人的上级；没有上级时仍由本人审批。"""
    late = approver.get("user") or (approver.get("users") or [None])[0]
    above = people.superior_of(late) if late else None
    if above is not None and above == submitter:
        above = people.superior_of(above)
    if above is None:
        return {"approver": approver, "delegated_from": delegated_from}
    return {"approver": {"user": above, "users": None, "group": None}, "delegated_from": late}


@handler(outputs=("opinions", "extra_signer"))
def record_opinion(
    step: Step, *, opinion: str | None = None, advice: str = "", opinions: list | None = None,
    object_type: str = "通用申请", object_id: str | None = None, level: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """登记加签人的意见；结论仍由审批人给出。"""
    number = level.get("number") if isinstance(level, Mapping) else None
    _note(step, object_type, object_id, advice, opinion, level=number)
    said = {"name": steps.name_of(steps.actor(step)), "decision": advice, "comment": opinion}
    return {"opinions": [*(opinions or []), said], "extra_signer": None}


@handler(outputs=("approval_result",))
def auto_approve(
    step: Step, *, object_type: str = "通用申请", object_id: str | None = None
) -> dict[str, Any]:
    """没有审批级别：自动通过并登记。"""
    _note(step, object_type, object_id, WORDS["auto"], None)
    return {"approval_result": "approve"}


@handler(outputs=("approval_result",))
def record_withdrawal(
    step: Step, *, object_type: str = "通用申请", object_id: str | None = None
) -> dict[str, Any]:
    """登记提交人撤回申请。"""
    _note(step, object_type, object_id, WORDS["withdraw"], None)
    return {"approval_result": "withdraw"}
