"""051-03-01 销售计划管理: the catalogue's scenarios, and every other way through."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app import errors
from app.db import db
from app.records import counter, log, write
from app.records.errors import RecordError
from app.records.sales_plan import PlanScore, SalesPlan, SalesPlanBaseline, SalesPlanLine
from tests.flows import trade
from tests.flows.stage import Stage

FLOW, SUB = "p_051_03_01", "p_051_03_01_sub"
EAST = 7_200_000
ZONE = ZoneInfo("Asia/Shanghai")


def months(year: Any) -> dict[str, Any]:
    one = (Decimal(year) / 12).quantize(Decimal("0.01"))
    return {f"m{month}": one for month in range(1, 12)} | {"m12": year - 11 * one}


def begin(stage: Stage) -> int:
    case = stage.start(FLOW, "yangfan")
    clean = stage.seen(stage.task("draft_plan", case))
    assert [one["value"] for one in clean["department_choices"]] == ["east"]
    return case


def draft(stage: Stage, case: int, target: Any = EAST, east: Any = None, **plan: Any) -> None:
    row = {"department": "east", **months(target if east is None else east)}
    stage.do("draft_plan", "yangfan", "submit", case=case,
             plan={"company_target": target, **plan}, department_rows=[row])  # fmt: skip


def issued(stage: Stage, target: Any = EAST, **plan: Any) -> int:
    case = begin(stage)
    draft(stage, case, target, **plan)
    stage.do("approve", "zhaomin", "approve")
    stage.do("approve", "gaoyuan", "approve")
    assert stage.open() == ["split"], stage.incidents()
    return case


def split(stage: Stage, zhangwei: Any = 4_000_000, lina: Any = 3_200_000) -> None:
    rows = [{"rep": rep, **months(total)} for rep, total in
            (("zhangwei", zhangwei), ("lina", lina))]  # fmt: skip
    stage.do("split", "wangqiang", rep_rows=rows)


def confirm(stage: Stage, who: str, outcome: str = "confirm", **answer: Any) -> None:
    stage.do("confirm_own", who, outcome, of=who, answer=answer)


def locked(stage: Stage, target: Any = EAST, zhangwei: Any = 4_000_000, lina: Any = 3_200_000,
           **plan: Any) -> int:  # fmt: skip
    case = issued(stage, target, **plan)
    split(stage, zhangwei, lina)
    for who in ("zhangwei", "lina"):
        confirm(stage, who)
    stage.do("confirm_department", "wangqiang")
    return case


def plan(stage: Stage, case: int) -> SalesPlan:
    return stage.record("sales_plan", stage.variables(case)["plan_no"])


def lines(version: int, rep: str | None = None) -> list[SalesPlanLine]:
    db.session.expire_all()
    query = db.select(SalesPlanLine).filter_by(version=version, rep_id=rep)
    return list(db.session.scalars(query.order_by(SalesPlanLine.month)))


def yearly(version: int, rep: str) -> Decimal:
    return sum((one.target for one in lines(version, rep)), Decimal(0))


def check_day(stage: Stage, month: int) -> None:
    """The third of this month, a little after eight."""
    year, month = (2026, month) if month <= 12 else (2027, month - 12)
    stage.go_to(dt.datetime(year, month, 3, 8, 5, tzinfo=ZONE).astimezone(dt.UTC))


def test_handed_down_confirmed_and_locked(stage: Stage):
    case = locked(stage)
    row = plan(stage, case)
    assert (row.state, row.version, row.company_target) == ("已锁定", 1, EAST)
    assert (yearly(1, "zhangwei"), yearly(1, "lina")) == (4_000_000, 3_200_000)
    assert {one.confirm for one in lines(1, "lina")} == {"已确认"}
    with pytest.raises(RecordError) as refused:
        write.change(lines(1, "lina")[0], {"target": 1}, by="wangqiang")
    assert refused.value.code == "E_PLAN_LOCKED"
    db.session.rollback()
    assert stage.open() == []
    assert db.session.scalars(db.select(SalesPlanBaseline)).one().year == 2026


def test_too_little_is_sent_back_and_another_plan_is_turned_down(stage: Stage):
    case = issued(stage)
    split(stage, 3_800_000, 3_200_000)
    assert "少于上级目标" in stage.seen(stage.task("split"))["problems"]
    assert lines(1, "lina") == []
    other = begin(stage)
    draft(stage, other, 5_000_000, metric="回款额")
    stage.do("approve", "zhaomin", "approve")
    stage.do("approve", "gaoyuan", "reject", comment="太低")
    assert stage.end(other) == "voided"
    assert plan(stage, other).state == "已作废"
    assert plan(stage, case).state == "分解中"
    query = db.select(log.ApprovalLog).filter_by(entity="sales_plan", decision="驳回")
    assert len(db.session.scalars(query).all()) == 1


def object_twice(stage: Stage) -> None:
    confirm(stage, "zhangwei")
    confirm(stage, "lina", "object", reason="太高")
    for _round in range(2):
        stage.do("coordinate", "wangqiang", "keep")
        confirm(stage, "lina", "object", reason="还是太高")


def test_two_rounds_of_objection_and_the_director_decides(stage: Stage):
    case = issued(stage)
    split(stage)
    object_twice(stage)
    task = stage.task("rule_objections")
    assert [one["name"] for one in stage.seen(task)["objections"]] == ["李娜"]
    stage.do("rule_objections", "zhaomin", ruling_rows=[
        {"_row": 0, "final": 4_100_000}, {"_row": 1, "final": 3_000_000}])  # fmt: skip
    assert "少于上级目标" in stage.seen(stage.task("rule_objections"))["problems"]
    stage.do("rule_objections", "zhaomin", ruling_rows=[
        {"_row": 0, "final": 4_200_000}, {"_row": 1, "final": 3_000_000}])  # fmt: skip
    stage.do("confirm_department", "wangqiang")
    assert plan(stage, case).state == "已锁定"
    assert (yearly(1, "zhangwei"), yearly(1, "lina")) == (4_200_000, 3_000_000)


def sell(amount: int, day: dt.date) -> None:
    trade.order(1, amount, product="P-1002", reserve=0, order_date=day)


def test_a_bad_quarter_lowers_the_rest_of_the_year(stage: Stage):
    case = locked(stage)
    sell(1_170_000, dt.date(2026, 3, 20))
    check_day(stage, 4)
    seen = stage.variables(case)
    assert (seen["period"], seen["low"][0]["level"], seen["low"][0]["rate"]) == (
        3, "严重", Decimal("0.65"))  # fmt: skip
    assert lines(1, "zhangwei")[2].actual == 1_170_000
    stage.do("analyse", "wangqiang", analysis={"cause": "市场", "measure": "多跑客户"})
    low = {f"m{month}": Decimal(400_000) for month in range(4, 13)}
    stage.do("request_change", "zhaomin", "adjust", change={"reason": "市场下行"},
             change_rows=[{"_row": 0, **low}])  # fmt: skip
    stage.do("approve_change", "gaoyuan", "return", comment="写清楚")
    stage.do("request_change", "zhaomin", "adjust", change={"reason": "市场下行，行业降三成"})
    stage.do("approve_change", "gaoyuan", "approve")
    rows = stage.seen(stage.task("split"))["rep_rows"]
    assert [one["rep"] for one in rows] == ["zhangwei", "lina"]
    half = {f"m{month}": Decimal(200_000) for month in range(4, 13)}
    with pytest.raises(errors.Invalid, match="过去的月份"):
        stage.do("split", "wangqiang", rep_rows=[
            {"_row": 0, **half, "m1": 1}, {"_row": 1, **half}])  # fmt: skip
    stage.do("split", "wangqiang", rep_rows=[{"_row": 0, **half}, {"_row": 1, **half}])
    for who in ("zhangwei", "lina"):
        confirm(stage, who)
    stage.do("confirm_department", "wangqiang")
    row = plan(stage, case)
    assert (row.state, row.version, row.company_target) == ("已锁定", 2, 1_800_000 + 3_600_000)
    old, new = lines(1, "lina"), lines(2, "lina")
    assert [one.target for one in new[:3]] == [one.target for one in old[:3]]
    assert {one.target for one in new[3:]} == {Decimal(200_000)}
    assert stage.variables(case)["next_period"] == 4


def test_a_month_that_is_over_cannot_be_adjusted(stage: Stage):
    locked(stage)
    check_day(stage, 4)
    stage.do("analyse", "wangqiang", analysis={"cause": "人员", "measure": "招人"})
    with pytest.raises(errors.Invalid, match="没有任何目标"):
        stage.do("request_change", "zhaomin", "adjust", change={"reason": "试试"})
    stage.do("request_change", "zhaomin", "adjust", change={"reason": "试试"},
             change_rows=[{"_row": 0, "m1": 5}])  # fmt: skip
    with pytest.raises(errors.Invalid, match="过去的月份"):
        stage.do("approve_change", "gaoyuan", "approve")
    stage.do("approve_change", "gaoyuan", "reject", comment="不能改")


def test_the_year_is_scored_and_archived(stage: Stage):
    case = locked(stage, 120, 72, 48, metric="新客户数")
    counter.add("zhangwei", "new_customer", dt.date(2026, 3, 5), 90)
    counter.add("lina", "new_customer", dt.date(2026, 3, 6), 42)
    counter.add("wangqiang", "new_customer", dt.date(2026, 3, 6), 1)
    db.session.commit()
    for month in range(4, 14):
        check_day(stage, month)
        if "request_change" in stage.open(case):
            stage.do("request_change", "zhaomin", "keep")
    assert stage.open(case) == ["confirm_score"], stage.incidents()
    rows = {one["rep"]: one for one in stage.variables(case)["score_rows"]}
    assert (rows["zhangwei"]["score"], rows["lina"]["score"]) == (120, Decimal("87.50"))
    changed = [{"_row": n, **({"final": 90} if one["rep"] == "lina" else {})}
               for n, one in enumerate(stage.variables(case)["score_rows"])]  # fmt: skip
    with pytest.raises(errors.Invalid, match="reason"):
        stage.do("confirm_score", "zhaomin", score_rows=changed)
    next(one for one in changed if "final" in one)["reason"] = "帮了同事"
    stage.do("confirm_score", "zhaomin", score_rows=changed)
    assert stage.end(case) == "archived"
    assert plan(stage, case).state == "已归档"
    scores = {one.rep_id: one.score for one in db.session.scalars(db.select(PlanScore))}
    assert (scores["zhangwei"], scores["lina"]) == (120, 90)


def test_departments_that_fall_short_of_the_company_are_balanced(stage: Stage):
    case = issued(stage)
    split(stage)
    row = plan(stage, case)
    write.change(row, {"company_target": EAST + 1_200_000}, by="yangfan")
    db.session.commit()
    for who in ("zhangwei", "lina"):
        confirm(stage, who)
    stage.do("confirm_department", "wangqiang")
    assert "少于公司目标" in stage.seen(stage.task("balance"))["problems"]
    stage.do("balance", "zhaomin", balance={
        "rows": [{"department": "east", "new_target": EAST + 1_200_000}], "reason": "华东有余力"})  # fmt: skip
    split(stage, 4_800_000, 3_600_000)
    for who in ("zhangwei", "lina"):
        confirm(stage, who)
    stage.do("confirm_department", "wangqiang")
    assert plan(stage, case).state == "已锁定"


def test_a_plan_that_does_not_add_up_comes_back(stage: Stage):
    case = begin(stage)
    draft(stage, case, EAST, east=EAST - 12)
    assert "要相等" in stage.seen(stage.task("draft_plan", case))["problems"]
    draft(stage, case)
    stage.do("approve", "zhaomin", "return", comment="分季度说明")
    draft(stage, case)
    stage.message("msg_approval_withdrawn", plan(stage, case).number)
    assert stage.open(case) == ["draft_plan"]
    other = begin(stage)
    draft(stage, other)
    assert "已有计划" in stage.seen(stage.task("draft_plan", other))["problems"]
    stage.do("draft_plan", "yangfan", "cancel", case=other)
    assert stage.end(other) == "cancelled"


def test_an_objection_that_is_met_is_split_again(stage: Stage):
    issued(stage)
    split(stage)
    confirm(stage, "zhangwei")
    with pytest.raises(errors.Invalid, match="reason"):
        confirm(stage, "lina", "object")
    confirm(stage, "lina", "object", reason="太高")
    stage.do("coordinate", "wangqiang", "change")
    split(stage, 4_200_000, 3_000_000)
    assert stage.open() == ["confirm_own", "confirm_own"]


def test_who_does_not_answer_is_confirmed_by_the_manager(stage: Stage):
    issued(stage)
    stage.wait(days=10)
    assert "split_escalated" in stage.path(stage.tasks("split")[0].instance_id)
    split(stage)
    confirm(stage, "zhangwei")
    stage.wait(days=3)
    stage.do("confirm_for", "wangqiang", answer={"reason": "电话里同意"})
    stage.do("confirm_department", "wangqiang")
    assert {one.confirm for one in lines(1, "lina")} == {"代确认"}


def test_every_january_a_plan_is_due(stage: Stage):
    stage.go_to(dt.datetime(2027, 1, 5, 8, 5, tzinfo=ZONE).astimezone(dt.UTC))
    (case,) = [one.id for one in stage.cases(FLOW)]
    assert stage.seen(stage.task("draft_plan", case))["plan"]["year"] == 2027
    stage.wait(days=10)
    assert "draft_reminded" in stage.path(case)


def test_the_outsider_may_do_nothing(stage: Stage):
    case = begin(stage)
    with pytest.raises(errors.NotAllowed, match="baijie may not do"):
        stage.do("draft_plan", "baijie", "cancel", case=case)
