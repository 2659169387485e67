"""Every setting of the product: name, typed default, one comment.

Each is overridden by the environment variable ``SHUNLIU_<NAME>``. A value that does not fit its
type, or an unknown ``SHUNLIU_`` variable, stops the boot with the remedy in the text.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PREFIX = "SHUNLIU_"


class BadSetting(SystemExit):
    """A setting cannot be used; the text says which, what was found and what to write instead."""


@dataclass(frozen=True)
class Settings:
    """All settings. Sizes in bytes, times in seconds unless the name says otherwise."""

    database_url: str = ""  # empty: instance/shunliu.sqlite; else postgresql+psycopg://…
    pool_size: int = 10  # PostgreSQL connections that each process keeps: its threads and some
    pool_extra: int = 10  # so many more while all of those are in use
    pool_wait_seconds: int = 10  # for a free connection, then the request is told to come again
    lock_wait_seconds: int = 10  # for a row that somebody else is changing; 0: for ever
    statement_seconds: int = 60  # a PostgreSQL statement that takes longer is ended; 0: never
    instance_path: str = str(ROOT / "instance")  # database, uploads, secret key
    processes_path: str = str(ROOT / "processes")  # the flows and decision tables to deploy
    forms_path: str = str(ROOT / "forms")  # the task forms to deploy
    secret_key: str = ""  # empty: made once and kept in instance/secret_key
    old_secret_key: str = ""  # the one before it: opens what was sealed with it, logs nobody in
    default_locale: str = "zh"  # zh or en, for people who have not chosen
    default_timezone: str = "Asia/Shanghai"  # how stored UTC times are shown
    secure_cookies: bool = False  # True behind TLS
    trusted_proxies: str = ""  # addresses of reverse proxies to believe: 127.0.0.1,10.0.0.0/8,unix
    proxy_hops: int = 1  # how many of them stand one behind the other
    show_demo_people: bool = False  # the login page lists the demo people and their password
    session_hours: int = 12  # a session ends after so many hours without a request
    max_request_bytes: int = 25_000_000  # a larger request is refused before it is read
    max_upload_bytes: int = 20_000_000  # one uploaded file
    max_model_bytes: int = 5_000_000  # one BPMN, DMN or form file
    live_cache: int = 1_000  # live instances kept in memory per process
    archive_days: int = 1_095  # finished cases so old are archived; 0: never; a process's own wins
    message_days: int = 365  # sent messages and notices so old are deleted; 0: never
    step_limit: int = 20_000  # engine steps without a wait before the case becomes an incident
    claims_a_day: int = 5  # customers that one person may ask for from the pool in a day
    claim_ban_days: int = 30  # in which the previous owner may not claim a customer back
    customer_quota: int = 200  # live customers of one sales representative
    job_runner: str = "local"  # local: inside the server; inline: tests; celery: workers
    job_poll_seconds: int = 2  # how often the local runner looks for due jobs
    job_lock_seconds: int = 300  # a worker without a sign of life for so long counts as dead
    job_stuck_seconds: int = 3600  # a job that takes longer is shown to administrators; 0: none
    broker_url: str = "redis://127.0.0.1:6379/0"  # for job_runner celery
    workers: int = 2  # gunicorn processes
    threads: int = 4  # threads in each of them
    bind: str = "127.0.0.1:8000"  # where the server listens
    mail_url: str = ""  # smtp://user:password@host:port; empty: mails stay in the outbox
    sms_url: str = ""  # the text message gateway gets JSON {to, text, key}; empty: they wait
    webhook_networks: str = ""  # networks inside that webhooks may reach: 10.1.2.0/24,127.0.0.1
    base_url: str = "http://127.0.0.1:8000"  # how links in mails begin
    private_fields: str = "birthday,hobby,family"  # never written to history or logs
    log_level: str = "INFO"  # DEBUG, INFO, WARNING, ERROR
    log_format: str = "json"  # json: one object per line; text: the same for people
    metrics_token: str = ""  # /metrics answers who sends it as Bearer; empty: this machine only


CHOICES = {
    "default_locale": ("zh", "en"),
    "job_runner": ("local", "inline", "celery"),
    "log_format": ("json", "text"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises BadSetting naming the variable and what it accepts."""
    environ = os.environ if environ is None else environ
    known = {field.name: field for field in fields(Settings)}
    values = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise BadSetting(f"{variable} is not a setting{_near(name, known)}")
        values[name] = _parse(variable, text, known[name].type, CHOICES.get(name))
    return Settings(**values)


def _near(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    hint = f", did you mean {PREFIX}{close[0].upper()}?" if close else ""
    return f"{hint or '; config.py lists them all'}"


def _parse(variable: str, text: str, kind: type, choices: tuple[str, ...] | None) -> object:
    if kind is bool:
        if text not in ("True", "False"):
            raise BadSetting(f"{variable}={text}: write True or False")
        return text == "True"
    if kind is int:
        if not text.isdigit():
            raise BadSetting(f"{variable}={text}: write a whole number, 0 or more")
        return int(text)
    if choices and text not in choices:
        raise BadSetting(f"{variable}={text}: write one of {', '.join(choices)}")
    return text


def flask_config(settings: Settings) -> dict[str, object]:
    """What Flask and its extensions are configured with; makes the instance folder and key."""
    folder = Path(settings.instance_path)
    folder.mkdir(parents=True, exist_ok=True)
    url = _database_url(settings) or f"sqlite:///{folder / 'shunliu.sqlite'}"
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key or _kept_key(folder / "secret_key"),
        "SQLALCHEMY_DATABASE_URI": url,
        "MAX_CONTENT_LENGTH": settings.max_request_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_model_bytes,
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SECURE": settings.secure_cookies,
        "PERMANENT_SESSION_LIFETIME": settings.session_hours * 3600,
        "BABEL_DEFAULT_LOCALE": settings.default_locale,
        "BABEL_DEFAULT_TIMEZONE": settings.default_timezone,
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
        "WTF_CSRF_TIME_LIMIT": None,
        # a fragment that answers late must not overwrite what a page has put into the session
        "SESSION_REFRESH_EACH_REQUEST": False,
    }


def _database_url(settings: Settings) -> str:
    """The address with the driver that is installed. Raises BadSetting for other databases."""
    kind, separator, rest = settings.database_url.partition("://")
    if kind in ("postgres", "postgresql"):
        kind = "postgresql+psycopg"
    if settings.database_url and (not separator or kind not in ("postgresql+psycopg", "sqlite")):
        raise BadSetting(
            f"{PREFIX}DATABASE_URL: write postgresql://user:password@host/database, "
            "or nothing for SQLite in the instance folder"
        )
    return f"{kind}{separator}{rest}"


def _kept_key(path: Path) -> str:
    if not path.exists():
        # created with its mode, so that no other user can read it even for a moment
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip()
