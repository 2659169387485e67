"""051-01-05 客户价格表管理: drafting, checking, approving, publishing, effect."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from app.db import db
from app.notify import notices
from app.records import log, write
from app.records.price_list import PriceList
from tests.flows.stage import Stage
from tests.handlers.conftest import call

FLOW = "p_051_01_05"
HENGYUAN, MINGDA = "CU-202501-0001", "CU-202502-0007"
STANDARD = "PL-202501-0001-v1"
TOMORROW = dt.date(2026, 3, 11)


def line(
    product: str = "P-1001", price: int = 11400, qty: int = 10, **other: Any
) -> dict[str, Any]:
    return {"product": product, "min_qty": qty, "unit_price": price, **other}


def header(scope: str = "客户", **other: Any) -> dict[str, Any]:
    whose = {"customer_id": HENGYUAN} if scope == "客户" else {}
    return {"name": "恒远协议价", "scope": scope, "effective_from": TOMORROW, "reason": "年度协议",
            **whose, **other}  # fmt: skip


def draft(stage: Stage, head: dict[str, Any], *lines: dict[str, Any]) -> int:
    case = stage.start(FLOW, "helin")
    stage.do("edit_list", "helin", "submit", case=case, header=head, lines=list(lines))
    return case


def made(stage: Stage, case: int) -> Any:
    return stage.record("price_list", stage.variables(case)["list_no"])


def price(qty: int, **other: Any) -> Decimal:
    given = {"product": "P-1001", "customer_id": HENGYUAN, "qty": qty, **other}
    return call("price.resolve", **given)["resolved_price"]


def problems(stage: Stage, case: int) -> str:
    return stage.seen(stage.task("edit_list", case))["problems"]


def test_a_small_change_for_one_customer_needs_no_approval(stage: Stage):
    case = draft(stage, header(), line(floor_price=10200))
    assert stage.variables(case)["route"] == "none"
    assert made(stage, case).state == "待生效"
    assert price(10) == 12000
    stage.wait(days=1)
    assert stage.end(case) == "list_active"
    assert (made(stage, case).number, made(stage, case).state) == ("PL-202603-0001-v1", "已生效")
    assert (price(10), price(9)) == (11400, 12000)
    assert any("恒远协议价" in one.text for one in notices.latest("zhangwei"))
    assert stage.variables(case)["result"] == "价格表已生效"
    assert not stage.incidents()


def standard(stage: Stage, price: int = 2700) -> int:
    """A new version of the standard list, P-1002 at another price."""
    case = stage.start(FLOW, "helin")
    stage.do("edit_list", "helin", "load", case=case, base_no=STANDARD)
    rows = stage.seen(stage.task("edit_list", case))["lines"]
    typed = [{"_row": index} for index in range(len(rows))]
    (index,) = [n for n, row in enumerate(rows) if row["product"] == "P-1002"]
    typed[index] |= {"unit_price": price, "floor_price": min(price, 3060)}
    stage.do("edit_list", "helin", "submit", case=case, header={"reason": "降价"}, lines=typed)
    return case


def test_a_quarter_less_is_rejected_on_margin(stage: Stage):
    case = standard(stage)
    assert stage.variables(case)["route"] == "review_gm"
    assert stage.open(case) == ["review_margin", "review_market"]
    stage.do("review_margin", "liuyang", "reject", comment="毛利太低")
    stage.do("review_market", "zhaomin", "approve")
    assert stage.end(case) == "list_rejected"
    assert made(stage, case).state == "已驳回"
    assert call("price.resolve", product="P-1002", qty=1)["resolved_price"] == 3600
    said = db.session.scalars(db.select(log.ApprovalLog.decision).order_by(log.ApprovalLog.id))
    assert list(said) == ["驳回", "同意"]


def test_a_customers_price_beats_a_salespersons_and_is_withdrawn_in_time(stage: Stage):
    for head, row in (
        (header("业务员", salesperson_id="lina"), line(price=11900, qty=0)),
        (header(), line()),
    ):
        case = draft(stage, head, row)
        stage.wait(days=1)
        assert stage.end(case) == "list_active"
    assert price(10, salesperson="lina") == 11400
    assert price(9, salesperson="lina") == 11900
    case = draft(stage, header(effective_from=dt.date(2026, 4, 1)), line(qty=50))
    number = made(stage, case).number
    stage.message("msg_price_withdrawn", number)
    assert stage.end(case) == "withdrawn"
    assert stage.record("price_list", number).state == "已撤回"
    assert stage.variables(case)["result"] == "已撤回"
    assert "withdraw" in stage.path(case)


# other ways through


def test_a_new_version_replaces_the_old_one_on_its_day(stage: Stage):
    case = standard(stage, 3500)
    for task, who in (("review_margin", "liuyang"), ("review_market", "zhaomin")):
        stage.do(task, who, "approve")
    assert made(stage, case).number == "PL-202501-0001-v2"
    stage.wait(days=1)
    assert stage.end(case) == "list_active"
    old = stage.record("price_list", STANDARD)
    assert (old.state, old.effective_to) == ("已失效", dt.date(2026, 3, 10))
    assert call("price.resolve", product="P-1002", qty=1)["resolved_price"] == 3500
    assert call("price.resolve", product="HL-42", qty=1)["resolved_price"] == 4800000


def test_the_general_manager_decides_over_a_large_change(stage: Stage):
    case = standard(stage)
    for outcome in ("return", "approve"):
        for task, who in (("review_margin", "liuyang"), ("review_market", "zhaomin")):
            stage.do(task, who, "approve", case=case)
        stage.do("approve_list", "gaoyuan", outcome, case=case, comment="再想想")
        if outcome == "return":
            number = made(stage, case).number
            stage.do("edit_list", "helin", "submit", case=case)
    assert made(stage, case).number == number
    assert made(stage, case).state == "待生效"


def test_the_general_manager_rejects(stage: Stage):
    case = standard(stage)
    stage.do("review_margin", "liuyang", "approve")
    stage.do("review_market", "zhaomin", "approve")
    stage.do("approve_list", "gaoyuan", "reject", comment="不降")
    assert stage.end(case) == "list_rejected"


def test_one_of_two_returns_it_and_late_reviewers_are_reminded(stage: Stage):
    case = standard(stage, 3500)
    stage.wait(days=2)
    assert notices.unread("liuyang") >= 1 and notices.unread("zhaomin") >= 1
    stage.do("review_margin", "liuyang", "approve")
    stage.do("review_market", "zhaomin", "return", comment="补充竞品价格")
    assert stage.open(case) == ["edit_list"]
    assert made(stage, case).state == "审批中"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([line(), line()], "两行"),
        ([line(price=11400, qty=10), line(price=11500, qty=20)], "不能高于"),
        ([line(price=11400, floor_price=7000)], "低于成本"),
    ],
    ids=["twice", "tiers", "cost"],
)
def test_wrong_lines_come_back_with_the_reason(stage: Stage, rows: list, said: str):
    case = draft(stage, header(), *rows)
    assert said in problems(stage, case)
    assert db.session.scalars(db.select(PriceList).filter_by(scope="客户")).all() == []


def test_a_floor_below_cost_goes_to_the_general_manager(stage: Stage):
    case = draft(stage, header(), line(price=8200, floor_price=7900))
    assert stage.variables(case)["route"] == "review_gm"


def test_two_lists_of_one_customer_do_not_overlap(stage: Stage):
    draft(stage, header(), line())
    case = draft(stage, header(name="第二张"), line(price=11450))
    assert "PL-202603-0001-v1" in problems(stage, case)
    stage.do("edit_list", "helin", "submit", case=case, lines=[{"_row": 0, "min_qty": 20}])
    assert made(stage, case).state == "待生效"


def test_lists_that_clash_on_their_day_are_not_both_live(stage: Stage):
    case = draft(stage, header(), line())
    other = write.create("price_list", {
        "name": "抢先", "scope": "客户", "customer_id": HENGYUAN, "effective_from": TOMORROW,
        "base_no": "PL-X"}, by="helin", state="已生效")  # fmt: skip
    write.create("price_list_line", {"list_id": other.id, "product_id": "P-1001", "min_qty": 10,
                                     "unit_price": 1}, by="helin")  # fmt: skip
    db.session.commit()
    stage.wait(days=1)
    assert stage.end(case) == "withdrawn"
    assert made(stage, case).state == "已撤回"


def test_a_discount_is_a_price(stage: Stage):
    row = {"product": "P-1001", "min_qty": 10, "discount_rate": Decimal("0.04")}
    case = draft(stage, header(), row)
    assert stage.variables(case)["lines"][0]["unit_price"] == 11520


def test_what_is_no_longer_sold_is_not_copied(stage: Stage):
    write.move(write.need("product", "P-1002"), "停售", by="luchuan")
    db.session.commit()
    case = stage.start(FLOW, "helin")
    stage.do("edit_list", "helin", "load", case=case, base_no=STANDARD)
    seen = stage.seen(stage.task("edit_list", case))
    assert [row["product"] for row in seen["lines"]] == ["HL-42", "P-1001"]
    assert "伺服驱动器" in seen["problems"]


def test_a_draft_is_remembered_and_given_up(stage: Stage):
    case = stage.start(FLOW, "helin")
    stage.wait(days=3)
    assert notices.unread("helin") >= 1
    stage.do("edit_list", "helin", "cancel", case=case)
    assert stage.end(case) == "cancelled"


def test_open_quotations_keep_their_price_and_their_owner_is_told(stage: Stage):
    customer = write.need("customer", HENGYUAN)
    quote = write.create("quotation", {"customer_id": customer.id, "owner_id": "zhangwei",
                                       "valid_until": "2026-04-01"}, by="zhangwei")  # fmt: skip
    write.create("quotation_line", {"quotation_id": quote.id, "product_id": "P-1001", "qty": 10,
                                    "price": 12000}, by="zhangwei")  # fmt: skip
    db.session.commit()
    case = draft(stage, header(), line())
    facts = {one["label"]: one["value"] for one in stage.variables(case)["price_facts"]}
    assert facts["受影响的报价"] == "1"
    stage.wait(days=1)
    assert stage.variables(case)["flagged"] == 1
    assert any(quote.number in one.text for one in notices.latest("zhangwei"))


def test_a_new_grade_with_a_policy_of_its_own_asks_for_a_list(stage: Stage):
    write.change(write.need("customer", MINGDA), {"price_policy": "B级折扣"}, by="wangqiang")
    db.session.commit()
    stage.signal("sig_grade_changed", customer_id=MINGDA, old_grade="C", new_grade="B")
    (case,) = stage.cases(FLOW)
    seen = stage.seen(stage.task("edit_list", case.id))
    assert seen["header"]["customer_id"] == MINGDA
    assert "B级折扣" in seen["problems"]


def test_a_grade_at_the_standard_price_changes_nothing(stage: Stage):
    write.change(write.need("customer", MINGDA), {"price_policy": "标准价"}, by="wangqiang")
    db.session.commit()
    stage.signal("sig_grade_changed", customer_id=MINGDA, old_grade="B", new_grade="C")
    (case,) = stage.cases(FLOW)
    assert stage.end(case.id) == "no_change"


def test_lists_that_end_soon_are_proposed_once(stage: Stage):
    stage.go_to(dt.datetime(2026, 3, 10, 19, 30, tzinfo=dt.UTC))
    assert stage.end(stage.cases(FLOW)[0].id) == "nothing_ending"
    stage.change("price_list", STANDARD, effective_to=dt.date(2026, 4, 1))
    stage.wait(days=2)
    case = stage.cases(FLOW)[1].id
    tasks = stage.tasks("edit_list")
    assert len(tasks) == 1
    assert stage.seen(tasks[0])["header"]["effective_from"] == dt.date(2026, 4, 2)
    stage.complete(tasks[0], "helin", {"outcome": "cancel"})
    assert stage.end(case) == "renewals_done"
    stage.go_to(dt.datetime(2026, 4, 2, 20, 0, tzinfo=dt.UTC))
    assert stage.record("price_list", STANDARD).state == "已失效"
