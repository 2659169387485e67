"""Files become versions: checked together, stored together, or refused together with every reason.

The same bytes are never deployed twice: when nothing differs from what is newest, the deployment
that brought it is the answer. A process gets a new version when its file or a form that it shows
has changed; decision tables are versions of their own.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from flask import current_app

from app import clock, errors
from app.db import begin_writing, db
from app.engine import check, definitions, handlers, publish, waits
from app.engine.findings import ERROR, WARNING, Finding, Unreadable
from app.engine.models import (
    Decision,
    Definition,
    Deployment,
    DeploymentFile,
    FileContent,
)
from app.engine.normalise import Normalised, normalise
from app.engine.read import diagram
from app.engine.spiff import parse
from app.engine.spiff.spec import ProcessSpec
from app.feel import FeelError, dmn
from app.i18n import _

KINDS = {".bpmn": "bpmn", ".xml": "bpmn", ".bpmn20": "bpmn", ".dmn": "dmn", ".form": "form"}
# what the reader says -> what the checks say of the same mistake
SAME = {
    "timer.empty": ("timer.value",),
    "loop.empty": ("multi.nothing",),
    "message.missing": ("event.reference", "throw.reference", "receive.no_message"),
    "signal.missing": ("event.reference",),
    "expression": ("expression.syntax", "expression.function"),
}
UNFINISHED = frozenset({"node.unreachable", "throw.reference", "attribute.ignored"})


@dataclass
class Upload:
    """Files on their way in: what was read out of them, and what could not be."""

    files: dict[str, bytes]
    kinds: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Normalised] = field(default_factory=dict)
    specs: dict[str, dict[str, ProcessSpec]] = field(default_factory=dict)
    tables: dict[str, dmn.Model] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    users: dict[int, ProcessSpec] = field(default_factory=dict)  # of changed forms, by definition

    def hash(self, name: str) -> str:
        return hashlib.sha256(self.files[name]).hexdigest()


def deploy(
    files: Iterable[tuple[str, bytes]], *, by: str | None, note: str = "", lenient: bool = False
) -> Deployment:
    """The files are published; cases that run keep their versions.

    `lenient` lets flows pass that are not wired yet (no form, no handler). Raises Refused with
    all findings, and nothing is stored. Whoever calls it inside of `db.reading` lets others write
    until everything is read and judged. Of two that do not go together and come in the same moment
    one is refused: what was judged against others is judged anew if they have changed.
    """
    upload = read(files)
    known = _known(upload, lenient)
    _refuse_wrong(upload, known, lenient)
    _compile_users(upload)
    begin_writing()
    definitions.alone()
    known_now = _known(upload, lenient)
    if known_now != known:  # somebody else has published, suspended or resumed meanwhile
        _refuse_wrong(upload, known_now, lenient)
    return _unchanged(upload) or _store(upload, by, note)


def _refuse_wrong(upload: Upload, known: check.Known, lenient: bool) -> None:
    """Raises Refused with all findings if one of them is an error."""
    found = judged(upload, known, lenient=lenient)
    if any(finding.severity == ERROR for finding in found):
        raise errors.Refused(findings=found)


def examine(files: Iterable[tuple[str, bytes]], *, lenient: bool = False) -> list[Finding]:
    """What `deploy` would say about the files, errors first; nothing is stored."""
    upload = read(files)
    return judged(upload, _known(upload, lenient), lenient=lenient)


def deploy_folder(processes: Path, forms: Path, *, by: str | None, note: str = "") -> Deployment:
    """Everything under the two folders is published together."""
    paths = [path for ending in ("*.bpmn", "*.dmn") for path in processes.rglob(ending)]
    paths += forms.glob("*.form")
    found = [(path.name, path.read_bytes()) for path in sorted(paths)]
    if not found:
        raise errors.Refused(_("没有找到可以发布的文件。请检查流程目录和表单目录。"))
    return deploy(found, by=by, note=note)


def read(files: Iterable[tuple[str, bytes]]) -> Upload:
    """The files as trees, compiled processes and tables, with what could not be read."""
    upload = Upload({})
    limit = current_app.config["SETTINGS"].max_model_bytes
    for given, data in files:
        name = Path(given).name
        kind = KINDS.get(Path(name).suffix.lower())
        if name in upload.files:
            upload.findings.append(
                Finding(name, "file.twice", _("同名文件出现了两次。"), _("请改名后再发布。"))
            )
        elif kind is None:
            upload.findings.append(
                Finding(
                    name, "file.kind", _("不认识的文件类型。"), _("只接受 .bpmn、.dmn 和 .form。")
                )
            )
        elif len(data) > limit:
            upload.findings.append(
                Finding(
                    name,
                    "file.size",
                    _("文件大于 %(kb)s KB。", kb=limit // 1000),
                    _("请拆分成几个流程。"),
                )
            )
        else:
            upload.files[name], upload.kinds[name] = data, kind
            _READERS[kind](upload, name, data)
    if not upload.files and not upload.findings:
        upload.findings.append(Finding("", "file.none", _("没有收到任何文件。")))
    return upload


def _read_bpmn(upload: Upload, name: str, data: bytes) -> None:
    try:
        normal = normalise(diagram(name, data), name)
        upload.trees[name] = normal
        upload.specs[name] = parse.diagram(normal)
    except Unreadable as error:
        upload.findings += error.findings
        return
    for process_id in upload.specs[name]:
        others = [other for other, made in upload.specs.items() if process_id in made]
        if len(others) > 1:
            upload.findings.append(
                Finding(
                    name,
                    "process.twice",
                    _("流程编号 %(id)s 也在 %(file)s 中。", id=process_id, file=others[0]),
                    _("请给每个流程不同的编号。"),
                    process_id,
                )
            )


def _read_dmn(upload: Upload, name: str, data: bytes) -> None:
    try:
        made = upload.tables[name] = dmn.load(data, name)
    except FeelError as error:
        for one in getattr(error, "all", None) or [error]:
            upload.findings.append(
                Finding(
                    name,
                    f"dmn.{getattr(one, 'code', 'error')}",
                    str(one),
                    getattr(one, "hint", "") or "",
                    getattr(one, "element_id", None),
                    line=getattr(one, "line", 0) or 0,
                )
            )
        return
    for decision_id in made.decisions:
        others = [other for other, model in upload.tables.items() if decision_id in model.decisions]
        if len(others) > 1:
            upload.findings.append(
                Finding(
                    name,
                    "decision.twice",
                    _("决策编号 %(id)s 也在 %(file)s 中。", id=decision_id, file=others[0]),
                    _("请给每个决策不同的编号。"),
                    decision_id,
                )
            )


def _read_form(upload: Upload, name: str, data: bytes) -> None:
    upload.findings += publish.form_findings(name, data)


_READERS = {"bpmn": _read_bpmn, "dmn": _read_dmn, "form": _read_form}


def judged(upload: Upload, known: check.Known, *, lenient: bool) -> list[Finding]:
    """What is wrong with the files beside what else exists: what could not be read, and the
    checks' findings; errors first."""
    models = [(name, normal.root) for name, normal in upload.trees.items()]
    found = check.check(models, known, complete=not lenient) if models else []
    found = upload.findings + ([_milder(one) for one in found] if lenient else found)
    return sorted(_once(found), key=lambda finding: finding.severity != ERROR)


def _once(findings: list[Finding]) -> list[Finding]:
    """One finding for one mistake: the reader's word goes where a check says the same better."""
    said = {(one.file, one.element, one.code) for one in findings}
    return [
        one
        for one in dict.fromkeys(findings)
        if not any((one.file, one.element, code) in said for code in SAME.get(one.code, ()))
    ]


def _milder(finding: Finding) -> Finding:
    """A sketch may have steps that nothing leads to, events that name nothing yet, and more."""
    return replace(finding, severity=WARNING) if finding.code in UNFINISHED else finding


def _known(upload: Upload, lenient: bool) -> check.Known:
    """What exists already or comes with these files."""
    coming = {process_id for made in upload.specs.values() for process_id in made}
    starters = {
        message: f"{found.name} ({found.process_id})"
        for message, found in waits.message_starts(but=coming).items()
    }
    if lenient:
        return check.Known(starters=starters)
    form_names = db.session.scalars(
        sa.select(DeploymentFile.name).where(DeploymentFile.kind == "form").distinct()
    )
    forms = {name for name, kind in upload.kinds.items() if kind == "form"} | set(form_names)
    decisions = set(db.session.scalars(sa.select(Decision.decision_id).distinct()))
    processes = set(db.session.scalars(sa.select(Definition.process_id).distinct()))
    for model in upload.tables.values():
        decisions |= set(model.decisions)
    return check.Known(
        forms=frozenset(name.removesuffix(".form") for name in forms),
        decisions=frozenset(decisions),
        topics=frozenset(handlers.every()),
        groups=publish.group_ids(),
        processes=frozenset(processes | coming),
        starters=starters,
    )


def _unchanged(upload: Upload) -> Deployment | None:
    """The deployment that brought exactly these files, if each is the newest of its name."""
    newest: set[int] = set()
    for name in upload.files:
        known = _newest_file(name)
        if known is None or known.content_hash != upload.hash(name):
            return None
        newest.add(known.deployment_id)
    return db.session.get(Deployment, max(newest))


def _newest_file(name: str) -> DeploymentFile | None:
    return db.session.scalar(
        sa.select(DeploymentFile)
        .where(DeploymentFile.name == name)
        .order_by(DeploymentFile.deployment_id.desc())
        .limit(1)
    )


def _store(upload: Upload, by: str | None, note: str) -> Deployment:
    digest = hashlib.sha256()
    for name in sorted(upload.files):
        digest.update(f"{name}:{upload.hash(name)}\n".encode())
    deployment = Deployment(
        content_hash=digest.hexdigest(), created_at=clock.real_now(), created_by=by, note=note[:500]
    )
    db.session.add(deployment)
    db.session.flush()
    stored = {name: _store_file(upload, name, deployment.id) for name in sorted(upload.files)}
    db.session.flush()
    for name, model in upload.tables.items():
        publish.decisions(model, stored[name])
    done = set()
    for name, made in upload.specs.items():
        for spec in made.values():
            uses = publish.uses(spec, upload.trees[name].root)
            publish.version(spec, stored[name], uses, deployment.id)
            done.add(spec.id)
    forms = {n.removesuffix(".form") for n, kind in upload.kinds.items() if kind == "form"}
    for definition in definitions.every_newest():
        used = forms.intersection(definition.uses["forms"])
        other = definition.process_id not in done
        if used and other and publish.shows_other_forms(definition, deployment.id):
            spec = upload.users.get(definition.id) or definitions.compiled(definition.id)
            publish.version(spec, definition.file, definition.uses, deployment.id)
    return deployment


def _compile_users(upload: Upload) -> None:
    """Processes that show a form whose file is another one now are compiled, before the turn to
    write begins; those that come with the upload are, already."""
    forms = set()
    for name, kind in upload.kinds.items():
        before = _newest_file(name) if kind == "form" else None
        if kind == "form" and (before is None or before.content_hash != upload.hash(name)):
            forms.add(name.removesuffix(".form"))
    coming = {process_id for made in upload.specs.values() for process_id in made}
    for definition in definitions.every_newest() if forms else ():
        used = forms.intersection(definition.uses["forms"])
        if used and definition.process_id not in coming:
            upload.users[definition.id] = definitions.compiled(definition.id)


def _store_file(upload: Upload, name: str, deployment_id: int) -> DeploymentFile:
    digest = upload.hash(name)
    if db.session.get(FileContent, digest) is None:
        db.session.add(FileContent(hash=digest, content=upload.files[name]))
        db.session.flush()
    file = DeploymentFile(
        deployment_id=deployment_id, name=name, kind=upload.kinds[name], content_hash=digest
    )
    db.session.add(file)
    return file
