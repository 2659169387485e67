"""Data that arrives as JSON: texts of dates, times and durations become those where an input says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.feel import temporal
from app.feel.dmn.model import Model
from app.feel.dmn.types import Type

_TEMPORAL = frozenset((
    "date", "time", "date and time", "duration", "days and time duration", "years and months duration",
))  # fmt: skip


def typed(model: Model, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with texts read as the temporal values the model's input data declare."""
    kinds = {data.name: data.type for data in model.graph.inputs.values()}
    return {
        name: read(value, kind) if (kind := kinds.get(name)) is not None else value
        for name, value in inputs.items()
    }


def read(value: Any, kind: Type) -> Any:
    """The value, with texts read as temporal values wherever the type has one; else as it was."""
    if isinstance(value, str):
        return (temporal.parse(value) or value) if kind.kind in _TEMPORAL else value
    element, parts = kind.element, kind.parts
    if isinstance(value, list) and element is not None:
        return [read(one, element) for one in value]
    if isinstance(value, Mapping) and parts:
        return {k: read(v, parts[k]) if k in parts else v for k, v in value.items()}
    return value
