"""Leads, opportunities, quotations, orders and money of the demo company, played by its people
through the flows themselves: something waits in every room, some of it is done.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import db
from app.inbox import play
from app.records import write
from app.records.contact import Contact
from app.records.delivery import Delivery
from app.records.opportunity import Opportunity
from app.records.quotation import Quotation
from app.records.sales_order import SalesOrder

LEAD, CHANCE, ORDER, RECEIPT, RETURN, CAMPAIGN = (
    "p_051_02_01", "p_051_03_02", "p_051_03_04", "p_051_03_08", "p_051_03_06", "p_051_02_02"
)  # fmt: skip
HENGYUAN, MINGDA, LANWAN = "CU-202501-0001", "CU-202502-0007", "CU-202503-0002"
SPINDLE, DRIVE = "P-1001", "P-1002"
BLANK = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def load_sales() -> int:
    """The stories have been played, each act committed; how many (0 the second time)."""
    if db.session.scalar(sa.select(Opportunity.id).limit(1)) is not None:
        return 0
    for tell in _STORIES:
        tell()
    return len(_STORIES)


def _today(days: int = 0) -> dt.date:
    return clock.now().astimezone(clock.zone()).date() + dt.timedelta(days=days)


def _number(model: Any) -> str:
    return str(db.session.scalars(sa.select(model).order_by(model.id.desc()).limit(1)).one().number)


def _contact(customer: str) -> str:
    owner = write.need("customer", customer).id
    query = sa.select(Contact.number).where(Contact.customer_id == owner).order_by(Contact.id)
    return str(db.session.scalars(query.limit(1)).one())


# leads


def _lead(by: str, company: str, person: str, mobile: str, **other: Any) -> int:
    case = play.begin(LEAD, by)
    lead = {"company": company, "contact_name": person, "mobile": mobile, "region": "华东",
            "source": "网站", "need": "两台数控主轴，替换旧设备", "budget": 60000,
            "timeframe": "3月内", "authority": True, **other}  # fmt: skip
    play.do("enter_lead", by, "submit", case=case, lead=lead)
    return case


def _a_lead_to_distribute() -> None:
    _lead("wuhao", "扬州恒力机床有限公司", "蒋恒", "13900010001", budget=90000)


def _a_lead_to_follow() -> None:
    case = _lead("wuhao", "南京创智科技有限公司", "范明", "13900010002", budget=120000)
    play.do("distribute", "wangqiang", case=case,
            assignment={"way": "指定", "new_owner": "zhangwei"})  # fmt: skip
    play.do("accept", "zhangwei", "accept", case=case)
    action = {"action_type": "电话", "content": "介绍了主轴，约好下周去看现场", "result": "有兴趣",
              "next_date": _today(3)}  # fmt: skip
    play.do("follow", "zhangwei", "log", case=case, action=action)


def _a_lead_of_a_fair() -> None:
    _lead("lina", "嘉兴同创自动化设备厂", "沈同", "13900010003", source="自行开发", budget=40000,
          need="伺服驱动器二十台")  # fmt: skip


# opportunities and quotations


def _chance(
    by: str, name: str, customer: str, product: str, qty: int, price: int, need: str
) -> int:
    case = play.begin(CHANCE, by)
    chance = {"name": name, "customer_id": customer, "contact_id": _contact(customer),
              "amount": qty * price, "close_date": _today(45), "need": need}  # fmt: skip
    lines = [{"product": product, "qty": qty, "est_price": price}]
    play.do("enter_chance", by, "submit", case=case, chance=chance, product_lines=lines)
    return case


def _pursued(by: str, *facts: Any) -> int:
    case = _chance(by, *facts)
    play.do("review_chance", "wangqiang", "approve", case=case)
    return case


def _visit(case: int, by: str, content: str, **follow: Any) -> None:
    action = {"action_type": "拜访", "content": content, "result": "有兴趣"}
    play.do("follow_up", by, "log", case=case, action=action)
    play.do("follow_up", by, "advance", case=case, follow=follow)


def _quote(case: int, by: str, price: int) -> str:
    play.do("follow_up", by, "quote", case=case)
    play.do("edit_quote", by, "submit", case=case, quote_lines=[{"_row": 0, "price": price}])
    return _number(Quotation)


def _a_chance_to_review() -> None:
    _chance("lina", "明达驱动器年度框架", MINGDA, DRIVE, 40, 3600, "一年四批，每批十台")


def _a_young_chance() -> None:
    case = _pursued("zhangwei", "恒远二期产线改造", HENGYUAN, DRIVE, 60, 3500, "二期产线伺服改造")
    action = {"action_type": "电话", "content": "客户正在做预算", "result": "有兴趣"}
    play.do("follow_up", "zhangwei", "log", case=case, action=action)


def _a_quote_to_approve() -> None:
    case = _pursued("zhangwei", "恒远主轴备件", HENGYUAN, SPINDLE, 4, 10200, "备用主轴四台")
    _visit(case, "zhangwei", "看了现场，确认型号")
    _visit(case, "zhangwei", "谈了交期和付款", need_doc="四台，两批到货")
    _quote(case, "zhangwei", 10300)


def _a_quote_with_the_customer() -> None:
    case = _pursued("lina", "明达新车间主轴", MINGDA, SPINDLE, 6, 12000, "新车间六台主轴")
    _visit(case, "lina", "量了安装尺寸")
    _visit(case, "lina", "技术交流，确认参数", need_doc="六台，月底到货")
    _quote(case, "lina", 12000)


def _a_lost_chance() -> None:
    case = _pursued("zhangwei", "蓝湾设备更新", LANWAN, DRIVE, 10, 3600, "十台伺服驱动器")
    play.do("follow_up", "zhangwei", "lose", case=case)
    play.do("register_loss", "zhangwei", case=case,
            loss={"reason": "预算取消", "lesson": "预算没批就不要投入太多"})  # fmt: skip
    play.do("review_loss", "wangqiang", "approve", case=case)


# orders, deliveries, invoices, receipts, a return


def _order(by: str, customer: str, product: str, qty: int, price: int) -> str:
    case = play.begin(ORDER, by)
    name = write.need("customer", customer).name
    play.do(
        "enter_order", by, "submit", case=case,
        order={"customer_id": customer, "bill_to": name, "ship_to": "客户仓库"},
        order_lines=[{"product": product, "qty": qty, "price": price, "promised_date": _today(10)}],
        plan_rows=[{"basis": "发货后N天", "rate": 1, "days": 30}],
    )  # fmt: skip
    return _number(SalesOrder)


def _deliver(order: str, qty: int) -> str:
    play.tell("msg_ship_now", order)
    play.do("prepare_note", "linyue", "submit", note={"carrier": "顺丰"},
            note_lines=[{"_row": 0, "qty": qty}])  # fmt: skip
    play.do("pick", "zhoutao", "picked")
    number = _number(Delivery)
    play.tell("msg_goods_signed", number)
    task = play.newest("register_signature")
    proof = play.attach(task, "签收单.pdf", BLANK, "zhoutao")
    play.do("register_signature", "zhoutao", "register", case=task.instance_id,
            signing={"signer": "仓库", "signed_at": clock.now(), "proof": [proof]})  # fmt: skip
    return number


def _invoice(number: str) -> None:
    play.do("review", "chenjing", "approve")
    play.do("issue", "chenjing", "submit",
            pieces=[{"_row": 0, "invoice_no": number, "invoice_date": _today()}])  # fmt: skip
    play.do("send_paper", "chenjing", "submit", sent_way="电子", sent_at=_today())
    play.tell("msg_invoice_received", number)


def _receive(amount: int, slip: str, payer: str) -> int:
    case = play.begin(RECEIPT, "xufeng")
    play.do("register", "xufeng", "submit", case=case, amount=Decimal(amount), bank_txn_id=slip,
            received_at=_today(), payer=payer)  # fmt: skip
    return case


def _an_order_to_sign() -> None:
    _order("lina", MINGDA, DRIVE, 5, 3600)


def _an_order_half_delivered() -> None:
    order = _order("zhangwei", HENGYUAN, DRIVE, 20, 3600)
    play.tell("msg_order_signed", order)
    _deliver(order, 12)


def _an_order_paid_in_part() -> None:
    order = _order("zhangwei", HENGYUAN, SPINDLE, 8, 12000)
    play.tell("msg_order_signed", order)
    _deliver(order, 8)
    _invoice("20260001")
    case = _receive(50000, "B-1001", write.need("customer", HENGYUAN).name)
    play.do("allocate", "chenjing", case=case)


def _goods_on_their_way_back() -> None:
    case = play.begin(RETURN, "machao")
    play.do("request_return", "machao", "load", case=case, order_no=_number(SalesOrder))
    task = play.newest("request_return", case)
    photo = play.attach(task, "外观照片.pdf", BLANK, "machao")
    play.do("request_return", "machao", "submit", case=case, reason="质量", expect="退款",
            photo=[photo], return_rows=[{"_row": 0, "qty": 1}])  # fmt: skip
    play.do("verify", "machao", "return", case=case, contact_result="和秦嘉确认过")


def _a_payment_nobody_knows() -> None:
    _receive(7200, "B-1002", "苏州工业园区某某公司")


def _a_campaign_to_approve() -> None:
    case = play.begin(CAMPAIGN, "wuhao")
    plan = {
        "name": "秋季展销会", "type": "展销会", "goal": "认识华东的数控客户", "start_on": _today(30),
        "end_on": _today(33), "place": "上海新国际博览中心", "target_segment": "华东数控机床厂",
        "budget_total": 80000, "expected_leads": 120, "expected_customers": 10,
        "expected_opportunities": 15, "expected_amount": 600000,
        "budget_lines": [{"item": "场地", "amount": 50000}, {"item": "物料", "amount": 20000},
                         {"item": "差旅", "amount": 10000}],
    }  # fmt: skip
    play.do("draft", "wuhao", "submit", case=case, plan=plan)


_STORIES: tuple[Callable[[], None], ...] = (
    _a_lead_to_distribute, _a_lead_to_follow, _a_lead_of_a_fair, _a_chance_to_review,
    _a_young_chance, _a_quote_to_approve, _a_quote_with_the_customer, _a_lost_chance,
    _an_order_to_sign, _an_order_half_delivered, _an_order_paid_in_part, _goods_on_their_way_back,
    _a_payment_nobody_knows, _a_campaign_to_approve,
)  # fmt: skip
