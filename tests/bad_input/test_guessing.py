"""Guessing passwords: the same answer and the same work whether the login exists or not."""

import hashlib
import re

import pytest

from app.accounts import throttle


def guess(client, login, password="wrong"):
    return client.post("/login", data={"login": login, "password": password})


def test_the_text_is_the_same_for_a_person_and_for_nobody(client):
    person = guess(client, "zhangwei")
    nobody = guess(client, "zhangwej")
    assert person.status_code == nobody.status_code == 422
    assert plain(person.text, "zhangwei") == plain(nobody.text, "zhangwej")


def plain(page, login):
    return re.sub(r"[\w.-]{60,}", "", page).replace(login, "")


def test_a_password_is_hashed_in_the_same_way_for_a_person_and_for_nobody(client, monkeypatch):
    """The hash takes nearly all of the time: who measures it learns nothing."""
    hashed = []
    scrypt = hashlib.scrypt

    def noted(password, *, salt, **how):
        hashed.append((len(salt), how))
        return scrypt(password, salt=salt, **how)

    monkeypatch.setattr(hashlib, "scrypt", noted)
    guess(client, "zhangwei")
    guess(client, "zhangwej")
    person, nobody = hashed
    assert person == nobody


@pytest.mark.parametrize("login", ("zhangwei", "zhangwej"))
def test_guessing_is_stopped_for_both_alike(client, login):
    for _turn in range(throttle.PER_LOGIN):
        assert guess(client, login).status_code == 422
    answer = guess(client, login, "shunliu")
    assert answer.status_code == 429
    assert client.get("/inbox").status_code == 302


def test_one_address_cannot_try_many_logins(client):
    for number in range(throttle.PER_ADDRESS):
        guess(client, f"nobody{number}")
    assert guess(client, "lina", "shunliu").status_code == 429
