"""A flow's file as the reader's language shows it."""

from lxml import etree

from app.engine import read
from app.i18n import label, language

NAMED = "name"
LETTER = 6.2  # px of one Latin letter in a label
WIDEST = 90.0  # where the drawing breaks a label of its own accord


def translated(content: bytes, name: str) -> bytes:
    """The published file; for readers of another language than Chinese its labels are theirs."""
    if language() == "zh":
        return content
    root = read.diagram(name, content)
    for _tag, node in read.elements(root):
        if node.get(NAMED):
            node.set(NAMED, label(node.get(NAMED)))
        elif read.local(node) == "text" and node.text:
            node.text = label(node.text)
    _make_room(root)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _make_room(root: etree._Element) -> None:
    """The labels beside lines and events are as wide as their longer words need, around the same
    middle: the drawing measured them for Chinese."""
    names = {node.get("id"): node.get(NAMED) or "" for _tag, node in read.elements(root)}
    for node in root.iter("{*}Bounds"):
        above = node.getparent()
        if above is None or etree.QName(above).localname != "BPMNLabel":
            continue
        name = names.get(above.getparent().get("bpmnElement"), "")
        width = float(node.get("width", "0"))
        wanted = max(width, min(WIDEST, LETTER * len(name)))
        node.set("x", f"{float(node.get('x', '0')) - (wanted - width) / 2:g}")
        node.set("width", f"{wanted:g}")
