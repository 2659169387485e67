"""Speaking to an address outside of the house, and only outside.

Whoever registers an address must not be able to make the server speak to itself or its neighbours:
what a name means is looked up, every address of it is checked, and the connection goes to the one
that was checked. The setting `webhook_networks` names networks inside that may be reached.
"""

import functools
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import config as settings
from app.i18n import _

TIMEOUT = 15  # seconds for everything, from the connection to the end of the answer
LONGEST = 1000  # characters of an address
EXCERPT = 300  # bytes of an answer that are kept
_SAFE = "/%:@!$&'()*+,;=~-._?"
_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """The address cannot be used; the text says why, in the reader's language."""


class Forbidden(Exception):
    """The address leads inside; the text says where."""


class Unreachable(Exception):
    """Nobody has answered in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address as it is spoken to: ASCII only, everything else percent-encoded."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """As it is shown and kept."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Redirects are answers like any other."""

    status: int
    reason: str
    text: str


def parse(url: str) -> Target:
    """The address in its parts. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # UnicodeError is one
        raise BadAddress(_("这不是网址。请写成 https://主机/路径。")) from None
    if parts.scheme not in _PORTS or not host or len(url) > LONGEST or _is_odd(url):
        raise BadAddress(_("这不是网址。请写成 https://主机/路径。"))
    if parts.username is not None or parts.password is not None:
        raise BadAddress(_("网址里不能有用户名和密码。接收方用签名来核对是谁发的。"))
    path = quote(parts.path or "/", safe=_SAFE)
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    chosen = _PORTS[parts.scheme] if port is None else port
    return Target(parts.scheme, host, chosen, f"{path}{query}")


def _is_odd(url: str) -> bool:
    return any(letter.isspace() or not letter.isprintable() for letter in url)


def networks(names: str) -> list[Network]:
    """The networks of the setting. Raises BadSetting for what is none."""
    try:
        return [ipaddress.ip_network(name.strip()) for name in names.split(",") if name.strip()]
    except ValueError as error:
        raise settings.BadSetting(
            f"SHUNLIU_WEBHOOK_NETWORKS: {error}; write for example 10.1.2.0/24, several with commas"
        ) from None


def look_up(target: Target, allowed: list[Network]) -> list[str]:
    """The addresses of the target, all of them such as may be reached. Raises Forbidden,
    Unreachable when the name means nothing."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{target.host}: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not (_is_public(address) or any(address in network for network in allowed)):
            raise Forbidden(f"{target.host}: {address} is inside; see SHUNLIU_WEBHOOK_NETWORKS")
    return addresses


def _is_public(address: Address) -> bool:
    """Does it lie in the open Internet, also when it only wraps an older address?"""
    wrapped: list[ipaddress.IPv4Address | None] = []
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        wrapped = [address.sixtofour, *(address.teredo or ())]
    open_to_all = address.is_global and not (address.is_multicast or address.is_reserved)
    return open_to_all and all(one is None or _is_public(one) for one in wrapped)


def post(
    target: Target, body: bytes, headers: Mapping[str, str], allowed: list[Network],
    *, seconds: float = TIMEOUT,
) -> Answer:  # fmt: skip
    """The answer to a POST, also when it is a refusal; redirects are not followed.

    Raises Forbidden, and Unreachable when there is no answer within the time.
    """
    until = time.monotonic() + seconds
    trouble: Exception | None = None
    for address in look_up(target, allowed):
        left = until - time.monotonic()
        if left <= 0:
            break
        line = _Line(target, address, left)
        try:
            return line.ask(body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            trouble = error
            if line.has_spoken:
                break  # who has heard us must not hear it a second time
        finally:
            line.close()
    raise Unreachable(_why(target, trouble, seconds)) from trouble


def _why(target: Target, trouble: Exception | None, seconds: float) -> str:
    if trouble is None or isinstance(trouble, TimeoutError | _Late):
        return f"{target.host}: no answer within {seconds:g} s"
    return f"{target.host}: {trouble or type(trouble).__name__}"


class _Late(OSError):
    """The time was up before the answer was whole."""


class _Line(http.client.HTTPConnection):
    """A connection to one address that was checked, whatever the name means by now."""

    def __init__(self, target: Target, address: str, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self.target, self.address = target, address
        self.default_port = _PORTS[target.scheme]
        self.has_spoken = self.is_late = False

    def connect(self) -> None:
        """It stands, and over TLS the other side is who it says."""
        self.sock = socket.create_connection((self.address, self.port), self.timeout)
        if self.target.scheme == "https":
            self.sock = _tls().wrap_socket(self.sock, server_hostname=self.target.host)
        if self.is_late:
            raise _Late

    def ask(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer; a drop now and then does not lengthen the time."""
        watch = threading.Timer(self.timeout or TIMEOUT, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            self.connect()
            self.has_spoken = True
            self.request("POST", self.target.path, body, dict(headers))
            answer = self.getresponse()
            text = answer.read(EXCERPT).decode("utf-8", "replace")
            if self.is_late:
                raise _Late  # an end that we made ourselves looks like that of the answer
            return Answer(answer.status, answer.reason, text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise (_Late() if self.is_late else error) from error
        finally:
            watch.cancel()

    def _hang_up(self) -> None:
        self.is_late = True
        if self.sock is not None:
            try:
                # past TLS's own goodbye, for which another thread would have to wait
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
            except OSError:
                return  # it has gone by itself


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
