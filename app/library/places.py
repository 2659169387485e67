"""How the library words what the files name: places that realise a goal, and how long a step has."""

from collections.abc import Mapping

from flask import current_app, url_for

from app.engine import schedule
from app.engine.published import Definition
from app.i18n import _, label, ngettext
from app.library import areas, steps
from app.records import entities

KIND_WORDS = {
    "decision": "决策表",
    "handler": "处理程序",
    "record": "单据",
    "signal": "信号",
    "report": "报表编号",
    "timer": "定时",
}


Deployed = Mapping[str, Definition]


def place(
    text: str, area_id: str, deployed: Deployed, decisions: Mapping[str, str]
) -> tuple[str, str | None]:
    """What to show for a place that realises a goal, and where it leads (None: no page yet);
    `deployed` are the versions in force, `decisions` the names of the tables."""
    kind, colon, name = text.partition(":")
    if colon and kind != "timer":
        return f"{_(KIND_WORDS.get(kind, kind))} {_named(kind, name, decisions)}", _leads(
            kind, name, area_id
        )
    number, _hash, element = (name or kind).partition("#")
    shown = " · ".join(part for part in (number, _step_name(deployed, number, element)) if part)
    words = f"{_(KIND_WORDS[kind])} {shown}" if colon else shown
    return words, url_for("library.flow", number=number, step=element)


def _step_name(deployed: Deployed, number: str, element: str) -> str:
    """What a step is called in the version in force; its id while there is none."""
    found = deployed.get(areas.process_of(number))
    step = steps.of_definition(found.id).get(element) if found and element else None
    return label(step.name) if step and step.name else element


def kind_of_record(name: str, *, linked: bool) -> tuple[str, str | None]:
    """What a kind of record is called, and its list where it has one that may be linked."""
    return label(entities()[name].record.label), _leads("record", name, "") if linked else None


def _named(kind: str, name: str, decisions: Mapping[str, str]) -> str:
    if kind == "record":
        listed = entities().get(name)
        return label(listed.record.label) if listed is not None else name
    if kind == "decision":
        return label(decisions.get(name)) or name
    return name


def _leads(kind: str, name: str, area_id: str) -> str | None:
    """The page of a decision, a kind of record or a report, where the product has that room."""
    there = current_app.view_functions
    if kind == "decision":
        return url_for("library.decision", decision_id=name)
    if kind == "record" and "records.index_of" in there:
        listed = entities().get(name)
        shown = listed is not None and listed.record.listed
        return url_for("records.index_of", entity=name) if shown else None
    if kind == "report" and "reports.report" in there:
        area, _slash, code = name.rpartition("/")
        return url_for("reports.report", area=area or area_id, code=code)
    return None


def lasting(text: str) -> str:
    """How long a step has: `1 天`, `4 小时`; what a flow reckons itself is said so."""
    try:
        span = schedule.duration(text)
    except ValueError:
        return _("由流程算出")
    if span.months:
        return ngettext("%(num)d 个月", "%(num)d 个月", span.months)
    hours = round(span.rest.total_seconds() / 3600)
    if hours % 24 or not hours:
        return ngettext("%(num)d 小时", "%(num)d 小时", hours)
    return ngettext("%(num)d 天", "%(num)d 天", hours // 24)
