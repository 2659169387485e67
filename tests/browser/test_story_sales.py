"""One story by people who log in as themselves: a lead, its opportunity, a quotation with two
levels of approval, the order with its credit check, two deliveries, their invoices, two receipts,
the return of one piece and its refund; the ledger is right after each step."""

import datetime as dt

import pytest

from app.db import db
from app.records import ar_entry, audit, exposure, write
from app.records.delivery import Delivery
from app.records.quotation import Quotation
from app.records.refund import Refund
from app.records.sales_order import SalesOrder
from app.records.sales_return import SalesReturn
from tests.browser.desk import Office
from tests.flows import trade

HENGYUAN, NAME = "CU-202501-0001", "上海恒远机械有限公司"
OWED = 420_000  # of 500,000 that 恒远 may owe


@pytest.fixture(scope="module")
def template(company):
    """The server's database begins as the company."""
    return company


@pytest.fixture
def office(site, page_as):
    return Office(site, page_as)


def now():
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).replace(tzinfo=None)


def today():
    return now().date()


def newest(office, model):
    with office.site.data():
        return db.session.scalars(db.select(model).order_by(model.id.desc())).first().number


def ledger(office):
    """(应收, 预收, 应退, exposure) of 恒远 in yuan; nothing in the books is inconsistent."""
    with office.site.data():
        assert [f"{one.rule} {one.number} {one.text}" for one in audit.check_all()] == []
        buyer = write.need("customer", HENGYUAN).id
        found = ar_entry.balances(buyer)
        return (*(int(found[name]) for name in ar_entry.LEDGERS), int(exposure.of([buyer])))


def stock(office, bin="可用"):
    with office.site.data():
        return trade.stock(bin=bin)


def state(office, entity, number):
    with office.site.data():
        return write.need(entity, number).state


@pytest.mark.story
def test_from_the_lead_to_the_refund(office):
    with office.site.data():
        owes()
        agree_on_prices()
    found(office)
    pursued(office)
    quoted(office)
    won(office)
    order = ordered(office)
    delivered(office, order, 6)
    assert (ledger(office), stock(office)) == ((OWED, 0, 0, OWED + 101_000), (24, 4))
    invoiced(office, "20260001")
    assert ledger(office) == (OWED + 60_600, 0, 0, OWED + 101_000)
    delivered(office, order, 4)
    assert stock(office) == (20, 0)
    invoiced(office, "20260002")
    assert ledger(office) == (OWED + 101_000, 0, 0, OWED + 101_000)
    paid(office, 60_600, "B-0001")
    assert ledger(office) == (OWED + 40_400, 0, 0, OWED + 40_400)
    assert state(office, "sales_order", order) == "履约中"
    paid(office, 40_400, "B-0002")
    assert ledger(office) == (OWED, 0, 0, OWED)
    assert state(office, "sales_order", order) == "已完成"
    returned(office, order)
    assert ledger(office)[:3] == (OWED, 0, 10_100)
    assert (stock(office), stock(office, "报废")) == ((20, 0), (1, 0))
    refunded(office)
    assert ledger(office) == (OWED, 0, 0, OWED)
    assert state(office, "sales_return", newest(office, SalesReturn)) == "已完成"


def found(office):
    """张伟 hears that a plant of 恒远 needs machines."""
    office.begin("051-02-01", "zhangwei")
    office.do("enter_lead", "zhangwei", "submit", lead__company="嘉定二厂", lead__contact_name="范明",
              lead__mobile="13900000001", lead__region="华东", lead__source="自行开发",
              lead__need="十台主轴", lead__budget=110_000, lead__authority=True)  # fmt: skip
    office.do("follow", "zhangwei", "log", action__action_type="电话", action__content="介绍了产品",
              action__result="有兴趣", action__next_date=today())  # fmt: skip
    office.do("follow", "zhangwei", "convert", conversion__customer_id="恒远机械",
              conversion__make_opportunity=True)  # fmt: skip
    office.do("edit_profile", "zhangwei", "submit", contacts_0__name="范明",
              contacts_0__mobile="13900000001", contacts_0__decision_role="决策者")  # fmt: skip


def pursued(office):
    """张伟 reports the opportunity, 王强 agrees; after two visits it is time for an offer."""
    office.do("enter_chance", "wangqiang", "submit", chance__name="恒远主轴更新",
              chance__amount=101_000, chance__need="换旧主轴十台",
              chance__close_date=today() + dt.timedelta(days=60), product_lines_0__product="P-1001",
              product_lines_0__qty=10, product_lines_0__est_price=10_100)  # fmt: skip
    office.do("review_chance", "wangqiang", "approve")
    office.do("assign_team", "wangqiang", "submit", team__owner="张伟")
    visited(office)
    visited(office, follow__need_doc="十台，月底到货")


def visited(office, **follow):
    office.do("follow_up", "zhangwei", "log", action__action_type="拜访", action__content="谈方案",
              action__result="有兴趣")  # fmt: skip
    office.do("follow_up", "zhangwei", "advance", **follow)


def quoted(office):
    """张伟 offers 15.8 % below the price; 王强 and 赵敏 approve, one after the other."""
    office.do("follow_up", "zhangwei", "quote")
    office.do("edit_quote", "zhangwei", "submit", quote_lines_0__price=10_100)
    quote = newest(office, Quotation)
    assert state(office, "quotation", quote) == "审批中"
    office.do("approve", "wangqiang", "approve")
    assert state(office, "quotation", quote) == "审批中"
    office.do("approve", "zhaomin", "approve")
    assert state(office, "quotation", quote) == "已发送"
    assert ledger(office) == (OWED, 0, 0, OWED)


def won(office):
    """恒远 accepts, 张伟 registers what he won."""
    visited(office)
    visited(office)
    office.message("msg_quote_reply", newest(office, Quotation), reply={"result": "接受"})
    office.do("follow_up", "zhangwei", "win")
    office.do("register_win", "zhangwei", "submit")


def ordered(office):
    """张伟 enters the order from its quotation; 恒远 owes much, so 冯凯 decides on its credit."""
    office.do("enter_order", "zhangwei", "submit", order__bill_to=NAME, order__ship_to="上海市嘉定区",
              order_lines_0__promised_date=today() + dt.timedelta(days=10))  # fmt: skip
    order = newest(office, SalesOrder)
    office.do("approve", "fengkai", "approve")
    office.message("msg_order_signed", order)
    assert ledger(office) == (OWED, 0, 0, OWED + 101_000)
    assert stock(office) == (30, 10)
    return order


def delivered(office, order, count):
    """林悦 ships a part, 周涛 picks it and registers what 恒远 signed."""
    office.message("msg_ship_now", order)
    office.do("prepare_note", "linyue", "submit", note_lines_0__qty=count, note__carrier="顺丰")
    office.do("release_credit", "liuyang", "approve")
    office.do("pick", "zhoutao", "picked", pick_lines_0__picked_qty=count)
    office.message("msg_goods_signed", newest(office, Delivery))
    office.do("register_signature", "zhoutao", "register", signing__signer="何平", signing__signed_at=now(),
              signing__proof="签收单.pdf".encode())  # fmt: skip


def invoiced(office, number):
    """陈静 checks the application, issues the invoice and sends it."""
    office.do("review", "chenjing", "approve")
    office.do("issue", "chenjing", "submit", pieces_0__invoice_no=number,
              pieces_0__invoice_date=today())  # fmt: skip
    office.do("send_paper", "chenjing", "submit", sent_way="快递", tracking_no="SF1",
              sent_at=today())  # fmt: skip
    office.message("msg_invoice_received", number)


def paid(office, amount, slip):
    """徐峰 registers what the bank tells, 陈静 settles invoices with it."""
    office.begin("051-03-08", "xufeng")
    office.do("register", "xufeng", "submit", amount=amount, received_at=today(),
              bank_txn_id=slip, payer=NAME)  # fmt: skip
    office.do("allocate", "chenjing", "submit")


def returned(office, order):
    """One piece comes back and is scrapped; 恒远 has a red invoice."""
    office.begin("051-03-06", "machao")
    office.do("request_return", "machao", "load", order_no=order)
    office.do("request_return", "machao", "submit", return_rows_0__qty=1, return_rows_1__qty=0,
              reason="质量", expect="退款", photo="照片.pdf".encode())  # fmt: skip
    office.do("verify", "machao", "return", contact_result="和秦嘉确认过")
    office.do("approve", "wangqiang", "approve")
    office.message("msg_return_arrived", newest(office, SalesReturn))
    office.do("count", "zhoutao", "counted", count_rows_0__received_qty=1)
    office.do("inspect", "hubin", "judged", inspect_rows_0__good_qty=0,
              inspect_rows_0__repair_qty=0, inspect_rows_0__scrap_qty=1,
              inspect_rows_0__refused_qty=0, cause="我方")  # fmt: skip
    office.do("review", "chenjing", "approve")
    office.do("manager_review", "liuyang", "approve")
    office.do("issue", "chenjing", "submit", pieces_0__invoice_no="20260003",
              pieces_0__invoice_date=today())  # fmt: skip
    if office.is_open("send_paper"):
        office.do("send_paper", "chenjing", "submit", sent_way="电子", sent_at=today())
        office.message("msg_invoice_received", "20260003")


def refunded(office):
    """马超 asks for the money of that piece, three people agree, 徐峰 pays."""
    office.do("apply", "machao", "submit", amount=10_100, reason="客户退货")
    office.do("check", "chenjing", "pay", source_ok=True)
    office.do("approve", "wangqiang", "approve")
    office.do("approve", "liuyang", "approve")
    office.do("pay", "xufeng", "submit", bank_txn_id="B-0900", paid_at=today(),
              proof="回单.pdf".encode())  # fmt: skip
    office.message("msg_bank_payment_result", newest(office, Refund), ok=True)


def owes():
    """恒远 owes from before, which leaves 80,000 of its credit."""
    write.create("ar_entry", {
        "customer_id": HENGYUAN, "type": "opening", "ledger": "应收", "amount": OWED,
        "doc_type": "customer_account", "doc_no": HENGYUAN, "value_date": today(),
    }, by="chenjing")  # fmt: skip


def agree_on_prices():
    """恒远's own price list: 12,000, not below 9,000."""
    prices = write.create("price_list", {
        "name": "恒远协议价", "scope": "客户", "customer_id": HENGYUAN,
        "effective_from": today() - dt.timedelta(days=30),
    }, by="helin", state="已生效")  # fmt: skip
    write.create("price_list_line", {
        "list_id": prices.id, "product_id": "P-1001", "unit_price": 12_000, "min_qty": 1,
        "floor_price": 9_000,
    }, by="helin")  # fmt: skip
