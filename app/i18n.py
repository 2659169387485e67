"""Languages: Chinese is the source, English is complete.

English texts live in `app/translations/en/<room>.po` and, for the labels of flows, forms and
tables, in `processes/<area>/en.po`; `compile_catalogue` merges them into one `.mo`.
"""

import io
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.support import NullTranslations
from flask import Flask, g, has_app_context, has_request_context, request, session
from flask_babel import Babel, get_locale, get_translations, lazy_gettext, ngettext
from flask_login import current_user

LOCALES = {"zh": "中文", "en": "English"}
HERE = Path(__file__).parent

_NONE = NullTranslations()
__all__ = ["LOCALES", "_", "_l", "label", "language", "ngettext"]


def gettext(text: str, /, **values: object) -> str:
    """The text in the reader's language, with the values filled in.

    Pages ask hundreds of times: the catalogue is looked up once for each language of a request.
    """
    found = _catalogue().gettext(text)
    return found % values if values else found


def _plural(one: str, many: str, number: int) -> str:
    """As `ngettext`, for templates: Jinja itself fills in the values, all of them."""
    return _catalogue().ngettext(one, many, number)


def _catalogue() -> NullTranslations:
    if not has_app_context():
        return _NONE
    locale, texts, babel = g.get("texts") or (None, _NONE, None)
    if locale is None or getattr(babel, "babel_locale", None) is not locale:
        texts, locale = get_translations(), get_locale()
        g.texts = (locale, texts, g.get("_flask_babel"))
    return texts


_ = gettext
_l = lazy_gettext


def language() -> str:
    """zh or en: the language that the present reader sees."""
    locale = get_locale()
    return str(locale.language) if locale else "zh"


def label(text: str | None) -> str:
    """The label of a flow, form or table in the reader's language; itself if there is none."""
    return gettext(text) if text else ""


def init_app(app: Flask) -> None:
    """Each request speaks the person's language, else the one chosen in the session."""
    Babel(app, locale_selector=_chosen_locale, timezone_selector=_chosen_timezone)
    app.jinja_env.install_gettext_callables(gettext, _plural, newstyle=True)  # type: ignore[attr-defined]


def _chosen_locale() -> str | None:
    if not has_request_context():
        return None
    person = getattr(current_user, "locale", None)
    chosen = session.get("locale") or person
    return chosen if chosen in LOCALES else request.accept_languages.best_match(["zh", "en"], "zh")


def _chosen_timezone() -> str | None:
    return getattr(current_user, "timezone", None) if has_request_context() else None


def sources(processes: Path) -> list[Path]:
    """Every file with English texts."""
    return sorted((HERE / "translations" / "en").glob("*.po")) + sorted(processes.glob("*/en.po"))


def compile_catalogue(processes: Path) -> int:
    """`translations/en/LC_MESSAGES/messages.mo` holds every English text; returns how many.

    Raises ValueError when two files translate the same text differently.
    """
    merged = Catalog(locale="en", charset="utf-8")
    seen: dict[object, tuple[object, Path]] = {}
    for path in sources(processes):
        for message in pofile.read_po(
            io.BytesIO(path.read_bytes()), locale="en", abort_invalid=True
        ):
            if not message.id or not message.string:
                continue
            before = seen.setdefault(message.id, (message.string, path))
            if before[0] != message.string:
                raise ValueError(f"{message.id!r}: {path} and {before[1]} translate it differently")
            merged.add(message.id, message.string)
    target = HERE / "translations" / "en" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    mofile.write_mo(buffer, merged)
    target.write_bytes(buffer.getvalue())
    return len(merged)
