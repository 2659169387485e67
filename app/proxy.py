"""Behind a reverse proxy the address and scheme of a request are what the proxy says, and nobody
else: only connections from the addresses of the setting `trusted_proxies` are believed.
"""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config as settings

UNIX = "unix"  # connections over a socket file have no address
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def init_app(app: Flask) -> None:
    """X-Forwarded-For and X-Forwarded-Proto count when a trusted proxy sends them.

    Raises BadSetting for what is not an address.
    """
    chosen = app.config["SETTINGS"]
    names = {name.strip() for name in chosen.trusted_proxies.split(",") if name.strip()}
    if names:
        app.wsgi_app = Behind(app.wsgi_app, names, chosen.proxy_hops)  # type: ignore[method-assign]


class Behind:
    """The application as trusted proxies and everybody else reach it."""

    def __init__(self, inner: Wsgi, names: set[str], hops: int) -> None:
        self.inner = inner
        self.unix = UNIX in names
        self.networks = [_network(name) for name in sorted(names - {UNIX})]
        self.told = ProxyFix(inner, x_for=hops, x_proto=1, x_host=0, x_port=0, x_prefix=0)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        trusted = self._trusts(environ.get("REMOTE_ADDR", ""))
        return (self.told if trusted else self.inner)(environ, start)

    def _trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return self.unix and not peer
        return any(address in network for network in self.networks)


def _network(name: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(name)
    except ValueError:
        raise settings.BadSetting(
            f"SHUNLIU_TRUSTED_PROXIES: {name} is not an address; write for example "
            f"127.0.0.1 or 10.0.0.0/8, several with commas, or {UNIX}"
        ) from None
