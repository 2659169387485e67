"""Records on paper: PDFs, drawn without fetching anything."""

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template


def attached(row: Any, template: str, facts: Mapping[str, Any]) -> Response:
    """The record's paper as a file to keep, named by its number."""
    answer = Response(drawn(template, facts), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
    return answer


def drawn(template: str, facts: Mapping[str, Any]) -> bytes:
    """The bytes of the PDF."""
    from weasyprint import HTML  # takes half a second to load, and only papers need it

    made: bytes = HTML(string=render_template(template, **facts), url_fetcher=refuse).write_pdf()
    return made


def refuse(url: str, *_rest: Any, **_more: Any) -> Mapping[str, Any]:
    """Papers load nothing from anywhere; whatever address is asked for."""
    raise ValueError(f"a paper fetches nothing: {url}")
