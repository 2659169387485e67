"""The rules of invoices, receipts, refunds and prepayments that the flows' scenarios do not reach:
undoing, doing twice, and the sums that follow."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app import clock, errors
from app.db import db
from app.engine.handlers import BpmnError
from app.records import write
from app.records.invoice import Invoice
from app.records.prepayment import Prepayment, PrepayOffset
from app.records.receipt import Receipt
from app.records.refund import Refund
from handlers import billing
from tests.flows import money
from tests.handlers.conftest import Run


def posted(run: Run, order: Any, number: str = "20260001") -> str:
    """The order was invoiced; the application's number."""
    found = run("invoice.collect_billable", by="zhangwei", order_no=order.number)
    made = run("invoice.validate", by="zhangwei", **_plain(found))
    run("invoice.approve", by="chenjing", application_no=made["application_no"],
        amount=made["amount"])  # fmt: skip
    pieces = [{"invoice_no": number, "invoice_date": clock.now().date(), "amount": made["amount"]}]
    run("invoice.post", by="chenjing", application_no=made["application_no"], pieces=pieces)
    return str(made["application_no"])


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    names = ("mode", "order_no", "lines", "customer_id", "title_text", "tax_no", "invoice_kind")
    return {name: found[name] for name in names}


def received(run: Run, application: str, amount: str, slip: str = "B-0100") -> str:
    """A receipt over the whole amount is posted on the invoice."""
    made = run("receipt.register", by="xufeng", amount=Decimal(amount), bank_txn_id=slip,
               payer="上海恒远机械有限公司")  # fmt: skip
    rows = [{"application_no": application, "amount": Decimal(amount)}]
    run("receipt.check_allocation", by="chenjing", receipt_no=made["receipt_no"],
        customer_id=money.HENGYUAN, rows=rows)  # fmt: skip
    run("receipt.post", by="chenjing", receipt_no=made["receipt_no"], rows=rows, to_prepay=0)
    return str(made["receipt_no"])


def test_a_bounced_cheque_opens_the_invoice_again(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    receipt = received(run, application, "11400")
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()

    run("receipt.reverse", by="xufeng", receipt_no=receipt)
    run("receipt.reverse", by="xufeng", receipt_no=receipt)
    assert money.ledgers() == ("11400.00", "0.00", "0.00")
    assert write.need("invoice", application).state == "已入账"
    assert write.need("receipt_plan", f"{order.number}-1").state == "待回款"
    assert write.need("receipt", receipt).state == "已冲销"
    money.sound()


def test_a_receipt_is_posted_once(run: Run):
    application = posted(run, money.order(qty=1))
    receipt = received(run, application, "11400")
    rows = [{"application_no": application, "amount": Decimal(11400)}]
    assert run("receipt.post", receipt_no=receipt, rows=rows)["touched_rows"] == []
    assert money.ledgers()[0] == "0.00"
    money.sound()


def test_a_discount_needs_an_approval_and_is_undone_with_its_receipt(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    made = run("receipt.register", by="xufeng", amount=Decimal(11000), bank_txn_id="B-0100",
               payer="上海恒远机械有限公司")  # fmt: skip
    rows = [{"application_no": application, "amount": Decimal(11000), "discount": Decimal(400)}]
    number = made["receipt_no"]
    found = run("receipt.check_allocation", by="chenjing", receipt_no=number,
                customer_id=money.HENGYUAN, rows=rows)  # fmt: skip
    assert (found["discount"], found["short"]) == (400, 0)
    with pytest.raises(errors.Invalid, match="没有经过批准"):
        run("receipt.post", by="chenjing", receipt_no=number, rows=rows, to_prepay=0)
    run("approval.record", by="liuyang", object_type="收款单", object_id=number,
        outcome="approve", submitter="chenjing", level="finance_manager")  # fmt: skip
    run("receipt.post", by="chenjing", receipt_no=number, rows=rows, to_prepay=0)
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    money.sound()
    run("receipt.reverse", by="xufeng", receipt_no=number)
    assert money.ledgers() == ("11400.00", "0.00", "0.00")
    assert write.need("receipt_plan", f"{order.number}-1").state == "待回款"
    money.sound()


def test_a_fee_above_the_amount_is_refused(run: Run):
    with pytest.raises(errors.Invalid, match="手续费"):
        run("receipt.register", by="xufeng", amount=Decimal(5), bank_txn_id="B-1", payer="某",
            bank_fee=Decimal(6))  # fmt: skip
    assert db.session.scalar(db.select(Receipt)) is None


def test_an_invoice_with_money_on_it_cannot_be_voided(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    received(run, application, "11400")
    with pytest.raises(errors.Invalid, match="红字"):
        run("invoice.void", by="chenjing", application_no=application)


def test_voiding_takes_everything_back(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    run("invoice.void", by="chenjing", application_no=application)
    run("invoice.void", by="chenjing", application_no=application)
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    row = write.need("sales_order", order.number)
    assert (row.invoiced_amount, row.invoice_status) == (0, "未开票")
    money.sound()


def test_a_voided_red_invoice_gives_back_what_it_took(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    found = run("invoice.collect_billable", by="zhangwei", mode="red", order_no=order.number,
                blue_no=application)  # fmt: skip
    made = run("invoice.validate", by="zhangwei", **_plain(found) | {"blue_no": application})
    (shown,) = run("invoice.approve", by="chenjing", application_no=made["application_no"],
                   amount=made["amount"], rule={"split": Decimal(1000)})["pieces"]  # fmt: skip
    assert (shown["net"], shown["tax"]) == (Decimal("10088.50"), Decimal("1311.50"))
    pieces = [{"invoice_no": "20260002", "invoice_date": clock.now().date(), "amount": 1}]
    run("invoice.post", by="chenjing", application_no=made["application_no"], pieces=pieces)
    assert write.need("invoice", application).state == "已红冲"
    money.sound()
    run("invoice.void", by="chenjing", application_no=made["application_no"])
    assert write.need("invoice", application).open == 11400
    assert money.ledgers() == ("11400.00", "0.00", "0.00")
    money.sound()


def test_freight_and_discount_make_the_invoices_equal_to_the_order(run: Run):
    order = money.order(qty=1)
    write.change(order, {"freight": 100, "discount": 50, "total": 11450}, by="zhangwei")
    plan = write.need("receipt_plan", f"{order.number}-1")
    write.change(plan, {"amount": 11450}, by="zhangwei")
    posted(run, order)
    assert money.ledgers()[0] == "11450.00"
    assert billing.lines_of(order) == []
    money.sound()


def test_the_tax_shown_before_is_the_tax_that_is_booked(run: Run):
    order = money.order(qty=1)
    write.change(order, {"freight": 100, "total": 11500}, by="zhangwei")
    found = run("invoice.collect_billable", by="zhangwei", order_no=order.number)
    goods, freight = found["lines"]
    given = _plain(found) | {"lines": [goods, freight | {"tax_rate": Decimal("0.06")}]}
    made = run("invoice.validate", by="zhangwei", **given)
    shown = run("invoice.approve", by="chenjing", application_no=made["application_no"],
                amount=made["amount"], rule={"split": Decimal(6000)})["pieces"]  # fmt: skip
    assert [(one["amount"], one["tax_rate"], one["net"], one["tax"]) for one in shown] == [
        (Decimal("6000.00"), "13%", Decimal("5309.73"), Decimal("690.27")),
        (Decimal("5500.00"), "13%、6%", Decimal("4873.10"), Decimal("626.90"))]  # fmt: skip
    papers = [one | {"invoice_no": f"2026000{one['seq']}"} for one in shown]
    run("invoice.post", by="chenjing", application_no=made["application_no"], pieces=papers)
    booked = db.session.scalars(db.select(Invoice).order_by(Invoice.invoice_no))
    assert [(row.net, row.tax) for row in booked] == [(one["net"], one["tax"]) for one in shown]


def test_an_offset_is_undone(run: Run):
    order = money.order(qty=1)
    application = posted(run, order)
    prepaid = money.prepaid(order, "5000")
    found = run("prepay.propose_offset", application_no=application)
    made = run("prepay.offset", by="chenjing", proposal=found["proposal"])
    assert money.ledgers() == ("6400.00", "0.00", "0.00")
    money.sound()
    again = run("prepay.propose_offset", application_no=application)
    assert again["proposal"] == []
    for _twice in range(2):
        run("prepay.reverse_offset", by="chenjing", offset_ids=made["offset_ids"])
    assert money.ledgers() == ("11400.00", "5000.00", "0.00")
    assert write.need("prepayment", prepaid.number).state == "已登记"
    assert db.session.scalars(db.select(PrepayOffset)).one().reversed
    money.sound()


def test_a_prepayment_is_booked_once_and_undone_once(run: Run):
    order = money.order(qty=1, prepay="3000")
    given = {"customer_id": money.HENGYUAN, "amount": Decimal(3000), "bank_txn_id": "B-0001",
             "order_no": order.number}  # fmt: skip
    first = run("prepay.post", by="xufeng", **given)
    assert run("prepay.post", by="xufeng", **given)["prepay_no"] == first["prepay_no"]
    assert money.ledgers()[1] == "3000.00"
    assert write.need("receipt_plan", f"{order.number}-1").state == "已结清"
    for _twice in range(2):
        run("prepay.reverse", by="xufeng", prepay_no=first["prepay_no"])
    assert money.ledgers() == ("0.00", "0.00", "0.00")
    assert write.need("receipt_plan", f"{order.number}-1").state == "待回款"
    money.sound()


def refunded(run: Run, number: str, amount: str, slip: str) -> str:
    made = run("refund.validate", by="zhangwei", source="预收", source_ref=number,
               amount=Decimal(amount), payee_account="6222000000000001")  # fmt: skip
    refund = made["refund_no"]
    run("refund.submit", by="chenjing", refund_no=refund, approval_facts=[])
    run("refund.approve", refund_no=refund)
    run("refund.record_payment", by="xufeng", refund_no=refund, bank_txn_id=slip)
    return str(refund)


def test_a_slip_pays_once_and_a_refund_is_undone(run: Run):
    prepaid = money.prepaid(None, "1000")
    refund = refunded(run, prepaid.number, "400", "B-0900")
    assert run("refund.post", by="xufeng", refund_no=refund)["posted"] is True
    assert run("refund.post", by="xufeng", refund_no=refund)["posted"] is False
    assert money.ledgers()[1] == "600.00"
    money.sound()
    for _twice in range(2):
        run("refund.reverse", by="xufeng", refund_no=refund)
    assert money.ledgers()[1] == "1000.00"
    assert db.session.scalars(db.select(Refund)).one().state == "付款失败"
    money.sound()


def test_a_wholly_refunded_prepayment_comes_back_as_a_new_one(run: Run):
    prepaid = money.prepaid(None, "1000")
    refund = refunded(run, prepaid.number, "1000", "B-0900")
    run("refund.post", by="xufeng", refund_no=refund)
    assert write.need("prepayment", prepaid.number).state == "已退款"
    run("refund.reverse", by="xufeng", refund_no=refund)
    rows = list(db.session.scalars(db.select(Prepayment).order_by(Prepayment.id)))
    assert [row.balance for row in rows] == [0, 1000]
    money.sound()


def test_refunds_on_their_way_count(run: Run):
    prepaid = money.prepaid(None, "1000")
    refunded(run, prepaid.number, "700", "B-0900")
    with pytest.raises(BpmnError, match=r"最多还能退 300\.00"):
        run("refund.validate", by="zhangwei", source="预收", source_ref=prepaid.number,
            amount=Decimal(400), payee_account="6222000000000001")  # fmt: skip
    with pytest.raises(BpmnError, match="没有找到"):
        run("refund.validate", by="zhangwei", source="退货", source_ref="RT-0", amount=1)


def test_a_write_off_needs_an_approval(run: Run):
    order = money.order(qty=1)
    posted(run, order)
    with pytest.raises(errors.Invalid, match="没有经过批准"):
        run("receivable.write_off", by="liuyang", plan_row=f"{order.number}-1")


def test_amounts_are_split_and_taxed_to_the_cent():
    assert billing.split(Decimal(2500000), 1000000) == [1000000, 1000000, 500000]
    assert billing.split(Decimal(5), None) == [5]
    line = {"amount": Decimal("114000"), "tax_rate": Decimal("0.13")}
    assert billing.net_of([line]) == Decimal("100884.96")
    rows = [{"amount": Decimal(60)}, {"amount": Decimal(60)}]
    assert [one["amount"] for one in billing.up_to(rows, Decimal(90))] == [60, 30]


def test_an_application_that_waits_takes_its_amount(run: Run):
    order = money.order(qty=2)
    found = run("invoice.collect_billable", by="zhangwei", order_no=order.number)
    run("invoice.validate", by="zhangwei", **_plain(found))
    assert billing.lines_of(order) == []
    with pytest.raises(BpmnError, match="最多还能开"):
        run("invoice.validate", by="zhangwei", **_plain(found))


def test_an_instalment_is_watched_from_the_reminder_to_the_dunning(run: Run):
    order = money.order(qty=1)
    number = f"{order.number}-1"
    assert run("receivable.watch", plan_row=number)["next_step"] == "look"
    row = write.need("receipt_plan", number)
    write.change(row, {"due_date": clock.now().date() + dt.timedelta(days=10)}, by="zhangwei")
    assert run("receivable.watch", plan_row=number)["next_step"] == "remind"
    write.change(row, {"due_date": clock.now().date() - dt.timedelta(days=5)}, by="zhangwei")
    found = run("receivable.watch", plan_row=number)
    assert (found["next_step"], found["overdue_days"]) == ("dun", 5)
    assert run("receivable.raise_level", level=4)["level"] == 4
