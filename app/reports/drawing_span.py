"""A chart of what lies between two days: one bar for each, months above. SVG, no script."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.i18n import _
from app.reports.drawing import NARROW, ROW, WIDE, cut, rect, words

MOST = 24
HEAD = 26


@dataclass(frozen=True)
class Span:
    """From the first to the last day, both included."""

    label: str
    first: dt.date
    last: dt.date
    url: str = ""


def draw(title: str, spans: Sequence[Span]) -> Markup:
    """The chart in both widths; empty without spans. Of more than 24 the first 24 are drawn."""
    if not spans:
        return Markup("")
    shown = list(spans[:MOST])
    return Markup("").join(
        _svg(title, shown, width, cls) for width, cls in ((WIDE, "desk"), (NARROW, "phone"))
    )


def _svg(title: str, spans: list[Span], width: int, cls: str) -> Markup:
    first = min(span.first for span in spans).replace(day=1)
    last = max(span.last for span in spans)
    left = 168 if width == WIDE else 92
    scale = (width - left - 8) / max((last - first).days + 1, 1)
    height = HEAD + len(spans) * ROW
    inside = [*_months(first, last, left, scale, height, width)]
    for number, span in enumerate(spans):
        y = HEAD + number * ROW
        x = left + (span.first - first).days * scale
        long = max(((span.last - span.first).days + 1) * scale, 4)
        said = Markup("<title>{}</title>").format(_spoken(span))
        drawn = Markup("").join((
            words(0, y + 18, cut(span.label, 12 if width == WIDE else 6), "k"),
            Markup("<g>{}{}</g>").format(said, rect(x, y + 4, long, 18, "b1")),
        ))  # fmt: skip
        inside.append(Markup('<a href="{}">{}</a>').format(span.url, drawn) if span.url else drawn)
    role = "group" if any(span.url for span in spans) else "img"
    spoken = "；".join(_spoken(span) for span in spans)
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="{}" aria-label="{}">{}</svg>'
    ).format(cls, width, height, role, f"{title}：{spoken}", Markup("").join(inside))


def _spoken(span: Span) -> str:
    return _("%(name)s %(first)s 到 %(last)s", name=span.label, first=span.first, last=span.last)


def _months(
    first: dt.date, last: dt.date, left: int, scale: float, height: int, width: int
) -> Iterator[Markup]:
    """A thin line at the first of each month and its name, where there is room for it."""
    day, free = first, 0.0
    while day <= last:
        x = left + (day - first).days * scale
        yield Markup('<line class="tick" x1="{0}" y1="20" x2="{0}" y2="{1}"/>').format(
            f"{x:.1f}", height
        )
        if x >= free and x + 48 <= width:
            yield words(x + 2, 14, f"{day:%Y-%m}", "m")
            free = x + 64
        day = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
