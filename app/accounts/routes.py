"""Log in and out, and how a person likes the pages: language, colours, density."""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_required, logout_user
from werkzeug.security import check_password_hash

from app.accounts import demo, people, sessions, throttle
from app.accounts.models import LONGEST, SHORTEST, User
from app.db import db
from app.errors import Invalid
from app.i18n import LOCALES, _

accounts = Blueprint("accounts", __name__)

THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")
# compared against when nobody has the login, so that the answer takes as long as for a person
NOBODY = "scrypt:32768:8:1$nobody-of-nobody$0"
# who stands on the login page of a demonstration: those who meet in the customer flows
SHOWN = ("zhangwei", "wangqiang", "sunli", "zhaomin", "linyue", "machao", "zhouning", "baijie")


def safe_next(target: str | None) -> str:
    """`target` if it is a path of this site, else the first page."""
    home = url_for("inbox.index") if "inbox.index" in current_app.view_functions else "/"
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return home
    parts = urlsplit(target)
    strange = parts.scheme or parts.netloc or any(ord(char) < 32 for char in target)
    return home if strange or "\\" in target else target


@accounts.get("/login")
def login() -> Response | str:
    """The page to log in; those who are already in go on."""
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next")))
    return _login_page()


@accounts.post("/login")
def enter() -> tuple[str, int] | Response:
    """The person is logged in, or the page says why not."""
    name = request.form.get("login", "").strip()
    address = request.remote_addr or ""
    wait = throttle.minutes_left(name, address)
    if wait:
        text = _("密码输错的次数太多。请 %(n)s 分钟后再试，或请管理员重设密码。", n=wait)
        return _login_page(name, text), 429
    person = people.get(name)
    known = check_password_hash(
        person.password_hash if person else NOBODY, request.form.get("password", "")[:1000]
    )
    if not (person and known and person.enabled):
        throttle.failed(name, address)
        db.session.commit()
        return _login_page(name, _("账号或密码不对。请检查大小写后再试。")), 422
    throttle.forgive(name)
    db.session.commit()
    _start_session(person)
    return redirect(safe_next(request.form.get("next")))


def _start_session(person: User) -> None:
    chosen = session.get("locale")
    session.clear()
    session.permanent = True
    if chosen and not person.locale:
        session["locale"] = chosen
    sessions.begin(person)


def _login_page(name: str = "", error: str = "") -> str:
    shown = current_app.config["SETTINGS"].show_demo_people
    return render_template(
        "accounts/login.html",
        name=name,
        error=error,
        next=request.values.get("next", ""),
        demo_people=_demo_people() if shown else [],
        demo_password=demo.PASSWORD if shown else "",
    )


def _demo_people() -> list[User]:
    found = {person.login: person for person in map(people.get, SHOWN) if person}
    return list(found.values())


@accounts.post("/logout")
def leave() -> Response:
    """Nobody is logged in any more in this browser, nor with a copy of its cookie."""
    chosen = current_user.locale if current_user.is_authenticated else None
    if current_user.is_authenticated:
        sessions.leave(current_user.login)
        db.session.commit()
    logout_user()
    session.clear()
    if chosen:
        session["locale"] = chosen
    return redirect(url_for("accounts.login"))


@accounts.post("/language")
def choose_language() -> Response:
    """From the next page on everything is in the chosen language."""
    chosen = request.form.get("locale")
    if chosen not in LOCALES:
        raise Invalid(_("没有这种语言。"))
    session["locale"] = chosen
    if current_user.is_authenticated:
        session.pop("locale")
        _me().locale = chosen
        db.session.commit()
    return redirect(safe_next(request.form.get("next")))


@accounts.post("/look")
@login_required
def choose_look() -> Response | tuple[str, int]:
    """Theme, density or both are kept; a script's call is answered with nothing."""
    theme, density = request.form.get("theme"), request.form.get("density")
    if (theme and theme not in THEMES) or (density and density not in DENSITIES):
        raise Invalid(_("没有这种外观。"))
    me = _me()
    me.theme, me.density = theme or me.theme, density or me.density
    db.session.commit()
    if request.headers.get("X-Requested-With") == "fetch":
        return "", 204
    return redirect(safe_next(request.form.get("next")))


@accounts.get("/settings")
@login_required
def settings() -> str:
    """Who I am here, and how the pages look to me."""
    return _settings_page()


@accounts.post("/settings/password")
@login_required
def change_password() -> Response | tuple[str, int]:
    """The new password holds from now on, and all other sessions have ended."""
    form = request.form
    errors = {}
    if not current_user.has_password(form.get("old", "")[:1000]):
        errors["old"] = _("现在的密码不对。")
    if not SHORTEST <= len(form.get("new", "")) <= LONGEST:
        errors["new"] = _("新密码至少 %(n)s 个字符，最多 200 个。", n=SHORTEST)
    elif form.get("new") != form.get("again"):
        errors["again"] = _("两次输入的新密码不一样。")
    if errors:
        return _settings_page(errors), 422
    me = _me()
    me.set_password(form["new"])
    sessions.end_others(me)
    db.session.commit()
    flash(_("密码已经改好，下次登录用新的。其他设备上的登录已经失效。"))
    return redirect(url_for("accounts.settings"))


@accounts.post("/settings/sessions")
@login_required
def leave_others() -> Response:
    """Only this browser stays logged in."""
    sessions.end_others(_me())
    db.session.commit()
    flash(_("其他设备上的登录已经失效。"))
    return redirect(url_for("accounts.settings"))


def _me() -> User:
    """Whoever asks, to be changed."""
    return db.session.get_one(User, current_user.login)


def _settings_page(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "accounts/settings.html",
        errors=errors or {},
        manager=people.get(people.manager_of(current_user.login)),
    )
