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
