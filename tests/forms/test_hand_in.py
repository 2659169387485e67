"""A task's form over HTTP: typed, kept, handed in; and everything that may go wrong on the way."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import records
from app.db import db
from app.engine import deploy, drafts, run, seen
from app.engine.files import StoredFile
from app.engine.models import UserTask
from tests.forms.conftest import LEAST, SAMPLES

TYPED = {**LEAST, "amount": "7"}


@pytest.fixture
def task(app):
    """The first of two tasks of a case that 张伟 began; the sales representatives may do it."""
    files = [(name, (SAMPLES / name).read_bytes()) for name in ("desk.bpmn", "every.form")]
    deploy.deploy(files, by="zhouning")
    case = run.start("p_desk", {"cases": [6, 600_000], "most": 3, "least": 5}, by="zhangwei")
    db.session.commit()
    return db.session.scalar(sa.select(UserTask).where(UserTask.instance_id == case.id))


@pytest.fixture
def zhangwei(as_user):
    return as_user("zhangwei")


def send(browser, task, typed=None, outcome="approve", **how):
    data = {**TYPED, **(typed or {}), "outcome": outcome}
    return browser.post(f"/tasks/{task.id}/complete", data=data, **how)


def state_of(task):
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id).state


def test_the_task_sees_the_variables_of_its_own_round(task):
    assert seen.variables(task.instance_id, task.token_id)["amount"] == 6
    assert seen.variables(task.instance_id, task.token_id)["starter"] == "zhangwei"


def test_handing_in_completes_the_task(zhangwei, task):
    answer = send(zhangwei, task)
    assert answer.status_code == 303
    assert state_of(task) == "done"
    kept = run.variables(task.instance_id)
    assert kept["customer"]["name"] == "杭州启明"
    assert db.session.get_one(UserTask, task.id).outcome == "approve"


def test_a_mistake_comes_back_beside_its_field_with_everything_typed(zhangwei, task):
    answer = send(zhangwei, task, {"customer.name": "杭", "remark": "留着"})
    assert answer.status_code == 422
    assert "至少 2 个字" in answer.text
    assert "留着" in answer.text
    assert state_of(task) == "open"
    assert "customer" not in run.variables(task.instance_id)


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [({"is_admin": "1"}, "approve"), ({"customer.owner": "x"}, "approve"), ({}, "delete"),
     ({"customer.number": "9"}, "approve"), ({"customer.name": "长" * 300}, "approve"),
     ({"amount": "ein"}, "approve"), ({"customer.kind": "外星"}, "approve"),
     ({"contacts[0].name": "\x00"}, "approve")],
)  # fmt: skip
def test_what_was_tampered_with_changes_nothing(zhangwei, task, typed, outcome):
    assert send(zhangwei, task, typed, outcome).status_code == 422
    assert state_of(task) == "open"


def test_a_second_click_is_told_that_it_is_done(zhangwei, task):
    assert send(zhangwei, task).status_code == 303
    answer = send(zhangwei, task, {"remark": "又一次"})
    assert answer.status_code == 409
    assert "又一次" in answer.text


def test_somebody_without_the_role_finds_no_task(as_user, task):
    outsider = as_user("baijie")
    assert send(outsider, task).status_code == 404
    assert outsider.post(f"/tasks/{task.id}/draft", data=TYPED).status_code == 404
    assert outsider.post(f"/tasks/{task.id}/files").status_code == 404
    assert outsider.get(f"/tasks/{task.id}").status_code == 404


def test_a_draft_is_kept_as_one_types_and_found_again(zhangwei, as_user, task):
    answer = zhangwei.post(
        f"/tasks/{task.id}/draft", data={**TYPED, "remark": "半句", "amount": "x1"}
    )
    assert answer.status_code == 200
    assert answer.json["saved"] is True
    page = zhangwei.get(f"/tasks/{task.id}").text
    assert "半句" in page
    assert 'value="x1"' in page
    assert "草稿已保存" in page
    assert "半句" not in as_user("lina").get(f"/tasks/{task.id}").text


def test_the_draft_answers_with_what_depends_on_the_typed(zhangwei, task):
    html = zhangwei.post(f"/tasks/{task.id}/draft", data={**TYPED, "amount": "50"}).json["html"]
    assert "¥100.00" in html
    assert 'data-f="customer.licence">' in html
    other = {**TYPED, "customer.kind": "个人"}
    html = zhangwei.post(f"/tasks/{task.id}/draft", data=other).json["html"]
    assert 'data-f="customer.licence" hidden' in html


def test_a_draft_is_gone_once_the_task_is_done(zhangwei, task):
    zhangwei.post(f"/tasks/{task.id}/draft", data=TYPED)
    send(zhangwei, task)
    assert drafts.find(task.id, "zhangwei") is None


def test_a_draft_that_is_too_long_is_not_kept(zhangwei, task):
    answer = zhangwei.post(f"/tasks/{task.id}/draft", data={"remark": "x" * 410_000})
    assert answer.json["saved"] is False
    assert drafts.find(task.id, "zhangwei") is None


def test_an_expired_session_is_told_so_and_the_draft_survives(client, zhangwei, task):
    zhangwei.post(f"/tasks/{task.id}/draft", data={**TYPED, "remark": "登录前"})
    answer = client.post(
        f"/tasks/{task.id}/draft", data=TYPED, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert "登录前" in zhangwei.get(f"/tasks/{task.id}").text


def test_typing_on_after_somebody_was_faster_is_told_kindly(as_user, zhangwei, task):
    send(as_user("lina"), task)
    answer = zhangwei.post(
        f"/tasks/{task.id}/draft", data=TYPED, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 409
    assert "李娜" in answer.json["message"]


def upload(browser, task, content=b"%PDF-1.7 x", name="合同.pdf"):
    data = {"name": "papers", "file": (io.BytesIO(content), name)}
    return browser.post(
        f"/tasks/{task.id}/files", data=data, headers={"Accept": "application/json"}
    )


def test_an_uploaded_file_belongs_to_the_case(zhangwei, task):
    answer = upload(zhangwei, task)
    assert answer.status_code == 201
    assert "合同.pdf" in answer.json["html"]
    assert send(zhangwei, task, {"papers": str(answer.json["id"])}).status_code == 303
    assert run.variables(task.instance_id)["papers"] == [
        {"id": answer.json["id"], "name": "合同.pdf", "size": 10, "type": "application/pdf"}
    ]


def test_a_file_is_only_ever_given_as_an_attachment_and_to_those_who_see_the_case(
    zhangwei, as_user, client, task
):
    number = upload(zhangwei, task).json["id"]
    answer = zhangwei.get(f"/files/{number}")
    assert answer.data == b"%PDF-1.7 x"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()
    with as_user("lina").get(f"/files/{number}") as answer:
        assert answer.status_code == 200
    assert as_user("baijie").get(f"/files/{number}").status_code == 404
    assert client.get(f"/files/{number}").status_code == 401
    assert zhangwei.get("/files/999999").status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [(b"MZ\x90", "a.exe", 422), (b"<svg/>", "a.svg", 422), (b"", "a.pdf", 422),
     (b"%PDF-" + b"x" * 2_000, "a.pdf", 413)],
    ids=["program", "svg", "empty", "too large"],
)  # fmt: skip
def test_bad_uploads_are_refused_in_words(app, zhangwei, task, content, name, status):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], max_upload_bytes=1_000)
    answer = upload(zhangwei, task, content, name)
    assert answer.status_code == status
    assert answer.json["message"]
    assert db.session.scalar(sa.select(StoredFile)) is None
    kept = Path(app.instance_path) / "uploads"
    assert not [path for path in kept.rglob("*") if path.is_file()]


def test_thirty_megabytes_are_refused_before_they_are_read(zhangwei, task):
    answer = zhangwei.post(
        f"/tasks/{task.id}/files", data=b"x" * 30_000_000,
        content_type="multipart/form-data; boundary=b", headers={"Accept": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 413
    assert "太大" in answer.json["message"]


def test_a_file_of_another_case_cannot_be_handed_in(zhangwei, task):
    other = run.start("p_desk", {"cases": [1]}, by="lina")
    db.session.commit()
    theirs = db.session.scalar(sa.select(UserTask).where(UserTask.instance_id == other.id))
    number = upload(zhangwei, theirs).json["id"]
    answer = send(zhangwei, task, {"papers": str(number)})
    assert answer.status_code == 422
    assert "文件没有找到" in answer.text


def test_people_are_found_by_name_login_and_initials(zhangwei, client):
    for q in ("张伟", "zhangw", "zw", "ZW"):
        assert 'data-value="zhangwei"' in zhangwei.get("/pick/user", query_string={"q": q}).text
    found = zhangwei.get("/pick/user?q=&group=sales_rep").text
    assert "lina" in found
    assert "wangqiang" not in found
    assert zhangwei.get("/pick/user?q=没有这个人").text.strip() == ""
    assert client.get("/pick/user?q=zw").status_code == 401


@pytest.fixture
def customer(app):
    row = records.create(
        "customer", {"name": "上海恒远机械有限公司", "customer_type": "企业", "region": "华东", "source": "自行开发",
                     "owner_id": "zhangwei"},
        by="zhangwei",
    )  # fmt: skip
    db.session.commit()
    return row


def test_records_are_found_by_name_number_and_initials_by_those_who_may_see_them(
    as_user, zhangwei, customer
):
    for q in ("恒远", customer.number, "shhy", ""):
        assert customer.number in zhangwei.get("/pick/customer", query_string={"q": q}).text
    assert customer.number not in as_user("baijie").get("/pick/customer?q=恒远").text
    assert zhangwei.get("/pick/nothing?q=x").status_code == 404


def test_a_search_text_is_shown_as_text(zhangwei):
    assert "<script>" not in zhangwei.get("/pick/user?q=<script>").text
