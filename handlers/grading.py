"""客户月结：账务快照和客户等级（051-01-03）。"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import period, write
from app.records.account_snapshot import AccountSnapshot
from app.records.customer import Customer
from app.records.customer_credit import CustomerCredit
from app.records.errors import RecordError
from app.records.grade_history import GradeHistory
from handlers import figures, ledger, steps

RANKS = {None: 0, "": 0, "D": 1, "C": 2, "B": 3, "A": 4}  # A = 战略 … D = 潜在
FOUR_PLACES = Decimal("0.0001")


@handler(
    topic="account.take_snapshot",
    outputs=("snapshot", "max_overdue_days", "overdue_amount", "overdue_notice"),
)
def take_snapshot(step: Step, *, customer_id: str, month: str) -> dict[str, Any]:
    """生成账务快照：应收、逾期、账龄、预收、应退、本期签单和回款，全部由明细算出。

    One row per customer and month (natural key), the same again when nothing was booked.
    Raises E_LEDGER_MISMATCH when ledger and documents disagree: an incident.
    """
    customer = write.need("customer", customer_id)
    row = keep(step, customer, month)
    paid, ordered = row.receipts_y, row.turnover_y
    net = row.receivable - row.prepay - row.refundable
    shown = {name: getattr(row, name) for name in (
        "receivable", "overdue", "max_overdue_days", "ageing", "prepay", "refundable",
        "turnover_y", "receipts_y", "order_count", "dso")}  # fmt: skip
    return {
        "snapshot": shown | {
            "net_balance": net, "has_balance": bool(row.receivable or row.prepay or row.refundable),
            "receipt_rate": (paid / ordered).quantize(FOUR_PLACES) if ordered else None,
            "credit_level": _credit_level(customer.id),
        },
        "max_overdue_days": row.max_overdue_days, "overdue_amount": row.overdue,
        "overdue_notice": {
            "customer": customer.name, "number": customer.number, "days": row.max_overdue_days,
            "amount": str(row.overdue), "key": f"customer_overdue:{customer.number}:{month}",
        },
    }  # fmt: skip


def keep(step: Step, customer: Customer, month: str) -> AccountSnapshot:
    """The snapshot of the month says what the ledger says now."""
    try:
        found = figures.of(customer, month)
    except RecordError as error:
        raise steps.refusal(error) from error
    query = sa.select(AccountSnapshot).where(
        AccountSnapshot.customer_id == customer.id, AccountSnapshot.period == month
    )
    row = db.session.scalar(query)
    if row is None:
        given = found | {"customer_id": customer.id, "period": month, "taken_at": step.now}
        return write.create("account_snapshot", given, **steps.writing(step))
    write.change(row, found | {"taken_at": step.now}, **steps.writing(step))
    return row


def _credit_level(customer_id: int) -> str | None:
    query = sa.select(CustomerCredit.level).where(CustomerCredit.customer_id == customer_id)
    return db.session.scalar(query)


@handler(
    topic="account.weigh_grade",
    outputs=("old_grade", "new_grade", "grade_steps", "grade_facts"), pure=True,
)  # fmt: skip
def weigh_grade(
    step: Step, *, customer_id: str, proposal: dict, score: Decimal | int | None = None,
    snapshot: dict | None = None,
) -> dict[str, Any]:  # fmt: skip
    """比较等级：评出的等级比现在高几级（负数是降级）。

    A customer without a grade stands one step below D.
    """
    customer = write.need("customer", customer_id)
    steps_up = RANKS[proposal["grade"]] - RANKS.get(customer.grade, 0)
    return {
        "old_grade": customer.grade, "new_grade": proposal["grade"], "grade_steps": steps_up,
        "grade_facts": _facts(customer, proposal, score, snapshot or {}),
    }  # fmt: skip


def _facts(
    customer: Customer, proposal: dict[str, Any], score: Any, snapshot: dict[str, Any]
) -> list[dict[str, str]]:
    rate = snapshot.get("receipt_rate")
    pairs = (
        (_("客户"), f"{customer.name}（{customer.number}）"),
        (_("现在的等级"), customer.grade or "—"), (_("评出的等级"), proposal["grade"]),
        (_("价值评分"), str(score)), (_("本年签单"), ledger.shown(snapshot.get("turnover_y") or 0)),
        (_("本年订单数"), str(snapshot.get("order_count"))),
        (_("回款率"), "—" if rate is None else f"{rate:.1%}"),
        (_("最长逾期天数"), str(snapshot.get("max_overdue_days"))),
        (_("信用等级"), snapshot.get("credit_level") or "—"),
        (_("以后的服务级别"), proposal["service_level"]), (_("以后的价格政策"), proposal["price_policy"]),
    )  # fmt: skip
    return [{"label": label, "value": value} for label, value in pairs]


@handler(topic="customer.set_grade", outputs=("new_grade", "problems"))
def set_grade(
    step: Step, *, customer_id: str, proposal: dict, month: str | None = None,
    score: Decimal | int | None = None, override_grade: str | None = None,
    override_reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """更新等级：客户的等级、服务级别和价格政策一起变，等级历史留一条。

    With `override_grade` the manager's grade holds until the next review, at the end of the
    month after. Key (customer, month).
    """
    customer = write.need("customer", customer_id)
    grade = override_grade or proposal["grade"]
    terms = proposal if grade == proposal["grade"] else _terms(step, grade)
    known = sa.select(GradeHistory.id).where(
        GradeHistory.customer_id == customer.id, GradeHistory.period == month
    )
    if month is None or db.session.scalar(known) is None:
        until = period.last(period.of(steps.today(step))) if override_grade else None
        given = {
            "customer_id": customer.id, "period": month, "from_grade": customer.grade,
            "to_grade": grade, "score": None if score is None else int(score),
            "reason": override_reason or _("月度评定"), "override_until": until,
        }  # fmt: skip
        write.create("grade_history", given, **steps.writing(step))
    given = {"grade": grade, "service_level": terms["service_level"],
             "price_policy": terms["price_policy"]}  # fmt: skip
    write.change(customer, given, **steps.writing(step))
    return {"new_grade": grade, "problems": None}


def _terms(step: Step, grade: str) -> dict[str, Any]:
    """Service level and price policy of a grade, as the table `customer_grade` has them."""
    for score in range(100, -1, -1):
        found = step.decide("customer_grade", {"score": score, "max_overdue_days": 0})
        if found and found[0]["grade"] == grade:
            return found[0]
    text = _("等级表里没有等级 %(grade)s。", grade=grade)
    raise BpmnError("E_GRADE_UNKNOWN", text, problems=text)
