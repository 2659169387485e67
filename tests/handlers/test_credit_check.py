"""credit.check and credit.check_release: the exposure formula, the group, the release."""

from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.engine.handlers import BpmnError
from app.records import exposure, write
from app.records.customer_credit import CreditRelease

HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"  # limits 500,000 and 50,000


def book(number: str, ledger: str, amount: int, kind: str = "opening", **other: Any) -> None:
    customer = write.need("customer", number)
    given = {"customer_id": customer.id, "type": kind, "ledger": ledger, "amount": amount,
             "doc_type": "test", "doc_no": f"{ledger}{amount}", "value_date": "2026-01-31", **other}  # fmt: skip
    write.create("ar_entry", given, by="chenjing")
    db.session.commit()


def order(number: str, qty: int, price: int, state: str = "履约中", **line: Any) -> Any:
    header = {"customer_id": number, "order_date": "2026-03-01", "sales_rep_id": "zhangwei",
              "total": qty * price, **line.pop("header", {})}  # fmt: skip
    made = write.create("sales_order", header, by="linyue", state=state)
    given = {"order_id": made.id, "seq": 1, "product_id": "P-1001", "q_ordered": qty,
             "price": price, **line}  # fmt: skip
    write.create("order_line", given, by="linyue")
    db.session.commit()
    return made


def bill(number: str, amount: int, due: str) -> Any:
    given = {"kind": "专票", "customer_id": number, "title_text": "抬头", "gross": amount,
             "open": amount, "due_date": due, "invoice_date": "2026-01-01"}  # fmt: skip
    made = write.create("invoice", given, by="chenjing", state="已入账")
    book(number, "应收", amount, "invoice", doc_no=made.number)
    return made


def exposed(number: str) -> Decimal:
    return exposure.of([write.need("customer", number).id])


def test_nothing_owed_is_no_exposure(run):
    found = run("credit.check", customer_id=HENGYUAN, amount=114000)
    assert found["exposure_after"] == 114000
    assert (found["status"], found["use_rate"], found["overdue_days"]) == (
        "正常",
        Decimal("0.228"),
        0,
    )
    assert found["credit"]["available"] == 386000


def test_the_exposure_follows_the_worked_ledger(run):
    made = order(HENGYUAN, 10, 11400)
    assert exposed(HENGYUAN) == 114000
    book(HENGYUAN, "预收", 34200, "prepay_in")
    assert exposed(HENGYUAN) == 79800
    line = db.session.scalars(db.select(write.record.entity("order_line"))).one()
    write.change(line, {"q_shipped": 10, "q_delivered": 10}, by="zhoutao")
    assert exposed(HENGYUAN) == 79800
    write.change(line, {"q_invoiced": 10}, by="chenjing")
    book(HENGYUAN, "应收", 114000, "invoice")
    write.change(made, {"invoice_status": "全部"}, by="chenjing")
    assert exposed(HENGYUAN) == 79800
    book(HENGYUAN, "应收", -34200, "prepay_offset")
    book(HENGYUAN, "预收", -34200, "prepay_offset")
    assert exposed(HENGYUAN) == 79800
    book(HENGYUAN, "应收", -79800, "receipt")
    assert exposed(HENGYUAN) == 0


def test_a_held_order_counts_as_far_as_it_was_delivered(run):
    order(HENGYUAN, 10, 1000, "挂起", q_delivered=4, q_invoiced=1)
    assert exposed(HENGYUAN) == 3000


def test_goods_that_came_back_do_not_count(run):
    order(HENGYUAN, 10, 1000, q_delivered=10, q_returned=2, q_invoiced=8)
    assert exposed(HENGYUAN) == 0


def test_an_order_that_runs_already_is_not_counted_twice(run):
    made = order(HENGYUAN, 10, 11400)
    found = run("credit.check", customer_id=HENGYUAN, amount=114000, order_no=made.number)
    assert found["exposure_after"] == 114000


def test_a_fully_prepaid_order_of_a_cash_customer_passes(run):
    write.change(write.need("customer_credit", MINGDA), {"limit": 0}, by="fengkai")
    book(MINGDA, "预收", 12000, "prepay_in")
    assert run("credit.check", customer_id=MINGDA, amount=12000)["use_rate"] == 0
    assert run("credit.check", customer_id=MINGDA, amount=12001)["use_rate"] > Decimal("1.1")


def test_the_oldest_unpaid_invoice_counts_the_days(run):
    bill(MINGDA, 1000, "2026-02-03")
    bill(MINGDA, 2000, "2026-03-03")
    assert run("credit.check", customer_id=MINGDA)["overdue_days"] == 35


def test_a_customer_without_credit_facts_is_refused(run):
    given = {"name": "新客户", "customer_type": "企业", "source": "网站"}
    made = write.create("customer", given, by="lina", state="有效")
    with pytest.raises(BpmnError) as refused:
        run("credit.check", customer_id=made.number)
    assert refused.value.code == "E_NO_CREDIT_PROFILE"


def test_a_company_without_a_limit_shares_its_parents(run):
    write.change(write.need("customer", MINGDA), {"parent_customer_id": HENGYUAN}, by="sunli")
    write.change(write.need("customer_credit", MINGDA), {"limit": 0}, by="fengkai")
    book(MINGDA, "应收", 40000)
    book(HENGYUAN, "应收", 60000)
    for number in (MINGDA, HENGYUAN):
        found = run("credit.check", customer_id=number)
        assert found["credit"]["credit_no"] == HENGYUAN
        assert found["exposure_after"] == 100000


@pytest.mark.parametrize(
    ("owed", "status"), [(45000, "正常"), (45001, "关注"), (50000, "关注"), (50001, "冻结")]
)
def test_the_light_changes_at_ninety_per_cent_and_at_the_limit(run, owed, status):
    book(MINGDA, "应收", owed)
    assert run("credit.check", customer_id=MINGDA)["status"] == status


def test_a_temporary_limit_lasts_to_its_day(run):
    credit = write.need("customer_credit", MINGDA)
    write.change(credit, {"temp_limit": 10000, "temp_until": "2026-03-10"}, by="fengkai")
    book(MINGDA, "应收", 55000)
    assert run("credit.check", customer_id=MINGDA)["credit"]["limit"] == 60000
    write.change(credit, {"temp_until": "2026-03-09"}, by="fengkai")
    assert run("credit.check", customer_id=MINGDA)["status"] == "冻结"


# the release


def released(run: Any, **other: Any) -> Any:
    given = {"doc_no": "DN-1", "customer_id": MINGDA, "amount": 1000, **other}
    return run("credit.check_release", by="liuyang", **given)


def test_what_fits_is_let_go(run):
    assert released(run)["released"] is True


def test_what_is_too_much_waits_for_a_release(run):
    book(MINGDA, "应收", 60000)
    with pytest.raises(BpmnError) as refused:
        released(run)
    assert refused.value.code == "E_RELEASE_BLOCKED"
    assert "60000" in refused.value.message or "61000" in refused.value.message
    assert released(run, approved_by="liuyang", release_reason="老客户")["released"]
    (row,) = db.session.scalars(db.select(CreditRelease))
    assert (row.doc_no, row.created_by, row.reason) == ("DN-1", "liuyang", "老客户")
    assert released(run)["released"]
    with pytest.raises(BpmnError):
        released(run, doc_no="DN-2")


def test_nobody_releases_a_stopped_customer(run):
    write.change(write.need("customer_credit", MINGDA), {"control": "停止"}, by="fengkai")
    with pytest.raises(BpmnError, match="停止"):
        released(run, approved_by="liuyang")
    assert db.session.scalars(db.select(CreditRelease)).first() is None


def test_goods_wait_for_the_prepayment(run):
    made = order(MINGDA, 1, 1000, header={"prepay_required": 300})
    with pytest.raises(BpmnError, match="预收款"):
        released(run, order_no=made.number)
    write.change(made, {"released": True}, by="chenjing")
    assert released(run, order_no=made.number)["released"]
