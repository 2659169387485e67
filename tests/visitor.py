"""A person at a browser without pictures: keeps cookies and the connection, sends the CSRF token of
the page that he looks at. For tests and benchmarks that go through a real server."""

import http.client
import re
import urllib.parse
from dataclasses import dataclass
from http.cookies import SimpleCookie

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


@dataclass
class Answer:
    """What the server said."""

    status: int
    text: str
    location: str


class Visitor:
    """Somebody who visits the server at `address` (host:port)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.forgets = (
            False  # keeps the cookies of now: notes that no page ever shows would pile up
        )
        self.connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        """The page; its token is remembered."""
        return self._ask("GET", path)

    def post(self, path: str, *fields: tuple[str, str], **more: str) -> Answer:
        """Hand in a form with the token of the last page."""
        pairs = [("csrf_token", self.token), *fields, *more.items()]
        return self._ask("POST", path, urllib.parse.urlencode(pairs))

    def log_in(self, login: str, password: str = "shunliu") -> None:
        """The person is in, and looks at the inbox."""
        self.get("/login")
        answer = self.post("/login", login=login, password=password)
        assert answer.status == 302, answer.text[:500]
        assert self.get("/inbox").status == 200

    def hang_up(self) -> None:
        """The connection is closed; cookies are kept."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=30)
        head = {
            "Accept-Language": "zh",
            "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
        }
        if body is not None:
            head["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self.connection.request(method, path, body, head)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (http.client.HTTPException, OSError):
            self.hang_up()
            raise
        for line in [] if self.forgets else answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {key: value.value for key, value in SimpleCookie(line).items()}
        if answer.headers.get("Connection", "").lower() == "close":
            self.hang_up()
        found = TOKEN.search(text)
        self.token = found[1] if found else self.token
        return Answer(answer.status, text, answer.headers.get("Location", ""))
