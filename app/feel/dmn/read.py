"""DMN XML in: one hardened reader, and the few ways the other modules look at an element.

Nothing is fetched, no entity is expanded and no DOCTYPE is accepted, because decision tables arrive as
uploads. Elements are known by their local name once the root's namespace is one of DMN 1.1 to 1.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from app.feel.dmn.errors import DmnError

Element = etree._Element

MAX_BYTES = 4_000_000
MAX_ELEMENTS = 60_000
CAMUNDA = (
    "http://camunda.org/schema/1.0/dmn",
    "http://operaton.org/schema/1.0/dmn",
)
_NAMESPACE = re.compile(r"https?://www\.omg\.org/spec/DMN/20\d{6}/(?:MODEL/?|dmn\.xsd|dmn11\.xsd)$")


def root(xml: bytes | str | Element) -> Element:
    """The `definitions` element of a DMN document; DmnError when it is none or is hostile."""
    element = xml if isinstance(xml, Element) else _parse(xml)
    if local(element) != "definitions" or not _NAMESPACE.match(namespace(element)):
        raise DmnError(
            "这不是 DMN 决策文件：根元素应为 DMN 1.1 至 1.5 的 definitions。"
            "请用 dmn-js 或 Camunda Modeler 另存为 DMN。",
            "Not a DMN file: the root must be `definitions` of DMN 1.1 to 1.5. "
            "Save it as DMN with dmn-js or Camunda Modeler.",
            code="not_dmn",
            line=element.sourceline,
        )
    if sum(1 for _ in element.iter()) > MAX_ELEMENTS:
        raise DmnError(
            f"决策文件太大：超过 {MAX_ELEMENTS} 个元素。请拆成几个文件。",
            f"The decision file is too large: more than {MAX_ELEMENTS} elements. Split it.",
            code="too_large",
        )
    return element


def _parse(xml: bytes | str) -> Element:
    data = xml.encode() if isinstance(xml, str) else xml
    if len(data) > MAX_BYTES:
        raise DmnError(
            f"决策文件太大：超过 {MAX_BYTES // 1_000_000} MB。",
            f"The decision file is too large: more than {MAX_BYTES // 1_000_000} MB.",
            code="too_large",
        )
    if b"<!DOCTYPE" in data:
        raise _doctype()
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    try:
        element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise DmnError(
            f"决策文件不是有效的 XML（第 {line or 1} 行）：{error}",
            f"The decision file is not well-formed XML (line {line or 1}): {error}",
            code="bad_xml",
            line=line,
        ) from None
    if element.getroottree().docinfo.internalDTD is not None:
        raise _doctype()  # an encoding in which the bytes above look different
    return element


def _doctype() -> DmnError:
    return DmnError(
        "决策文件含有 DOCTYPE，出于安全原因不予读取。请删除 DOCTYPE 一行。",
        "The decision file has a DOCTYPE and is refused for safety. Remove that line.",
        code="doctype",
        line=1,
    )


def namespace(element: Element) -> str:
    return str(etree.QName(element).namespace or "")


def local(element: Element) -> str:
    """Local name; empty for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def kids(element: Element | None, *names: str) -> Iterator[Element]:
    """Child elements of the same namespace with one of these local names (any name when none is given)."""
    if element is None:
        return
    own = namespace(element)
    for child in element:
        if (
            isinstance(child.tag, str)
            and namespace(child) == own
            and (not names or local(child) in names)
        ):
            yield child


def kid(element: Element | None, *names: str) -> Element | None:
    return next(kids(element, *names), None)


def text(element: Element | None, child: str = "text") -> str:
    """Text of the named child (or of the element itself when child is ""), without outer blanks."""
    holder = element if not child or element is None else kid(element, child)
    return "".join(holder.itertext()).strip() if holder is not None else ""


def name(element: Element) -> str:
    """The element's name with its blanks normalised, as FEEL compares names."""
    return squeeze(element.get("name") or "")


def variable_name(element: Element) -> str:
    """Name under which the element's value is seen by expressions: its variable's, else its own."""
    variable = kid(element, "variable")
    return (name(variable) if variable is not None else "") or name(element)


def squeeze(value: str) -> str:
    return " ".join(value.split())


def camunda(element: Element, attribute: str) -> str:
    """A Camunda (or Operaton) extension attribute, empty when absent."""
    return next((v for ns in CAMUNDA if (v := element.get(f"{{{ns}}}{attribute}"))), "")


def type_ref(element: Element | None) -> str:
    """typeRef as attribute (1.2 and later) or child element (1.1 and item components), without prefix."""
    if element is None:
        return ""
    value = element.get("typeRef") or text(element, "typeRef")
    return squeeze(value.rpartition(":")[2])


def target(element: Element | None) -> str:
    """Id that the href of a requirement points to (before `#` may stand the file's own namespace)."""
    return (element.get("href") or "").rpartition("#")[2] if element is not None else ""
