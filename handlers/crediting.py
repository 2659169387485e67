"""信用变更：提议、评审、生效、共享、到期（051-01-04）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import current_app

from app.accounts import people
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.notify import deliver
from app.records import exposure, log, write
from app.records.customer import Customer
from app.records.customer_credit import CreditChange, CustomerCredit
from handlers import credit, steps

ZERO = Decimal("0.00")
FIELDS = ("level", "limit", "term_days", "control", "temp_limit", "temp_until")
STOPPED, HELD = "停止", ("停止", "冻结")
SHARED_WITH = ("order_clerk", "warehouse_keeper")
JUDGED = {"accept": "同意", "change": "修改后同意", "freeze": "冻结", "reject": "驳回"}


@handler(
    topic="credit.propose",
    outputs=(
        "change_no",
        "review",
        "automatic",
        "apply_type",
        "problems",
        "temp_until",
        "judgement",
    ),
)
def propose(
    step: Step, *, customer_id: str, source: str, policy: dict, score: Decimal | int | None = None,
    month_order: Decimal | int | None = None, application: dict | None = None,
    change_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记信用变更：政策建议的等级、额度、账期和控制方式，申请的照申请。

    limit = min(cap, factor * average month order), 051-01-04. `automatic`: a new customer whose
    limit is 0 needs no review.
    """
    customer, given = write.need("customer", customer_id), application or {}
    row = _profile(customer.id)
    proposed = _proposal(row, policy, Decimal(month_order or 0), given)
    change = write.find("credit_change", change_no) or _open(step, customer, row, source, given)
    score_given = {"score": None if score is None else int(score)}
    write.change(change, _news(proposed) | score_given, **steps.writing(step))
    write.move(change, "评审", **steps.writing(step))
    step.set_business_key(customer.number)
    return {
        "change_no": change.number, "review": _readable(proposed), "judgement": None,
        "automatic": source == "initial" and proposed["limit"] == 0,
        "apply_type": given.get("apply_type"), "temp_until": proposed["temp_until"],
        "problems": None,
    }  # fmt: skip


def _profile(customer_id: int) -> CustomerCredit | None:
    query = sa.select(CustomerCredit).where(CustomerCredit.customer_id == customer_id)
    return db.session.scalar(query)


def _proposal(
    row: CustomerCredit | None, policy: Mapping[str, Any], month: Decimal,
    given: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    limit = min(Decimal(policy["cap"]), Decimal(policy["factor"]) * month).quantize(ZERO)
    found = {
        "level": policy["level"], "limit": limit, "term_days": int(policy["term"]),
        "control": policy["control"], "temp_limit": row.temp_limit if row else ZERO,
        "temp_until": row.temp_until if row else None,
    }  # fmt: skip
    kind, asked = given.get("apply_type"), given.get("limit")
    if kind is None:
        return found
    kept = _current(row) if row else found
    if kind == "临时额度":
        asked = {"temp_limit": Decimal(asked or 0), "temp_until": given.get("temp_until")}
        return kept | asked
    if kind == "账期调整":
        return kept | {"term_days": int(given.get("term_days") or 0)}
    if kind == "解冻":
        return kept | {"control": "审批放行"}
    term = given.get("term_days")
    return found | {"limit": Decimal(asked or 0),
                    "term_days": found["term_days"] if term is None else int(term)}  # fmt: skip


def _current(row: CustomerCredit) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _open(
    step: Step, customer: Customer, row: CustomerCredit | None, source: str,
    given: Mapping[str, Any],
) -> CreditChange:  # fmt: skip
    values = {
        "customer_id": customer.id, "credit_id": row.id if row else None, "source": source,
        "apply_type": given.get("apply_type"), "reason": given.get("reason"),
        "owner_id": customer.owner_id, "department_id": customer.department_id,
        "old_values": _current(row) if row else None,
    }  # fmt: skip
    return write.create("credit_change", values, **steps.writing(step))


def _news(proposed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "new_level": proposed["level"], "new_limit": proposed["limit"],
        "new_term_days": proposed["term_days"], "new_control": proposed["control"],
        "new_temp_limit": proposed["temp_limit"], "temp_until": proposed["temp_until"],
    }  # fmt: skip


def _readable(proposed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: proposed[name] for name in FIELDS} | {"opinion": None}


@handler(
    topic="credit.judge",
    outputs=("judgement", "new_limit", "delta_rate", "apply_type", "approval_facts", "submitter",
             "problems"),
)  # fmt: skip
def judge(
    step: Step, *, change_no: str, review: dict, outcome: str, customer_id: str,
    source: str = "apply", apply_type: str | None = None, submitter: str | None = None,
    credit_facts: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记评审意见：按建议、改数值、冻结，或者不同意。

    `new_limit` contains a temporary limit; `delta_rate` is the rise against what is granted now,
    1 when nothing is. Who applied does not judge (E_SELF_APPROVAL).
    """
    if step.by is not None and step.by == submitter and source == "apply":
        raise Invalid(_("自己提交的申请不能由自己审批，请交给上级。"))
    change = write.need("credit_change", change_no)
    values = _judged(change, review, outcome)
    how = steps.writing(step)
    write.change(change, _news(values) | {"reason": review.get("opinion") or change.reason}, **how)
    _log(step, change, outcome, review.get("opinion"))
    if outcome != "reject":
        write.move(change, "审批中", **how)
    row = _profile(change.customer_id)
    old = row.limit + row.temp_limit if row else ZERO
    new = values["limit"] + values["temp_limit"]
    return {
        "judgement": "reject" if outcome == "reject" else "accept", "new_limit": new,
        "delta_rate": _rise(old, new), "apply_type": apply_type,
        "submitter": submitter or step.by, "problems": None,
        "approval_facts": [*(credit_facts or []), *_news_shown(change, review)],
    }  # fmt: skip


def _judged(change: CreditChange, review: Mapping[str, Any], outcome: str) -> dict[str, Any]:
    """What the change will set; only 改数值 takes what was typed."""
    kept = {
        "level": change.new_level, "limit": change.new_limit, "control": change.new_control,
        "term_days": change.new_term_days, "temp_limit": change.new_temp_limit or ZERO,
        "temp_until": change.temp_until,
    }  # fmt: skip
    if outcome == "change":
        typed = {name: review.get(name) for name in FIELDS[:4] if review.get(name) is not None}
        return kept | typed
    return kept | {"control": STOPPED} if outcome == "freeze" else kept


def _rise(old: Decimal, new: Decimal) -> Decimal:
    if old > 0:
        return ((new - old) / old).quantize(Decimal("0.0001"))
    return Decimal(1 if new > 0 else 0)


def _news_shown(change: CreditChange, review: Mapping[str, Any]) -> list[dict[str, str]]:
    pairs = [
        (_("申请类型"), change.apply_type or "—"), (_("新等级"), change.new_level or "—"),
        (_("新额度"), f"{change.new_limit or 0:,}"), (_("新账期"), str(change.new_term_days)),
        (_("新控制方式"), change.new_control or "—"), (_("评审意见"), review.get("opinion") or "—"),
    ]  # fmt: skip
    if change.new_temp_limit:
        text = f"{change.new_temp_limit:,} → {change.temp_until}"
        pairs.insert(3, (_("临时额度"), text))
    return [{"label": label, "value": value} for label, value in pairs]


def _log(step: Step, change: CreditChange, outcome: str, opinion: str | None) -> None:
    db.session.add(
        log.ApprovalLog(
            entity="credit_change", number=change.number, version=None, level=0,
            role="credit_controller", delegated_from=None, decision=JUDGED[outcome],
            reason=(opinion or "")[:1000] or None, by=steps.actor(step), at=step.now,
            **vars(steps.origin(step)),
        )
    )  # fmt: skip
    db.session.flush()


@handler(
    topic="credit.apply",
    outputs=("temp_until", "temp_end", "problems", "result", "old_status"),
)
def apply(step: Step, *, change_no: str) -> dict[str, Any]:
    """生效信用：新的等级、额度、账期和控制方式写进信用档案。

    Key change_no. A limit below what is used needs control 停止 (E_LIMIT_BELOW_EXPOSURE).
    """
    change = write.need("credit_change", change_no)
    row = _profile(change.customer_id)
    old_status = row.state if row else None
    if change.state != "已生效":
        _check_limit(change)
        row = _set(step, change, row)
        how = steps.writing(step)
        write.change(change, {"credit_id": row.id}, **how)
        write.move(change, "已生效", **how)
    until = change.temp_until if change.new_temp_limit else None
    return {"temp_until": until, "temp_end": _end_of(until), "problems": None,
            "old_status": old_status, "result": "信用已生效"}  # fmt: skip


def _check_limit(change: CreditChange) -> None:
    used = exposure.of([change.customer_id])
    granted = (change.new_limit or ZERO) + (change.new_temp_limit or ZERO)
    if granted < used and change.new_control != STOPPED:
        text = _("新额度 %(new)s 低于现在的信用占用 %(used)s；只有选择“冻结”才能这样定。",
                 new=f"{granted:,}", used=f"{used:,}")  # fmt: skip
        raise BpmnError("E_LIMIT_BELOW_EXPOSURE", text, problems=text)


def _set(step: Step, change: CreditChange, row: CustomerCredit | None) -> CustomerCredit:
    how = steps.writing(step)
    given = {
        "level": change.new_level, "limit": change.new_limit, "term_days": change.new_term_days,
        "control": change.new_control, "temp_limit": change.new_temp_limit or ZERO,
        "temp_until": change.temp_until,
    }  # fmt: skip
    if row is not None:
        write.change(row, given, reason=change.number, **how)
        return row
    customer = write.get("customer", change.customer_id)
    whose = {"customer_id": customer.id, "owner_id": customer.owner_id,
             "department_id": customer.department_id}  # fmt: skip
    return write.create("customer_credit", given | whose, number=customer.number, **how)


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """The first moment after a day in the company's zone."""
    if day is None:
        return None
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


@handler(topic="credit.restore_previous")
def restore_previous(step: Step, *, change_no: str) -> None:
    """恢复原信用：撤销这次变更，档案回到变更前；变更记为已过期。"""
    change = write.need("credit_change", change_no)
    row = _profile(change.customer_id)
    if row is None or change.state != "已生效":
        return
    nothing = {"level": "NEW", "limit": ZERO, "term_days": 0, "control": "审批放行",
               "temp_limit": ZERO, "temp_until": None}  # fmt: skip
    how = steps.writing(step)
    write.change(row, change.old_values or nothing, reason=_("恢复原信用"), **how)
    write.move(change, "已过期", reason=_("恢复原信用"), **how)


@handler(topic="credit.reject", outputs=("result",))
def reject(step: Step, *, change_no: str, ending: str = "已驳回") -> dict[str, Any]:
    """驳回或撤回信用变更：信用档案不变。"""
    write.move(write.need("credit_change", change_no), ending, **steps.writing(step))
    return {"result": "信用驳回" if ending == "已驳回" else ending}


@handler(topic="credit.refresh_status", outputs=("credit_status", "old_status"))
def refresh_status(
    step: Step, *, customer_id: str, old_status: str | None = None
) -> dict[str, Any]:
    """刷新信用状态：重新算出占用，点亮正常、关注、冻结或停止。"""
    row = credit.needed(customer_id)
    found = credit.standing(row, exposure.ZERO, steps.today(step))
    old, how = old_status or row.state, steps.writing(step)
    write.change(row, {"exposure": found["exposure"]}, **how)
    write.move(row, found["status"], **how)
    return {"credit_status": found["status"], "old_status": old}


@handler(topic="credit.tell_orders", outputs=("told",))
def tell_orders(
    step: Step, *, customer_id: str, credit_status: str, old_status: str | None = None
) -> dict[str, Any]:
    """通知在途订单：停止了就挂起，解除了就恢复。

    Every running order of every customer who uses this credit hears it (051-01-04 step 04.12).
    """
    told = None
    if credit_status == STOPPED and old_status != STOPPED:
        told = "msg_credit_stop"
    elif old_status in HELD and credit_status not in HELD:
        told = "msg_credit_released"
    if told is not None:
        row = credit.needed(customer_id)
        for one in exposure.sharers(row):
            number = write.get("customer", one).number
            step.send_every(told, number, {"customer_id": number, "credit_status": credit_status})
    return {"told": told}


@handler(topic="credit.share")
def share(step: Step, *, change_no: str, customer_id: str) -> None:
    """信用共享通知：负责人、商务和仓库都知道新的额度和控制方式。

    Once per change and person.
    """
    change, customer = write.need("credit_change", change_no), write.need("customer", customer_id)
    logins: dict[str, None] = dict.fromkeys([customer.owner_id] if customer.owner_id else [])
    for role in SHARED_WITH:
        near = people.holders(role, customer.department_id) if customer.department_id else []
        logins |= dict.fromkeys(near or people.holders(role))
    context = {"customer": customer.name, "number": customer.number,
               "limit": f"{change.new_limit or 0:,}", "control": change.new_control}  # fmt: skip
    for login in logins:
        person = deliver.recipient(login)
        if person is not None:
            deliver.deliver(
                person, "credit_changed", context, (deliver.INSIDE,),
                key=f"credit_changed:{change.number}", at=step.now,
                origin=vars(steps.origin(step)) | {"by": steps.actor(step)},
            )  # fmt: skip


@handler(topic="credit.expire_temp", outputs=("old_status", "result"))
def expire_temp(step: Step, *, change_no: str) -> dict[str, Any]:
    """收回临时额度：到期或提前收回；已经没有临时额度就什么都不变。"""
    change = write.need("credit_change", change_no)
    row = _profile(change.customer_id)
    old = row.state if row else None
    how = steps.writing(step)
    if row is not None and row.temp_limit:
        write.change(row, {"temp_limit": ZERO, "temp_until": None}, reason=change.number, **how)
    write.move(change, "已过期", **how)
    return {"old_status": old, "result": "临时额度已结束"}
