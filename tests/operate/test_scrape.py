"""/metrics: for this machine and for whoever has the token; counts never read history."""

import os
import shutil
import subprocess
import sys

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from app import metrics
from app.db import db
from app.engine import incidents, step, store
from app.jobs import queue
from app.jobs.models import Job
from app.metrics import scrape
from tests import database as databases
from tests.inbox import quotes


def read(text):
    """{name, or name{label,…}: value}"""
    return {
        sample.name + (f"{{{','.join(sample.labels.values())}}}" if sample.labels else ""):
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip


def test_this_machine_may_read(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain")
    assert read(answer.text)["shunliu_open_tasks"] == 0


@pytest.mark.parametrize("address", ("10.0.0.9", "2001:db8::1", "", "somewhere"))
def test_another_machine_sees_no_such_page(client, address):
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}).status_code == 404


@pytest.mark.parametrize("name", ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
def test_a_proxy_on_this_machine_is_not_this_machine(client, name):
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


def test_the_token_opens_it_from_anywhere(database):
    with databases.opened(database, metrics_token="öffne") as app:
        browser = app.test_client()
        far = {"REMOTE_ADDR": "10.0.0.9"}
        right = {"Authorization": "Bearer öffne".encode().decode("latin-1")}
        for given, status in ((right, 200), ({"Authorization": "Bearer no"}, 404), ({}, 404)):
            answer = browser.get("/metrics", headers=given, environ_base=far)
            assert answer.status_code == status, given


def test_it_counts_what_waits(client, as_user):
    quotes.publish()
    tasks = quotes.fill(5)
    case = store.lock(tasks[0].instance_id)
    failure = step.Failure("handler", "no", case.definition_id, "approve")
    incidents.raise_for(case, failure, token_id=tasks[0].token_id)
    queue.enqueue("jobs.purge", {})
    queue.enqueue("jobs.unpark", {}, key="hangs")
    db.session.execute(sa.update(Job).where(Job.key == "hangs").values(state="stuck"))
    db.session.commit()
    before = read(client.get("/metrics").text)
    assert before["shunliu_open_tasks"] == 5 and before["shunliu_overdue_tasks"] == 2
    assert before["shunliu_stuck_jobs"] == 1 and before["shunliu_failed_jobs"] == 0
    assert before["shunliu_due_jobs"] >= 1 and before["shunliu_open_incidents"] == 1
    assert before["shunliu_running_cases{p_browser}"] == 5
    assert before["shunliu_incidents_raised_total{p_browser}"] >= 1
    form = {"outcome": "reject", "opinion": "毛利太低，请重报"}
    browser = as_user("wangqiang")
    browser.post(f"/tasks/{tasks[1].id}/claim")
    browser.post(f"/tasks/{tasks[1].id}/complete", data=form)
    after = read(client.get("/metrics").text)
    assert after["shunliu_open_tasks"] == 4
    steps = "shunliu_step_seconds_count{p_browser}"
    assert after[steps] == before[steps] + 1
    assert after["shunliu_http_request_seconds_count{inbox.complete,POST,3xx}"] >= 1


def test_a_count_stops_at_its_limit(app, monkeypatch):
    quotes.publish()
    quotes.fill(4)
    monkeypatch.setattr(scrape, "MOST", 3)
    monkeypatch.setattr(scrape._up_to, "__kwdefaults__", {"most": 3})
    assert read(scrape.text().decode())["shunliu_open_tasks"] == 3


@pytest.mark.skipif("TEST_POSTGRES" in os.environ, reason="reads SQLite's plans")
def test_every_count_is_read_from_an_index(app):
    asked = []

    def note(_conn, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    quotes.publish()
    sa.event.listen(db.engine, "before_cursor_execute", note)
    scrape.text()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    counts = [one for one in asked if "count(*)" in one[0]]
    assert len(counts) >= 7
    for statement, parameters in counts:
        plan = db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", parameters
        )
        steps = [row[3] for row in plan]
        tables = ("user_task", "job", "incident", "timer", "instance")
        looks = [step for step in steps if any(f"{name} " in step for name in tables)]
        assert looks and all("SEARCH" in step and "INDEX" in step for step in looks), steps


@pytest.fixture
def folder(app):
    """Where the processes of this instance share their figures; nothing of it is left."""
    previous, found = (
        os.environ.get("PROMETHEUS_MULTIPROC_DIR"),
        metrics.folder_of(app.instance_path),
    )
    found.mkdir(parents=True)
    yield found
    shutil.rmtree(found, ignore_errors=True)
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if previous is not None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = previous


def test_several_processes_are_added_up_and_the_dead_forgotten(app, folder):
    program = (
        "import sys; from pathlib import Path; from app import metrics, signals\n"
        "metrics.share(Path(sys.argv[1])); from app.metrics import figures; figures.listen()\n"
        "for _time in range(3): signals.done.send('job', seconds=0.1,"
        " facts={'job': 'mail', 'result': 'done'})\n"
        "figures.cached.set(5)\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
    )
    (folder / "histogram_4194305.db").write_bytes(b"of a process that is gone")
    command = [sys.executable, "-W", "ignore", "-c", program, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _time in range(2)]
    assert [one.stdout.readline() for one in processes] == ["ready\n"] * 2
    assert not (folder / "histogram_4194305.db").exists()
    found = read(app.test_cli_runner().invoke(args=["metrics"]).output)
    assert found["shunliu_job_seconds_count{mail,done}"] == 6
    assert found["shunliu_live_cases"] == 10
    for process in processes:
        process.communicate("end\n")
    assert len(list(folder.glob("*.db"))) >= 4
    metrics.share(folder)
    assert not list(folder.glob("*.db"))


def test_the_last_process_leaves_nothing_and_others_keep_theirs(folder):
    metrics.share(folder)
    mine, other = folder / f"histogram_{os.getpid()}.db", folder / f"histogram_{os.getppid()}.db"
    mine.touch()
    other.touch()
    metrics.leave()
    assert list(folder.iterdir()) == [other]
    other.unlink()
    metrics.leave()
    assert not folder.exists()


def test_a_full_disk_of_the_instance_is_not_under_the_figures(tmp_path, monkeypatch):
    found = metrics.folder_of(str(tmp_path))
    assert found.parent == metrics.MEMORY
    assert found != metrics.folder_of(str(tmp_path / "other"))
    monkeypatch.setattr(metrics, "MEMORY", tmp_path / "nowhere")
    assert metrics.folder_of(str(tmp_path)) == tmp_path / "metrics"


def test_a_folder_that_somebody_else_has_made_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "MEMORY", tmp_path)
    metrics.folder_of(str(tmp_path)).symlink_to("/etc")
    assert metrics.folder_of(str(tmp_path)) == tmp_path / "metrics"
