"""The browser's files: their hashed names, served compressed and kept for ever.

`node app/static/build.mjs` writes them and `manifest.json` into `app/static/dist`.
"""

import functools
import json
import logging
from pathlib import Path

from flask import Blueprint, Flask, Response, g, request, send_from_directory, url_for
from markupsafe import Markup, escape

DIST = Path(__file__).parent / "static" / "dist"
YEAR = 31_536_000

assets = Blueprint("assets", __name__)
log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Templates have `asset('app.js')` and `icon('check')`; `/dist/<file>` serves the bundles."""
    app.register_blueprint(assets)
    app.jinja_env.globals.update(asset=asset, icon=icon)
    if not (DIST / "manifest.json").exists():
        log.warning("pages have no style yet: run `npm ci` and `npm run build` first")


def asset(name: str) -> str:
    """The address of a bundle; it changes whenever the content does."""
    known: dict[str, str] = g.setdefault("assets", {})  # a page has dozens of icons of one file
    if name not in known:
        built = _manifest(_built_at()).get(name, name)
        known[name] = url_for("assets.file", name=built)
    return known[name]


def icon(name: str, size: str = "") -> Markup:
    """A Tabler icon of the sprite, hidden from screen readers; size "", "s", "l" or "xl"."""
    return _svg(asset("icons.svg"), name, size)


@functools.lru_cache(maxsize=2000)
def _svg(address: str, name: str, size: str) -> Markup:
    kind = f"i {size}" if size else "i"
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        kind, address, escape(name)
    )


def _built_at() -> int:
    try:
        return (DIST / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@functools.lru_cache(maxsize=2)
def _manifest(built_at: int) -> dict[str, str]:
    return json.loads((DIST / "manifest.json").read_text()) if built_at else {}


@assets.get("/dist/<name>")
def file(name: str) -> Response:
    """One bundle, as its .gz where the browser takes it."""
    zipped = f"{name}.gz"
    if "gzip" in request.accept_encodings and (DIST / zipped).is_file():
        response = send_from_directory(DIST, zipped, mimetype=_kind(name), max_age=YEAR)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_from_directory(DIST, name, mimetype=_kind(name), max_age=YEAR)
    response.headers["Vary"] = "Accept-Encoding"
    response.cache_control.immutable = True
    response.cache_control.public = True
    return response


def _kind(name: str) -> str:
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    return kinds.get(name.rsplit(".", 1)[-1], "application/octet-stream")
