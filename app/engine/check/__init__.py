"""Refuses at deployment what could only fail, or be silently wrong, later: all findings at once.

    drawing.py      the tree as nodes and flows of scopes: what every rule asks
    elements.py     what is executed at all, attributes that would be ignored
    flows.py        flows, gateways, reachability, deadlocks, endless loops
    events.py       references, timers, boundaries, sub-process starts
    triggers.py     what an event can be, what waits side by side, what can be undone
    activities.py   tasks, loops, calls, scripts
    expressions.py  every expression place compiles
    wiring.py       forms, decisions, handlers, roles, called processes, messages

A rule is a generator of findings over one `Drawing`; the order of `RULES` is that of the report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from app.engine.check import (
    activities,
    elements,
    events,
    expressions,
    flows,
    triggers,
    wiring,
)
from app.engine.check.drawing import Drawing
from app.engine.findings import ERROR, WARNING, Finding

RULES = (
    *elements.RULES,
    *flows.RULES,
    *events.RULES,
    *triggers.RULES,
    *activities.RULES,
    *expressions.RULES,
)
MOST_FINDINGS = 500


@dataclass(frozen=True)
class Known:
    """What else exists on the platform or in the same deployment. None: not judged."""

    forms: frozenset[str] | None = None
    decisions: frozenset[str] | None = None
    topics: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    processes: frozenset[str] | None = None
    messages: frozenset[str] = field(default_factory=frozenset)  # sent by handlers or from outside
    # message: what people call the process outside of this deployment that it starts
    starters: Mapping[str, str] = field(default_factory=dict)


def check(
    models: Iterable[tuple[str, etree._Element]], known: Known | None = None, complete: bool = True
) -> list[Finding]:
    """Everything wrong with normalised trees deployed together; errors before warnings.

    `complete` False lets a flow pass that is not wired yet (no form, no handler, nobody to do a
    task): such findings become warnings, for trying a drawing out.
    """
    drawings = [Drawing(name, root) for name, root in models]
    found: list[Finding] = []
    for drawing in drawings:
        for rule in RULES:
            found.extend(rule(drawing))
            if len(found) > MOST_FINDINGS:
                break
    known = known or Known()
    found.extend(triggers.message_starts_are_told_apart(drawings, known.starters))
    wired = [finding for rule in wiring.RULES for finding in rule(drawings, known)]
    if not complete:
        wired = [replace(finding, severity=WARNING) for finding in wired]
    found = list(dict.fromkeys([*found, *wired]))[:MOST_FINDINGS]
    return sorted(found, key=lambda finding: (finding.severity != ERROR, finding.file))
