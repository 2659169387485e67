"""credit.restore_previous undoes a change; no step of 051-01-04 itself throws the compensation."""

from typing import Any

import pytest

from app.db import db
from app.records import write

HENGYUAN = "CU-202501-0001"
POLICY = {"level": "AA", "cap": 500000, "factor": 2, "term": 45, "control": "仅提示"}


def applied(run: Any, number: str) -> str:
    made = run("credit.propose", by="fengkai", customer_id=number, source="review", policy=POLICY,
               score=70, month_order=100000)  # fmt: skip
    run("credit.apply", by="fengkai", change_no=made["change_no"])
    return made["change_no"]


def test_the_credit_is_as_it_was_before(run):
    change_no = applied(run, HENGYUAN)
    held = write.need("customer_credit", HENGYUAN)
    assert (held.level, held.limit, held.term_days) == ("AA", 200000, 45)
    for _twice in range(2):
        run("credit.restore_previous", by="fengkai", change_no=change_no)
        db.session.expire_all()
        assert (held.level, held.limit, held.term_days) == ("AAA", 500000, 30)
    assert write.need("credit_change", change_no).state == "已过期"


def test_a_first_credit_falls_back_to_nothing(run):
    given = {"name": "新来的公司", "customer_type": "企业", "source": "网站"}
    number = write.create("customer", given, by="sunli", state="有效").number
    run("credit.restore_previous", by="fengkai", change_no=applied(run, number))
    assert write.need("customer_credit", number).limit == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("正常", "停止", "msg_credit_stop"), ("停止", "停止", None), ("冻结", "关注", "msg_credit_released"),
     ("停止", "冻结", None), ("正常", "关注", None)],
)  # fmt: skip
def test_orders_hear_of_a_stop_and_of_its_end(run, old, new, told):
    found = run("credit.tell_orders", customer_id=HENGYUAN, credit_status=new, old_status=old)
    assert found["told"] == told
