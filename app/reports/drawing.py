"""Charts as SVG made here: no script, no style attribute, and every bar says in words what it is.

A chart is drawn twice, wide for a desk and narrow for a phone; CSS shows one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from babel.numbers import format_compact_decimal
from markupsafe import Markup

from app.i18n import _
from app.show import of_language

WIDE, NARROW = 1160, 340
ROW, TOP = 34, 6
MOST = 12  # bars; what remains is one bar more


@dataclass(frozen=True)
class Bar:
    """One bar: its value, a second (planned before actual), words behind it, where it leads."""

    label: str
    value: Decimal
    planned: Decimal | None = None
    more: str = ""
    url: str = ""
    tone: str = "b1"


def draw(
    title: str, bars: Sequence[Bar], kind: str, *, summed: bool = True, least: Decimal = Decimal(0)
) -> Markup:
    """The chart in both widths; empty without bars or when everything is zero.

    What is too much becomes one bar more, or a line of words where a sum means nothing (`summed`).
    The longest bar stands for `least` at least.
    """
    if not any(bar.value or bar.planned for bar in bars):
        return Markup("")
    few, left = _few(list(bars), summed)
    return Markup("").join(
        _svg(title, few, left, kind, width, cls, least)
        for width, cls in ((WIDE, "desk"), (NARROW, "phone"))
    )


def _few(bars: list[Bar], summed: bool) -> tuple[list[Bar], int]:
    """Bars that fit, and how many are left out of the drawing."""
    most = MOST if summed else MOST * 2
    if len(bars) <= most + 1:
        return bars, 0
    rest = bars[most:]
    if not summed:
        return bars[:most], len(rest)
    planned = [bar.planned for bar in rest if bar.planned is not None]
    other = Bar(
        _("其他 %(count)s 项", count=len(rest)), sum((bar.value for bar in rest), Decimal(0)),
        sum(planned, Decimal(0)) if planned else None, tone="b2",
    )  # fmt: skip
    return [*bars[:most], other], 0


def short(value: Any) -> str:
    """`842 万` for a Chinese reader, `8.4M` for an English one."""
    number = Decimal(str(value or 0))
    if of_language("zh", "en") == "en":
        return format_compact_decimal(number, locale="en", fraction_digits=1)
    for size, word in ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")):
        if abs(number) >= size:
            return f"{(number / size).quantize(Decimal('0.1')):,f} {word}".replace(".0 ", " ")
    return f"{number.normalize():,f}" if number == int(number) else f"{number:,.2f}"


def _svg(
    title: str, bars: list[Bar], left: int, kind: str, width: int, cls: str, least: Decimal
) -> Markup:  # fmt: skip
    longest = max(max(bar.value, bar.planned or Decimal(0), least) for bar in bars)
    spoken = "；".join(f"{bar.label} {_words(bar)}" for bar in bars)
    inside = Markup("").join(
        _linked(bar, _bar(bar, TOP + number * ROW, longest or Decimal(1), width, kind))
        for number, bar in enumerate(bars)
    )
    height = TOP + len(bars) * ROW
    if left:
        more = _("还有 %(count)s 项，见下表。", count=left)
        inside, height = inside + words(0, height + 18, more, ""), height + ROW
    role = "group" if any(bar.url for bar in bars) else "img"
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="{}" aria-label="{}">{}</svg>'
    ).format(cls, width, height, role, f"{title}：{spoken}", inside)


def _words(bar: Bar) -> str:
    text = short(bar.value)
    if bar.planned is not None:
        text = f"{text} / {short(bar.planned)}"
    return f"{text}%" if bar.more == "%" else f"{text} {bar.more}".strip()


def _linked(bar: Bar, drawn: Markup) -> Markup:
    if not bar.url:
        return drawn
    return Markup('<a href="{}">{}</a>').format(bar.url, drawn)  # named by the text inside


def _bar(bar: Bar, y: int, most: Decimal, width: int, kind: str) -> Markup:
    left = 168 if width == WIDE else 92
    room = width - left - (220 if width == WIDE else 112)
    long = float(max(bar.value, Decimal(0)) / most) * room
    start = left + (room - long) / 2 if kind == "pyramid" else float(left)
    parts = [words(0, y + 18, cut(bar.label, 12 if width == WIDE else 6), "k")]
    if bar.planned is not None:
        planned = float(max(bar.planned, Decimal(0)) / most) * room
        parts.append(rect(left, y + 2, planned, 22, "b0"))
        parts.append(rect(start, y + 7, long, 12, bar.tone))
        end = left + max(long, planned)
    else:
        parts.append(rect(start, y + 2, long, 22, bar.tone))
        end = left + room if kind == "pyramid" else left + long
    told = bar if width == WIDE or bar.more == "%" else replace(bar, more="")
    parts.append(words(end + 8, y + 18, _words(told), ""))
    return Markup("").join(parts)


def cut(text: str, most: int) -> str:
    """As much of a name as fits; Latin letters are half as wide."""
    taken, room = "", float(most)
    for char in text:
        room -= 1 if ord(char) > 0x2E80 else 0.58
        if room < 0:
            return f"{taken}…"
        taken += char
    return taken


def rect(x: float, y: float, width: float, height: float, tone: str) -> Markup:
    """A bar; never too thin to be seen."""
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="4"/>').format(
        tone, f"{x:.1f}", y, f"{max(width, 1.5):.1f}", height
    )


def words(x: float, y: float, text: str, cls: str) -> Markup:
    """A piece of text at its baseline."""
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(cls, f"{x:.1f}", y, text)
