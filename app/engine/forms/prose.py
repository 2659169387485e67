"""The text component: a little Markdown and `{{FEEL}}`, made into safe HTML.

Headings, paragraphs, lists, **bold**, *emphasis*, `code` and links to http(s) and to this site.
Everything else is text; no tag of the author's passes.
"""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from app import clock, feel
from app.i18n import _, label

_SLOT = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
_LINK = re.compile(r"\[([^\]\n]{1,200})\]\((https?://[^\s()<>\"']+|/(?!/)[^\s()<>\"']*)\)")
_MARKS = (
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"<b>\1</b>"),
    (re.compile(r"(?<![*\w])\*([^*\n]+)\*(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"),
)
_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_ITEM = re.compile(r"\s*(?:[-*]|\d+[.)])\s+(.+)")


def filled(text: str, context: dict[str, Any]) -> str:
    """The text with every `{{FEEL}}` in it replaced by its value; `=FEEL` is one as a whole."""
    if text.startswith("="):
        return _value(text[1:], context)
    return _SLOT.sub(lambda slot: _value(slot[1], context), text) if "{{" in text else text


def _value(expression: str, context: dict[str, Any]) -> str:
    try:
        compiled = feel.compile(expression.strip())
        missing = {name: None for name in compiled.names if name not in context}
        value = compiled({**missing, **context})
    except feel.FeelError:
        return ""
    if value is None:
        return ""
    return _("、").join(map(said, value)) if isinstance(value, list) else said(value)


def said(value: Any) -> str:
    """A value as people read it: an amount `1,234.50`, any other number without idle zeros, a moment
    as the company's clock shows it, words in the reader's language."""
    if isinstance(value, dt.datetime):
        return value.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M")
    if not isinstance(value, Decimal):
        return label(value) if isinstance(value, str) else str(value)
    places = -int(value.as_tuple().exponent)
    if places == 2:
        return f"{value:,.2f}"
    return f"{value.normalize():{',' if places > 2 else ''}f}"


def html(text: str) -> Markup:
    """Safe HTML of the text."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n")):
        if block.strip():
            parts.append(_block(block.split("\n")))
    return Markup("".join(parts))


def _block(lines: list[str]) -> str:
    heading = _HEADING.fullmatch(lines[0].strip())
    if heading:
        rest = _block(lines[1:]) if lines[1:] else ""
        # as deep as the headings of sections
        return f"<h2>{_inline(heading[2])}</h2>{rest}"
    items = [_ITEM.fullmatch(line) for line in lines]
    if all(items):
        inside = "".join(f"<li>{_inline(item[1])}</li>" for item in items if item)
        return f"<ul>{inside}</ul>"
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


def _inline(text: str) -> str:
    safe = str(escape(text))
    safe = _LINK.sub(r'<a href="\2">\1</a>', safe)
    for mark, tag in _MARKS:
        safe = mark.sub(tag, safe)
    return safe
