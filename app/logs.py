"""The log: one line per request, step, job and incident, and per warning of any library.

JSON for machines, or plain text. Lines carry ids, never what people typed: no form values, no
search words, no texts of errors that may quote them. Whatever a line holds, it stays one line.
"""

import datetime as dt
import logging
import re
import sys
import time
import traceback
import uuid
from typing import Any

import orjson
from flask import Flask, Response, g, request, session
from sqlalchemy.exc import DBAPIError

from app import measure, signals
from config import Settings

HEADER = "X-Request-ID"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
# what a reader of lines could take for the end of one, and what a terminal obeys
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
QUIET = frozenset({"assets.file", "static", "health.healthz", "metrics.show"})
MOST_FRAMES = 25
log = logging.getLogger("shunliu")


def configure(settings: Settings) -> None:
    """Every logger of this process writes such lines to stderr; calling it again changes them."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, Lines)]
    if not ours and root.handlers:
        return  # whoever embeds the application has decided how it logs
    handler = ours[0] if ours else Lines()
    handler.setFormatter(formatter(settings))
    root.setLevel(settings.log_level)
    if not ours:
        root.addHandler(handler)
        # no line says where in the code it was written, by which thread and process; what the
        # logging module recommends to who writes much
        logging._srcfile = None  # type: ignore[attr-defined]
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def formatter(settings: Settings) -> logging.Formatter:
    """How the settings want a line."""
    return Json() if settings.log_format == "json" else Text()


class Lines(logging.StreamHandler):  # type: ignore[type-arg]
    """The handler of ours among those of the root logger."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)


class Json(logging.Formatter):
    """`{"time": …, "level": …, "event": …, ids …}`"""

    def format(self, record: logging.LogRecord) -> str:
        line = orjson.dumps(fields(record), default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


class Text(logging.Formatter):
    """`time LEVEL event name=value …`, a stack on one line."""

    def format(self, record: logging.LogRecord) -> str:
        given = fields(record)
        head = f"{given.pop('time')} {given.pop('level'):<7} {given.pop('event')}"
        tail = " ".join(f"{name}={value}" for name, value in given.items())
        return UNSEEN.sub(lambda found: f"\\x{ord(found[0]):02x}", f"{head} {tail}".rstrip())


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says, in its order; nothing that is None."""
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    line = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "event": record.getMessage(),
        "logger": record.name if record.name != log.name else None,
        **measure.here(),
        **getattr(record, "facts", {}),
        **(_failure(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}),
    }
    return {name: value for name, value in line.items() if value is not None}


def _failure(error: BaseException) -> dict[str, Any]:
    """The kind of error and where it came from. Its text only where it cannot quote a value."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return {
        "error": type(error).__name__,
        "reason": reason(error),
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
        "stack": " < ".join(f"{_short(one.filename)}:{one.lineno} {one.name}"
                            for one in reversed(frames)),
    }  # fmt: skip


def reason(error: BaseException) -> str | None:
    """The text of what the machine refused: a file, a socket, the database's first line."""
    if isinstance(error, DBAPIError):
        # the driver's further lines quote the row
        return str(error.orig).splitlines()[0][:300] if str(error.orig) else None
    return str(error)[:300] if isinstance(error, OSError | SystemExit) else None


def _short(path: str) -> str:
    return "/".join(path.split("/")[-3:])


def init_app(app: Flask) -> None:
    """Every request has a number, which its answer carries and its lines name."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(lambda _error: measure.begin())
    signals.done.connect(_write)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
    g.begun = time.perf_counter()
    measure.begin(request_id=g.request_id, user=session.get("_user_id"))


def _end(response: Response) -> Response:
    if "begun" not in g:
        return response  # refused before it began
    response.headers[HEADER] = g.request_id
    seen = request.view_args or {}
    measure.tell(
        "request",
        time.perf_counter() - g.begun,
        method=request.method if request.method in METHODS else "OTHER",
        route=request.url_rule.rule if request.url_rule else None,
        endpoint=request.endpoint,
        status=response.status_code,
        instance_id=seen.get("instance_id"),
        task_id=seen.get("task_id"),
    )
    return response


def _write(what: str, *, seconds: float | None, facts: dict[str, Any]) -> None:
    level = _level(what, facts)
    if log.isEnabledFor(level):
        said = {name: value for name, value in facts.items() if name != "endpoint"}
        if seconds is not None:
            said["ms"] = round(seconds * 1000, 1)
        log.log(level, what, extra={"facts": said})


def _level(what: str, facts: dict[str, Any]) -> int:
    if what == "incident" or facts.get("result") == "failed":
        return logging.WARNING
    if facts.get("status", 0) >= 500:
        return logging.ERROR
    return logging.DEBUG if facts.get("endpoint") in QUIET else logging.INFO
