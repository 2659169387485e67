"""051-01-03 客户账务管理: opening, change, and the close of a month."""

import datetime as dt
from decimal import Decimal
from typing import Any

from app.db import db
from app.notify import notices
from app.records import ar_entry, log, period, write
from app.records.account_snapshot import AccountSnapshot
from app.records.customer_account import AccountVersion
from app.records.grade_history import GradeHistory
from tests.flows.stage import Stage

FLOW = "p_051_01_03"
HENGYUAN, MINGDA, LANWAN = "CU-202501-0001", "CU-202502-0007", "CU-202503-0002"
MONTH_END = dt.datetime(2026, 3, 31, 22, 0, tzinfo=dt.UTC)  # 1 April 06:00 in Shanghai


def billing(**other: Any) -> dict[str, Any]:
    return {
        "invoice_title": "杭州启明精密有限公司", "tax_no": "91330100MA2B0QMX0P",
        "taxpayer_type": "一般纳税人", "bank": "招商银行杭州分行", "bank_account": "6225 0000 0000 0099",
        "billing_address": "杭州市滨江区江南大道 100 号", "billing_phone": "0571-88880000",
        "settle_method": "月结", "term_days": 30, **other,
    }  # fmt: skip


def new_customer(stage: Stage) -> tuple[int, str]:
    """The case and the number of a customer who has just been entered."""
    given = {"name": "杭州启明精密有限公司", "customer_type": "企业", "source": "自行开发",
             "owner_id": "zhangwei", "department_id": "east"}  # fmt: skip
    number = write.create("customer", given, by="zhangwei", state="有效").number
    db.session.commit()
    stage.signal("sig_customer_created", customer_id=number, starter="zhangwei",
                 department_id="east", source="initial", mode="opening")  # fmt: skip
    (case,) = stage.cases(FLOW)
    return case.id, number


def test_a_new_customer_without_balance_is_opened_without_review(stage: Stage):
    case, number = new_customer(stage)
    assert (
        stage.seen(stage.task("edit_account"))["account"]["invoice_title"] == "杭州启明精密有限公司"
    )
    stage.do("edit_account", "chenjing", "submit", account=billing())
    assert stage.end(case) == "account_opened"
    assert "review_account" not in stage.path(case)
    account = stage.record("customer_account", number)
    assert (account.state, account.term_days, account.settle_method) == ("已开立", 30, "月结")
    assert account.bank_account == "6225000000000099"
    assert stage.variables(case)["result"] == "账务建档完成"
    assert not stage.incidents()


def change(stage: Stage, number: str = HENGYUAN, **account: Any) -> int:
    case = stage.start(FLOW, "chenjing")
    stage.do("edit_account", "chenjing", "load", case=case, customer_id=number)
    stage.do("edit_account", "chenjing", "submit", case=case, account={
        "billing_address": "上海市闵行区元江路 1 号", "billing_phone": "021-1", **account})  # fmt: skip
    return case


def test_a_new_bank_account_is_rejected_and_the_old_one_kept(stage: Stage):
    case = change(stage, bank_account="6222000000009999")
    shown = stage.seen(stage.task("review_account"))["account_changes"]
    assert {one["field"] for one in shown} >= {"bank_account"}
    stage.do("review_account", "liuyang", "reject", comment="函件没有盖章")
    assert stage.end(case) == "account_rejected"
    assert stage.variables(case)["result"] == "账务驳回"
    assert stage.record("customer_account", HENGYUAN).bank_account == "6222000000000001"
    (row,) = db.session.scalars(db.select(log.ApprovalLog))
    assert (row.entity, row.number, row.decision) == ("customer_account", HENGYUAN, "驳回")


# the close of a month


def owe(number: str, amount: int, due: str) -> Any:
    customer = write.need("customer", number)
    given = {"kind": "专票", "customer_id": customer.id, "title_text": customer.name,
             "gross": amount, "open": amount, "invoice_date": "2026-01-25", "due_date": due}  # fmt: skip
    made = write.create("invoice", given, by="chenjing", state="已入账")
    entry = {"customer_id": customer.id, "type": "invoice", "ledger": "应收", "amount": amount,
             "doc_type": "invoice", "doc_no": made.number, "value_date": "2026-01-25"}  # fmt: skip
    write.create("ar_entry", entry, by="chenjing")
    db.session.commit()
    return made


def ordered(number: str, total: int, day: str = "2026-02-01", count: int = 1) -> None:
    for _each in range(count):
        given = {"customer_id": number, "order_date": day, "sales_rep_id": "lina",
                 "total": Decimal(total) / count, "invoice_status": "全部"}  # fmt: skip
        write.create("sales_order", given, by="linyue", state="已完成")
    db.session.commit()


def grade(number: str, value: str) -> None:
    write.change(write.need("customer", number), {"grade": value}, by="wangqiang")
    db.session.commit()


def close(stage: Stage) -> int:
    stage.go_to(MONTH_END)
    (case,) = stage.cases(FLOW)
    return case.id


def mingda(stage: Stage) -> int:
    """42,000 owed, 35 days overdue on 31 March; score 44 (20 + 20… see the table), was B."""
    owe(MINGDA, 42000, "2026-02-24")
    ordered(MINGDA, 120000, count=12)
    grade(MINGDA, "B")
    return close(stage)


def snapshot(number: str) -> AccountSnapshot:
    db.session.expire_all()
    customer = write.need("customer", number)
    query = db.select(AccountSnapshot).filter_by(customer_id=customer.id, period="2026-03")
    return db.session.scalars(query).one()


def reply(stage: Stage, case: int, result: str, **other: Any) -> None:
    (statement,) = db.session.scalars(db.select(write.record.entity("statement")))
    stage.message("msg_statement_reply", statement.number, reply_result=result, **other)


def test_a_month_is_closed_with_a_dispute_that_is_adjusted(stage: Stage):
    case = mingda(stage)
    assert (snapshot(MINGDA).receivable, snapshot(MINGDA).max_overdue_days) == (42000, 35)
    assert stage.record("customer", MINGDA).grade == "C"
    (history,) = db.session.scalars(db.select(GradeHistory))
    assert (history.from_grade, history.to_grade) == ("B", "C")
    assert "announce_grade" in stage.path(case)

    lines = [{"doc_no": "RC-1", "ours": 2000, "theirs": 0, "note": "二月付的"}]
    reply(stage, case, "disputed", confirmed_balance=Decimal(40000), dispute_lines=lines)
    adjust(stage, -2000)
    stage.do("approve_adjust", "liuyang", "approve")

    assert snapshot(MINGDA).receivable == 40000
    customer = write.need("customer", MINGDA)
    assert ar_entry.balance(customer.id, "应收") == 40000
    statement = stage.record("statement", "ST-202604-0001")
    assert (statement.state, statement.adjust_amount) == ("已确认", -2000)
    assert "report_overdue" in stage.path(case)
    assert stage.cases("p_051_01_04")[-1].business_key == MINGDA
    assert ["逾期" in one.text for one in notices.latest("lina")][-1:] == [True]
    assert stage.end(case) == "month_closed"
    assert period.is_closed(dt.date(2026, 3, 15))
    assert not stage.incidents()


def adjust(stage: Stage, amount: int, **given: Any) -> None:
    """Past the form, which wants the uploaded evidence of an adjustment."""
    task = stage.task("check_difference")
    values = {"cause": "漏记收款", "adjust_amount": Decimal(amount), "value_date": None,
              "evidence": [{"id": "1", "name": "回单.pdf"}], **given, "outcome": "adjust"}  # fmt: skip
    stage.complete(task, "chenjing", values)


def test_an_adjustment_without_evidence_is_not_taken(stage: Stage):
    case = mingda(stage)
    reply(stage, case, "disputed", confirmed_balance=Decimal(40000))
    task = stage.task("check_difference")
    refused = stage.judge(task, "chenjing", "adjust", {"cause": "客户错误", "adjust_amount": -1})
    assert set(refused.errors) == {"evidence"}


# other ways through


def test_an_opening_balance_is_reviewed_and_booked(stage: Stage):
    case, number = new_customer(stage)
    given = billing(opening_balance=5000, opening_date=dt.date(2026, 2, 28))
    stage.do("edit_account", "chenjing", "submit", account=given)
    stage.do("review_account", "liuyang", "return", comment="附对账函")
    stage.do("edit_account", "chenjing", "submit")
    stage.do("review_account", "liuyang", "approve")
    assert stage.end(case) == "account_opened"
    customer = write.need("customer", number)
    assert ar_entry.balance(customer.id, "应收") == 5000


def test_wrong_billing_facts_come_back_with_everything_that_is_wrong(stage: Stage):
    new_customer(stage)
    stage.do("edit_account", "chenjing", "submit",
             account=billing(tax_no="123", bank_account="12 34"))  # fmt: skip
    problems = stage.seen(stage.task("edit_account"))["problems"]
    assert "识别号" in problems and "8 到 30" in problems


def test_the_owner_is_asked_for_papers_after_two_days(stage: Stage):
    case, number = new_customer(stage)
    stage.wait(days=2)
    assert any(number in one.text for one in notices.latest("zhangwei"))
    assert stage.open(case) == ["edit_account"]


def test_a_change_without_bank_or_title_is_written_at_once_as_a_version(stage: Stage):
    case = change(stage, term_days=45)
    assert stage.end(case) == "account_opened"
    account = stage.record("customer_account", HENGYUAN)
    assert (account.version, account.term_days) == (2, 45)
    query = db.select(AccountVersion).filter_by(account_id=account.id)
    old, new = db.session.scalars(query.order_by(AccountVersion.version))
    assert (old.facts["term_days"], new.facts["term_days"]) == (30, 45)


def test_an_opening_balance_is_not_changed_afterwards(stage: Stage):
    case = change(stage, opening_balance=1, opening_date=dt.date(2026, 1, 1))
    assert "期初余额已经记账" in stage.seen(stage.task("edit_account", case))["problems"]


def test_a_change_is_given_up(stage: Stage):
    case = stage.start(FLOW, "chenjing")
    stage.do("edit_account", "chenjing", "cancel", case=case)
    assert stage.end(case) == "cancelled"


def test_nobody_reviews_his_own_entry(stage: Stage):
    case = stage.start(FLOW, "liuyang")
    task = stage.task("edit_account", case)
    values = {"customer_id": HENGYUAN, "outcome": "load"}
    stage.complete(task, "liuyang", values)
    account = stage.variables(case)["account"] | {
        "bank": "别的银行", "billing_address": "上海", "billing_phone": "021-1"}  # fmt: skip
    stage.complete(stage.task("edit_account", case), "liuyang",
                   {"account": account, "outcome": "submit"})  # fmt: skip
    refused = ""
    try:
        stage.do("review_account", "liuyang", "approve", case=case)
    except Exception as error:
        refused = str(error)
    assert "自己" in refused
    assert stage.open(case) == ["review_account"]


def test_a_month_without_movement_closes_with_nothing_to_settle(stage: Stage):
    case = close(stage)
    assert stage.end(case) == "month_closed"
    assert db.session.scalars(db.select(AccountSnapshot)).all() == []


def test_nobody_answers_and_the_representative_enters_it(stage: Stage):
    case = mingda(stage)
    stage.wait(days=10)
    task = stage.task("enter_reply", case)
    assert task.assignee == "lina"
    reply(stage, case, "confirmed", confirmed_balance=Decimal(42000))
    assert "一致" in stage.seen(stage.task("enter_reply", case))["reply_note"]
    stage.do("enter_reply", "lina", "confirmed", confirmed_balance=42000)
    assert stage.record("statement", "ST-202604-0001").state == "已确认"
    assert stage.end(case) == "month_closed"


def test_without_an_answer_the_statement_stays_open(stage: Stage):
    case = mingda(stage)
    stage.wait(days=10)
    stage.do("enter_reply", "lina", "no_reply")
    assert stage.record("statement", "ST-202604-0001").state == "未对账"
    assert stage.end(case) == "month_closed"


def test_who_confirms_another_balance_does_not_agree(stage: Stage):
    case = mingda(stage)
    reply(stage, case, "confirmed", confirmed_balance=Decimal(41000))
    assert stage.open(case) == ["check_difference"]
    stage.do("check_difference", "chenjing", "fix_document", cause="漏开发票", fix_note="补开一张")
    statement = stage.record("statement", "ST-202604-0001")
    assert (statement.state, statement.remark) == ("未对账", "补开一张")


def test_an_adjustment_is_returned_and_rejected(stage: Stage):
    case = mingda(stage)
    reply(stage, case, "disputed", confirmed_balance=Decimal(40000))
    adjust(stage, -2000)
    stage.do("approve_adjust", "liuyang", "return", comment="依据不清楚")
    adjust(stage, -2000)
    stage.do("approve_adjust", "liuyang", "reject", comment="不是我们的错")
    assert stage.end(case) == "month_closed"
    assert snapshot(MINGDA).receivable == 42000


def test_too_much_and_a_closed_month_are_refused(stage: Stage):
    close(stage)  # March is closed: nobody had a movement
    owe(MINGDA, 42000, "2026-02-24")
    stage.go_to(dt.datetime(2026, 4, 30, 22, 0, tzinfo=dt.UTC))
    case = stage.cases(FLOW)[-1].id
    reply(stage, case, "disputed", confirmed_balance=Decimal(0))
    adjust(stage, -42001)
    assert "42000" in stage.seen(stage.task("check_difference", case))["problems"]
    adjust(stage, -10, value_date=dt.date(2026, 3, 31))
    assert "2026-04-01" in stage.seen(stage.task("check_difference", case))["problems"]


def test_what_was_approved_is_checked_again_when_it_is_posted(stage: Stage):
    case = mingda(stage)
    reply(stage, case, "disputed", confirmed_balance=Decimal(40000))
    adjust(stage, -42000)
    customer = write.need("customer", MINGDA)
    entry = {"customer_id": customer.id, "type": "adjust", "ledger": "应收", "amount": -1,
             "doc_type": "test", "doc_no": "T", "value_date": "2026-03-31"}  # fmt: skip
    write.create("ar_entry", entry, by="chenjing")
    db.session.commit()
    stage.do("approve_adjust", "liuyang", "approve")
    assert "超过" in stage.seen(stage.task("check_difference", case))["problems"]


def valuable(stage: Stage, now: str) -> int:
    """A customer whose trade earns grade A."""
    ordered(LANWAN, 600000, count=12)
    customer = write.need("customer", LANWAN)
    for kind, amount in (("invoice", 600000), ("receipt", -600000)):
        entry = {"customer_id": customer.id, "type": kind, "ledger": "应收", "amount": amount,
                 "doc_type": kind, "doc_no": kind, "value_date": "2026-03-05"}  # fmt: skip
        write.create("ar_entry", entry, by="chenjing")
    grade(LANWAN, now)
    return close(stage)


def test_grade_a_needs_the_sales_manager(stage: Stage):
    case = valuable(stage, "B")
    stage.do("review_grade", "wangqiang", "approve", case=case)
    customer = stage.record("customer", LANWAN)
    assert (customer.grade, customer.service_level, customer.price_policy) == (
        "A", "专属", "A级协议价")  # fmt: skip
    assert stage.end(case) == "month_closed"
    assert "create_statement" not in stage.path(case)


def test_the_manager_names_another_grade(stage: Stage):
    case = valuable(stage, "C")
    stage.do("review_grade", "wangqiang", "approve", case=case, override_grade="B",
             override_reason="先看一个季度")  # fmt: skip
    customer = stage.record("customer", LANWAN)
    assert (customer.grade, customer.service_level) == ("B", "优先")
    (row,) = db.session.scalars(db.select(GradeHistory))
    assert (row.reason, row.override_until) == ("先看一个季度", dt.date(2026, 4, 30))


def test_a_refused_or_forgotten_review_keeps_the_grade(stage: Stage):
    case = valuable(stage, "B")
    stage.do("review_grade", "wangqiang", "reject", case=case, comment="还早")
    assert stage.record("customer", LANWAN).grade == "B"
    assert stage.end(case) == "month_closed"


def test_a_forgotten_review_keeps_the_grade(stage: Stage):
    case = valuable(stage, "B")
    stage.wait(days=5)
    assert stage.record("customer", LANWAN).grade == "B"
    assert stage.end(case) == "month_closed"


def test_an_unchanged_grade_is_left_alone(stage: Stage):
    case = valuable(stage, "A")
    assert stage.end(case) == "month_closed"
    assert db.session.scalars(db.select(GradeHistory)).all() == []


def test_a_ledger_that_disagrees_with_its_documents_stops_the_step(stage: Stage):
    invoice = owe(MINGDA, 42000, "2026-02-24")
    stage.change("invoice", invoice.number, open=1)
    close(stage)
    assert any("不符" in one for one in stage.incidents())


def test_a_month_that_was_closed_meanwhile_takes_no_adjustment(stage: Stage):
    case = mingda(stage)
    reply(stage, case, "disputed", confirmed_balance=Decimal(40000))
    adjust(stage, -2000)
    closing = {"report": period.CLOSING, "period": "2026-03", "scope": "全公司", "figures": {}}
    write.create("report_snapshot", closing, by="chenjing")
    db.session.commit()
    stage.do("approve_adjust", "liuyang", "approve")
    assert "已经结账" in stage.seen(stage.task("check_difference", case))["problems"]
    assert snapshot(MINGDA).receivable == 42000
