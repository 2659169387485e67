"""线索：整理、保存、评分、推荐负责人（051-02-01）。"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.accounts import people
from app.accounts.models import Department
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.records import names, write
from app.records.lead import Lead
from app.records.region import Region
from handlers import profile, steps

FIELDS = (
    "title_text", "company", "contact_name", "mobile", "phone", "email", "region", "industry",
    "source", "campaign_id", "need", "product_interest", "budget", "timeframe", "authority",
)  # fmt: skip
REACHED_BY = ("mobile", "phone", "email")
OF_CAMPAIGNS = ("展会", "广告")
LIVE = ("新建", "待接收", "跟进中", "培育中", "线索池")


@handler(
    outputs=("lead", "ready", "problems", "choices", "subject", "discoverer", "lead_no", "rounds",
             "actions", "kept", "owner", "assignment", "reassignment", "action", "conversion",
             "invalid", "revisit_at", "starter", "declined_by", "customer_id", "campaign_id"),
    pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, lead: dict | None = None, starter: str | None = None,
    discoverer: str | None = None, campaign_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """整理线索：统一写法，看资料齐不齐，准备流程要用的变量。

    Every variable of the flow is set. `ready` says that nothing required is missing, so that a
    lead from the web need not be typed again (051-02-01 step 01.02).
    """
    given = profile.cleaned(lead)
    if campaign_id and not given.get("campaign_id"):
        given["campaign_id"] = campaign_id
    given["title_text"] = given.get("title_text") or _title(given)
    starter = starter or step.started_by
    return _blank() | {
        "lead": given, "ready": lead is not None and not missing(given), "problems": None,
        "choices": profile.choices(), "subject": given["title_text"] or _("新线索"),
        "discoverer": discoverer, "starter": starter, "campaign_id": given.get("campaign_id"),
    }  # fmt: skip


def _blank() -> dict[str, Any]:
    empty = ("lead_no", "owner", "assignment", "reassignment", "action", "conversion", "invalid",
             "revisit_at", "declined_by", "customer_id")  # fmt: skip
    return dict.fromkeys(empty) | {"rounds": 0, "actions": 0, "kept": False}


def _title(given: Mapping[str, Any]) -> str | None:
    who = given.get("company") or given.get("contact_name")
    need = given.get("need")
    return f"{who}：{need}"[:60] if who and need else who


def missing(given: Mapping[str, Any]) -> list[str]:
    """What a lead cannot do without, in sentences; an empty list when all is there (051-02 O1)."""
    found = []
    if not (given.get("company") or given.get("contact_name")):
        found.append(_("请填写公司名称或联系人。"))
    if not any(given.get(name) for name in REACHED_BY):
        found.append(_("手机、电话、邮箱至少填写一项，否则没有办法跟进。"))
    if not given.get("source"):
        found.append(_("请填写线索来源。"))
    if not given.get("need"):
        found.append(_("请填写需求。"))
    if not given.get("region"):
        found.append(_("请选择区域。"))
    if given.get("source") in OF_CAMPAIGNS and not given.get("campaign_id"):
        found.append(_("来自展会或广告的线索要写明是哪一次活动。"))
    return found


@handler(outputs=("lead_no", "subject", "problems", "discoverer", "lead", "campaign_id"))
def save(
    step: Step, *, lead: dict, discoverer: str | None = None, starter: str | None = None,
    external_id: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """保存线索：编号，第一发掘人写入后不再改。

    The lead is 新建; the same `external_id` gives the lead that it gave before. Raises
    E_LEAD_INVALID with everything that is missing (051-02-01 step 01.08).
    """
    row = _known(external_id) or _created(step, lead, discoverer or starter, external_id)
    step.set_business_key(row.number)
    return {
        "lead_no": row.number, "subject": row.title_text, "problems": None,
        "discoverer": row.discoverer_id, "lead": profile.cleaned(lead),
        "campaign_id": lead.get("campaign_id"),
    }  # fmt: skip


def _known(external_id: str | None) -> Lead | None:
    if not external_id:
        return None
    return db.session.scalar(sa.select(Lead).where(Lead.external_id == external_id))


def _created(
    step: Step, lead: Mapping[str, Any], finder: str | None, external_id: str | None
) -> Lead:
    given = profile.cleaned(lead)
    wrong = missing(given)
    if wrong:
        text = "\n".join(f"- {line}" for line in wrong) if len(wrong) > 1 else wrong[0]
        raise BpmnError("E_LEAD_INVALID", text, problems=text)
    return kept(step, given, finder, external_id)


def kept(
    step: Step, given: Mapping[str, Any], finder: str | None, external_id: str | None = None
) -> Lead:
    """A new row of these values. Raises E_LEAD_INVALID when one of them does not fit."""
    values = {name: given.get(name) for name in FIELDS} | {
        "title_text": given.get("title_text") or _title(given),
        "contact_name": given.get("contact_name") or given.get("company"),
        "authority": {True: "是", False: "否"}.get(given.get("authority")),
        "discoverer_id": finder, "external_id": external_id,
        "department_id": steps.department_of(finder),
        "touches": [touch(step, given, finder)],
    }  # fmt: skip
    try:
        row: Lead = write.create("lead", values, **steps.writing(step))
    except Invalid as error:
        raise steps.refusal(error, "E_LEAD_INVALID") from error
    return row


def touch(step: Step, given: Mapping[str, Any], finder: str | None) -> dict[str, Any]:
    """One contact with somebody interested: from where, when, who took it in, what he wants."""
    return {"source": given.get("source"), "at": step.now, "by": finder, "need": given.get("need")}


@handler(outputs=("level",))
def rate(
    step: Step, *, lead_no: str, score: Any = None, level: str | None = None
) -> dict[str, Any]:
    """把评分和热度写进线索。"""
    row = write.need("lead", lead_no)
    write.change(row, {"score": int(score or 0), "level": level}, **steps.writing(step))
    return {"level": level}


@handler(outputs=("owner", "department_id", "assignment", "suggested"), pure=True)
def suggest_owner(
    step: Step, *, advice: dict | None = None, lead: dict | None = None,
    discoverer: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """按分配规则推荐负责人：部门里手上线索最少的销售代表。

    `assignment` is what the manager's form begins with; `department_id` says whose manager.
    """
    given = advice or {}
    if given.get("group") == "本人":
        return {"owner": discoverer, "department_id": steps.department_of(discoverer),
                "assignment": None, "suggested": None}  # fmt: skip
    department = _department(given.get("group"), (lead or {}).get("region"))
    owner = least_loaded(department)
    ways = {"培育": "培育", "人工": "线索池"}
    way = ways.get(given.get("method") or "", "指定") if owner else "线索池"
    return {
        "owner": owner, "department_id": department, "suggested": steps.name_of(owner),
        "assignment": {"way": way, "new_owner": owner, "note": None, "revisit_at": None},
    }  # fmt: skip


def _department(group: str | None, region: str | None) -> str | None:
    named = db.session.scalar(sa.select(Department.id).where(Department.name == group))
    if named is not None:
        return named
    return db.session.scalar(sa.select(Region.department_id).where(Region.name == region))


def least_loaded(department: str | None) -> str | None:
    """The sales representative (of the department, if it has any) with the fewest live leads."""
    reps = people.holders("sales_rep", department) if department else []
    reps = reps or people.holders("sales_rep")
    query = (
        sa.select(Lead.owner_id, sa.func.count())
        .where(Lead.owner_id.in_(reps), Lead.state.in_(("待接收", "跟进中")))
        .group_by(Lead.owner_id)
    )
    loads = dict(tuple(row) for row in db.session.execute(query))
    return min(reps, key=lambda login: (loads.get(login, 0), login), default=None)


def name_key(lead: Mapping[str, Any]) -> str:
    """The key that a lead is compared by: the company's, else the person's name."""
    return names.name_key(lead.get("company") or lead.get("contact_name"))
