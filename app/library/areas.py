"""The areas of the process map, as the process owners describe them in `processes/*/area.toml`."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.i18n import language


@dataclass(frozen=True)
class Goal:
    """A control objective (O) or supporting policy (P) and the places that realise it."""

    id: str
    text: str
    realised: tuple[str, ...]


@dataclass(frozen=True)
class PlannedFlow:
    """A flow that the area consists of, deployed or not."""

    id: str
    name: str


@dataclass(frozen=True)
class Area:
    """One area in the reader's language."""

    id: str
    icon: str
    name: str
    overview: str
    scope: str
    flows: tuple[PlannedFlow, ...]
    objectives: tuple[Goal, ...]
    policies: tuple[Goal, ...]


def all_areas(folder: str) -> list[Area]:
    """Every area, by number."""
    spoken = language()
    found = [
        _area(path, path.stat().st_mtime_ns, spoken) for path in Path(folder).glob("*/area.toml")
    ]
    return sorted(found, key=lambda area: area.id)


def find(folder: str, area_id: str) -> Area | None:
    """The area with this number, or None."""
    return next((area for area in all_areas(folder) if area.id == area_id), None)


@functools.lru_cache(maxsize=64)
def _area(path: Path, _changed: int, spoken: str) -> Area:
    data = tomllib.loads(path.read_text(encoding="utf-8"))

    def say(entry: dict[str, Any], key: str) -> str:
        return (spoken == "en" and entry.get(f"{key}_en")) or entry.get(key, "")

    def goals(kind: str) -> tuple[Goal, ...]:
        return tuple(
            Goal(entry["id"], say(entry, "text"), tuple(entry.get("realised", ())))
            for entry in data.get(kind, ())
        )

    return Area(
        id=data["id"],
        icon=data.get("icon", "sitemap"),
        name=say(data, "name"),
        overview=say(data, "overview"),
        scope=say(data, "scope"),
        flows=tuple(PlannedFlow(entry["id"], say(entry, "name")) for entry in data.get("flow", ())),
        objectives=goals("objective"),
        policies=goals("policy"),
    )


def flow_number(process_id: str) -> str:
    """`p_051_01_01b` is the flow 051-01-01b, `p_com_01` is COM-01."""
    number = process_id.removeprefix("p_").replace("_", "-")
    return number.upper() if number.startswith("com") else number


def process_of(number: str) -> str:
    """The process id of a flow number; the inverse of `flow_number`."""
    return "p_" + number.lower().replace("-", "_")
