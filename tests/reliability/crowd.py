"""People who work through a real server, and the list outside of what they were told.

A line is written when the answer says that the work was accepted, by the client and not by the
product: `{"kind": "task" | "start", …}`. Whoever got no answer, or a refusal, writes nothing.
"""

import http.client
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.visitor import Answer, Visitor

TASK = re.compile(r'href="/tasks/(\d+)"')
ALERT = re.compile(r'<p>([^<]+)</p>|role="alert"[^>]*>([^<]+)<')
PATIENCE = 120.0  # seconds without any progress
CATCH_UP = 2.0  # seconds that somebody who asks at fixed times may be behind
PEOPLE = (
    "zhangwei", "lina", "wangqiang", "zhaomin", "gaoyuan", "yangfan", "linyue", "sunli",
    "machao", "helin", "wuhao", "zhengjie", "luogang", "hanxue", "caomin", "shentao",
)  # fmt: skip


class Ledger:
    """The list of acknowledged requests. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "a", buffering=1)
        self._lock = threading.Lock()
        self.lines: list[dict[str, Any]] = []

    def write(self, **line: Any) -> None:
        """The line is in the file."""
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            self.lines.append(line)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one kind."""
        with self._lock:
            return [line for line in self.lines if line["kind"] == kind]

    def close(self) -> None:
        """Nobody writes any more."""
        self._file.close()


@dataclass
class Reception:
    """How requests were received, and what the refusals said."""

    statuses: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    unexplained: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, method: str, answer: Answer, took: float) -> None:
        """The answer is counted; a refusal's words, too."""
        with self.lock:
            self.statuses[f"{method} {answer.status}"] += 1
            self.slowest = max(self.slowest, took)
            if answer.status >= 500:
                found = ALERT.search(answer.text)
                said = (found[1] or found[2]).strip() if found else answer.text.strip()[:120]
                self.words[said] += 1

    def cut(self, method: str) -> None:
        """No answer came."""
        with self.lock:
            self.statuses[f"{method} no answer"] += 1


class Person(threading.Thread):
    """Somebody who starts cases and does what stands in his inbox, until told to stop."""

    def __init__(
        self, address: str, login: str, ledger: Ledger, reception: Reception, *, number: str,
        starts: int, pause: float = 0.0, every: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(name=login, daemon=True)
        self.visitor = Visitor(address)
        self.login, self.ledger, self.reception = login, ledger, reception
        self.number, self.starts, self.pause, self.every = number, starts, pause, every
        self.due = 0.0  # when the next request is
        self.stopped = threading.Event()
        self.idle = threading.Event()  # he has begun his cases, and his inbox was empty
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self._until_done(lambda: self.visitor.log_in(self.login))
            self.visitor.forgets = True
            while not self.stopped.is_set():
                self._round()
        except BaseException as error:
            self.failure = error
        finally:
            self.visitor.hang_up()

    def _until_done(self, act: Callable[[], object]) -> None:
        while not self.stopped.is_set():
            try:
                act()
                return
            except (OSError, http.client.HTTPException, AssertionError):
                time.sleep(0.2)

    def _round(self) -> None:
        """A case is begun, and what the inbox shows is done."""
        if self.starts > 0:
            self.begin()
        page = self.ask("GET", "/inbox")
        if page is None or page.status != 200:
            time.sleep(0.1)
            return
        found = list(dict.fromkeys(TASK.findall(page.text)))
        if not found and self.starts <= 0:
            self.idle.set()
            time.sleep(0.2)
        else:
            self.idle.clear()
        for task in found:
            if self.stopped.is_set():
                return
            self.complete(int(task))
            time.sleep(self.pause)

    def begin(self) -> None:
        """One more case, if the server says so."""
        answer = self.ask("POST", f"/processes/{self.number}/start")
        if answer is not None and answer.status == 302:
            self.starts = max(0, self.starts - 1)
            self.ledger.write(kind="start", by=self.login, location=answer.location)

    def complete(self, task: int) -> Answer | None:
        """The task with a stamp of its own, which the list has if the server said so."""
        stamp = uuid.uuid4().hex
        answer = self.ask("POST", f"/tasks/{task}/complete", stamp=stamp, outcome="done")
        if answer is not None and answer.status == 303:
            self.ledger.write(kind="task", task=task, stamp=stamp, by=self.login)
        return answer

    def ask(self, method: str, path: str, **fields: str) -> Answer | None:
        """The answer; None when there was none."""
        begin = self._in_time()
        try:
            if method == "GET":
                answer = self.visitor.get(path)
            else:
                answer = self.visitor.post(path, **fields)
        except (OSError, http.client.HTTPException):
            self.visitor.hang_up()
            self.reception.cut(method)
            time.sleep(0.05)
            return None
        self.reception.note(method, answer, time.monotonic() - begin)
        if answer.status in (401, 400) or (answer.status == 302 and "/login" in answer.location):
            self.visitor.forgets = False
            self._until_done(lambda: self.visitor.log_in(self.login))
            self.visitor.forgets = True
        return answer

    def _in_time(self) -> float:
        """It is time for the next request, now; who was kept waiting makes up for some of it."""
        now = time.monotonic()
        if self.every:
            self.due = max(self.due + self.every, now - CATCH_UP)
            time.sleep(max(0.0, self.due - now))
        return time.monotonic()


class Crowd:
    """Several people at once."""

    def __init__(
        self, address: str, ledger: Ledger, *, number: str, cases: int, people: int = 8,
        pause: float = 0.0, rate: float = 0.0,
    ) -> None:  # fmt: skip
        """`pause` seconds lie between two tasks of one person; `rate` requests a second are asked
        by all together, 0: as many as get answers."""
        every = people / rate if rate else 0.0
        self.ledger, self.reception = ledger, Reception()
        share = [cases // people + (1 if n < cases % people else 0) for n in range(people)]
        self.people = [
            Person(address, PEOPLE[n], ledger, self.reception, number=number, starts=share[n],
                   pause=pause, every=every)
            for n in range(people)
        ]  # fmt: skip

    def go(self) -> None:
        """They are at work."""
        for person in self.people:
            person.start()

    def busy(self) -> bool:
        """Has anybody still something to begin or to do?"""
        self.check()
        return not all(person.idle.is_set() for person in self.people)

    def begin_no_more(self) -> None:
        """What has begun is brought to its end."""
        for person in self.people:
            person.starts = 0

    def finish(self) -> None:
        """Everything is done, or nobody has got on for two minutes; everybody has stopped."""
        told, since = -1, time.monotonic()
        while self.busy() and time.monotonic() - since < PATIENCE:
            if len(self.ledger.lines) != told:
                told, since = len(self.ledger.lines), time.monotonic()
            time.sleep(0.1)
        self.home()

    def check(self) -> None:
        """Raises what went wrong in a client itself."""
        for person in self.people:
            if person.failure is not None:
                raise person.failure

    def home(self) -> None:
        """Everybody has stopped."""
        for person in self.people:
            person.stopped.set()
        for person in self.people:
            person.join(60)
        self.check()
