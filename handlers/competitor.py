"""竞争信息：整理、查重、完整度、交手情况、共享范围（051-02-04）。"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.accounts.models import Department
from app.db import db
from app.engine.handlers import Step, handler
from app.i18n import _
from app.records import gram, names, write
from app.records.competitor import CompetingOrder, CompetingProduct, Competitor, CompetitorAccess
from app.records.product import Product
from handlers import profile, steps

FIRM, PRODUCT, ORDER = "竞争对手", "竞争产品", "竞争订单"
YEAR = dt.timedelta(days=365)
LOW = Decimal("0.6")
# what a complete report of each kind says
ASKED = {
    FIRM: ("name", "competitor_type", "region", "product_line", "scale", "strength", "weakness",
           "strategy", "capital", "info_source"),
    PRODUCT: ("competitor", "product_name", "our_product", "price", "features", "compare",
              "info_source"),
    ORDER: ("competitor", "customer", "opportunity", "amount", "won_by", "reason", "info_source"),
}  # fmt: skip
NEEDED = {
    FIRM: ("name", "competitor_type"), PRODUCT: ("competitor", "product_name", "our_product"),
    ORDER: ("competitor", "customer", "won_by", "reason"),
}  # fmt: skip
LABELS = {
    "kind": "类别", "name": "名称", "competitor_type": "类型", "region": "区域", "scale": "规模",
    "product_line": "产品线", "capital": "资本背景", "strength": "优势", "weakness": "劣势",
    "strategy": "策略", "competitor": "竞争对手", "product_name": "竞品名称", "amount": "金额",
    "our_product": "我方产品", "price": "价格", "features": "特点", "compare": "对比",
    "customer": "客户", "opportunity": "销售机会", "won_by": "谁赢", "reason": "原因",
    "info_source": "信息来源", "reliability": "可信度",
}  # fmt: skip


@handler(
    outputs=("report", "ready", "lost", "subject", "problems", "choices", "report_key", "starter",
             "merge_mode", "target", "candidates", "completeness", "incomplete", "verify_reason",
             "competitor_no", "threat", "departments", "department_choices", "is_new"),
    pure=True,
)  # fmt: skip
def prepare(
    step: Step, *, report: dict | None = None, starter: str | None = None,
    feedback_id: str | None = None, opportunity_no: str | None = None,
    competitor: str | None = None, reason: str | None = None, amount: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """整理竞争信息：人工填写、业务表单反馈，或者丢单自动转入。

    Every variable of the flow is set. `lost` means that a lost opportunity told it; `ready` that a
    form of another flow filled in all that is required (051-02 P6, P7).
    """
    given = profile.cleaned(report)
    if opportunity_no:
        given = _of_lost(opportunity_no, competitor, reason, amount)
        starter = starter or write.need("opportunity", opportunity_no).owner_id
    target = given.get("competitor")
    return {
        "report": given, "lost": bool(opportunity_no), "starter": starter or step.started_by,
        "ready": bool(report) and complete(given), "subject": _subject(given), "problems": None,
        "choices": profile.choices(), "target": target, "merge_mode": target is not None,
        "report_key": feedback_id or opportunity_no or f"case-{step.instance_id}",
        "candidates": [], "completeness": None, "incomplete": False, "verify_reason": None,
        "competitor_no": None, "threat": None, "departments": [], "department_choices": [],
        "is_new": False,
    }  # fmt: skip


def _of_lost(
    number: str, competitor: str | None, reason: str | None, amount: Any
) -> dict[str, Any]:
    row = write.need("opportunity", number)
    named = competitor or row.lost_competitor
    known = find(named)
    return {
        "kind": ORDER, "competitor": known.number if known else None,
        "name": None if known else named, "opportunity": number,
        "customer": write.get("customer", row.customer_id).number,
        "amount": Decimal(amount) if amount is not None else row.amount, "won_by": "对手",
        "reason": reason or row.lost_reason, "info_source": "丢单", "reliability": "高",
    }  # fmt: skip


def find(named: str | None) -> Competitor | None:
    """The live competitor with this number or this name."""
    if not named:
        return None
    found: Competitor | None = write.find("competitor", named)
    if found is not None:
        return found
    query = sa.select(Competitor).where(
        Competitor.name_key == names.name_key(named), Competitor.state != "已合并"
    )
    return db.session.scalar(query)


def complete(report: Mapping[str, Any]) -> bool:
    """Is everything there that its kind requires?"""
    wanted = (*NEEDED.get(report.get("kind") or "", ("kind",)), "reliability", "info_source")
    return all(report.get(name) for name in wanted)


def _subject(report: Mapping[str, Any]) -> str:
    known = write.find("competitor", report.get("competitor"))
    name = known.name if known is not None else report.get("name")
    return str(report.get("product_name") or name or _("竞争信息"))


@handler(outputs=("candidates", "target", "merge_mode", "subject", "report", "problems"), pure=True)
def find_duplicates(step: Step, *, report: dict) -> dict[str, Any]:
    """竞争信息查重：同名的竞争对手已在库里就改为合并；列出名称相近的。"""
    given = profile.cleaned(report)
    known = find(given.get("competitor") or given.get("name"))
    key = names.name_key(given.get("name"))
    likely = gram.candidates("competitor", names.grams(key)) if key else []
    rows = db.session.scalars(
        sa.select(Competitor).where(Competitor.id.in_(likely), Competitor.state != "已合并")
    )
    alike = [(names.similarity(key, row.name_key or ""), row) for row in rows]
    alike.sort(key=lambda pair: (-pair[0], pair[1].id))
    return {
        "report": given, "subject": _subject(given), "problems": None,
        "target": known.number if known else None, "merge_mode": known is not None,
        "candidates": [
            {"number": row.number, "name": row.name, "state": row.state,
             "name_percent": f"{sim:.0%}"}
            for sim, row in alike[:5] if sim >= LOW
        ],
    }  # fmt: skip


@handler(outputs=("completeness", "incomplete"), pure=True)
def score_completeness(step: Step, *, report: dict) -> dict[str, Any]:
    """完整度评分：该类信息填了几成；不到六成的标出来，仍可采纳（051-02 P5）。"""
    asked = ASKED[report["kind"]]
    share = Decimal(sum(bool(report.get(name)) for name in asked)) / len(asked)
    return {"completeness": share.quantize(Decimal("0.01")), "incomplete": share < LOW}


@handler(
    outputs=("competitor_no", "is_new", "lost_to_12m", "win_rate_vs", "overlap",
             "competitor_type", "region", "product_line", "subject", "report"),
    pure=True,
)  # fmt: skip
def threat_facts(
    step: Step, *, report: dict, outcome: str | None = None, target: str | None = None
) -> dict[str, Any]:
    """统计一年内和这个对手交手的情况；可信度低的传闻不计入。

    `win_rate_vs` is None if nobody has won yet; `overlap` is the share of our products that it
    has a product against.
    """
    given = profile.cleaned(report)
    merging = outcome == "merge" or given["kind"] != FIRM
    known = find(target or given.get("competitor") or given.get("name")) if merging else None
    won, lost = _fought(known, step.now - YEAR)
    if given["kind"] == ORDER and given.get("reliability") != "低":
        won += given.get("won_by") == "我方"
        lost += given.get("won_by") == "对手"
    rate = Decimal(won) / (won + lost) if won + lost else None
    facts = {name: given.get(name) or getattr(known, name, None)
             for name in ("competitor_type", "region", "product_line")}  # fmt: skip
    return facts | {
        "competitor_no": known.number if known else None, "is_new": known is None,
        "lost_to_12m": lost, "win_rate_vs": rate, "overlap": _overlap(known), "report": given,
        "subject": known.name if known else _subject(given),
    }  # fmt: skip


def _fought(known: Competitor | None, since: dt.datetime) -> tuple[int, int]:
    if known is None:
        return 0, 0
    query = (
        sa.select(CompetingOrder.won_by, sa.func.count())
        .where(CompetingOrder.competitor_id == known.id, CompetingOrder.happened_on >= since.date())
        .group_by(CompetingOrder.won_by)
    )
    counts = dict(tuple(row) for row in db.session.execute(query))
    return counts.get("我方", 0), counts.get("对手", 0)


def _overlap(known: Competitor | None) -> Decimal | None:
    if known is None:
        return None
    against = sa.select(sa.func.count(sa.distinct(CompetingProduct.product_id))).where(
        CompetingProduct.competitor_id == known.id
    )
    ours = int(db.session.scalar(sa.select(sa.func.count(Product.id))) or 0)
    return Decimal(int(db.session.scalar(against) or 0)) / ours if ours else None


@handler(outputs=("departments", "department_choices", "approval_facts"), pure=True)
def propose_share(
    step: Step, *, visible_to: list | None = None, competitor_no: str | None = None,
    starter: str | None = None, report: dict | None = None, threat: str | None = None,
    lost_to_12m: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """拟定共享范围：规则给出的部门、提交人的部门，加上已经能看的部门。"""
    rows = list(db.session.execute(sa.select(Department.id, Department.name)))
    named = {name: id for id, name in rows}
    wanted = [named[name] for name in visible_to or [] if name in named]
    own = steps.department_of(starter)
    wanted += [own] if own else []
    wanted += access_of(write.find("competitor", competitor_no))
    shown = [
        {"label": LABELS[name], "value": profile.shown(value)}
        for name, value in (report or {}).items()
        if name in LABELS and value
    ]
    shown += [{"label": "威胁程度", "value": threat},
              {"label": "一年内输给它", "value": str(lost_to_12m)}]  # fmt: skip
    return {
        "departments": list(dict.fromkeys(wanted)), "approval_facts": shown,
        "department_choices": [{"value": id, "label": name} for id, name in rows],
    }  # fmt: skip


def access_of(row: Competitor | None) -> list[str]:
    """The departments that may read about the competitor now."""
    if row is None:
        return []
    query = sa.select(CompetitorAccess.department_id).where(
        CompetitorAccess.competitor_id == row.id
    )
    return list(db.session.scalars(query.order_by(CompetitorAccess.id)))


@handler(outputs=("discarded", "result"), pure=True)
def discard(step: Step, *, subject: str = "", verify_reason: str | None = None) -> dict[str, Any]:
    """不采纳：备好告诉提交人的理由，什么都不保存。"""
    return {
        "result": "不采纳",
        "discarded": {"context": {"name": subject, "reason": verify_reason or "—"},
                      "key": f"competitor_discarded:{step.instance_id}"},
    }  # fmt: skip
