"""Every address of the application, taken from its own map: who has no business there finds nothing,
whatever its parts say; no form is taken without its token; every answer carries the same armour."""

import re

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule

from app.db import db
from app.engine.models import Event, UserTask
from tests.inbox import quotes

# open to everybody: they show nothing of anybody
PUBLIC = {"accounts.login", "accounts.enter", "accounts.choose_language", "accounts.choose_look",
          "assets.file", "health.healthz", "metrics.show", "static", "survey.ask", "survey.answer",
          "inbox.home"}  # fmt: skip
WORDS = {"entity": "customer", "key": "CU-202501-0001", "name": "state", "number": "051-01-01",
         "area": "051-01", "area_id": "051-01", "code": "x", "element_id": "start",
         "decision_id": "dup_verdict", "process_id": "p", "filename": "x", "token": "x"}  # fmt: skip
ODD = ("%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%98%80", "'%20or%201=1", "x" * 400, "-1", "0")


@pytest.fixture
def task(app):
    quotes.publish()
    return quotes.begin()


def rules(app) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=str)


def doors(app, **parts: int | str):
    """(method, address, rule) of every rule, its numbers and words filled in from `parts`."""
    with app.test_request_context():
        for rule in rules(app):
            values = {}
            for name in rule.arguments:
                number = f"<int:{name}>" in rule.rule
                values[name] = parts.get(name, parts.get("number_" if number else "word_"))
                if values[name] is None:
                    values[name] = 1 if number else WORDS[name]
            try:
                address = rule.build(values)[1]
            except Exception:  # the rule allows certain words only
                address = rule.build(values | {"entity": "customer"})[1]
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield method, address, rule


def seen(answer, address: str) -> str:
    """The page without its own address and without the token, which holds the second."""
    return re.sub(r"[\w-]{20,}\.[\w-]+\.[\w-]+", "", answer.text.replace(address, ""))


def state(task):
    db.session.expire_all()
    return db.session.get_one(UserTask, task.id).state, db.session.scalar(
        sa.select(sa.func.count()).select_from(Event)
    )


def test_who_is_not_logged_in_gets_no_further_than_the_login_page(app, task, client):
    before = state(task)
    asked = [door for door in doors(app, task_id=task.id, instance_id=task.instance_id)
             if door[2].endpoint not in PUBLIC]  # fmt: skip
    assert len(asked) > 80
    for method, address, _rule in asked:
        answer = client.open(address, method=method, data={"outcome": "approve"})
        where = (answer.status_code, (answer.location or answer.headers.get("HX-Redirect", ""))[:6])
        assert where in ((302, "/login"), (401, ""), (401, "/login")), (method, address, where)
    assert state(task) == before


def test_the_outsider_cannot_tell_what_is_somebody_elses_from_what_does_not_exist(
    app, task, as_user
):
    before = state(task)
    outsider = as_user("baijie")
    real = {"task_id": task.id, "instance_id": task.instance_id, "token_id": task.token_id}
    there = [d for d in doors(app, **real) if set(real) & d[2].arguments]
    nowhere = [d for d in doors(app, **dict.fromkeys(real, 987654)) if set(real) & d[2].arguments]
    assert len(there) == len(nowhere) > 20
    for (method, address, _), (_, other, _) in zip(there, nowhere, strict=True):
        found, missing = (
            outsider.open(where, method=method, data={"outcome": "approve", "to": "baijie"})
            for where in (address, other)
        )
        assert found.status_code == missing.status_code == 404, (method, address)
        assert seen(found, address) == seen(missing, other), address
    assert state(task) == before


@pytest.mark.parametrize("part", ODD)
def test_odd_parts_of_an_address_are_not_found_and_never_fail(app, task, as_user, part):
    admin = as_user("zhouning")
    with app.test_request_context():
        for rule in rules(app):
            words = [name for name in rule.arguments if f"<{name}>" in rule.rule]
            if not words or "GET" not in rule.methods:
                continue
            address = rule.rule
            for name in rule.arguments:
                address = address.replace(f"<int:{name}>", "1").replace(f"<{name}>", part)
            answer = admin.get(address)
            assert answer.status_code < 500, address
            assert "root:" not in answer.text
            answer.close()


def test_numbers_beyond_every_table_are_not_found(app, task, as_user):
    admin = as_user("zhouning")
    asked = [door for door in doors(app, number_=2**63) if "<int:" in door[2].rule]
    assert len(asked) > 30
    for method, address, _rule in asked:
        answer = admin.open(address, method=method, data={"verb": "cancel", "reason": "x"})
        assert 400 <= answer.status_code < 500, (method, address, answer.status_code)


def test_nothing_is_written_without_the_token_of_the_page(app, task, as_user):
    before = state(task)
    person = as_user("wangqiang")
    app.config["WTF_CSRF_ENABLED"] = True
    asked = [door for door in doors(app, task_id=task.id, instance_id=task.instance_id)
             if door[0] != "GET" and door[2].endpoint != "survey.answer"]  # fmt: skip
    assert len(asked) > 35
    for method, address, _rule in asked:
        answer = person.open(address, method=method, data={"outcome": "approve"})
        assert answer.status_code in (400, 403), (method, address, answer.status_code)
    assert state(task) == before


def test_every_page_forbids_foreign_scripts_frames_and_guessed_types(app, task, as_user):
    admin = as_user("zhouning")
    for method, address, _rule in doors(app, task_id=task.id, instance_id=task.instance_id):
        if method != "GET":
            continue
        answer = admin.get(address)
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src" in policy and "frame-ancestors" in policy, address
        script = policy.partition("script-src")[2].partition(";")[0]
        assert "unsafe-inline" not in script and "unsafe-eval" not in script, address
        assert "*" not in policy, address
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", address
        answer.close()
