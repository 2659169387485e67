"""The frame around every page: rooms on the rail, badges, and the commands of Ctrl K.

Rooms add themselves: `shell.offer(commands)` and `shell.badge("inbox", count)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, render_template, request, url_for
from flask_login import current_user, login_required

from app import assets, said, show
from app.accounts.models import User
from app.i18n import LOCALES, _l, language

shell = Blueprint("shell", __name__)


@dataclass(frozen=True)
class Room:
    """A place on the rail; shown only where `endpoint` exists and the person may enter."""

    name: str
    label: str
    icon: str
    endpoint: str
    key: str
    groups: frozenset[str] = frozenset()
    on_phone: bool = True

    def open_to(self, person: User) -> bool:
        """May this person enter, and is the room there?"""
        there = self.endpoint in current_app.view_functions
        return there and (not self.groups or bool(self.groups & person.group_ids))


@dataclass(frozen=True)
class Command:
    """One line of the palette."""

    label: str
    url: str
    icon: str
    hint: str = ""
    tone: str = ""


ADMINS = frozenset({"admin"})
RAIL = (
    Room("inbox", _l("收件箱"), icon="inbox", endpoint="inbox.index", key="i"),
    Room("library", _l("流程"), icon="sitemap", endpoint="library.index", key="p"),
    Room("records", _l("记录"), icon="building-community", endpoint="records.index", key="r"),
    Room("monitor", _l("监控"), icon="activity-heartbeat", endpoint="monitor.index", key="m",
         groups=ADMINS),
    Room("modeler", _l("建模"), icon="vector-bezier-2", endpoint="modeler.index", key="d",
         groups=ADMINS, on_phone=False),
    Room("practice", _l("练习"), icon="school", endpoint="practice.index", key="t"),
    Room("reports", _l("报表"), icon="chart-bar", endpoint="reports.index", key="b"),
)  # fmt: skip

_badges: dict[str, Callable[[User], int]] = {}
_commands: list[Callable[[User, str], list[Command]]] = []


def init_app(app: Flask) -> None:
    """Templates know the rooms, the languages and the look that the reader chose."""
    assets.init_app(app)
    show.init_app(app)
    said.init_app(app)
    app.register_blueprint(shell)
    app.context_processor(_frame)


def badge(room: str, count: Callable[[User], int]) -> None:
    """The rail shows `count(person)` beside `room`."""
    _badges[room] = count


def offer(commands: Callable[[User, str], list[Command]]) -> None:
    """The palette also asks `commands(person, words)`, at most a handful each."""
    if commands not in _commands:
        _commands.append(commands)


def rooms() -> list[Room]:
    """The rooms that the present reader may enter."""
    return [room for room in RAIL if room.open_to(current_user)]


def badges() -> dict[str, int]:
    """{room: how many things wait there}, asked once per request."""
    kept = request.environ.get("shunliu.badges")
    if kept is None:
        kept = {room: count(current_user) for room, count in _badges.items()}
        request.environ["shunliu.badges"] = kept
    return kept


def _frame() -> dict[str, object]:
    known = current_user.is_authenticated
    return {
        "language": language(),
        "LOCALES": LOCALES,
        "theme": current_user.theme if known else "auto",
        "density": current_user.density if known else "comfortable",
        "rail": rooms if known else list,
        "badges": badges if known else dict,
    }


@shell.get("/commands")
@login_required
def commands() -> str:
    """The lines of the palette for `?q=`."""
    words = request.args.get("q", "").strip()[:60]
    found = [
        Command(room.label, url_for(room.endpoint), room.icon, f"G {room.key.upper()}")
        for room in rooms()
        if words.casefold() in str(room.label).casefold()
    ]
    for ask in _commands:
        found += ask(current_user, words)
    return render_template("shell/commands.html", commands=found[:30], words=words)
