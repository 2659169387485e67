"""Failed jobs and messages that have not left: seen, tried again, given up with a reason."""

import pytest
import sqlalchemy as sa

from app import clock
from app.db import db
from app.jobs import queue
from app.jobs.models import Job
from app.monitor.background import DROPPED
from app.monitor.models import OperatorAct
from app.notify import outbox
from app.notify.models import Outgoing


@pytest.fixture
def failed(app) -> Job:
    job = Job(workspace_id=1, kind="engine.tidy", payload={}, subject="instance:7", attempts=4,
              run_at=clock.now(), state="failed", retries=[], created_at=clock.now(),
              last_error="Traceback …\nRuntimeError: no template")  # fmt: skip
    job.kind = "engine.message"
    db.session.add(job)
    db.session.commit()
    return job


@pytest.fixture
def mail(app) -> Outgoing:
    row = outbox.put("邮件", "qianjin@example.com", "报价单", "…", key="x")
    db.session.commit()
    return row


def post(as_user, path: str, verb: str, reason: str = "模板已改"):
    data = {"verb": verb, "reason": reason}
    return as_user("zhouning").post(f"/monitor/{path}", data=data)


def test_a_failed_job_is_listed_with_its_error(failed, as_user):
    page = as_user("zhouning").get("/monitor/background").text
    assert "RuntimeError: no template" in page
    assert "#7" in page


def test_a_failed_job_is_due_again(failed, as_user):
    assert post(as_user, f"jobs/{failed.id}", "retry").status_code == 302
    db.session.refresh(failed)
    assert (failed.state, failed.attempts) == ("waiting", 0)


def test_a_dropped_job_is_gone_and_the_log_keeps_what_it_was(failed, as_user):
    assert post(as_user, f"jobs/{failed.id}", "drop").status_code == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
    told = db.session.scalars(sa.select(OperatorAct)).one()
    assert (told.verb, told.reason, told.instance_id) == ("drop", "模板已改", 7)
    assert "no template" in told.data["error"]


@pytest.mark.parametrize(("verb", "reason", "status"),
                         [("drop", " ", 422), ("explode", "x", 422)])  # fmt: skip
def test_without_reason_or_verb_nothing_happens(failed, as_user, verb, reason, status):
    assert post(as_user, f"jobs/{failed.id}", verb, reason).status_code == status
    assert db.session.get_one(Job, failed.id).state == "failed"


def test_a_job_that_has_not_failed_is_left_alone(failed, as_user):
    failed.state = "waiting"
    db.session.commit()
    for verb in ("retry", "drop"):
        assert post(as_user, f"jobs/{failed.id}", verb).status_code == 409


def test_a_job_of_another_workspace_is_not_there(failed, as_user):
    failed.workspace_id = 7
    db.session.commit()
    assert post(as_user, f"jobs/{failed.id}", "drop").status_code == 404
    assert "no template" not in as_user("zhouning").get("/monitor/background").text


def test_a_mail_without_gateway_waits_and_says_so(mail, as_user):
    page = as_user("zhouning").get("/monitor/background?what=messages&state=待发").text
    assert "还没有设置邮件的发送服务" in page
    assert "qianjin@example.com" in page
    assert post(as_user, f"messages/{mail.id}", "retry").status_code == 409


def test_a_dropped_mail_never_leaves(mail, as_user):
    number = mail.id
    assert post(as_user, f"messages/{number}", "drop").status_code == 302
    queue.run_due()
    assert db.session.get_one(Outgoing, number, populate_existing=True).state == DROPPED
    assert post(as_user, f"messages/{number}", "drop").status_code == 409


def test_a_job_of_an_unknown_kind_is_seen_and_can_be_dropped(failed, as_user):
    number, failed.state = failed.id, "parked"
    db.session.commit()
    assert "no template" in as_user("zhouning").get("/monitor/background?state=parked").text
    assert post(as_user, f"jobs/{number}", "retry").status_code == 409
    assert post(as_user, f"jobs/{number}", "drop").status_code == 302
    assert db.session.get(Job, number) is None


@pytest.fixture
def stuck(failed) -> Job:
    failed.state, failed.locked_by = "stuck", "host:7:1"
    failed.last_error = "hangs here:\n…\nunder way since 2026-03-10 01:00:00 UTC on host, process 7"
    failed.payload = {"from": 7, "name": "paid"}
    db.session.commit()
    return failed


def test_a_stuck_job_is_shown_with_what_to_do(stuck, as_user):
    page = as_user("zhouning").get("/monitor/background?state=stuck").text
    assert "under way since 2026-03-10 01:00:00 UTC on host, process 7" in page
    assert "重启那个进程" in page and "重试" not in page.split("</thead>")[1]
    assert "1 个卡住" in as_user("zhouning").get("/monitor").text


def test_a_stuck_job_is_not_begun_again_but_can_be_given_up(stuck, as_user):
    number = stuck.id
    assert post(as_user, f"jobs/{number}", "retry").status_code == 409
    assert post(as_user, f"jobs/{number}", "drop").status_code == 302
    row = db.session.get_one(Job, number, populate_existing=True)
    assert (row.state, row.locked_by) == ("failed", None)
    told = db.session.scalars(sa.select(OperatorAct)).one()
    assert (told.verb, told.reason) == ("drop", "模板已改") and "process 7" in told.data["error"]


def test_whoever_is_no_administrator_gives_nothing_up(stuck, as_user):
    answer = as_user("zhangwei").post(f"/monitor/jobs/{stuck.id}", data={"verb": "drop"})
    assert answer.status_code in (403, 404)
    assert db.session.get_one(Job, stuck.id, populate_existing=True).state == "stuck"


def test_the_commands_say_what_hangs_and_give_it_up(app, stuck):
    runner, number = app.test_cli_runner(), str(stuck.id)
    shown = runner.invoke(args=["jobs", "show"]).output
    assert "stuck" in shown and "process 7" in shown
    assert "given up" in runner.invoke(args=["jobs", "give-up", number]).output
    again = runner.invoke(args=["jobs", "give-up", number])
    assert again.exit_code == 1 and "没有卡住" in again.output
