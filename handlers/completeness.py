"""资料完整性巡检：找缺项、补资料、记完整率（051-01-01b）。"""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.records import completeness, names, write
from app.records.customer import Customer
from app.records.errors import RecordError
from app.records.report_snapshot import ReportSnapshot
from handlers import contact, profile, steps

REPORT = "R01-1 资料完整率"
MOST_TASKS = 500  # of one week; the least complete customers come first
BATCH = 500
ELSEWHERE = frozenset({"invoice_title"})  # asked for where the account is opened (051-01-03)


@handler(topic="customer.scan_incomplete", outputs=("gaps", "week"))
def scan_incomplete(step: Step) -> dict[str, Any]:
    """逐个检查有负责人的有效客户，列出缺项，并更新完整率。

    `gaps`: [{customer_id, customer_name, owner, missing, row_version, choices}], the least
    complete first, at most 500; `customer.completeness` of every live customer is up to date.
    """
    due = _due_by_kind(step)
    found = []
    query = sa.select(Customer).where(Customer.state == "有效").order_by(Customer.id)
    for row in db.session.scalars(query.execution_options(yield_per=BATCH)):
        share = completeness.refresh(row)
        missing = _missing(row, due)
        if missing and row.owner_id:
            found.append((share, row.id, _gap(row, missing)))
    found.sort(key=lambda one: one[:2])
    choices = profile.choices()
    gaps = [gap | {"choices": choices} for _share, _id, gap in found[:MOST_TASKS]]
    return {"gaps": gaps, "week": _week(step)}


def _due_by_kind(step: Step) -> dict[tuple[str, str], list[str]]:
    """What `profile_required` asks of each type and stage."""
    query = sa.select(Customer.customer_type, Customer.life_stage).distinct()
    return {(kind, stage): _due(step, kind, stage) for kind, stage in db.session.execute(query)}


def _due(step: Step, kind: str, stage: str) -> list[str]:
    rules = step.decide("profile_required", {"customer_type": kind, "life_stage": stage})
    return [str(rule["field"]) for rule in rules]


def _missing(row: Customer, due: Mapping[tuple[str, str], list[str]]) -> list[str]:
    wanted = due.get((row.customer_type, row.life_stage), [])
    if not wanted:
        return []
    people = [
        {"decision_role": one.decision_role, "mobile": one.mobile}
        for one in profile.contacts_of(row.id)
        if one.state == "在职"
    ]
    there = profile.filled({name: getattr(row, name, None) for name in profile.DUE}, people)
    return [name for name in wanted if name not in there and name not in ELSEWHERE]


def _gap(row: Customer, missing: list[str]) -> dict[str, Any]:
    return {
        "customer_id": row.number, "customer_name": row.name, "owner": row.owner_id,
        "missing": missing, "row_version": row.row_version,
    }  # fmt: skip


@handler(topic="customer.update_profile", outputs=("problems", "gap"))
def update_profile(
    step: Step, *, gap: dict, filled_in: dict | None = None, new_contact: dict | None = None
) -> dict[str, Any]:
    """把补全的内容写入客户和联系人，只写缺的那几项。

    Raises E_VERSION_CONFLICT when somebody saved the customer since the gap was found; the gap
    then carries the new version, and the person looks again. E_PROFILE_INVALID says what is wrong.
    """
    row = write.need("customer", gap["customer_id"])
    if row.row_version != gap.get("row_version") and _touched(row, gap):
        text = "这个客户刚刚被别人改过，请看过最新内容再提交一次。"
        raise BpmnError("E_VERSION_CONFLICT", text, problems=text, gap=_again(row, gap))
    given = {name: value for name, value in profile.cleaned(filled_in).items()
             if value and name in gap["missing"] and name in profile.FIELDS}  # fmt: skip
    if given.get("unified_code") and not names.is_code(given["unified_code"]):
        text = "统一社会信用代码的校验位不对，请核对执照。"
        raise BpmnError("E_PROFILE_INVALID", text, problems=text)
    try:
        write.change(row, given, reason="资料补全", **steps.writing(step))
        if (new_contact or {}).get("name"):
            contact.keep(step, row, profile.cleaned(new_contact), row.owner_id, only_empty=True)
    except Invalid as error:
        raise steps.refusal(error, "E_PROFILE_INVALID") from error
    except RecordError as error:
        raise steps.refusal(error, gap=_again(row, gap)) from error
    completeness.refresh(row)
    return {"problems": None}


def _touched(row: Customer, gap: Mapping[str, Any]) -> bool:
    """Has somebody else filled one of the missing fields meanwhile?"""
    return any(getattr(row, name, None) for name in gap["missing"])


def _again(row: Customer, gap: Mapping[str, Any]) -> dict[str, Any]:
    left = [name for name in gap["missing"] if not getattr(row, name, None)]
    return dict(gap) | {"row_version": row.row_version, "missing": left or gap["missing"]}


@handler(topic="customer.snapshot_completeness", outputs=("result",))
def snapshot_completeness(step: Step, *, week: str | None = None) -> dict[str, Any]:
    """记下本周的资料完整率，全公司和每个负责人。

    One R01-1 snapshot of the week; a second one of the same week is not made.
    """
    period = week or _week(step)
    query = sa.select(Customer.owner_id, Customer.completeness).where(Customer.state == "有效")
    rows = db.session.execute(query).all()
    sums: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for owner, share in rows:
        for who in ("*", owner or "-"):
            sums[who] += share or Decimal(0)
            counts[who] += 1
    figures = {who: {"customers": counts[who], "rate": _rate(sums[who], counts[who])}
               for who in counts}  # fmt: skip
    known = sa.select(ReportSnapshot.id).where(
        ReportSnapshot.report == REPORT, ReportSnapshot.period == period
    )
    if db.session.scalar(known) is None:
        write.create(
            "report_snapshot",
            {"report": REPORT, "period": period, "scope": "全公司",
             "figures": figures or {"*": {"customers": 0, "rate": Decimal(0)}}},
            **steps.writing(step),
        )  # fmt: skip
    return {"result": "巡检完成"}


def _rate(total: Any, count: int) -> Decimal:
    return (Decimal(total) / count).quantize(Decimal("0.0001")) if count else Decimal(0)


def _week(step: Step) -> str:
    year, week, _day = steps.today(step).isocalendar()
    return f"{year}-W{week:02d}"
