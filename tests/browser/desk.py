"""Many people at their desks in one browser: each does its own tasks through the task's form."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Locator, Page

from app.db import db
from app.engine import run
from app.engine.models import Incident, UserTask
from app.jobs import queue
from tests.browser.conftest import Site

PAPER = {"mimeType": "application/pdf", "buffer": b"%PDF-1.7 paper"}


class Office:
    """The company: who is logged in, what is open, what comes in from outside."""

    def __init__(self, site: Site, page_as: Callable[..., Page]) -> None:
        self.site, self.page_as = site, page_as
        self.pages: dict[str, Page] = {}

    def page(self, login: str) -> Page:
        """This person's window; the first time the person logs in."""
        if login not in self.pages:
            self.pages[login] = self.page_as(login)
        return self.pages[login]

    def begin(self, flow: str, login: str) -> None:
        """The person starts a case from the process library."""
        page = self.page(login)
        page.goto("/processes")
        page.locator(f"a[href$='/processes/{flow}']").first.click()
        begin = page.get_by_role("button", name="发起", exact=True)
        with page.expect_navigation(wait_until="load"):
            begin.click()

    def message(self, name: str, key: str, **variables: Any) -> None:
        """The customer, the carrier or the bank tells something."""
        with self.site.data():
            run.correlate(name, key, variables)

    def task(self, element: str) -> int:
        """The one open task of this element."""
        with self.site.data():
            queue.run_due()
            query = sa.select(UserTask).where(UserTask.state == "open").order_by(UserTask.id)
            tasks = list(db.session.scalars(query))
            found = [one.id for one in tasks if one.element_id == element]
            failed = db.session.scalars(sa.select(Incident.message)).all()
            seen = {one.element_id: run.variables(one.instance_id).get("problems") for one in tasks}
        assert len(found) == 1, f"{len(found)} {element}; open: {seen}; failed: {failed}"
        return found[0]

    def is_open(self, element: str) -> bool:
        """Does somebody have such a task?"""
        with self.site.data():
            queue.run_due()
            query = sa.select(UserTask.id).filter_by(state="open", element_id=element)
            return db.session.scalar(query.limit(1)) is not None

    def do(self, element: str, login: str, outcome: str, **fields: Any) -> None:
        """The person opens the task from the own inbox, fills in the form and presses the verb.

        `fields`: by the name in the form, with `__` for a dot and `_N__` for a row.
        """
        number, page = self.task(element), self.page(login)
        page.goto("/inbox")
        page.locator(f"a[href*='/tasks/{number}']").first.wait_for(state="attached")
        page.goto(f"/tasks/{number}")
        for key, value in fields.items():
            fill(page, re.sub(r"_(\d+)__", r"[\1].", key).replace("__", "."), value)
        press(page, outcome)


def press(page: Page, outcome: str) -> None:
    """The verb is pressed; the inbox is open again."""
    verb = page.locator(f".outcomes button[name=outcome][value={outcome}]")
    with page.expect_navigation(wait_until="load"):
        verb.click()
    problems = page.locator("#problems")
    assert "/inbox" in page.url, problems.inner_text() if problems.count() else page.url


def fill(page: Page, name: str, value: Any) -> None:
    """One field is filled in, the way its kind is."""
    row = re.match(r"(.+)\[(\d+)\]\.", name)
    if row:
        _add_row(page, row[1], int(row[2]))
    field = page.locator(f"[name='{name}']:not([type=hidden])").first
    shown = page.locator("#f-" + name.replace("[", "-").replace("]", "").replace(".", "-"))
    if isinstance(value, bytes):
        with page.expect_response(lambda answer: answer.url.endswith("/draft")):
            shown.set_input_files([{**PAPER, "name": value.decode()}])
    elif page.locator(f"input[type=hidden][name='{name}']").count():
        _choose(page, shown, name, value)
    else:
        _type(page, field, name, value)


def _add_row(page: Page, name: str, number: int) -> None:
    lines = page.locator(f"[data-list='{name}'] [data-line]")
    while lines.count() <= number:
        page.locator(f"[data-list='{name}'] [data-add]").last.click()


def _choose(page: Page, field: Locator, name: str, value: str) -> None:
    if not field.is_visible():
        page.locator(".picker", has=field).locator("[data-clear]").click()
    field.click()
    field.press_sequentially(value)
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.locator(f".picker:has(input[name='{name}']) .picked").wait_for()


def _type(page: Page, field: Locator, name: str, value: Any) -> None:
    text = str(value)
    if isinstance(value, dt.datetime):
        text = f"{value:%Y-%m-%dT%H:%M}"
    kind = field.get_attribute("type")
    if kind == "radio":
        page.locator(f"[name='{name}'][value='{text}']").check()
    elif kind == "checkbox":
        field.set_checked(bool(value))
    elif field.evaluate("it => it.tagName") == "SELECT":
        field.select_option(text)
    else:
        field.fill(text)
