"""A flow's file as the reader's language shows it."""

from lxml import etree

from app.engine import read
from app.i18n import label, language

NAMED = "name"


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
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
