"""A real server under gunicorn, a real Chromium, and people who log in with their passwords.

Every page that a test opens must stay free of console errors, failed scripts and violations of
the content policy; a test that means to get an error page says so with `expects`.
"""

import io
import os
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from app import create_app
from app.db import db
from tests import ports
from tests.database import Database
from tests.flows.conftest import publish

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
SECRET = "browser"
START_LIMIT = 120  # seconds; a machine that does much else at once is slow
expect.set_options(timeout=START_LIMIT * 1000)
TELL_VIOLATIONS = """addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


class Site:
    """A running server with a database of its own: a file in `folder`, or the one of the URL."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder, self.database_url = folder, database_url
        self.app = create_app(
            {"instance_path": str(folder), "job_runner": "inline", "secret_key": SECRET,
             "database_url": database_url}
        )  # fmt: skip
        self.address = f"127.0.0.1:{ports.free()}"
        self.url = f"http://{self.address}"

    def start(self) -> subprocess.Popen[bytes]:
        """The server answers."""
        settings = {
            "INSTANCE_PATH": str(self.folder), "BIND": self.address, "WORKERS": "1",
            "JOB_RUNNER": "inline", "SECRET_KEY": SECRET, "SHOW_DEMO_PEOPLE": "True",
            "LOG_LEVEL": "WARNING", "DATABASE_URL": self.database_url,
        }  # fmt: skip
        environ = os.environ | {f"SHUNLIU_{name}": value for name, value in settings.items()}
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:app.server", "app:create_app()"],
            cwd=ROOT, env=environ, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + START_LIMIT
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.url}/login", timeout=10).close()
                return server
            except OSError:
                assert server.poll() is None, "the server stopped while starting"
                time.sleep(0.1)
        server.kill()
        server.wait()
        raise AssertionError(f"the server did not answer within {START_LIMIT} s")

    @contextmanager
    def data(self) -> Iterator[None]:
        """Write to the server's database from the test; what is written is committed."""
        with self.app.app_context():
            yield
            db.session.commit()
            db.session.remove()


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The company with its records and flows as it is today, for a server lives in real time."""
    return publish(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def site(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a fresh database, for all tests of a file."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(template, folder / "shunliu.sqlite")
    site = Site(folder)
    server = site.start()
    yield site
    server.terminate()
    server.wait(START_LIMIT)
    with site.app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


class Complaints(list[str]):
    """What pages complained about, without the statuses that a test expects."""

    def __init__(self) -> None:
        self.expected: set[int] = set()

    def listen(self, page: Page) -> None:
        page.add_init_script(TELL_VIOLATIONS)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))
        page.on("response", lambda answer: self._status(answer.status, answer.url))

    def _console(self, message: ConsoleMessage) -> None:
        # the status itself is judged by _status, which knows what was expected
        failed = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not failed:
            self.append(message.text)

    def _status(self, status: int, url: str) -> None:
        if status >= 400 and status not in self.expected:
            self.append(f"{status} {url}")


@pytest.fixture
def expects() -> set[int]:
    """`expects.add(422)`: this test means to get that status."""
    return set()


@pytest.fixture
def open_page(chromium: Browser, site: Site, expects: set[int]) -> Iterator[Callable[..., Page]]:
    """`open_page(width=390, dark=True, locale="en")`: a new browser window nobody uses yet."""
    complaints = Complaints()
    complaints.expected = expects
    contexts = []

    def open_one(width: int = 1400, dark: bool = False, locale: str = "zh") -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 900 if width > 500 else 844},
            is_mobile=width < 500,
            has_touch=width < 500,
            color_scheme="dark" if dark else "light",
            locale="en-US" if locale == "en" else "zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(START_LIMIT * 1000)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def page_as(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`page_as("zhangwei")`: that person's inbox, or the page `at`, after a real login."""

    def log_in(login: str, at: str = "/inbox", **window: object) -> Page:
        page = open_page(**window)
        page.goto(f"/login?next={at}")
        page.fill("#login", login)
        page.fill("#password", "shunliu")
        page.locator("#password").press("Enter")
        page.wait_for_url(lambda url: urllib.parse.urlsplit(url).path == at)
        return page

    return log_in


def check_page(page: Page) -> None:
    """The page is accessible by axe's rules and does not scroll sideways."""
    page.evaluate(AXE.read_text())  # not as a script element: the page's policy forbids that
    found = page.evaluate(
        """(rules) => axe.run({runOnly: rules}).then((result) => result.violations.map((one) =>
        `${one.id}: ` + one.nodes.map((node) => node.html.slice(0, 200)).join(' | ')))""",
        RULES,
    )
    assert not found, f"{page.url}\n" + "\n".join(found)
    beside = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert beside <= 0, f"{page.url} is {beside} px too wide"


def tab_to(page: Page, wanted: Locator) -> None:
    """The keyboard alone comes to it."""
    for _step in range(80):
        if wanted.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not come there")


@pytest.fixture
def shot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], Path]:
    """`shot(page, "inbox")` takes a picture; SHOTS_FOLDER names the folder that keeps them."""
    # an own variable of the tests: the product refuses settings that it does not know
    kept = os.environ.get("SHOTS_FOLDER")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("shots")

    def take(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=path)
        return path

    return take


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """`picture(page, "inbox")` keeps docs/img/inbox.png when PICTURES_FOLDER names that folder
    (`make docs-pictures`); without it nothing is taken."""
    folder = os.environ.get("PICTURES_FOLDER")

    def take(page: Page, name: str) -> None:
        if folder:
            page.wait_for_load_state("networkidle")
            page.evaluate("scrollTo(0, 0)")
            taken = page.screenshot(animations="disabled", caret="hide")
            few = (
                Image.open(io.BytesIO(taken)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
            )
            few.save(Path(folder) / f"{name}.png", optimize=True)

    return take
