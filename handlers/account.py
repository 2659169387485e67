"""客户账务：建账、变更、校验开票与银行信息（051-01-03）。"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.engine.handlers import BpmnError, Step, handler
from app.errors import Invalid
from app.i18n import _
from app.notify import deliver
from app.records import fields, period, record, write
from app.records.customer import Customer
from app.records.customer_account import CustomerAccount
from handlers import profile, steps

FACTS = (
    "invoice_title", "tax_no", "taxpayer_type", "bank", "bank_account", "billing_address",
    "billing_phone", "settle_method", "term_days", "opening_balance", "opening_date",
    "fund_state", "payment_attitude", "remark",
)  # fmt: skip
REVIEWED = ("invoice_title", "bank", "bank_account")  # a change of these is reviewed (03.05)
TAX_LENGTHS = (15, 18, 20)
INVOICED_FULLY = "一般纳税人"  # gets 专票, which names bank, address and telephone
OPEN = "已开立"


@handler(
    outputs=("mode", "customer_id", "account", "account_version", "subject", "problems",
             "department_id", "owner_id", "needs_review", "account_changes", "month", "after"),
    pure=True,
)  # fmt: skip
def load(
    step: Step, *, mode: str | None = None, customer_id: str | None = None,
    starter: str | None = None, account: dict | None = None, month: str | None = None,
    after: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """准备账务资料：新客户带出客户资料，已开立的读出现有账务，每月一日列出上个月。

    `mode` is monthly (nobody started it, no customer), opening (the customer has no account
    yet) or change. A further batch of a month comes with its `month`, and with the customer
    `after` whom it begins.
    """
    if mode == "monthly" and month and after:
        subject = _("%(m)s 月结（%(n)s 之后）", m=month, n=after)
        return _loaded("monthly") | {"month": month, "after": after, "subject": subject}
    if mode is None and customer_id is None and starter is None:
        month = period.before(steps.today(step))
        return _loaded("monthly") | {"month": month, "subject": _("%(m)s 月结", m=month)}
    customer = write.find("customer", customer_id)
    if customer is None:
        text = (
            _("没有找到客户 %(number)s，请重新选择。", number=customer_id) if customer_id else None
        )
        return _loaded("change") | {"problems": text, "subject": _("变更账务信息")}
    known = write.find("customer_account", customer.number)
    return _loaded("change" if known else "opening") | {
        "customer_id": customer.number, "account": _facts(known) if known else _first(customer),
        "account_version": known.version if known else None, "subject": customer.name,
        "department_id": customer.department_id, "owner_id": customer.owner_id,
    }  # fmt: skip


def _loaded(mode: str) -> dict[str, Any]:
    return {
        "mode": mode, "customer_id": None, "account": {}, "account_version": None,
        "subject": None, "problems": None, "department_id": None, "owner_id": None,
        "needs_review": False, "account_changes": [], "month": None, "after": None,
    }  # fmt: skip


def _facts(row: CustomerAccount) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FACTS}


def _first(customer: Customer) -> dict[str, Any]:
    """What is known of a customer without an account."""
    return {
        "invoice_title": customer.name, "tax_no": customer.unified_code,
        "taxpayer_type": "个人" if customer.customer_type == "个人" else None,
        "billing_address": customer.address, "billing_phone": customer.phone,
        "term_days": 0, "opening_balance": Decimal(0),
    }  # fmt: skip


@handler(outputs=("account", "needs_review", "account_changes", "problems", "submitter"), pure=True)
def validate_billing(
    step: Step, *, mode: str, account: dict, customer_id: str | None = None,
    account_version: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """校验开票与银行信息：税号、账号、期初余额；说明要不要复核。

    Reviewed are an opening balance and changes of title or bank (03.05). Raises
    E_BILLING_INVALID with everything that is wrong.
    """
    customer = write.find("customer", customer_id)
    typed = {name: _clean(account.get(name)) for name in FACTS}
    typed["tax_no"] = re.sub(r"\s", "", typed["tax_no"] or "").upper() or None
    typed["bank_account"] = re.sub(r"[\s-]", "", typed["bank_account"] or "") or None
    known = write.find("customer_account", customer_id) if customer_id else None
    wrong = _wrong(typed, customer, known, account_version)
    if wrong:
        raise _invalid(wrong)
    changes = _changes(known, typed)
    if known is None:
        reviewed = bool(typed["opening_balance"])
    else:
        reviewed = any(change["field"] in REVIEWED for change in changes)
    return {"account": typed, "needs_review": reviewed, "account_changes": changes,
            "problems": None, "submitter": steps.actor(step)}  # fmt: skip


def _clean(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


def _wrong(
    typed: Mapping[str, Any], customer: Customer | None, known: CustomerAccount | None,
    version: int | None,
) -> list[str]:  # fmt: skip
    if customer is None:
        return [_("请先选择客户，并读取现有资料。")]
    found = []
    if known is not None and version is not None and known.version != version:
        found.append(_("账务资料刚刚被别人改过，请重新读取。"))
    if len(typed["tax_no"] or "") not in TAX_LENGTHS:
        found.append(_("纳税人识别号是 15、18 或 20 位。"))
    number = typed["bank_account"]
    if number and not re.fullmatch(r"[0-9]{8,30}", number):
        found.append(_("银行账号是 8 到 30 位数字。"))
    needed = {"bank": _("开户行"), "bank_account": _("账号"), "billing_address": _("开票地址"),
              "billing_phone": _("开票电话")}  # fmt: skip
    missing = [label for name, label in needed.items() if not typed[name]]
    if typed["taxpayer_type"] == INVOICED_FULLY and missing:
        found.append(_("一般纳税人开专票，还要填写：%(list)s。", list="、".join(missing)))
    return found + _wrong_opening(typed, known)


def _wrong_opening(typed: Mapping[str, Any], known: CustomerAccount | None) -> list[str]:
    balance = Decimal(typed["opening_balance"] or 0)
    if known is not None:
        same = balance == known.opening_balance
        return [] if same else [_("期初余额已经记账，不能再改；差异请用账务调整。")]
    if balance < 0:
        return [_("期初余额不能小于 0；客户多付的钱请登记为预收款。")]
    if balance and not typed["opening_date"]:
        return [_("有期初余额时，请填写期初日期。")]
    if balance and period.is_closed(typed["opening_date"]):
        return [_("期初日期所在的月份已经结账，请改为未结的月份。")]
    return []


def _invalid(wrong: list[str]) -> BpmnError:
    text = "\n".join(f"- {line}" for line in wrong) if len(wrong) > 1 else wrong[0]
    return BpmnError("E_BILLING_INVALID", text, problems=text)


def _changes(known: CustomerAccount | None, typed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every fact that will differ, as people read it."""
    found = []
    columns = record.columns(CustomerAccount)
    for name in FACTS:
        old, new = getattr(known, name) if known else None, typed[name]
        if (old or None) != (new or None):
            found.append({"field": name, "label": fields.shown_name(columns[name]),
                          "old": profile.shown(old), "new": profile.shown(new)})  # fmt: skip
    return found


@handler(outputs=("account_no", "result", "problems"))
def open_or_update(
    step: Step, *, customer_id: str, account: dict, mode: str = "opening"
) -> dict[str, Any]:
    """建立或更新账户：一个客户一个账户，开票资料按版本留存，期初余额记入应收明细。

    The account is 已开立. Natural keys: the customer, and the account's version. Raises
    E_BILLING_INVALID when a value does not fit.
    """
    customer = write.need("customer", customer_id)
    try:
        row = _written(step, customer, account)
    except Invalid as error:
        raise steps.refusal(error, "E_BILLING_INVALID") from error
    step.set_business_key(row.number)
    return {"account_no": row.number, "result": "账务建档完成", "problems": None}


def _written(step: Step, customer: Customer, account: Mapping[str, Any]) -> CustomerAccount:
    how = steps.writing(step)
    given = {name: account.get(name) for name in FACTS}
    row = write.find("customer_account", customer.number)
    if row is None:
        whose = {"customer_id": customer.id, "owner_id": customer.owner_id,
                 "department_id": customer.department_id}  # fmt: skip
        row = write.create("customer_account", given | whose, number=customer.number, **how)
        _post_opening(row, how)
    else:
        given.pop("opening_balance"), given.pop("opening_date")
        if not write.change(row, given, **how):
            return row
        write.change(row, {"version": row.version + 1}, **how)
    write.move(row, OPEN, **how)
    version = {"account_id": row.id, "version": row.version, "facts": _facts(row)}
    write.create("account_version", version, **how)
    return row


def _post_opening(row: CustomerAccount, how: dict[str, Any]) -> None:
    if not row.opening_balance:
        return
    entry = {
        "customer_id": row.customer_id, "type": "opening", "ledger": "应收",
        "amount": row.opening_balance, "doc_type": "customer_account", "doc_no": row.number,
        "value_date": row.opening_date,
    }  # fmt: skip
    write.create("ar_entry", entry, **how)


@handler()
def remind_papers(
    step: Step, *, customer_id: str | None = None, owner_id: str | None = None,
    subject: str | None = None,
) -> None:  # fmt: skip
    """两天还没登记账务：提醒客户负责人把缺的资料交给财务。"""
    person = deliver.recipient(owner_id)
    if person is not None:
        deliver.deliver(
            person, "account_papers", {"customer": subject, "number": customer_id},
            (deliver.INSIDE,), key=f"account_papers:{step.instance_id}", at=step.now,
            origin=vars(steps.origin(step)) | {"by": steps.actor(step)},
        )  # fmt: skip


@handler(outputs=("customers", "next_after"), pure=True)
def list_active(step: Step, *, month: str, after: str | None = None) -> dict[str, Any]:
    """列出往来客户：这个月有发生额，或者月底还有余额；一批最多一百个。

    In the order of their numbers, from the one behind `after`. `next_after` is the last of this
    batch when there are more, else null.
    """
    found, rest = steps.batch(_active(month, after))
    return {"customers": [_row(customer) for customer in found],
            "next_after": found[-1].number if rest else None}  # fmt: skip


def _active(month: str, after: str | None) -> list[Customer]:
    """The customers of one batch, and one more if there is one."""
    entry: Any = record.entity("ar_entry")
    until = entry.value_date <= period.last(month)
    ledger_sum = sa.func.sum(entry.amount)
    owing = sa.select(entry.customer_id).where(until).group_by(entry.customer_id, entry.ledger)
    moved = sa.select(entry.customer_id).where(until, entry.value_date >= period.first(month))
    ids = sa.union(owing.having(ledger_sum != 0), moved).subquery()
    query = sa.select(Customer).where(Customer.id.in_(sa.select(ids.c.customer_id)))
    query = query.where(Customer.number > (after or "")).order_by(Customer.number)
    return list(db.session.scalars(query.limit(steps.BATCH + 1)))


def _row(customer: Customer) -> dict[str, Any]:
    return {
        "customer_id": customer.number, "customer_name": customer.name, "grade": customer.grade,
        "owner_id": customer.owner_id, "department_id": customer.department_id,
    }  # fmt: skip


@handler(outputs=("figures", "result"))
def publish_report(step: Step, *, month: str) -> dict[str, Any]:
    """发布账务报表：汇总这个月的快照和对账结果，这个月从此结账。

    One report row per month (natural key); nothing is booked into the month any more.
    """
    figures = _figures(month)
    if not period.is_closed(period.first(month)):
        given = {"report": period.CLOSING, "period": month, "scope": "全公司", "figures": figures}
        write.create("report_snapshot", given, **steps.writing(step))
    return {"figures": figures, "result": "月结完成"}


def _figures(month: str) -> dict[str, Any]:
    snapshot: Any = record.entity("account_snapshot")
    sums = [sa.func.sum(getattr(snapshot, name)) for name in ("receivable", "overdue", "prepay",
            "refundable", "turnover_m", "receipts_m")]  # fmt: skip
    row = db.session.execute(
        sa.select(sa.func.count(), *sums).where(snapshot.period == month)
    ).one()
    names = ("customers", "receivable", "overdue", "prepay", "refundable", "turnover_m",
             "receipts_m")  # fmt: skip
    statement: Any = record.entity("statement")
    states = db.session.execute(
        sa.select(statement.state, sa.func.count())
        .where(statement.period == month)
        .group_by(statement.state)
    )
    found = {name: value or 0 for name, value in zip(names, row, strict=True)}
    return found | {"statements": dict(states.all())}
