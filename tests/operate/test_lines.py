"""One line per request, step, job and incident; nobody can forge a line or read secrets there."""

import io
import json
import logging
import sys

import pytest
from sqlalchemy.exc import IntegrityError

from app import logs, measure
from app.db import db
from app.engine import incidents, run, step, store
from app.jobs import queue, registry
from app.jobs.models import Job
from config import Settings
from tests.inbox import quotes


@pytest.fixture
def written():
    """`written()`: the lines so far, parsed; `written("step")`: those of that event."""
    stream, handler = io.StringIO(), logging.StreamHandler()
    handler.setStream(stream)
    handler.setFormatter(logs.Json())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)

    def read(event=None):
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    read.text = stream.getvalue
    yield read
    root.removeHandler(handler)
    root.setLevel(level)


def record(message, *args, level=logging.INFO, exc_info=None, **facts):
    made = logging.LogRecord("shunliu", level, __file__, 1, message, args, exc_info)
    made.facts = facts
    return made


@pytest.mark.parametrize(("method", "told"), [("POST", "POST"), ("BREW", "OTHER")])
def test_a_page_that_does_not_exist_is_logged_with_the_method_it_was_asked_with(
    client, written, method, told
):
    assert client.open("/no/such/page", method=method).status_code >= 400
    (line,) = written("request")
    assert (line["method"], line.get("route")) == (told, None)


def test_a_request_is_one_line_with_its_number(client, written):
    answer = client.get("/login?next=/secret-13800000000", headers={"X-Request-ID": "nginx-7.a_B"})
    assert answer.headers["X-Request-ID"] == "nginx-7.a_B"
    (line,) = written("request")
    assert line["request_id"] == "nginx-7.a_B"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/login", 200)
    assert line["ms"] > 0 and line["time"].endswith("Z") and line["level"] == "INFO"
    assert "13800000000" not in written.text()


@pytest.mark.parametrize("given", ("", "a b", "x" * 65, "-rm", 'a"}', "编号", "a%0a"))
def test_a_strange_request_number_is_replaced(client, given):
    headers = {"X-Request-ID": given.encode().decode("latin-1")}
    number = client.get("/healthz", headers=headers).headers["X-Request-ID"]
    assert number != given and len(number) == 32 and number.isalnum()


def test_two_requests_have_different_numbers(client):
    first, second = (client.get("/healthz").headers["X-Request-ID"] for _time in range(2))
    assert first != second


def test_what_somebody_does_names_person_case_task_and_step(as_user, written):
    quotes.publish()
    task = quotes.begin("机密主题 13900000000")
    browser = as_user("wangqiang")
    browser.post(f"/tasks/{task.id}/claim")
    form = {"outcome": "reject", "opinion": "只有我们知道毛利太低"}
    answer = browser.post(f"/tasks/{task.id}/complete", data=form)
    assert answer.status_code == 303, answer.text
    requests = [line for line in written("request") if line["method"] == "POST"]
    assert [(line["user"], line["task_id"]) for line in requests] == [("wangqiang", task.id)] * 2
    begun, done = written("step")
    assert begun["instance_id"] == done["instance_id"] == task.instance_id
    assert done["process"] == "p_browser" and done["task_id"] == task.id and done["ms"] > 0
    assert done["element"] and done["user"] == "wangqiang"
    assert done["request_id"] == requests[1]["request_id"]
    assert "只有我们知道" not in written.text() and "机密" not in written.text()


def test_a_step_that_is_taken_back_has_no_line(app, written):
    quotes.publish()
    run.start("p_browser", {"department_id": "east", "subject": "x"}, by="zhangwei")
    db.session.rollback()
    db.session.commit()
    assert written("step") == []


def test_only_what_stays_of_a_transaction_is_told(app, written):
    db.session.execute(db.text("select 1"))
    measure.after_commit("outer")
    savepoint = db.session.begin_nested()
    measure.after_commit("inner")
    with db.session.begin_nested():
        measure.after_commit("innermost")
    savepoint.rollback()
    with db.session.begin_nested():
        measure.after_commit("kept")
    assert written() == []
    db.session.commit()
    assert [line["event"] for line in written()] == ["outer", "kept"]


def test_jobs_and_their_failures_are_lines_without_the_error_s_text(app, written, monkeypatch):
    def work(payload: dict, _job: Job) -> None:
        if payload["bad"]:
            raise ValueError("13700000000 is not a number")

    monkeypatch.setitem(registry.kinds, "test", registry.Kind("test", work, (1.0,), None, None))
    queue.enqueue("test", {"bad": False}, subject="instance:7")
    queue.enqueue("test", {"bad": True}, subject="instance:8")
    db.session.commit()
    queue.run_due()
    good, bad = written("job")
    assert (good["instance_id"], good["result"], good["level"]) == (7, "done", "INFO")
    assert (bad["instance_id"], bad["result"], bad["level"]) == (8, "failed", "WARNING")
    assert bad["job"] == "test" and bad["attempt"] == 1 and bad["job_id"]
    assert "ValueError" in written.text() and "13700000000" not in written.text()


@pytest.mark.parametrize("of", ["instance", "sent", "effect"])
def test_whatever_is_logged_in_a_job_names_its_case(app, written, monkeypatch, of):
    def work(_payload: dict, _job: Job) -> None:
        logging.getLogger("a.library").warning("something is odd")
        raise ValueError("x")

    monkeypatch.setitem(registry.kinds, "test", registry.Kind("test", work, (1.0,), None, None))
    queue.enqueue("test", {}, subject=f"{of}:7")
    db.session.commit()
    queue.run_due()
    lines = [line for line in written() if line.get("job") == "test"]
    assert len(lines) == 3 and {line["instance_id"] for line in lines} == {7}


def test_an_incident_is_a_warning_that_names_its_place(app, written):
    quotes.publish()
    task = quotes.begin()
    case = store.lock(task.instance_id)
    failure = step.Failure("handler", "电话 13600000000 不对", case.definition_id, "approve")
    number = incidents.raise_for(case, failure, token_id=task.token_id)
    assert written("incident") == []
    db.session.commit()
    (line,) = written("incident")
    assert (line["incident_id"], line["instance_id"]) == (number, task.instance_id)
    assert (line["level"], line["element"], line["kind"]) == ("WARNING", "approve", "handler")
    assert "13600000000" not in written.text()


FORGED = 'x\n{"level":"ERROR"}\r\u2028\u2029\x85\x1b[31m\u202egnp.exe\x00'


@pytest.mark.parametrize("formatter", (logs.Json(), logs.Text()), ids=("json", "text"))
def test_nobody_can_forge_a_line(formatter):
    line = formatter.format(record("%s", FORGED, name=FORGED))
    assert line.splitlines() == [line]
    assert not [letter for letter in line if not letter.isprintable()]


def test_a_forged_text_reads_as_it_was_given():
    line = json.loads(logs.Json().format(record("%s", FORGED, name=FORGED)))
    assert line["event"] == FORGED and line["name"] == FORGED


def caught(error):
    try:
        raise error
    except Exception:
        return sys.exc_info()


def test_an_error_is_its_kind_and_its_place_on_one_line():
    line = json.loads(logs.Json().format(record("bad", exc_info=caught(ValueError("1380000")))))
    assert line["error"] == "ValueError" and "caught" in line["stack"]
    assert "1380000" not in str(line)


def test_the_machine_s_refusals_are_quoted():
    line = logs.fields(record("bad", exc_info=caught(OSError(28, "No space left on device"))))
    assert "No space left" in line["reason"]


def test_a_database_s_refusal_is_quoted_without_the_row():
    origin = Exception('duplicate key "uq"\nDETAIL: Key (mobile)=(13800000000) already exists.')
    line = logs.fields(record("bad", exc_info=caught(IntegrityError("INSERT", {}, origin))))
    assert line["reason"] == 'duplicate key "uq"'
    assert "13800000000" not in str(line)


def test_the_database_hides_what_was_written(app):
    with pytest.raises(IntegrityError) as caught:
        db.session.execute(db.text("insert into workspace (name) values (:name)"), {"name": "密"})
    # PostgreSQL's own second line quotes the row; a log line holds the first
    assert "parameters hidden" in str(caught.value)
    line = logs.fields(record("bad", exc_info=(IntegrityError, caught.value, None)))
    assert "name" in line["reason"] or "null" in line["reason"].lower()
    assert "密" not in str(line)


def test_the_format_is_a_setting():
    assert isinstance(logs.formatter(Settings()), logs.Json)
    text = logs.formatter(Settings(log_format="text"))
    line = text.format(record("step", instance_id=7, ms=1.2))
    assert line.endswith(" INFO    step instance_id=7 ms=1.2")


def test_probes_do_not_fill_the_log(client, written):
    client.get("/healthz")
    client.get("/metrics")
    assert written("request") == []
