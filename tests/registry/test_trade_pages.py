"""Order, quotation, prices, board: the pages that selling needs."""

import datetime as dt
from decimal import Decimal

import pytest

from app.db import db
from app.records import write
from tests.reports.conftest import HENGYUAN, MINGDA, opportunity, order

pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def running(demo):
    """An order of 114,000, of which six of ten pieces are delivered."""
    row = order(HENGYUAN, "zhangwei", 114000, qty=10, delivered=68400, invoiced=34200,
                received=34200)  # fmt: skip
    from app.records.sales_order import OrderLine

    line = db.session.scalars(db.select(OrderLine).filter_by(order_id=row.id)).one()
    write.change(line, {"q_shipped": 6, "q_delivered": 6, "q_invoiced": 3,
                        "promised_date": dt.date(2026, 3, 28)}, by="linyue")  # fmt: skip
    db.session.commit()
    return row


@pytest.fixture
def tables(app):
    """The decision tables that prices need are published."""
    from pathlib import Path

    from app.engine import deploy

    folder = Path(__file__).resolve().parents[2] / "processes" / "decisions"
    file = folder / "price_precedence.dmn"
    deploy.deploy([(file.name, file.read_bytes())], by="zhouning")
    db.session.commit()


def quotation(customer: str = HENGYUAN):
    row = write.create("quotation", {"customer_id": customer, "valid_until": "2026-04-30",
                                     "owner_id": "zhangwei", "department_id": "east",
                                     "total": 22800}, by="zhangwei")  # fmt: skip
    write.create("quotation_line", {"quotation_id": row.id, "product_id": "P-1001", "qty": 2,
                                    "price": 11400}, by="zhangwei")  # fmt: skip
    db.session.commit()
    return row


def test_an_order_shows_each_line_and_what_it_waits_for(running, as_user):
    text = as_user("zhangwei").get(f"/records/sales_order/{running.number}").text
    assert "6 / 10" in text and "3 / 10" in text
    assert "数控主轴 还有 4 台没有签收，交期 03-28。" in text
    assert "已交付 34,200.00 还没有开票。" in text
    assert "还有 79,800.00 没有收到。" in text


def test_a_held_order_says_so_and_nothing_else(running, as_user):
    write.move(running, "挂起", by="linyue")
    db.session.commit()
    text = as_user("zhangwei").get(f"/records/sales_order/{running.number}").text
    assert "订单挂起" in text and "没有收到" not in text


def test_papers_come_as_attachments_for_those_who_may_see_the_record(running, as_user):
    made = quotation()
    for address in (f"/records/quotation/{made.number}.pdf",
                    f"/records/sales_order/{running.number}.pdf"):  # fmt: skip
        answer = as_user("zhangwei").get(address)
        assert answer.data.startswith(b"%PDF-") and len(answer.data) > 5000
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert as_user("baijie").get(address).status_code == 404


def test_a_paper_has_the_lines_and_the_sum(running, app):
    from app.registry import papers

    facts = papers.facts(running)
    assert [(one["product"].name, one["qty"]) for one in facts["lines"]] == [
        ("数控主轴", Decimal(10)),
    ]  # fmt: skip
    assert facts["sum"] == Decimal("114000.00")


def test_a_price_names_its_list(tables, as_user):
    text = as_user("zhangwei").get(f"/records/prices?product=P-1001&customer={HENGYUAN}&qty=3").text
    assert "12,000.00" in text and "¥36,000.00" in text
    assert "PL-202501-0001-v1" in text


def test_a_price_that_is_not_there_says_why(tables, as_user):
    browser = as_user("lina")
    assert "没有这个产品" in browser.get("/records/prices?product=NO").text
    foreign = browser.get("/records/prices?product=P-1001&customer=CU-202503-0002").text
    assert "没有这个客户，或者您无权查看" in foreign
    for qty in ("0", "-1", "NaN", "1e99", "x"):
        assert browser.get(f"/records/prices?product=P-1001&qty={qty}").status_code == 200


def test_without_their_table_prices_are_still_listed_and_the_page_says_what_is_missing(as_user):
    answer = as_user("zhangwei").get("/records/prices?product=P-1001")
    assert answer.status_code == 200 and "price_precedence" in answer.text
    assert "PL-202501-0001-v1" in answer.text


def test_the_board_has_each_stage_and_only_what_one_may_see(as_user):
    opportunity(HENGYUAN, "zhangwei", 300000, "方案报价", product_line="主轴")
    opportunity(MINGDA, "lina", 50000, "初步接触")
    db.session.commit()
    mine = as_user("lina").get("/records/board").text
    assert "¥50,000.00" in mine and "¥300,000.00" not in mine
    boss = as_user("wangqiang").get("/records/board").text
    assert "¥300,000.00" in boss and "商务谈判" in boss
    assert as_user("baijie").get("/records/board").status_code == 404
    assert as_user("baijie").get("/records/prices").status_code == 404


def test_an_empty_board_says_how_to_begin(as_user):
    assert "还没有您能看到的在谈机会" in as_user("lina").get("/records/board").text


def test_receipts_show_when_they_are_due_and_documents_their_state(running, as_user):
    from app.records.sales_order import ReceiptPlan

    made = [write.create("receipt_plan", {
        "customer_id": HENGYUAN, "order_id": running.id, "seq": seq, "kind": "应收",
        "basis": "固定日期", "amount": 57000, "due_date": day,
    }, by="linyue", number=f"{running.number}-{seq}") for seq, day in
        ((1, dt.date(2026, 3, 1)), (2, dt.date(2026, 3, 15)))]  # fmt: skip
    for row in made:
        write.move(row, "待回款", by="linyue")
    write.create("refund", {"customer_id": HENGYUAN, "order_id": running.id, "source": "退货",
                            "source_ref": "RT-1", "amount": 100, "payee_account": "6222"},
                 by="machao")  # fmt: skip
    db.session.commit()
    assert db.session.query(ReceiptPlan).count() >= 2
    text = as_user("zhangwei").get(f"/records/sales_order/{running.number}").text
    assert "逾期 9 天" in text and "还有 5 天到期" in text
    assert "<h3>退款</h3>" in text and "上海恒远机械有限公司</a>" in text


def test_money_held_as_prepayment_is_no_longer_missing(running, as_user):
    write.create("prepayment", {"customer_id": HENGYUAN, "order_id": running.id, "amount": 50000,
                                "balance": 50000}, by="xufeng")  # fmt: skip
    db.session.commit()
    text = as_user("zhangwei").get(f"/records/sales_order/{running.number}").text
    assert "还有 29,800.00 没有收到。" in text and "预收 50,000.00，开票后冲抵。" in text
