"""The judge: what is taken becomes a typed value, everything else a sentence beside its field."""

import datetime as dt
from decimal import Decimal

import pytest

from app.engine import forms
from tests import effort

FILE = {"id": 7, "name": "a.pdf", "size": 3, "type": "application/pdf"}


def test_the_least_is_taken_and_typed(judged):
    found = judged()
    assert found.errors == {}
    assert found.outcome == "approve"
    assert found.values["customer"] == {
        "name": "杭州启明", "code": None, "email": None, "phone": None, "kind": "企业",
        "licence": "A1",
    }  # fmt: skip
    assert found.values["contacts"] == [
        {"name": "钱进", "mobile": None, "is_primary": True, "consent": False}
    ]


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("amount", "1,234.50", Decimal("1234.50")),
        ("amount", "¥１２３４", Decimal("1234.00")),
        ("share", "12.5", Decimal("0.1250")),
        ("share", "100%", Decimal("1.0000")),
        ("people", "15", 15),
        ("from_on", "2026-03-10", dt.date(2026, 3, 10)),
        ("from_on", "2026/03/10", dt.date(2026, 3, 10)),
        ("at", "2026-03-10T09:00", dt.datetime(2026, 3, 10, 1, 0, tzinfo=dt.UTC)),
        ("clock", "09:30", dt.time(9, 30)),
        ("level", "2", 2),
        ("tags", ["a", "b"], ["a", "b"]),
        ("areas", ["华南"], ["华南"]),
        ("remark", "  一\r\n二  ", "一\n二"),
        ("remark", "🙂" * 300, "🙂" * 300),
        ("owner", "zhangwei", "zhangwei"),
        ("parent_no", "CU-1", "CU-1"),
    ],
)
def test_texts_become_values(judged, path, text, value):
    found = judged({path: text})
    assert found.errors == {}
    assert found.values[path] == value
    assert type(found.values[path]) is type(value)


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("customer.name", "", "此项必填"),
        ("customer.name", "  杭  ", "至少 2 个字，现在 1 个"),
        ("customer.name", "长" * 300, "最多 100 个字，现在 300 个"),
        ("customer.name", "a\x00b", "控制字符"),
        ("customer.name", "a\x1bb", "控制字符"),
        ("customer.name", "\ud800ab", "控制字符"),
        ("customer.code", "12", "须为 18 位"),
        ("customer.email", "a@b", "电子邮箱"),
        ("customer.phone", "电话", "电话号码"),
        ("customer.kind", "", "请选择"),
        ("customer.kind", "外星", "从列表中选择"),
        ("amount", "abc", "请填写数字"),
        ("amount", "1e5", "请填写数字"),
        ("amount", "NaN", "请填写数字"),
        ("amount", "1.234", "小数最多 2 位"),
        ("amount", "4", "不能小于 5.00"),
        ("amount", "1000000.01", "不能大于 1,000,000.00"),
        ("amount", "9" * 50, "请填写数字"),
        ("share", "100.01", "不能大于 100%"),
        ("share", "12.345", "小数最多 2 位"),
        ("people", "1.5", "请填写整数"),
        ("people", "7", "须是 5 的倍数"),
        ("from_on", "2026-02-30", "例如 2026-03-10"),
        ("from_on", "0026-02-03", "年份不对"),
        ("at", "明天", "日期和时间"),
        ("clock", "25:00", "例如 09:30"),
        ("agreed", None, "请勾选"),
        ("agreed", "perhaps", "勾选或不勾选"),
        ("level", "3", "从列表中选择"),
        ("tags", ["a", "zz"], "从列表中选择"),
        ("city", "上海", "从列表中选择"),
        ("owner", "wangqiang", "没有找到"),
        ("owner", "nobody", "没有找到"),
        ("parent_no", "CU-2", "没有找到"),
        ("papers", "99", "文件没有找到"),
        ("contacts[0].mobile", "138", "格式不对"),
        ("remark", "x" * 10_001, "最多 10000 个字"),
        ("customer.name", ["甲乙", "丙丁"], "只能有一个值"),
    ],
)  # fmt: skip
def test_bad_texts_are_told_beside_their_field(judged, path, text, says):
    found = judged({path: text})
    assert says in found.errors[path]
    assert found.values == {}


def test_a_rule_over_two_fields(judged):
    found = judged({"from_on": "2026-03-10", "to_on": "2026-03-09"})
    assert found.errors == {"to_on": "早于开始日期"}
    assert judged({"from_on": "2026-03-10", "to_on": "2026-03-10"}).ok


def test_a_script_tag_is_text_like_any_other(judged):
    found = judged({"customer.name": "<script>alert(1)</script>"})
    assert found.values["customer"]["name"] == "<script>alert(1)</script>"


def test_options_follow_other_fields(judged):
    assert judged({"level": "1", "city": "上海"}).values["city"] == "上海"
    assert "city" in judged({"level": "1", "city": "广州"}).errors


def test_a_hidden_field_is_neither_asked_for_nor_written(judged):
    found = judged({"customer.kind": "个人", "customer.licence": "sneaked in"})
    assert found.errors == {}
    assert "licence" not in found.values["customer"]


def test_what_was_there_goes_when_its_field_is_hidden(judged):
    before = {"customer": {"licence": "A1", "row_version": 4}}
    found = judged({"customer.kind": "个人", "customer.licence": None}, context=before)
    assert "licence" not in found.values["customer"]
    assert found.values["customer"]["row_version"] == 4
    assert before["customer"] == {"licence": "A1", "row_version": 4}


@pytest.mark.parametrize("path", ["customer.number", "customer.secret"])
def test_what_is_only_shown_cannot_be_written(judged, path):
    key = path.split(".")[1]
    before = {"customer": {key: "7"}}
    assert judged({path: "7"}, context=before).ok
    assert judged({path: "8"}, context=before).errors == {path: "此项只能查看，不能修改"}
    assert judged({path: ""}, context=before).errors[path]
    assert judged({path: "8"}).errors[path]
    assert judged(context=before).values["customer"][key] == "7"


@pytest.mark.parametrize(
    "name",
    ["is_admin", "customer.owner_id", "contacts[0].id", "contacts.0.name", "customer", "customer[name]",
     "contacts[99999].name", "doubled", "__proto__", "contacts[0]._row.x", "a" * 400, "x\x00y"],
)  # fmt: skip
def test_what_the_form_does_not_ask_for_is_refused(judged, name):
    found = judged({name: "1"})
    assert "此表单没有这些内容" in found.errors[""]
    assert found.values == {}


@pytest.mark.parametrize("outcome", [None, "", "reject", "approve ", "<b>", "x" * 500])
def test_a_verb_that_is_not_offered_is_refused(judged, outcome):
    found = judged(outcome=outcome)
    assert list(found.errors) == [""]
    assert found.values == {}


def test_a_verb_can_be_taken_away_by_a_condition(judged):
    assert judged({"remark": "贵"}, outcome="return").ok
    assert judged({"remark": "贵", "amount": "600000"}, outcome="return").errors[""]


def test_a_requirement_can_depend_on_the_verb(judged):
    assert judged().ok
    assert judged(outcome="return").errors == {"remark": "此项必填"}


def test_cancelling_asks_for_nothing_and_hands_in_nothing(judged):
    found = judged({"customer.name": "", "amount": "abc"}, outcome="cancel")
    assert (found.errors, found.values, found.outcome) == ({}, {}, "cancel")


def test_computed_values_come_along_and_cannot_be_posted(judged):
    assert judged({"amount": "12.50"}).values["doubled"] == Decimal("25.00")
    assert judged({"amount": "12.50", "doubled": "1"}).errors[""]


def test_rows_are_counted_without_gaps_and_blank_ones_are_dropped(judged):
    found = judged({"contacts[4].name": "孙", "contacts[2].name": " ", "contacts[2]._row": ""})
    assert [row["name"] for row in found.values["contacts"]] == ["钱进", "孙"]


def test_rows_have_a_least_and_a_most(judged):
    nobody = {"contacts[0].name": None, "contacts[0].is_primary": None}
    assert judged(nobody).errors["contacts"].startswith("至少要有 1 行")
    many = {f"contacts[{i}].name": "甲" for i in range(1, 4)}
    assert judged(many).errors["contacts"].startswith("最多 3 行，现在 4 行")


def test_a_rule_over_all_rows(judged):
    two = {"contacts[1].name": "乙", "contacts[1].is_primary": "true"}
    assert judged(two).errors == {"contacts": "须有且只有一位首要联系人"}


def test_a_row_that_was_there_keeps_what_the_form_does_not_show(judged):
    stored = {"contacts": [{"id": 3, "name": "旧", "state": "在职"}, {"id": 4, "name": "走"}]}
    found = judged({"contacts[0]._row": "0"}, context=stored)
    assert found.values["contacts"][0] == {
        "id": 3, "name": "钱进", "state": "在职", "mobile": None, "is_primary": True,
        "consent": False,
    }  # fmt: skip
    assert len(found.values["contacts"]) == 1


@pytest.mark.parametrize("row", ["7", "-1", "x", "99999999", ""])
def test_a_row_cannot_claim_to_be_one_that_is_not_there(judged, row):
    found = judged({"contacts[0]._row": row}, context={"contacts": [{"id": 3}]})
    assert "id" not in found.values["contacts"][0]


def test_conditions_look_at_their_own_row(judged):
    found = judged({
        "contacts[0].birthday": "1990-01-01", "contacts[1].name": "乙",
        "contacts[1].consent": "true", "contacts[1].birthday": "1991-01-01",
    })  # fmt: skip
    assert "birthday" not in found.values["contacts"][0]
    assert found.values["contacts"][1]["birthday"] == dt.date(1991, 1, 1)


def test_files_are_those_that_were_uploaded_here(judged):
    found = judged({"papers": ["7", "7"]}, files={"7": FILE})
    assert found.values["papers"] == [FILE]


def test_a_file_that_was_there_stays(judged):
    assert judged({"papers": "7"}, context={"papers": [FILE]}).values["papers"] == [FILE]


def test_a_bound_that_cannot_be_computed_bounds_nothing(judged):
    assert judged({"amount": "1"}, context={"least": None}).ok


def test_a_pattern_that_runs_away_is_stopped(form):
    made = form([{"type": "textfield", "id": "a", "key": "a", "label": "甲",
                  "validate": {"pattern": "^(a|aa)+$"}}])  # fmt: skip
    with effort.stopped_soon():
        found = forms.judge(made, {"a": "a" * 180 + "!"})
    assert found.errors["a"]


def test_rows_that_are_fixed_can_be_neither_added_nor_left_out(form):
    made = form([{
        "type": "dynamiclist", "id": "l", "path": "lines", "label": "行",
        "allowAddRemove": False, "components": [
            {"type": "number", "id": "q", "key": "qty", "label": "数量"}],
    }])  # fmt: skip
    stored = {"lines": [{"id": 1, "qty": 1}, {"id": 2, "qty": 2}]}
    posted = {"lines[0]._row": "1", "lines[0].qty": "9", "lines[1]._row": "", "lines[1].qty": "5"}
    found = forms.judge(made, posted, context=stored)
    assert found.values == {"lines": [{"id": 1, "qty": 1}, {"id": 2, "qty": 9}]}


def test_lists_inside_lists(form):
    inner = {"type": "dynamiclist", "id": "i", "path": "parts", "label": "件", "components": [
        {"type": "textfield", "id": "n", "key": "name", "label": "名", "validate": {"required": True}},
        {"type": "number", "id": "x", "key": "n", "label": "数"}]}  # fmt: skip
    made = form([{"type": "dynamiclist", "id": "o", "path": "boxes", "label": "箱",
                  "components": [inner, {"type": "expression", "id": "s", "key": "total_n",
                                         "label": "计", "expression": "=sum(parts.n)"}]}])  # fmt: skip
    posted = {"boxes[3].parts[1].name": "a", "boxes[3].parts[1].n": "2",
              "boxes[3].parts[5].name": "b", "boxes[3].parts[5].n": "3"}  # fmt: skip
    found = forms.judge(made, posted)
    assert found.values["boxes"] == [
        {"parts": [{"name": "a", "n": 2}, {"name": "b", "n": 3}], "total_n": 5}
    ]
    del posted["boxes[3].parts[5].name"]
    assert forms.judge(made, posted).errors == {"boxes[0].parts[1].name": "此项必填"}


def test_too_much_is_refused_at_once(judged):
    found = judged({"tags": ["a"] * 20_001})
    assert found.errors == {"": "内容太多，没有接收。请减少行数后再提交。"}


def test_a_form_without_verbs_takes_no_outcome(form):
    made = form([{"type": "textfield", "id": "a", "key": "a", "label": "甲"}])
    assert forms.judge(made, {"a": "x"}).values == {"a": "x"}
    assert forms.judge(made, {"a": "x"}, outcome="approve").errors[""]


def test_typed_values_of_a_program_obey_the_same_rules(app, form, directory):
    made = form("every")
    values = {
        "customer": {"name": "杭州启明", "kind": "个人"}, "agreed": True, "amount": Decimal("7"),
        "share": Decimal("0.5"), "from_on": dt.date(2026, 1, 1), "tags": ["a"],
        "contacts": [{"name": "钱进", "is_primary": True}],
    }  # fmt: skip
    context = {"most": 3}
    found = forms.judge_values(made, values, None, context, "approve", directory=directory)
    assert found.errors == {}
    assert found.values["share"] == Decimal("0.5000")
    wrong = {
        **values,
        "amount": True,
        "from_on": 5,
        "contacts": "x",
        "extra": {"a": 1},
        "agreed": "?",
    }
    found = forms.judge_values(made, wrong, None, context, "approve", directory=directory)
    assert set(found.errors) == {"amount", "from_on", "agreed", "", "contacts"}
