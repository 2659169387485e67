"""Who has the machine adds people and gives forgotten passwords anew, by command."""

import pytest
import sqlalchemy as sa

from app.accounts import people, throttle
from app.accounts.models import User
from app.db import db


@pytest.fixture
def shell(app):
    """`shell("add", …)` is `flask people add …`: its result."""
    runner = app.test_cli_runner()

    def call(*words, typed="a good one\na good one\n"):
        result = runner.invoke(args=["people", *words], input=typed)
        db.session.expire_all()
        return result

    return call


def let_in(client, login, password):
    answer = client.post("/login", data={"login": login, "password": password})
    return answer.status_code == 302


def test_a_new_colleague_can_log_in_with_his_roles(shell, client):
    made = shell("add", "qianduoduo", "钱多多", "--role", "sales_rep", "--department", "east")
    assert made.exit_code == 0, made.output
    person = people.get("qianduoduo")
    assert (person.name, person.group_ids, person.department_id) == (
        "钱多多",
        {"sales_rep"},
        "east",
    )
    assert person.has_password("a good one") and "a good one" not in made.output
    assert let_in(client, "qianduoduo", "a good one")


@pytest.mark.parametrize(
    ("words", "said"),
    (
        (("add", "lina", "李娜"), "lina exists already"),
        (("add", "钱多多", "钱多多"), "letters, digits, dots and underscores"),
        (("add", "new", "New", "--role", "king"), "there is no group king; there are: admin"),
        (("add", "new", "New", "--department", "moon"), "there is no department moon"),
        (("add", "new", "New", "--password", "short"), "8 to 200 characters"),
        (("password", "nobody"), "there is no user nobody"),
    ),
)
def test_a_mistake_is_named_and_nothing_is_written(shell, words, said):
    before = db.session.scalar(sa.select(sa.func.count()).select_from(User))
    result = shell(*words)
    assert result.exit_code != 0 and said in result.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == before


def test_a_forgotten_password_is_given_anew(shell, client):
    for _guess in range(throttle.PER_LOGIN):
        client.post("/login", data={"login": "lina", "password": "perhaps this"})
    assert not let_in(client, "lina", "shunliu"), "too many wrong guesses"
    assert shell("password", "lina").exit_code == 0
    assert let_in(client, "lina", "a good one")


def test_whoever_was_logged_in_with_the_old_one_is_out(shell, client):
    assert let_in(client, "lina", "shunliu") and client.get("/inbox").status_code == 200
    assert shell("password", "lina").exit_code == 0
    assert client.get("/inbox").status_code == 302
