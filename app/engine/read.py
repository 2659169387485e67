"""The one place where XML from outside becomes a tree. Refuses DOCTYPE, entities, huge and deep
files; reaches no network.

Every vendor dialect gets the one namespace `camunda:`, so that nothing behind this file knows of
others.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.engine.findings import Finding, Unreadable
from app.i18n import _

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
DIALECTS = frozenset(
    {
        "http://operaton.org/schema/1.0/bpmn",
        "http://activiti.org/bpmn",
        "http://www.signavio.com/bpmn20/camunda",
    }
)
LARGEST = 10_000_000
_IN_BPMN, _START = "{" + BPMN + "}", b"<!DOCTYPE"


def bpmn(tag: str) -> str:
    """`userTask` with the namespace of BPMN 2.0, as lxml writes it."""
    return _IN_BPMN + tag


def camunda(name: str) -> str:
    """`formKey` with the namespace of the dialect."""
    return "{" + CAMUNDA + "}" + name


def local(node: etree._Element) -> str | None:
    """The tag of a BPMN element without its namespace; None for every other element."""
    tag = node.tag
    return tag[len(_IN_BPMN) :] if isinstance(tag, str) and tag.startswith(_IN_BPMN) else None


def elements(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """(tag without namespace, element) of all BPMN elements in document order."""
    for node in root.iter(etree.Element):
        tag = local(node)
        if tag:
            yield tag, node


def tree(name: str, data: bytes) -> etree._Element:
    """The root of any XML file (BPMN, DMN, import), or `Unreadable` with the reason. Comments are
    gone.
    """
    if len(data) > LARGEST:
        raise _refusal(
            name,
            "xml.size",
            _("文件大于 %(mb)s MB。", mb=LARGEST // 1_000_000),
            _("请拆分成几个流程。"),
        )
    if _START in data[:4096].upper():
        raise _doctype(name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(
            name,
            "xml.syntax",
            _("不是可读的 XML：%(why)s", why=error.msg or ""),
            _("请用 Camunda Modeler 重新保存为 BPMN 2.0 文件。"),
            error.lineno or 0,
        ) from None
    except ValueError as error:
        raise _refusal(name, "xml.syntax", _("不是可读的 XML：%(why)s", why=error), "") from None
    if root.getroottree().docinfo.doctype:
        raise _doctype(name)
    return root


def diagram(name: str, data: bytes) -> etree._Element:
    """The root of a BPMN 2.0 file in the one dialect; `Unreadable` when it holds no BPMN 2.0
    process.
    """
    root = tree(name, data)
    if next((True for tag, _node in elements(root) if tag == "process"), None) is None:
        raise _refusal(
            name,
            "bpmn.none",
            _("没有找到 BPMN 2.0 流程。"),
            _("请确认文件是 BPMN 2.0（不是旧版或其他格式），并且至少有一个 process。"),
        )
    for node in root.iter(etree.Element):
        _one_dialect(node)
    return root


def _one_dialect(node: etree._Element) -> None:
    node.tag = _translated(node.tag)
    for name in node.attrib:
        wanted = _translated(name)
        if wanted != name:
            node.set(wanted, node.attrib.pop(name))


def _translated(name: str) -> str:
    if name.startswith("{"):
        space, _, rest = name[1:].partition("}")
        if space in DIALECTS:
            return camunda(rest)
    return name


def _doctype(name: str) -> Unreadable:
    return _refusal(
        name,
        "xml.doctype",
        _("文件带有 DOCTYPE 声明，不被接受。"),
        _("请删除 <!DOCTYPE …> 后重新上传。"),
    )


def _refusal(name: str, code: str, message: str, remedy: str, line: int = 0) -> Unreadable:
    return Unreadable(Finding(name, code, message, remedy, line=line))
