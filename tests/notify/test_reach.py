"""The server speaks to the outside only: no name, wrapping or change of mind leads inside."""

import socket

import pytest
from flask import Flask

import config
from app import create_app
from app.notify import reach
from tests.notify.receiver import listening


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com:443/a b".replace(" ", ""), "https://hooks.example.com/ab"),
        ("http://hooks.example.com:8080/收?键=值", None),
        ("https://例子.中国/x", "https://xn--fsqu00a.xn--fiqs8s/x"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
    ],
)
def test_an_address_is_spoken_as_ascii(app: Flask, written: str, spoken: str | None):
    found = reach.parse(written).url
    assert found.isascii() and (spoken is None or found == spoken)
    assert reach.parse(found).url == found


@pytest.mark.parametrize(
    "url",
    ["", "hooks", "ftp://a.com/", "https://", "https://a.com:99999/", "https://a.com:x/", "file:///etc/passwd",
     "https://u:p@a.com/", "https://u@a.com/", "https://a.com/\r\nX: y", "https://a.com/ x",
     "https://a .com/", "https://[::1/", "https://a..com./" + "x" * 2000, "https://" + "é" * 300 + ".com"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_words(app: Flask, url: str):
    with pytest.raises(reach.BadAddress, match="网址"):
        reach.parse(url)


INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "192.0.2.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_leads_inside(monkeypatch: pytest.MonkeyPatch, address: str):
    resolve(monkeypatch, "8.8.8.8", address)
    with pytest.raises(reach.Forbidden, match=r"hooks\.example\.com"):
        reach.look_up(reach.Target("https", "hooks.example.com", 443, "/"), [])


def test_addresses_of_the_internet_may_be_reached(monkeypatch: pytest.MonkeyPatch):
    resolve(monkeypatch, "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808")
    target = reach.Target("https", "hooks.example.com", 443, "/")
    assert reach.look_up(target, []) == ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"]


def test_a_network_inside_may_be_allowed(monkeypatch: pytest.MonkeyPatch):
    resolve(monkeypatch, "10.1.2.3")
    target = reach.Target("http", "erp.example.com", 80, "/")
    assert reach.look_up(target, reach.networks("10.1.2.0/24, ::1")) == ["10.1.2.3"]
    with pytest.raises(reach.Forbidden):
        reach.look_up(target, reach.networks("10.1.3.0/24"))


@pytest.mark.parametrize(
    "literal", ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0177.0.0.1/"]
)
def test_odd_ways_to_write_this_machine_lead_nowhere(app: Flask, literal: str):
    with pytest.raises((reach.Forbidden, reach.Unreachable)):
        reach.look_up(reach.parse(literal), [])


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch):
    with listening() as receiver:
        port = receiver.server_address[1]
        asked = resolve(monkeypatch, "127.0.0.1")
        target = reach.Target("http", "hooks.example.com", port, "/x")
        answer = reach.post(target, b"{}", {}, reach.networks("127.0.0.1"))
        assert answer.status == 200 and asked.count("hooks.example.com") == 1
        assert receiver.heard[0].headers["host"] == f"hooks.example.com:{port}"


def test_a_name_that_means_nothing_and_a_closed_door_are_unreachable(app: Flask):
    with pytest.raises(reach.Unreachable, match="nowhere"):
        reach.look_up(reach.parse("https://nowhere.invalid/"), [])
    with listening() as receiver:
        url = receiver.url
    with pytest.raises(reach.Unreachable, match="refused"):
        reach.post(reach.parse(url), b"", {}, reach.networks("127.0.0.1"))


def test_tls_wants_a_certificate_that_it_can_check(app: Flask):
    with listening() as receiver:
        url = receiver.url.replace("http:", "https:")
        with pytest.raises(reach.Unreachable, match="SSL"):
            reach.post(reach.parse(url), b"{}", {}, reach.networks("127.0.0.1"), seconds=5)
        assert receiver.heard == []


def test_a_wrong_setting_stops_the_start(empty_database):
    with pytest.raises(config.BadSetting, match="SHUNLIU_WEBHOOK_NETWORKS"):
        create_app(empty_database.settings | {"webhook_networks": "erp.example.com"})


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name means these addresses; the names that were asked for."""
    asked: list[str] = []

    def look(host: str, port: int, *_how: object, **_named: object) -> list[tuple]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port),
            )
            for one in addresses
        ]

    monkeypatch.setattr(reach.socket, "getaddrinfo", look)
    return asked
