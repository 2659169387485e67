"""Guessing passwords: the same answer and the same work whether the login exists or not."""

import re
import statistics
import time

import pytest

from app.accounts import throttle


def guess(client, login, password="wrong"):
    begin = time.perf_counter()
    answer = client.post("/login", data={"login": login, "password": password})
    return answer, time.perf_counter() - begin


def test_the_text_is_the_same_for_a_person_and_for_nobody(client):
    person, _time = guess(client, "zhangwei")
    nobody, _time = guess(client, "zhangwej")
    assert person.status_code == nobody.status_code == 422
    assert plain(person.text, "zhangwei") == plain(nobody.text, "zhangwej")


def plain(page, login):
    return re.sub(r"[\w.-]{60,}", "", page).replace(login, "")


def test_the_time_is_the_same_for_a_person_and_for_nobody(client, monkeypatch):
    monkeypatch.setattr(throttle, "PER_ADDRESS", 1000)
    monkeypatch.setattr(throttle, "PER_LOGIN", 1000)
    spent = {"zhangwei": [], "zhangwej": []}
    for _turn in range(5):
        for login, times in spent.items():
            times.append(guess(client, login)[1])
    person, nobody = (statistics.median(times) for times in spent.values())
    assert 0.6 < person / nobody < 1.7


@pytest.mark.parametrize("login", ("zhangwei", "zhangwej"))
def test_guessing_is_stopped_for_both_alike(client, login):
    for _turn in range(throttle.PER_LOGIN):
        assert guess(client, login)[0].status_code == 422
    answer, _time = guess(client, login, "shunliu")
    assert answer.status_code == 429
    assert client.get("/inbox").status_code == 302


def test_one_address_cannot_try_many_logins(client):
    for number in range(throttle.PER_ADDRESS):
        guess(client, f"nobody{number}")
    assert guess(client, "lina", "shunliu")[0].status_code == 429
