"""客户：准备、校验、查重、保存（051-01-01）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import duplicate, names, write
from app.records.customer import Customer
from app.records.errors import RecordError
from handlers import profile, standing, steps

MODES = ("create", "add_contact", "change", "deactivate", "reactivate")
WORTH_SHOWING = ("tax_equal", "phone_equal", "domain_equal")


@handler(
    outputs=("mode", "customer", "contacts", "row_version", "choices", "problems", "appealed",
             "key_field_changed", "missing", "best", "subject", "reason_text", "customer_id", "starter"),
    pure=True,
)  # fmt: skip
def load(
    step: Step, *, mode: str | None = None, customer_id: str | None = None,
    customer: dict | None = None, contacts: list | None = None, intake: dict | None = None,
    reason_text: str | None = None, starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备表单：新客户带上转入的资料，已有客户读出现有资料。

    Every variable of the flow is set. `row_version` is the version that the person sees; a save
    after somebody else's is refused (E_VERSION_CONFLICT).
    """
    mode = mode if mode in MODES else "create"
    found: dict[str, Any] = {
        "mode": mode, "customer_id": customer_id if mode != "create" else None, "problems": None,
        "choices": profile.choices(), "appealed": False, "key_field_changed": False, "missing": [],
        "best": None, "row_version": None, "reason_text": reason_text,
        "starter": starter or step.started_by,
    }  # fmt: skip
    row = write.find("customer", found["customer_id"])
    if row is None:
        given = intake or {}
        found["customer"] = dict(customer or given.get("customer") or {})
        found["contacts"] = list(contacts or given.get("contacts") or [])
        found["subject"] = found["customer"].get("name") or _("新客户")
        if mode != "create" and customer_id:
            found["problems"] = _("没有找到客户 %(number)s，请重新选择。", number=customer_id)
        return found
    people = _brought(contacts, intake) if mode == "add_contact" else profile.contact_rows(row.id)
    return found | {
        "customer": profile.of(row), "contacts": people, "row_version": row.row_version,
        "subject": row.name,
    }  # fmt: skip


def _brought(contacts: list | None, intake: dict | None) -> list[dict[str, Any]]:
    """Contacts that another flow brings along; who comes first for the customer is not theirs."""
    brought = contacts or (intake or {}).get("contacts") or []
    return [dict(contact) | {"is_primary": False} for contact in brought]


@handler(
    outputs=("customer", "contacts", "filled", "key_field_changed", "changes", "contact_rows",
             "subject", "problems"),
    pure=True,
)  # fmt: skip
def validate_profile(
    step: Step, *, mode: str, customer: dict | None = None, contacts: list | None = None,
    customer_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """规范校验：统一写法，核对信用代码、联系方式和个人信息同意。

    Raises E_PROFILE_INVALID with everything that is wrong (051-01-01 step 01.03).
    """
    row = write.find("customer", customer_id) if mode != "create" else None
    if mode != "create" and row is None:
        raise _invalid([_("请先选择客户，并读取现有资料。")])
    before = profile.of(row) if row is not None else None
    typed = profile.cleaned(customer) if mode in ("create", "change") else before or {}
    people = [profile.cleaned(contact) for contact in contacts or []]
    people = profile.with_primary(typed, people) if mode == "create" else people
    wrong = _wrong(mode, typed, people, row)
    if wrong:
        raise _invalid(wrong)
    everybody = people if mode != "add_contact" else people + profile.contact_rows(row.id)
    changes = profile.changes(before, typed)
    return {
        "customer": typed, "contacts": people, "problems": None, "subject": typed.get("name"),
        "filled": profile.filled(typed, everybody), "changes": changes,
        "key_field_changed": any(c["field"] in profile.KEY_FIELDS for c in changes),
        "contact_rows": [_contact_row(contact) for contact in people],
    }  # fmt: skip


def _wrong(mode: str, typed: dict[str, Any], people: list[dict[str, Any]], row: Any) -> list[str]:
    if mode == "add_contact":
        found = [text for contact in people for text in profile.contact_problems(contact)]
        return found if people else [_("请至少填写一位联系人。")]
    if mode in ("create", "change"):
        found = profile.problems(typed, people)
        number = row.number if row is not None else None
        if profile.has_cycle(number, typed.get("parent_customer_id")):
            found.append(_("上级单位不能是这个客户自己，也不能是它的下级。"))
        return found
    wanted = "停用" if mode == "reactivate" else "有效"
    if row.state not in (wanted, "公海" if mode == "deactivate" else wanted):
        return [_("客户现在是“%(state)s”，不能这样操作。", state=row.state)]
    return []


def _invalid(wrong: list[str]) -> BpmnError:
    text = "\n".join(f"- {line}" for line in wrong) if len(wrong) > 1 else wrong[0]
    return BpmnError("E_PROFILE_INVALID", text, problems=text)


def _contact_row(contact: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("name", "title_text", "decision_role", "mobile", "phone", "email")
    return {name: profile.shown(contact.get(name)) for name in shown} | {
        "primary": profile.shown(bool(contact.get("is_primary")))
    }


@handler(outputs=("candidates", "best", "comparison", "protected", "target_customer"), pure=True)
def find_duplicates(
    step: Step, *, mode: str = "create", customer: dict | None = None,
    contacts: list | None = None, customer_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """查重：列出最像的十个已有客户，不含负责人的私有资料。

    `best` is the most suspicious one, None if nothing is alike; `comparison` puts it beside what
    was typed. The record itself is left out (051-01-01 step 01.04).
    """
    if mode not in ("create", "change"):
        return {"candidates": [], "best": None, "comparison": [], "protected": None,
                "target_customer": None}  # fmt: skip
    exclude = customer_id if mode == "change" else None
    return _compared(customer or {}, contacts or [], exclude)


def _compared(
    customer: Mapping[str, Any], contacts: list[dict[str, Any]], exclude: str | None
) -> dict[str, Any]:
    found = duplicate.candidates(customer, contacts, exclude=exclude)
    rows = [_candidate(row) for row in found]
    best = rows[0] if rows else None
    return {
        "candidates": rows,
        "best": best,
        "comparison": _side_by_side(customer, best) if best else [],
        "protected": _protected(best) if best else None,
        "target_customer": best["customer_id"] if best else None,
    }


def _candidate(row: Mapping[str, Any]) -> dict[str, Any]:
    same = {"tax_equal": _("信用代码"), "phone_equal": _("电话"), "domain_equal": _("网址域名")}
    why = [text for name, text in same.items() if row[name]]
    kept = ("name", "region", "state", "department_id", "address", "name_sim", "addr_sim",
            *WORTH_SHOWING)  # fmt: skip
    return {name: row[name] for name in kept} | {
        "customer_id": row["number"],
        "name_percent": f"{row['name_sim']:.0%}",
        "why": "、".join(why) or "—",
    }


def _side_by_side(customer: Mapping[str, Any], best: Mapping[str, Any]) -> list[dict[str, Any]]:
    theirs = write.need("customer", best["customer_id"])
    keys = {"name": names.name_key, "address": names.address_key, "phone": names.phone_key}
    titles = {"name": _("客户名称"), "unified_code": _("统一社会信用代码"), "region": _("区域"),
              "address": _("地址"), "phone": _("电话"), "website": _("网址"),
              "industry": _("行业")}  # fmt: skip
    found = []
    for name, title in titles.items():
        mine, other = customer.get(name), getattr(theirs, name)
        key = keys.get(name, lambda value: value or "")
        same = bool(mine) and key(mine) == key(other)
        verdict = _("相同") if same else _("不同") if mine and other else "—"
        found.append({"label": title, "mine": profile.shown(mine),
                      "theirs": profile.shown(other), "verdict": verdict})  # fmt: skip
    return found


def _protected(best: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": best["name"],
        "owner_department": profile.department_name(best["department_id"]),
        "protection": _("公海，可申请领取") if best["state"] == "公海" else _("受保护"),
    }


@handler(outputs=("problems",), pure=True)
def explain_missing(step: Step, *, missing: list | None = None) -> dict[str, Any]:
    """告诉发起人还缺哪些资料。"""
    return {"problems": profile.due_text(missing or [])}


@handler(
    outputs=("customer_id", "owner_id", "department_id", "result", "subject", "problems", "best",
             "candidates", "comparison", "protected", "target_customer"),
)  # fmt: skip
def save(
    step: Step, *, mode: str = "create", customer: dict | None = None,
    contacts: list | None = None, customer_id: str | None = None, starter: str | None = None,
    row_version: int | None = None, intake_id: str | None = None, reason_text: str | None = None,
    intake: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存客户：建档编号，或者写入变更、停用、恢复。

    The customer is 有效 (or 停用), its discoverer set once, every change logged. Raises
    E_DUPLICATE_CUSTOMER, E_CUSTOMER_IN_USE, E_VERSION_CONFLICT, E_PROFILE_INVALID. An `intake`
    may name the discoverer and the owner (a converted lead, 051-02-01).
    """
    finder = (intake or {}).get("discoverer") or starter or step.started_by
    owner = (intake or {}).get("owner")
    try:
        if mode == "create":
            row = _created(step, customer or {}, contacts or [], finder, owner, intake_id)
        else:
            row = _changed(step, mode, customer or {}, customer_id, row_version, reason_text)
    except Invalid as error:
        raise steps.refusal(error, "E_PROFILE_INVALID") from error
    except RecordError as error:
        raise steps.refusal(error) from error
    step.set_business_key(row.number)
    return {
        "customer_id": row.number, "owner_id": row.owner_id, "subject": row.name,
        "department_id": row.department_id or steps.department_of(starter), "problems": None,
        "result": "已建档" if mode == "create" else "维护完成",
    }  # fmt: skip


def _created(
    step: Step, customer: Mapping[str, Any], contacts: list[dict[str, Any]],
    finder: str | None, owner: str | None, intake_id: str | None,
) -> Customer:  # fmt: skip
    if intake_id:
        known = db.session.scalar(sa.select(Customer).where(Customer.intake_id == intake_id))
        if known is not None:
            return known
    if customer.get("source") == "自行开发":
        owner = owner or finder
    given = {name: customer.get(name) for name in profile.FIELDS}
    given |= {
        "discoverer_id": finder, "owner_id": owner, "intake_id": intake_id,
        "department_id": steps.department_of(owner or finder),
    }  # fmt: skip
    try:
        with db.session.begin_nested():
            row = write.create("customer", given, state="有效", **steps.writing(step))
    except IntegrityError as error:
        # somebody saved the same company in between; the unique keys are the judge
        raise _duplicate(customer, contacts, None) from error
    return row


def _duplicate(
    customer: Mapping[str, Any], contacts: list[dict[str, Any]], exclude: str | None
) -> BpmnError:
    text = _("这个客户刚刚已被登记，不能再建一次。")
    return BpmnError(
        "E_DUPLICATE_CUSTOMER", text, problems=text, **_compared(customer, contacts, exclude)
    )


def _changed(
    step: Step, mode: str, customer: Mapping[str, Any], number: str | None,
    version: int | None, reason: str | None,
) -> Customer:  # fmt: skip
    row = write.need("customer", number)
    how = steps.writing(step) | {"reason": reason or ""}
    if mode == "deactivate":
        standing.check_unused(row)
        write.move(row, "停用", **how)
    elif mode == "reactivate":
        write.move(row, "有效", **how)
    elif mode == "change":
        given = {name: customer.get(name) for name in profile.FIELDS}
        if names.half_width(given["name"]) != row.name:
            given["former_names"] = [*(row.former_names or []), row.name]
        try:
            with db.session.begin_nested():
                write.change(row, given, version=version, **how)
        except IntegrityError as error:
            raise _duplicate(customer, [], number) from error
    return row
