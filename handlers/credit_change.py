"""客户信用变更：归集、登记、生效、共享、到期（051-01-04）。"""

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
from app.i18n import _
from app.notify import deliver
from app.records import exposure, write
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from app.records.customer_credit import CreditChange, CustomerCredit
from app.records.sales_order import SalesOrder
from handlers import credit, steps

SOURCES = {"initial": "建档", "apply": "申请", "review": "复评", "overdue": "逾期"}
TYPES = {"initial": "新授信", "review": "调额", "overdue": "调额"}
AT_ONCE = 1000  # customers of one half-yearly review; the longest not reviewed come first
TOLD = ("order_clerk", "warehouse_keeper")
ORDERED = ("已生效", "履约中", "挂起", "已完成")
YEAR = Decimal("365.25")
NOTHING = Decimal(0)


@handler(topic="credit.list_for_review", outputs=("customers",), pure=True)
def list_for_review(step: Step) -> dict[str, Any]:
    """列出要复评的客户：有信用档案的有效客户，最久没复评的在前。"""
    query = (
        sa.select(Customer.number)
        .join(CustomerCredit, CustomerCredit.customer_id == Customer.id)
        .where(Customer.state == "有效")
        .order_by(CustomerCredit.updated_at, Customer.id)
        .limit(AT_ONCE)
    )
    return {"customers": list(db.session.scalars(query))}


@handler(
    topic="credit.note_source",
    outputs=("source", "starter", "customer_id", "application", "apply_type", "problems",
             "subject"),
    pure=True,
)  # fmt: skip
def note_source(
    step: Step, *, source: str | None = None, customer_id: str | None = None,
    starter: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """认清来源：建档、申请、复评或者逾期，并备好空白的申请。"""
    if source not in SOURCES:
        source = "apply" if step.by is not None and starter == step.by else "overdue"
    row = write.find("customer", customer_id)
    return {
        "source": source, "starter": starter or step.started_by, "customer_id": customer_id,
        "application": None, "apply_type": TYPES.get(source), "problems": None,
        "subject": row.name if row else _("信用申请"),
    }  # fmt: skip


@handler(
    topic="credit.collect_facts", outputs=("facts", "fact_rows", "customer_id", "subject"),
    pure=True,
)  # fmt: skip
def collect_facts(
    step: Step, *, customer_id: str, application: dict | None = None
) -> dict[str, Any]:
    """归集信用事实：交易年限、逾期、订货、账务、现在的额度和占用。"""
    customer, today = write.need("customer", customer_id), steps.today(step)
    held = _credit(customer)
    account = db.session.scalar(
        sa.select(CustomerAccount).where(CustomerAccount.customer_id == customer.id)
    )
    days = exposure.overdue_days([customer.id], today)
    ytd, average, first = _orders(customer, today)
    begun = first or customer.created_at.date()
    facts = {
        "years_trading": (Decimal((today - begun).days) / YEAR).quantize(Decimal("0.01")),
        "max_overdue_12m": days, "max_overdue_days": days, "ytd_order": ytd,
        "average_month": average, "capital": customer.registered_capital or NOTHING,
        "taxpayer": account.taxpayer_type if account else None,
        "fund": account.fund_state if account else None,
        "peer": (application or {}).get("peer_credit"),
        "limit": held.limit if held else NOTHING, "control": held.control if held else None,
        "exposure": exposure.of([customer.id]), "grade": customer.grade,
    }  # fmt: skip
    return {"facts": facts, "fact_rows": _rows(customer, facts), "customer_id": customer.number,
            "subject": customer.name}  # fmt: skip


def _credit(customer: Customer) -> CustomerCredit | None:
    """The customer's own profile, not that of the group."""
    query = sa.select(CustomerCredit).where(CustomerCredit.customer_id == customer.id)
    return db.session.scalar(query)


def _orders(customer: Customer, today: dt.date) -> tuple[Decimal, Decimal, dt.date | None]:
    """(ordered this year, average of a month over the last twelve, day of the first order)."""
    mine = (SalesOrder.customer_id == customer.id, SalesOrder.state.in_(ORDERED))

    def total(since: dt.date) -> Decimal:
        query = sa.select(sa.func.sum(SalesOrder.total)).where(*mine, SalesOrder.order_date >= since)
        return db.session.scalar(query) or NOTHING

    first = db.session.scalar(sa.select(sa.func.min(SalesOrder.order_date)).where(*mine))
    year_ago = today - dt.timedelta(days=365)
    return total(today.replace(month=1, day=1)), total(year_ago) / 12, first


def _rows(customer: Customer, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    titles = {
        "years_trading": _("交易年限"), "ytd_order": _("今年订货"),
        "max_overdue_days": _("最长逾期天数"), "capital": _("注册资金"), "fund": _("资金状况"),
        "grade": _("客户等级"), "limit": _("现有额度"), "exposure": _("信用占用"),
    }  # fmt: skip
    rows = [{"label": _("客户"), "value": customer.name}]
    return rows + [
        {"label": title, "value": "—" if facts[name] is None else str(facts[name])}
        for name, title in titles.items()
    ]


@handler(
    topic="credit.open_change",
    outputs=("change_no", "assessment", "apply_type", "approval_facts", "temp_ends"),
)
def open_change(
    step: Step, *, customer_id: str, source: str, facts: dict, policy: dict, score: Any = None,
    application: dict | None = None, apply_type: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """登记信用变更单，按信用政策和申请备好评审的建议值。"""
    customer, given = write.need("customer", customer_id), application or {}
    held = _credit(customer)
    asked = given.get("limit")
    proposed = min(policy["cap"], policy["factor"] * facts["average_month"])
    temporary = apply_type == "临时额度"
    limit = proposed if source != "apply" else facts["limit"] if temporary or asked is None else asked
    assessment = {
        "level": policy["level"], "limit": Decimal(limit).quantize(Decimal("0.01")),
        "temp_limit": asked if temporary else NOTHING, "control": policy["control"],
        "term_days": policy["term"] if given.get("term_days") is None else given["term_days"],
        "opinion": None,
    }  # fmt: skip
    row = write.create(
        "credit_change",
        {"customer_id": customer.id, "credit_id": held.id if held else None,
         "source": SOURCES[source], "apply_type": apply_type, "score": int(score or 0),
         "temp_until": given.get("temp_until"), "reason": given.get("reason"),
         "owner_id": customer.owner_id, "department_id": customer.department_id},
        **steps.writing(step),
    )  # fmt: skip
    step.set_business_key(row.number)
    return {
        "change_no": row.number, "assessment": assessment, "apply_type": apply_type,
        "temp_ends": _end_of(given.get("temp_until")),
        "approval_facts": [
            *_rows(customer, facts),
            {"label": _("理由"), "value": given.get("reason") or SOURCES[source]},
        ],
    }  # fmt: skip


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """The moment after which a temporary limit is over."""
    if day is None:
        return None
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


@handler(topic="credit.apply", outputs=("control_change", "problems", "result"))
def apply(
    step: Step, *, customer_id: str, change_no: str, assessment: dict, outcome: str | None = None
) -> dict[str, Any]:
    """生效信用：客户的等级、额度、账期和控制方式从现在起是新值。

    The old values stay in the change. A limit below the exposure needs control 停止, else
    E_LIMIT_BELOW_EXPOSURE. `control_change` is stop, release or none.
    """
    customer, row = write.need("customer", customer_id), write.need("credit_change", change_no)
    held, how = _credit(customer), steps.writing(step)
    new = {name: assessment[name] for name in ("level", "limit", "temp_limit", "term_days")}
    new["control"] = "停止" if outcome == "freeze" else assessment["control"]
    owed = exposure.of([customer.id])
    if new["limit"] + new["temp_limit"] < owed and new["control"] != "停止":
        text = _("额度低于现在的占用 %(owed)s，只有停止赊销才能这样调。", owed=owed)
        raise BpmnError("E_LIMIT_BELOW_EXPOSURE", text, problems=text)
    before = held.control if held else None
    old = {name: getattr(held, name) for name in (*new, "temp_until")} if held else None
    new["temp_until"] = row.temp_until if new["temp_limit"] else None
    if held is None:
        facts = new | {"customer_id": customer.id, "owner_id": customer.owner_id,
                       "department_id": customer.department_id}  # fmt: skip
        held = write.create("customer_credit", facts, number=customer.number, **how)
    else:
        write.change(held, new, reason=row.reason or "", **how)
    write.change(
        row,
        {"credit_id": held.id, "new_limit": new["limit"], "new_level": new["level"],
         "new_term_days": new["term_days"], "new_control": new["control"], "old_values": old},
        **how,
    )  # fmt: skip
    write.move(row, "已生效", **how)
    return {"control_change": _turn(before, new["control"]), "problems": None,
            "result": "信用已生效"}  # fmt: skip


def _turn(before: str | None, after: str) -> str:
    if after == "停止" and before != "停止":
        return "stop"
    return "release" if before == "停止" and after != "停止" else "none"


@handler(topic="credit.reject", outputs=("result",))
def reject(step: Step, *, change_no: str) -> dict[str, Any]:
    """驳回信用变更，客户的信用不变。"""
    write.move(write.need("credit_change", change_no), "已驳回", **steps.writing(step))
    return {"result": "信用驳回"}


@handler(topic="credit.withdraw", outputs=("result",))
def withdraw(step: Step, *, change_no: str) -> dict[str, Any]:
    """撤回信用变更，客户的信用不变。"""
    write.move(write.need("credit_change", change_no), "已撤回", **steps.writing(step))
    return {"result": "已撤回"}


@handler(topic="credit.refresh_status", outputs=("status",))
def refresh_status(step: Step, *, customer_id: str) -> dict[str, Any]:
    """刷新信用占用和信用灯：停止、冻结、关注或正常。"""
    held = _credit(write.need("customer", customer_id))
    if held is None:
        return {"status": None}
    owed = exposure.net(exposure.sharers(held))
    held.exposure = max(owed, NOTHING)
    status = credit.status_of(held, owed, steps.today(step))
    write.move(held, status, **steps.writing(step))
    db.session.flush()
    return {"status": status}


@handler(topic="credit.share")
def share(step: Step, *, customer_id: str, change_no: str) -> None:
    """把新的信用告诉负责人、商务专员和仓库。"""
    customer = write.need("customer", customer_id)
    held = _credit(customer)
    logins = [customer.owner_id, *(login for role in TOLD for login in people.holders(role))]
    for login in dict.fromkeys(logins):
        person = deliver.recipient(login)
        if person is not None and held is not None:
            deliver.deliver(
                person, "credit_changed",
                {"customer": customer.name, "limit": held.limit, "control": held.control},
                ("站内",), key=f"credit:{change_no}", at=step.now,
            )  # fmt: skip


@handler(topic="credit.expire_temp", outputs=("result",))
def expire_temp(step: Step, *, customer_id: str, change_no: str) -> dict[str, Any]:
    """临时额度到期或被收回；已经没有临时额度时什么也不做。"""
    held, row = _credit(write.need("customer", customer_id)), write.need("credit_change", change_no)
    how = steps.writing(step)
    if held is not None and held.temp_limit:
        write.change(held, {"temp_limit": NOTHING, "temp_until": None}, **how)
    if isinstance(row, CreditChange):
        write.move(row, "已过期", **how)
    return {"result": "临时额度结束"}
