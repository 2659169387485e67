"""Opportunities as the tests of 051-03-02 play them."""

import datetime as dt
from typing import Any

from app.db import db
from app.records import write
from app.records.opportunity import Opportunity
from app.records.quotation import Quotation
from tests.flows import trade
from tests.flows.stage import Stage

FLOW = "p_051_03_02"
HENGYUAN, MINGDA = trade.HENGYUAN, trade.MINGDA


def share() -> None:
    """恒远 is 张伟's; 李娜 works with it too."""
    whose = {"customer_id": HENGYUAN, "user_id": "lina", "access": "读写"}
    write.create("customer_team", whose, by="wangqiang")
    db.session.commit()


def contact(number: str = HENGYUAN) -> str:
    customer = write.need("customer", number)
    model: Any = write.record.entity("contact")
    return db.session.scalars(db.select(model).filter_by(customer_id=customer.id)).first().number


def chance(**other: Any) -> dict[str, Any]:
    return {"name": "恒远主轴更新", "customer_id": HENGYUAN, "contact_id": contact(),
            "amount": 114000, "close_date": dt.date(2026, 5, 1), "need": "换旧主轴十台",
            **other}  # fmt: skip


def enter(stage: Stage, by: str = "zhangwei", product: str = "P-1001", **other: Any) -> int:
    case = stage.start(FLOW, by)
    stage.do("enter_chance", by, "submit", case=case, chance=chance(**other),
             product_lines=[{"product": product, "qty": 10, "est_price": 11400}])  # fmt: skip
    return case


def pursued(stage: Stage, by: str = "zhangwei", **other: Any) -> int:
    """A registered opportunity that is being pursued."""
    case = enter(stage, by, **other)
    stage.do("review_chance", "wangqiang", "approve", case=case)
    assert stage.open(case) == ["follow_up"], stage.incidents()
    return case


def found(stage: Stage, case: int) -> Opportunity:
    return stage.record("opportunity", stage.variables(case)["opportunity_no"])


def act(stage: Stage, case: int, by: str = "zhangwei", **other: Any) -> None:
    action = {"action_type": "拜访", "content": "谈方案", "result": "有兴趣"}
    stage.do("follow_up", by, "log", case=case, action=action, **other)


def advance(stage: Stage, case: int, **follow: Any) -> None:
    stage.do("follow_up", "zhangwei", "advance", case=case, follow=follow)


def offer(stage: Stage, case: int, price: int = 11400) -> str:
    """One more quotation that the customer has; its number."""
    stage.do("follow_up", "zhangwei", "quote", case=case)
    stage.do("edit_quote", "zhangwei", "submit", case=case,
             quote_lines=[{"_row": 0, "price": price}])  # fmt: skip
    if "approve" in stage.open(case):
        stage.do("approve", "wangqiang", "approve")
    db.session.expire_all()
    return db.session.scalars(db.select(Quotation).order_by(Quotation.id.desc())).first().number


def accept(stage: Stage, number: str) -> None:
    stage.message("msg_quote_reply", number, reply={"result": "接受"})


def states(stage: Stage, case: int) -> list[tuple[str, str]]:
    found(stage, case)
    query = db.select(Quotation).order_by(Quotation.id)
    return [(one.number[-2:], one.state) for one in db.session.scalars(query)]


def rival() -> str:
    made = write.create("competitor", {"name": "锐科", "competitor_type": "直接", "reliability": "高"}, by="hanxue",
                        state="已发布")  # fmt: skip
    seen_by = {"competitor_id": made.id, "department_id": "east"}
    write.create("competitor_access", seen_by, by="hanxue")
    db.session.commit()
    return made.number


def lose(stage: Stage, case: int, by: str = "zhangwei", **loss: Any) -> None:
    given = {"reason": "价格", "lesson": "早点报价", **loss}
    stage.do("register_loss", by, case=case, loss=given)
