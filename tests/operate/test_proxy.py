"""Whose word counts about where a request came from."""

import pytest
from flask import request

from config import BadSetting
from tests import database as databases

TOLD = {"X-Forwarded-For": "9.9.9.9, 1.2.3.4", "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example"}  # fmt: skip


@pytest.fixture
def seen(database):
    """`seen(peer, trusted_proxies="…")`: (address, scheme, host) as the application sees them."""

    def ask(peer, **chosen):
        with databases.opened(database, **chosen) as app:
            app.add_url_rule(
                "/who", "who", lambda: f"{request.remote_addr} {request.scheme} {request.host}"
            )
            answer = app.test_client().get("/who", headers=TOLD, environ_base={"REMOTE_ADDR": peer})
            return tuple(answer.text.split(" "))

    return ask


def test_nobody_is_believed_unless_the_setting_says_so(seen):
    assert seen("127.0.0.1") == ("127.0.0.1", "http", "localhost")


def test_a_trusted_proxy_is_believed(seen):
    assert seen("127.0.0.1", trusted_proxies="127.0.0.1") == ("1.2.3.4", "https", "localhost")
    assert seen("10.1.2.3", trusted_proxies="::1, 10.0.0.0/8")[0] == "1.2.3.4"


def test_another_machine_is_not_believed(seen):
    assert seen("192.168.0.5", trusted_proxies="127.0.0.1")[:2] == ("192.168.0.5", "http")


def test_only_so_many_proxies_are_believed(seen):
    assert seen("127.0.0.1", trusted_proxies="127.0.0.1", proxy_hops=2)[0] == "9.9.9.9"


def test_a_socket_file_has_no_address(seen):
    assert seen("", trusted_proxies="unix")[0] == "1.2.3.4"
    assert seen("", trusted_proxies="127.0.0.1")[1] == "http"


def test_what_is_no_address_stops_the_boot(database):
    with pytest.raises(BadSetting, match="nginx is not an address"):
        databases.opened(database, trusted_proxies="nginx").__enter__()
