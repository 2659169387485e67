"""What the dialect adds to an element: properties, parameters, in and out mappings, retry cycles,
lanes.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.engine import expression
from app.engine.read import bpmn, camunda, elements
from app.engine.spiff.spec import Carry, Lane, Parameter

TRUE = "true"


def attributes(node: etree._Element) -> dict[str, str]:
    """The camunda: attributes by their name without the namespace."""
    prefix = camunda("")
    return {
        name[len(prefix) :]: value for name, value in node.attrib.items() if name.startswith(prefix)
    }


def found(node: etree._Element, path: str) -> list[etree._Element]:
    """The camunda: elements at `a/b` inside the node's extension elements."""
    steps = "/".join(camunda(step) for step in path.split("/"))
    return node.findall(f"{bpmn('extensionElements')}/{steps}")


def properties(node: etree._Element) -> dict[str, str]:
    """camunda:properties as a dict; properties without a name (Camunda Modeler's element template
    ids) by their id.
    """
    return {
        item.get("name") or item.get("id") or "": item.get("value") or ""
        for item in found(node, "properties/property")
    }


def retries(node: etree._Element) -> str | None:
    """failedJobRetryTimeCycle, written as an element or as an attribute."""
    inside = found(node, "failedJobRetryTimeCycle")
    text = inside[0].text if inside else node.get(camunda("failedJobRetryTimeCycle"))
    return (text or "").strip() or None


def parameters(node: etree._Element, side: str) -> list[Parameter]:
    """Input or output parameters in the order in which they are written. Raises `expression.Bad`."""
    return [
        Parameter(item.get("name") or "", _value(item))
        for item in found(node, f"inputOutput/{side}Parameter")
    ]


def _value(node: etree._Element) -> object:
    inner = next(iter(node), None)
    if inner is None:
        return expression.template(node.text or "")
    if inner.tag == camunda("list"):
        return [_item(child) for child in inner]
    if inner.tag == camunda("map"):
        return {child.get("key") or "": _item(child) for child in inner}
    if inner.tag == camunda("script"):
        return expression.formula(inner.text or "null")
    return expression.template(inner.text or "")


def _item(node: etree._Element) -> object:
    return _value(node) if len(node) else expression.template(node.text or "")


def carried(where: etree._Element, way: str, direct: bool = False) -> tuple[Carry, ...]:
    """camunda:in or camunda:out, in order. Business keys (`in businessKey`) are not among them.
    Raises `expression.Bad`.
    """
    return tuple(
        _carry(item) for item in _mappings(where, way, direct) if item.get("businessKey") is None
    )


def business_key(node: etree._Element) -> str | None:
    """The text of `<camunda:in businessKey="…"/>`."""
    return next(
        (
            item.get("businessKey")
            for item in found(node, "in")
            if item.get("businessKey") is not None
        ),
        None,
    )


def _mappings(where: etree._Element, way: str, direct: bool) -> Iterator[etree._Element]:
    yield from found(where, way)
    if direct:
        yield from where.findall(camunda(way))


def _carry(item: etree._Element) -> Carry:
    source, text = item.get("source"), item.get("sourceExpression")
    return Carry(
        item.get("target") or source,
        expression.formula(text) if text else None,
        source,
        item.get("variables") == "all",
        item.get("local") == TRUE,
    )


def lanes(root: etree._Element) -> dict[str, Lane]:
    """The innermost lane of each node that a lane names."""
    made: dict[str, Lane] = {}
    for tag, node in elements(root):
        if tag != "lane":
            continue
        lane = Lane(node.get("name"), _groups(node))
        for ref in node.findall(bpmn("flowNodeRef")):  # inner lanes come later in the document
            made[(ref.text or "").strip().rpartition(":")[2]] = lane
    return made


def _groups(lane: etree._Element) -> list[str]:
    named = properties(lane)
    text = (
        named.get("candidateGroups")
        or named.get("groups")
        or lane.get("id", "").removeprefix("lane_")
    )
    return [group.strip() for group in text.split(",") if group.strip()]
