"""信用检查：订单和发货前看信用还够不够（051-01-04）。"""

import datetime as dt
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.i18n import _
from app.records import exposure, write
from app.records.customer_credit import CreditRelease, CustomerCredit
from handlers import steps

BEYOND = Decimal("9.9999")  # the use rate of a limit of 0 that something is owed on
LETS_PASS = ("pass", "warn")


def standing(credit: CustomerCredit, amount: Decimal, on: dt.date) -> dict[str, Any]:
    """What the credit stands at on a day, with `amount` added that is not counted yet.

    `use_rate` is 0 when nothing is owed afterwards and above every limit when the limit is 0
    (051-01-04, credit_check_decision). The status is worked out anew, not read.
    """
    who = exposure.sharers(credit)
    before = exposure.net(who)
    after = before + amount
    limit = credit.limit + live_temp(credit, on)
    return {
        "status": status_of(credit, before, on), "use_rate": use_rate(after, limit),
        "overdue_days": exposure.overdue_days(who, on), "exposure": max(before, exposure.ZERO),
        "exposure_after": after, "limit": limit, "available": limit - max(after, exposure.ZERO),
        "control": credit.control, "level": credit.level, "credit_no": credit.number,
        "term_days": credit.term_days,
    }  # fmt: skip


def use_rate(exposed: Decimal, limit: Decimal) -> Decimal:
    """exposed / limit, four places."""
    if exposed <= 0:
        return Decimal(0)
    if limit <= 0:
        return BEYOND
    return min((exposed / limit).quantize(Decimal("0.0001")), BEYOND)


def live_temp(credit: CustomerCredit, on: dt.date) -> Decimal:
    """The temporary limit, as long as it lasts."""
    ended = credit.temp_until is not None and credit.temp_until < on
    return exposure.ZERO if ended else credit.temp_limit


def status_of(credit: CustomerCredit, exposed: Decimal, on: dt.date) -> str:
    """停止 by control, 冻结 over the limit, 关注 above 90 % of it, else 正常 (051-01-04)."""
    if credit.control == "停止":
        return "停止"
    limit = credit.limit + live_temp(credit, on)
    if exposed > limit:
        return "冻结"
    return "关注" if limit > 0 and exposed > limit * Decimal("0.9") else "正常"


@handler(
    outputs=("credit", "status", "use_rate", "overdue_days", "exposure_after", "problems"),
    pure=True,
)
def check(
    step: Step, *, customer_id: str, amount: Decimal | int | None = None,
    doc_type: str = "order", order_no: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """信用检查：算出这张单据之后的信用占用、使用率和逾期天数。

    `amount` counts only as far as the exposure does not contain it: nothing is added for an
    order that runs already. Writes nothing. The results are the inputs of
    `credit_check_decision`. Raises E_NO_CREDIT_PROFILE (051-01 P5).
    """
    found = standing(needed(customer_id), _uncounted(amount, order_no), steps.today(step))
    return {
        "credit": found | {"doc_type": doc_type}, "status": found["status"],
        "use_rate": found["use_rate"], "overdue_days": found["overdue_days"],
        "exposure_after": found["exposure_after"], "problems": None,
    }  # fmt: skip


def needed(customer_no: str) -> CustomerCredit:
    """The credit that trade with the customer uses. Raises E_NO_CREDIT_PROFILE."""
    customer = write.need("customer", customer_no)
    credit = exposure.credit_of(customer.id)
    if credit is None:
        text = _("客户 %(name)s 还没有信用档案，请信用专员先建立。", name=customer.name)
        raise BpmnError("E_NO_CREDIT_PROFILE", text, problems=text)
    return credit


def _uncounted(amount: Decimal | int | None, order_no: str | None) -> Decimal:
    return exposure.ZERO if exposure.is_counted(order_no) else Decimal(amount or 0)


@handler(outputs=("released", "credit", "problems"))
def check_release(
    step: Step, *, doc_no: str, customer_id: str, amount: Decimal | int | None = None,
    doc_type: str = "delivery", order_no: str | None = None, approved_by: str | None = None,
    release_reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """放行检查：出库前再看一次信用和预收，放不了就说明原因。

    A release of this document that somebody decided today or later lets it pass, except when
    the customer is stopped: a stop is only lifted in the credit record. With `approved_by` that
    release is written now. Raises E_RELEASE_BLOCKED, E_NO_CREDIT_PROFILE.
    """
    credit, today = needed(customer_id), steps.today(step)
    found = standing(credit, _uncounted(amount, order_no), today)
    verdict = _verdict(step, found, doc_type)
    if verdict["decision"] == "block":
        raise _blocked(found, verdict)
    if approved_by and verdict["decision"] == "approve":
        _release(step, credit, doc_no, amount, today, approved_by, release_reason)
    if verdict["decision"] not in LETS_PASS and not _is_released(doc_no, today):
        raise _blocked(found, verdict)
    _check_prepaid(order_no)
    return {"released": True, "credit": found | verdict, "problems": None}


def _verdict(step: Step, found: dict[str, Any], doc_type: str) -> dict[str, Any]:
    names = ("status", "use_rate", "overdue_days")
    asked = {name: found[name] for name in names} | {"doc_type": doc_type}
    return step.decide("credit_check_decision", asked)[0]


def _is_released(doc_no: str, on: dt.date) -> bool:
    query = sa.select(CreditRelease.id).where(
        CreditRelease.doc_no == doc_no, CreditRelease.valid_on >= on
    )
    return db.session.scalar(query.limit(1)) is not None


def _release(
    step: Step, credit: CustomerCredit, doc_no: str, amount: Any, on: dt.date, who: str,
    reason: str | None,
) -> None:  # fmt: skip
    """One row per document and day (natural key)."""
    if _is_released(doc_no, on):
        return
    given = {
        "customer_id": credit.customer_id, "credit_id": credit.id, "doc_no": doc_no,
        "amount": Decimal(amount or 0), "decision": "放行", "valid_on": on, "reason": reason,
    }  # fmt: skip
    write.create("credit_release", given, **steps.writing(step) | {"by": who})


def _blocked(found: dict[str, Any], verdict: dict[str, Any]) -> BpmnError:
    text = _(
        "信用不能放行：状态 %(status)s，占用 %(exposure)s，额度 %(limit)s，最长逾期 %(days)s 天。",
        status=found["status"], exposure=found["exposure_after"], limit=found["limit"],
        days=found["overdue_days"],
    )  # fmt: skip
    return BpmnError("E_RELEASE_BLOCKED", text, problems=text, credit=found | verdict)


def _check_prepaid(order_no: str | None) -> None:
    """Goods of an order with a prepayment leave when it was received (051-03-05 step 05.09)."""
    order = write.find("sales_order", order_no)
    if order is None or order.prepay_required <= 0 or order.released:
        return
    text = _("订单 %(number)s 的预收款 %(amount)s 还没有到账，不能发货。",
             number=order.number, amount=order.prepay_required)  # fmt: skip
    raise BpmnError("E_RELEASE_BLOCKED", text, problems=text)
