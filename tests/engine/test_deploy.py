"""Files become versions, or are refused with every reason."""

import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import errors
from app.db import db
from app.engine import definitions, deploy, memory, run
from app.engine.models import Decision, Definition, Deployment, FileContent
from app.engine.normalise import Normalised
from app.engine.spiff import parse
from app.engine.spiff.spec import ProcessSpec
from tests.database import POSTGRES
from tests.engine import desk
from tests.engine.draw import end, flows, node, process, start, user

ONE = process(start(), user("a", camunda_formRef="f"), end(), flows("s a", "a e"))
TWO = process(start(), user("a", camunda_formRef="f"), user("b"), end(), flows("s a", "a b", "b e"))
FORM = ("f.form", json.dumps({"type": "default", "components": []}).encode())
OTHER_FORM = ("f.form", json.dumps({"type": "default", "components": [{"type": "text"}]}).encode())


def versions(process_id: str = "p") -> list[int]:
    query = sa.select(Definition.version).where(Definition.process_id == process_id)
    return list(db.session.scalars(query.order_by(Definition.version)))


def table(value: str) -> tuple[str, bytes]:
    text = f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
    namespace="x"><decision id="limit" name="limit"><decisionTable id="t" hitPolicy="UNIQUE">
    <input id="i"><inputExpression id="ie" typeRef="number"><text>n</text></inputExpression></input>
    <output id="o" name="level" typeRef="string"/>
    <rule id="r1"><inputEntry id="e1"><text>&lt; 10</text></inputEntry>
    <outputEntry id="o1"><text>"{value}"</text></outputEntry></rule>
    <rule id="r2"><inputEntry id="e2"><text>&gt;= 10</text></inputEntry>
    <outputEntry id="o2"><text>"big"</text></outputEntry></rule>
    </decisionTable></decision></definitions>"""
    return "limit.dmn", text.encode()


def test_the_same_bytes_are_the_same_deployment(app: Flask):
    first = desk.publish(ONE, FORM)
    assert desk.publish(ONE, FORM).id == first.id
    assert desk.publish(ONE).id == first.id
    assert versions() == [1] and desk.count(Deployment) == 1


def test_a_changed_process_is_a_new_version_and_running_cases_keep_theirs(app: Flask):
    desk.publish(ONE)
    old = desk.begin()
    desk.publish(TWO)
    new = desk.begin()
    assert versions() == [1, 2]
    for case in (old, new):
        run.complete(desk.tasks(case)[0].id, {}, by="lina")
        db.session.commit()
    assert desk.state(old) == "ended" and desk.names(new) == ["b"]
    memory.here().cases.clear()
    desk.complete("b")
    assert desk.state(new) == "ended"


def test_going_back_is_a_version_too(app: Flask):
    desk.publish(ONE)
    desk.publish(TWO)
    desk.publish(ONE)
    assert versions() == [1, 2, 3] and desk.count(FileContent) == 2


def test_what_did_not_change_in_a_folder_gets_no_version(app: Flask):
    other = process(start(), user("x"), end(), flows("s x", "x e"), id="q")
    desk.publish(ONE, other)
    desk.publish(TWO, other)
    assert versions("p") == [1, 2] and versions("q") == [1]


@pytest.mark.parametrize("files", ([ONE, FORM], [OTHER_FORM]), ids=["all", "a form"])
@pytest.mark.skipif(bool(POSTGRES), reason="SQLite has one writer at a time")
def test_others_write_until_the_files_are_read_and_judged(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[tuple[str, bytes]]
):
    deploy.deploy([TWO, FORM], by="zhouning", lenient=True)
    db.session.commit()
    compiled = parse.diagram
    written = []

    def write_meanwhile(normal: Normalised) -> dict[str, ProcessSpec]:
        with sqlite3.connect(db.engine.url.database, timeout=0, isolation_level=None) as other:
            written.append(other.execute("BEGIN IMMEDIATE").rowcount)
            other.execute("ROLLBACK")
        other.close()
        return compiled(normal)

    monkeypatch.setattr(parse, "diagram", write_meanwhile)
    for name, data in files:
        (tmp_path / name).write_bytes(data)
    names = [str(tmp_path / name) for name, _data in files]
    result = app.test_cli_runner().invoke(args=["deploy", "--lenient", *names])
    assert result.exit_code == 0, result.output
    assert written and versions() == [1, 2]


def test_forms_that_are_handed_in_again_make_no_version(app: Flask):
    deploy.deploy([ONE, FORM], by="zhouning", lenient=True)
    deploy.deploy([FORM, table("small")], by="zhouning", lenient=True)
    assert versions() == [1]


def test_a_changed_form_is_a_new_version_of_the_processes_that_show_it(app: Flask):
    desk.publish(ONE, FORM)
    before = definitions.newest("p")
    assert before is not None
    desk.publish(OTHER_FORM)
    after = definitions.newest("p")
    assert after is not None and after.version == 2
    assert definitions.form(before.id, "f") == FORM[1]
    assert definitions.form(after.id, "f") == OTHER_FORM[1]
    assert definitions.form(after.id, "absent") is None
    assert desk.begin().definition_id == after.id


def test_a_file_is_refused_whole_with_all_its_findings(app: Flask):
    good = process(start(), user("a"), end(), flows("s a", "a e"), id="good")
    bad = process(
        start(), node("adHocSubProcess", "x"), node("complexGateway", "y"), flows("s x", "x y"),
        id="bad",
    )  # fmt: skip
    with pytest.raises(errors.Refused) as refused:
        deploy.deploy([good, bad, ("notes.txt", b"x"), ("c.form", b"{")], by="zhouning")
    found = {(finding.file, finding.element) for finding in refused.value.findings}
    assert {("bad.bpmn", "x"), ("bad.bpmn", "y"), ("notes.txt", None), ("c.form", None)} <= found
    assert desk.count(Deployment) == desk.count(Definition) == desk.count(FileContent) == 0


def test_a_doctype_is_refused_before_anything_is_read(app: Flask):
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><definitions/>'
    with pytest.raises(errors.Refused) as refused:
        deploy.deploy([("x.bpmn", bomb)], by="zhouning")
    assert [finding.code for finding in refused.value.findings] == ["xml.doctype"]


def test_what_is_not_wired_is_refused_unless_it_is_a_sketch(app: Flask):
    with pytest.raises(errors.Refused):
        deploy.deploy([ONE], by="zhouning")
    assert deploy.examine([ONE]) != []
    assert deploy.deploy([ONE], by="zhouning", lenient=True).id


def test_two_processes_of_one_id_are_refused(app: Flask):
    with pytest.raises(errors.Refused) as refused:
        desk.publish(ONE, ("other.bpmn", TWO[1]))
    assert "process.twice" in {finding.code for finding in refused.value.findings}


def test_nothing_at_all_is_refused(app: Flask):
    with pytest.raises(errors.Refused):
        deploy.deploy([], by="zhouning")


def test_the_newest_table_decides_unless_the_deployments_is_asked_for(app: Flask):
    task = node(
        "businessRuleTask", "rule", camunda_decisionRef="limit", camunda_resultVariable="level",
        camunda_mapDecisionResult="singleEntry",
    )  # fmt: skip
    bound = node(
        "businessRuleTask", "rule", camunda_decisionRef="limit", camunda_resultVariable="level",
        camunda_mapDecisionResult="singleEntry", camunda_decisionRefBinding="deployment",
    )  # fmt: skip
    latest = process(start(), task, user("a"), flows("s rule", "rule a"), id="latest")
    fixed = process(start(), bound, user("a"), flows("s rule", "rule a"), id="fixed")
    desk.publish(latest, fixed, table("small"))
    desk.publish(table("tiny"))
    assert run.variables(desk.begin("latest", n=3).id)["level"] == "tiny"
    assert run.variables(desk.begin("fixed", n=3).id)["level"] == "small"
    assert run.variables(desk.begin("latest", n=30).id)["level"] == "big"
    assert desk.count(Decision) == 2


def test_a_called_process_runs_inside_its_caller(app: Flask):
    inner = process(start(), user("in"), end(), flows("s in", "in e"), id="inner")
    outer = process(
        start(), node("callActivity", "call", calledElement="inner"), user("out"),
        flows("s call", "call out"), id="outer",
    )  # fmt: skip
    desk.publish(inner, outer)
    case = desk.begin("outer")
    task = desk.task("in")
    assert (task.instance_id, task.process_id) == (case.id, "inner")
    memory.here().cases.clear()
    desk.publish(process(start(), user("other"), flows("s other"), id="inner"))
    desk.complete("in")
    assert desk.names(case) == ["out"]


def test_the_command_publishes_the_folders(app: Flask, tmp_path):
    (tmp_path / "processes").mkdir()
    (tmp_path / "p.bpmn").write_bytes(TWO[1])
    runner = app.test_cli_runner()
    done = runner.invoke(args=["deploy", "--lenient", str(tmp_path / "p.bpmn")])
    assert done.exit_code == 0, done.output
    assert "1 new version" in done.output and versions() == [1]
    refused = runner.invoke(args=["deploy", str(tmp_path / "p.bpmn")])
    assert refused.exit_code == 1 and "p.bpmn" in refused.output
