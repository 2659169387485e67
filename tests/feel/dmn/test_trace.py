"""The trace says what went in, which rule hit in which cell, what came out and why."""

import json
from decimal import Decimal

from app.feel import dmn
from app.feel.__main__ import main
from app.feel.dmn import command

from .conftest import decision, file, literal, table

RULES = ['> 100; "A" | "boss"', '> 100; - | "lead"', '-; - | "none"']
FILE = file(decision(table("FIRST", ["金额", "等级"], ["route"], RULES), "审批"))


def trace(**context: object) -> dmn.Trace:
    return dmn.load(FILE).decisions["审批"].trace(context)


def test_the_rule_that_hit_and_its_cells_are_written_down():
    made = trace(金额=Decimal("150"), 等级="B")
    assert made.hits == [2]
    assert [[cell.hit for cell in rule.cells] for rule in made.rules] == [
        [True, False], [True, True], [True, True],
    ]  # fmt: skip
    assert made.result == "lead"
    assert made.rules[1].outputs == {"route": "lead"}
    assert made.why == "规则 2 命中：金额 = 150（> 100）。"
    assert made.why_en == "Rule 2 hit: 金额 = 150 (> 100)."


def test_first_stops_at_the_first_rule():
    assert trace(金额=150, 等级="A").hits == [1]


def test_the_result_of_a_trace_is_the_result_of_the_evaluation():
    found = dmn.load(FILE).decisions["审批"]
    for amount in (1, 100, 101):
        for grade in ("A", "B", None):
            data = {"金额": amount, "等级": grade}
            assert found.trace(data).result == found.evaluate(data)


def test_an_error_is_in_the_trace():
    body = table("FIRST", ["金额"], ["route"], ["> 1 | 1"], kind='typeRef="number"')
    made = dmn.load(file(decision(body))).decisions["d"].trace({"金额": "many"})
    assert made.error is not None
    assert made.result is None
    assert "many" in json.dumps(made.to_dict(), ensure_ascii=False, default=str)


def test_a_missing_variable_is_in_the_trace():
    made = trace(金额=1)
    assert "等级" in made.why
    assert "等级" in made.why_en


def test_no_hit_is_said():
    body = table("COLLECT", ["x"], ["o"], ["> 5 | 1", "> 6 | 2"])
    found = dmn.load(file(decision(body))).decisions["d"]
    assert found.trace({"x": 1}).why == "没有规则命中。"
    assert found.trace({"x": 9}).why == "规则 1、2 命中（命中策略：收集）。"


def test_required_decisions_are_traced_once_each():
    link = '<informationRequirement><requiredDecision href="#base"/></informationRequirement>'
    more = '<informationRequirement><requiredDecision href="#mid"/></informationRequirement>'
    model = dmn.load(file(
        decision(literal("x + 1"), "base"), decision(literal("base * 2"), "mid", link),
        decision(literal("base + mid"), "top", link + more),
    ))  # fmt: skip
    made = model.decisions["top"].trace({"x": 1})
    assert made.result == 6
    assert [one.id for one in made.required] == ["base", "mid"]
    assert made.required[1].required == []


def test_the_command_prints_the_result_and_why(tmp_path, capsys):
    path = tmp_path / "审批.dmn"
    path.write_bytes(FILE)
    assert command.run(str(path), {"金额": Decimal("150"), "等级": "B"}) == 0
    said = capsys.readouterr().out
    assert "● 规则 2：金额 > 100 ✓ → route = “lead”" in said
    assert '○ 规则 1：金额 > 100 ✓，等级 "A" ✗' in said
    assert command.run(str(path), {}, "没有") == 1
    assert "没有决策“没有”，只有：审批" in capsys.readouterr().out
    assert command.run(str(tmp_path / "none.dmn"), {}) == 1
    assert "无法读取文件" in capsys.readouterr().out


def test_the_command_reads_dates_from_json(tmp_path, capsys):
    data = '<inputData id="i" name="day"><variable name="day" typeRef="date"/></inputData>'
    link = '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
    path = tmp_path / "a.dmn"
    path.write_bytes(file(data, decision(literal("day.year + 1"), "next", link)))
    assert command.run(str(path), {"day": "2026-03-10"}) == 0
    assert "结果：2027" in capsys.readouterr().out


def test_the_command_is_reached_from_the_language_s_command(tmp_path, capsys):
    (tmp_path / "审批.dmn").write_bytes(FILE)
    (tmp_path / "data.json").write_text('{"金额": 150.5, "等级": null}', "utf-8")
    call = [str(tmp_path / "审批.dmn"), "--context", str(tmp_path / "data.json"), "--json"]
    assert main(call) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["hits"], said["result"]) == ([2], "lead")
    assert main([call[0], "--context", str(tmp_path / "none.json")]) == 2
