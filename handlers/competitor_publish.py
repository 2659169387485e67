"""竞争信息发布与月度分析：建档或补充、部门可见、丢单汇总、分析报告（051-02-04）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.accounts import people
from app.accounts.models import User
from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.notify import deliver
from app.records import write
from app.records.competitor import CompetingOrder, CompetingProduct, Competitor, CompetitorAccess
from app.records.opportunity import Opportunity
from app.records.report_snapshot import ReportSnapshot
from handlers import competitor, steps

PROFILE = ("competitor_type", "region", "product_line", "scale", "capital", "strength", "weakness",
           "strategy")  # fmt: skip
MOST_TOLD = 50
ANALYSIS, REPORT = "竞争与丢单汇总", "竞争分析报告"


@handler(
    topic="competitor.publish",
    outputs=("competitor_no", "subject", "problems", "tellings", "result", "target", "merge_mode"),
)
def publish(
    step: Step, *, report: dict, competitor_no: str | None = None, starter: str | None = None,
    departments: list | None = None, threat: str | None = None, report_key: str | None = None,
    completeness: Any = None, decision: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """发布竞争信息：建档或补充空缺，记下竞品或竞争订单，设置部门权限。

    The competitor is 已发布 with its threat; the same `report_key` writes once. A rumour of low
    reliability stays a note. Reviewed departments replace the old ones, others are added (051-02
    O7). Raises E_DUPLICATE_COMPETITOR when the name exists meanwhile: merge instead.
    """
    how = steps.writing(step)
    row = write.find("competitor", competitor_no)
    if row is None:
        row = _created(report, starter, report_key, completeness, how)
    else:
        fresh = {name: report[name] for name in PROFILE
                 if report.get(name) and not getattr(row, name)}  # fmt: skip
        write.change(row, fresh, **how)
    write.change(row, {"threat": threat}, **how)
    write.move(row, "已发布", **how)
    _fact(step, row, report, report_key)
    told = _share(row, departments or [], exact=decision == "approve", how=how)
    step.set_business_key(row.number)
    return {
        "competitor_no": row.number, "subject": row.name, "problems": None, "result": "已发布",
        "tellings": _tellings(row, report, told, report_key),
    }  # fmt: skip


def _created(
    report: Mapping[str, Any], starter: str | None, key: str | None, completeness: Any,
    how: dict[str, Any],
) -> Competitor:  # fmt: skip
    known = competitor.find(report.get("name"))
    if known is None:
        given = {name: report.get(name) for name in PROFILE} | {
            "name": report.get("name"), "reliability": report.get("reliability"),
            "competitor_type": report.get("competitor_type") or "直接",
            "source": report.get("info_source"), "completeness": completeness,
            "owner_id": starter, "department_id": steps.department_of(starter),
            "feedback_id": key,
        }  # fmt: skip
        try:
            with db.session.begin_nested():
                return write.create("competitor", given, **how)
        except IntegrityError:
            known = competitor.find(report.get("name"))
        except Invalid as error:
            raise steps.refusal(error, "E_COMPETITOR_INVALID") from error
    text = _("竞争对手 %(name)s 已经在库里，请改为合并。", name=report.get("name"))
    raise BpmnError(
        "E_DUPLICATE_COMPETITOR", text, problems=text, merge_mode=True,
        target=known.number if known else None,
    )  # fmt: skip


def _fact(step: Step, row: Competitor, report: Mapping[str, Any], key: str | None) -> None:
    """The product or order that was reported, once; a rumour is a note."""
    how = steps.writing(step)
    if report.get("reliability") == "低":
        what = report.get("product_name") or report.get("reason") or report.get("strength") or "—"
        note = f"{steps.today(step)} {report['kind']}：{what}"
        write.change(row, {"remark": f"{row.remark or ''}\n{note}".strip()[:4000]}, **how)
    elif report["kind"] == competitor.PRODUCT and not _has(CompetingProduct, key):
        given = {
            "competitor_id": row.id, "name": report["product_name"],
            "product_id": report["our_product"], "price": report.get("price"),
            "features": report.get("features"), "compare": report.get("compare"),
            "feedback_id": key,
        }  # fmt: skip
        write.create("competing_product", given, **how)
    elif report["kind"] == competitor.ORDER and not _has(CompetingOrder, key):
        given = {
            "competitor_id": row.id, "customer_id": report["customer"],
            "opportunity_no": report.get("opportunity"), "amount": report.get("amount"),
            "won_by": report["won_by"], "reason": report["reason"],
            "happened_on": report.get("happened_on") or steps.today(step), "feedback_id": key,
        }  # fmt: skip
        write.create("competing_order", given, **how)


def _has(model: Any, key: str | None) -> bool:
    return db.session.scalar(sa.select(model.id).where(model.feedback_id == key)) is not None


def _share(row: Competitor, wanted: list[str], *, exact: bool, how: dict[str, Any]) -> list[str]:
    """Exactly these departments may read (`exact`), or these besides; who is let in now."""
    known = competitor.access_of(row)
    if exact:
        db.session.execute(
            sa.delete(CompetitorAccess).where(
                CompetitorAccess.competitor_id == row.id,
                CompetitorAccess.department_id.not_in(wanted),
            )
        )
    for department in dict.fromkeys(wanted):
        if department not in known:
            given = {"competitor_id": row.id, "department_id": department}
            write.create("competitor_access", given, **how)
    return competitor.access_of(row)


def _tellings(
    row: Competitor, report: Mapping[str, Any], departments: list[str], key: str | None
) -> list[dict[str, Any]]:
    found = []
    for department in departments:
        query = sa.select(User.login).where(User.department_id == department, User.enabled)
        logins = list(db.session.scalars(query.order_by(User.login).limit(MOST_TOLD)))
        context = {"name": row.name, "number": row.number, "kind": report["kind"],
                   "threat": row.threat}  # fmt: skip
        if logins:
            found.append({"people": logins, "context": context,
                          "key": f"competitor:{key}:{department}"})  # fmt: skip
    return found


@handler(
    topic="competitor.lost_order_analysis",
    outputs=("report_no", "analysis", "subject", "report", "problems", "period"),
)
def lost_order_analysis(step: Step) -> dict[str, Any]:
    """汇总上月竞争与丢单：按对手、原因，连同金额和价格差；每月一份快照。"""
    first = steps.today(step).replace(day=1)
    begin = (first - dt.timedelta(days=1)).replace(day=1)
    period = begin.strftime("%Y-%m")
    rows = _lost(begin, first)
    if _snapshot(ANALYSIS, period) is None:
        given = {"report": ANALYSIS, "period": period, "scope": "全公司", "figures": {"rows": rows}}
        write.create("report_snapshot", given, **steps.writing(step))
    return {
        "report_no": period, "period": period, "analysis": rows, "report": {}, "problems": None,
        "subject": _("%(period)s 竞争分析", period=period),
    }  # fmt: skip


def _lost(begin: dt.date, end: dt.date) -> list[dict[str, Any]]:
    gap = Opportunity.amount - Opportunity.lost_price
    query = (
        sa.select(
            Competitor.name, CompetingOrder.reason, sa.func.count(CompetingOrder.id),
            sa.func.coalesce(sa.func.sum(CompetingOrder.amount), 0), sa.func.avg(gap),
        )
        .join(Competitor, Competitor.id == CompetingOrder.competitor_id)
        .outerjoin(Opportunity, Opportunity.number == CompetingOrder.opportunity_no)
        .where(
            CompetingOrder.won_by == "对手", CompetingOrder.happened_on >= begin,
            CompetingOrder.happened_on < end,
        )
        .group_by(Competitor.name, CompetingOrder.reason)
        .order_by(sa.func.count(CompetingOrder.id).desc(), Competitor.name)
    )  # fmt: skip
    return [
        {"competitor": name, "reason": reason, "count": count, "amount": _money(amount),
         "price_gap": _money(gap) if gap is not None else None}
        for name, reason, count, amount, gap in db.session.execute(query)
    ]  # fmt: skip


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _snapshot(report: str, period: str) -> ReportSnapshot | None:
    query = sa.select(ReportSnapshot).filter_by(report=report, period=period, scope="全公司")
    return db.session.scalar(query)


@handler(topic="competitor.publish_report", outputs=("result",))
def publish_report(
    step: Step, *, report_no: str, report: dict, analysis: list | None = None
) -> dict[str, Any]:
    """发布竞争分析报告：当月一份，写成后不改；通知销售和市场的经理。"""
    if _snapshot(REPORT, report_no) is None:
        figures = {name: report.get(name) for name in ("summary", "findings", "advice")}
        given = {"report": REPORT, "period": report_no, "scope": "全公司",
                 "figures": figures | {"rows": analysis or []}}  # fmt: skip
        write.create("report_snapshot", given, **steps.writing(step))
    _announce(step, report_no)
    return {"result": "报告已发布"}


def _announce(step: Step, period: str) -> None:
    readers = [*people.holders("sales_manager"), *people.holders("sales_director"),
               *people.holders("marketing_director")]  # fmt: skip
    for login in dict.fromkeys(readers):
        person = deliver.recipient(login)
        if person is not None:
            deliver.deliver(person, "competitor_report", {"period": period}, ("站内",),
                            key=f"competitor_report:{period}", at=step.now)  # fmt: skip
