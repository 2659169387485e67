"""How fast tables are decided: microseconds per decision, and the ratio to the same rules in Python."""

import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.feel import dmn

ROWS, REPEAT = 20, 2000
HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="bench" name="bench">'
    '<decision id="bench" name="bench"><decisionTable hitPolicy="{policy}">'
)
INPUTS = (("region", "string"), ("grade", "string"), ("amount", "number"), ("rate", "number"),
          ("vip", "boolean"))  # fmt: skip
REGIONS = ("华东", "华南", "华北", "西南")


def _cell(row: int, column: int) -> str:
    low = row * 1000
    cells = (f'"{REGIONS[row % 4]}"', '"A","B"', f"[{low}..{low + 1000})", ">= 0.05",
             "true" if row % 3 else "-")  # fmt: skip
    return cells[column].replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def table(policy: str) -> bytes:
    """A table of 20 rows and 5 columns; the data of CONTEXT hits the last row only."""
    parts = [HEAD.format(policy=policy)]
    parts += [
        f'<input><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in INPUTS
    ]
    parts.append('<output name="level" typeRef="string"/>')
    for row in range(ROWS):
        entries = "".join(
            f"<inputEntry><text>{_cell(row, column)}</text></inputEntry>" for column in range(5)
        )
        output = f"<outputEntry><text>&quot;L{row}&quot;</text></outputEntry>"
        parts.append(f"<rule>{entries}{output}</rule>")
    return "".join([*parts, "</decisionTable></decision></definitions>"]).encode()


CONTEXT = {
    "region": "西南", "grade": "B", "amount": Decimal("19500.50"), "rate": Decimal("0.08"),
    "vip": True,
}  # fmt: skip


def by_hand(data: dict[str, Any]) -> str | None:
    """The same twenty rules written as a Python loop."""
    for row in range(ROWS):
        if (
            data["region"] == REGIONS[row % 4]
            and data["grade"] in ("A", "B")
            and row * 1000 <= data["amount"] < row * 1000 + 1000
            and data["rate"] >= Decimal("0.05")
            and (not row % 3 or data["vip"] is True)
        ):
            return f"L{row}"
    return None


def _microseconds(act: Callable[[], Any], number: int = REPEAT) -> float:
    return min(timeit.repeat(act, number=number, repeat=5)) / number * 1e6


def run() -> dict[str, float]:
    """Figures in microseconds: one decision (FIRST and UNIQUE), its trace, loading the table."""
    first = dmn.load(table("FIRST")).decisions["bench"]
    unique = dmn.load(table("UNIQUE")).decisions["bench"]
    if first.evaluate(CONTEXT) != by_hand(CONTEXT):
        raise AssertionError("the table and the Python loop disagree")
    file = table("UNIQUE")
    figures = {
        "table_20x5_first_us": _microseconds(lambda: first.evaluate(CONTEXT)),
        "table_20x5_unique_us": _microseconds(lambda: unique.evaluate(CONTEXT)),
        "trace_20x5_us": _microseconds(lambda: unique.trace(CONTEXT), 200),
        "load_20x5_us": _microseconds(lambda: dmn.load(file), 20),
        "python_loop_us": _microseconds(lambda: by_hand(CONTEXT)),
    }
    figures["ratio_to_python_loop"] = figures["table_20x5_unique_us"] / figures["python_loop_us"]
    return {name: round(value, 2) for name, value in figures.items()}
