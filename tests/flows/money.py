"""What the money flows are played with: the catalogue's order 114,000 of 恒远, at any stage."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app import clock
from app.db import db
from app.records import ar_entry, audit, write
from app.records.sales_order import SalesOrder
from tests.flows.stage import Stage

HENGYUAN, MINGDA, LANWAN = "CU-202501-0001", "CU-202502-0007", "CU-202503-0002"
TEN_DAYS = dt.timedelta(days=10)
PDF = [{"id": "x", "name": "回单.pdf", "size": 9, "type": "application/pdf"}]


def order(
    *, customer: str = HENGYUAN, qty: int = 10, price: str = "11400", delivered: int | None = None,
    prepay: str | None = None, basis: str = "按交付", product: str = "P-1001",
) -> SalesOrder:  # fmt: skip
    """A running order, with its plan rows; `delivered` pieces were shipped and signed."""
    delivered = qty if delivered is None else delivered
    who, at = {"by": "zhangwei"}, clock.now()
    buyer = write.need("customer", customer)
    total = Decimal(price) * qty
    row = write.create("sales_order", {
        "customer_id": buyer.id, "order_date": "2026-03-02", "sales_rep_id": "zhangwei",
        "total": total, "invoice_basis": basis, "department_id": "east", "owner_id": "zhangwei",
        "delivered_amount": Decimal(price) * delivered,
        "delivery_status": "全部" if delivered == qty else "部分" if delivered else "未交付",
    }, at=at, **who)  # fmt: skip
    write.create("order_line", {
        "order_id": row.id, "seq": 1, "product_id": product, "q_ordered": qty, "price": price,
        "q_shipped": delivered, "q_delivered": delivered,
    }, **who)  # fmt: skip
    for state in ("审批中", "待签约", "已生效", "履约中"):
        write.move(row, state, **who)
    plan(row, total, Decimal(prepay or 0))
    db.session.commit()
    return row


def plan(row: SalesOrder, total: Decimal, prepay: Decimal) -> None:
    parts = [("预收", "发货前", prepay)] if prepay else []
    parts.append(("应收", "开票后N天", total - prepay))
    for seq, (kind, basis, amount) in enumerate(parts, 1):
        made = write.create("receipt_plan", {
            "order_id": row.id, "customer_id": row.customer_id, "seq": seq, "kind": kind,
            "basis": basis, "amount": amount, "due_rule": "30 天", "owner_id": "zhangwei",
            "department_id": "east",
        }, by="zhangwei", number=f"{row.number}-{seq}")  # fmt: skip
        write.move(made, "待回款", by="zhangwei")


def prepaid(row: SalesOrder | None, amount: str, slip: str = "B-0001") -> Any:
    """A prepayment that was registered, with its entry."""
    from app.records.prepayment import Prepayment

    buyer = row.customer_id if row else write.need("customer", HENGYUAN).id
    value = Decimal(amount)
    made = write.create("prepayment", {
        "customer_id": buyer, "order_id": row.id if row else None, "amount": value,
        "balance": value, "bank_txn_id": slip, "owner_id": "zhangwei", "department_id": "east",
    }, by="xufeng")  # fmt: skip
    write.create("ar_entry", {
        "customer_id": buyer, "type": "prepay_in", "ledger": "预收", "amount": value,
        "doc_type": "prepayment", "doc_no": made.number, "value_date": clock.now().date(),
        "order_no": row.number if row else None,
    }, by="xufeng")  # fmt: skip
    assert isinstance(made, Prepayment)
    db.session.commit()
    return made


def invoiced(stage: Stage, row: SalesOrder, number: str = "20260001") -> int:
    """The flow 051-03-07 has posted an invoice over everything that may be invoiced."""
    case = stage.start("p_051_03_07", "zhangwei", order_no=row.number)
    stage.do("review", "chenjing", "approve", case=case)
    issue(stage, case, number)
    return case


def issue(stage: Stage, case: int, number: str, **other: Any) -> None:
    today = clock.now().astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    row = {"_row": 0, "invoice_no": number, "invoice_date": today, **other}
    stage.do("issue", "chenjing", case=case, pieces=[row])


def receive(
    stage: Stage, amount: str, slip: str = "B-0100", payer: str = "上海恒远机械有限公司",
    **other: Any,
) -> int:  # fmt: skip
    """A bank line was registered by the cashier."""
    case = stage.start("p_051_03_08", "xufeng")
    stage.do("register", "xufeng", case=case, amount=Decimal(amount), bank_txn_id=slip,
             payer=payer, received_at=dt.date(2026, 3, 10), **other)  # fmt: skip
    return case


def ledgers(customer: str = HENGYUAN) -> tuple[str, str, str]:
    """(应收, 预收, 应退) as they stand."""
    found = ar_entry.balances(write.need("customer", customer).id)
    return tuple(str(found[name]) for name in ar_entry.LEDGERS)  # type: ignore[return-value]


def sound() -> None:
    """Every invariant holds."""
    db.session.expire_all()
    found = [f"{b.rule} {b.number} {b.text}" for b in audit.check_all()]
    assert found == [], found
