"""What every request has in common: login, CSRF, the content policy, errors as pages."""

import functools
import importlib
import logging
import sqlite3
from collections.abc import Callable
from types import ModuleType
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, render_template, request, session
from flask_login import LoginManager, current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from app import db, errors, health, i18n, logs, postgres, workspace
from app.accounts import sessions
from app.i18n import _

# each is a package with `init_app(app)`; the order is that of the rail
ROOMS = (
    "accounts",
    "engine",
    "jobs",
    "records",
    "notify",
    "registry",
    "library",
    "reports",
    "inbox",
    "survey",
    "monitor",
)

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# bpmn.io's editors write style attributes; only their pages may
EDITOR_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")

log = logging.getLogger(__name__)
login_manager = LoginManager()
csrf = CSRFProtect()


class Id(IntegerConverter):
    """`<int:…>` in an address: what no database could hold is no address at all."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**63 - 1)


def rooms() -> list[ModuleType]:
    """The modules that have something to set up."""
    modules = [importlib.import_module(f"app.{name}") for name in ROOMS]
    return [module for module in modules if hasattr(module, "init_app")]


def init_app(app: Flask) -> None:
    """Logins, CSRF, headers and error pages work from now on."""
    app.url_map.converters["int"] = Id
    login_manager.init_app(app)
    login_manager.login_view = "accounts.login"
    login_manager.user_loader(sessions.load)
    csrf.init_app(app)
    app.before_request(_begin)
    app.after_request(_harden)
    app.teardown_request(_end)
    app.register_error_handler(errors.ShunliuError, _show_error)
    app.register_error_handler(HTTPException, _show_http)
    app.register_error_handler(CSRFError, _show_csrf)
    app.register_error_handler(SQLAlchemyError, _show_broken)
    app.register_blueprint(health.health)


def _begin() -> None:
    # a page that only shows must never wait for somebody who writes
    db.set_reading(True)
    workspace.enter(workspace.COMPANY)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        # who asks is found before the turn to write begins; others write meanwhile
        if session.get("_user_id") and current_user.is_authenticated:
            i18n.language()  # asked once per request; after a commit it would be read again
            if _reads_first():
                return
            db.end_reading()
        db.set_reading(False)


def _end(_error: BaseException | None) -> None:
    # the thread's next transaction, outside of any request, may be one that writes
    db.set_reading(False)


def _reads_first() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "reads_first", False)


def _harden(response: Response) -> Response:
    policy = EDITOR_POLICY if g.get("draws") else POLICY
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if "_user_id" in session:
        response.headers.setdefault("Cache-Control", "no-store")
        if response.mimetype == "text/html" and "HX-Request" not in request.headers:
            session.modified = True  # each page lengthens the session; fragments never touch it
    return response


def wants_json() -> bool:
    """Does the caller speak JSON rather than look at pages?"""
    return request.path.startswith("/api/") or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def _though_database_away(show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An error's page needs the database, too: without one, that is what the page says."""

    @functools.wraps(show)
    def careful(error: Exception) -> Any:
        try:
            return show(error)
        except SQLAlchemyError as worse:
            if db.away(worse):
                return _show_unavailable(worse)
            _forget_who_asks()
            return show(error)

    return careful


@_though_database_away
def _show_error(error: errors.ShunliuError) -> tuple[Response | str, int]:
    db.db.session.rollback()
    return _page(error.status, error.code, error.message, getattr(error, "findings", []))


@_though_database_away
def _show_http(error: HTTPException) -> tuple[Response | str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error
    db.db.session.rollback()
    return _page(error.code, error.name, _texts().get(error.code, error.description or ""))


@_though_database_away
def _show_csrf(error: CSRFError) -> tuple[Response | str, int]:
    return _page(400, "CSRF", _("页面已过期。请刷新后再试；您填写的草稿已保留。"))


def _show_broken(error: SQLAlchemyError) -> tuple[Response | str, int]:
    """What may work in a moment is told apart from an error of the product."""
    if isinstance(error, DataError):
        return _show_unstorable(error)
    # PostgreSQL's operational errors are all of that kind, SQLite calls a wrong statement so, too
    kind = isinstance(error, OperationalError) and not isinstance(error.orig, sqlite3.Error)
    if not (kind or db.away(error)):
        raise error
    return _show_unavailable(error)


@_though_database_away
def _show_unstorable(_error: DataError) -> tuple[Response | str, int]:
    """The address or the form holds what no column can: a NUL sign, a number with thirty digits."""
    db.db.session.rollback()
    if request.method in ("GET", "HEAD"):
        return _say(errors.NotFound())
    return _say(errors.Invalid(_("内容里有无法保存的字符或过大的数字。请修改后再提交。")))


def _show_unavailable(error: SQLAlchemyError) -> tuple[Response | str, int]:
    """The database is locked, full or away: nothing was written, reading may go on."""
    db.set_reading(True)  # the page must not wait for a turn to write
    log.error("the database refused", extra={"facts": {"reason": logs.reason(error)}})
    try:
        db.db.session.rollback()
        return _say(_refusal(error, errors.Unavailable))
    except SQLAlchemyError:
        _forget_who_asks()
        return _say(_refusal(error, errors.Away))


def _refusal(error: SQLAlchemyError, usual: type[errors.Unavailable]) -> errors.Unavailable:
    """What is true of the writing that failed."""
    if db.unsure(error):
        return errors.Unsure()
    return errors.Busy() if postgres.busy(error) else usual()


def refusal(error: SQLAlchemyError) -> errors.Unavailable:
    """Why one of several acts was not done, in words; what is an error of the product is raised."""
    if not db.away(error):
        raise error
    return _refusal(error, errors.Unavailable)


def _forget_who_asks() -> None:
    """Not even that can be read: the page is made without the database."""
    db.db.session.rollback()
    g._login_user = login_manager.anonymous_user()  # where Flask-Login keeps him


def _say(error: errors.ShunliuError) -> tuple[Response | str, int]:
    return _page(error.status, error.code, error.message)


def _page(
    status: int, code: str, text: str, findings: list[object] | None = None
) -> tuple[Response | str, int]:
    if wants_json():
        return jsonify(error=code, message=text), status
    page = "error/fragment.html" if request.headers.get("HX-Request") else "error/page.html"
    return render_template(page, status=status, text=text, findings=findings or []), status


def _texts() -> dict[int, str]:
    return {
        400: _("请求无法识别。请返回后重试。"),
        403: _("您没有权限做这件事。如果工作需要，请联系管理员。"),
        404: _("没有找到，或者您无权查看。请返回上一页，从列表中重新打开。"),
        405: _("这里不能这样操作。请返回后重试。"),
        413: _("内容太大，没有接收。请缩小后再试。"),
        429: _("操作太频繁。请稍等片刻再试。"),
        500: _("出了点问题，已经记录下来，什么都没有保存。请稍后重试。"),
    }
