"""Task forms in the inbox: drawn, kept as a draft while they are typed, judged, handed in.

`pages` is the blueprint; the task page calls `form_page_context`, completing calls `submit_task`.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import get_timezone
from flask_login import current_user

from app import clock, db, errors, show
from app.accounts.models import User
from app.engine import definitions, drafts, files, forms, run, seen, sending, store
from app.engine.findings import Unreadable
from app.engine.models import UserTask
from app.i18n import _
from app.inbox import sight
from app.inbox.directory import Directory, search_people

pages = Blueprint("forms", __name__)
Pairs = list[tuple[str, str]]
# where a form is asked for: a task (or its columns alone), or a message to be sent
Place = UserTask | sa.Row[Any] | sending.Offer
# what rides along with the form and is no field of it
CARRIED = frozenset({"csrf_token", "outcome"})


@pages.before_request
def _only_people() -> None:
    # typing goes on in the page that is open: it must be told, not led to another one
    if not current_user.is_authenticated:
        abort(401)


@functools.lru_cache(maxsize=512)
def _read(content: bytes, name: str) -> forms.Form:
    return forms.load(content, name)


def form_of(task: Place) -> forms.Form:
    """The form of the task's own version. Raises ShunliuError when the file cannot be used."""
    if not task.form_key:
        return forms.Form("", [], [])
    content = definitions.form(task.definition_id, task.form_key)
    if content is None:
        raise errors.ShunliuError(
            _("表单“%(key)s”没有发布，这项任务暂时不能办理。请联系管理员。", key=task.form_key)
        )
    try:
        return _read(content, f"{task.form_key}.form")
    except Unreadable as problem:
        raise errors.ShunliuError(
            _("表单“%(key)s”有错误，这项任务暂时不能办理。请联系管理员。", key=task.form_key)
        ) from problem


def form_page_context(
    task: UserTask, user: User, posted: Any = None, errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`{"tf": …}` for `form/form.html`: what was posted, else the person's draft, else the case."""
    form = form_of(task)
    locked = not sight.may_act(task, user)
    draft = drafts.find(task.id, user.login) if posted is None and not locked else None
    pairs = pairs_of(posted) if posted is not None else kept(draft)
    drawn = drawn_in(form, task, user, pairs, errors, locked)
    return {"tf": frame(
        view=drawn, locked=locked, key=f"{task.id}:{user.login}",
        action=url_for("inbox.complete", task_id=task.id),
        draft_url="" if locked else url_for("forms.draft", task_id=task.id),
        files_url="" if locked else url_for("forms.upload", task_id=task.id),
        saved_at=draft.updated_at if draft else None,
    )}  # fmt: skip


def frame(**given: Any) -> dict[str, Any]:
    """`tf` of `form/form.html`: what is given, and what every form has."""
    return {
        "largest": current_app.config["SETTINGS"].max_upload_bytes,
        "pick_url": url_for("forms.pick_person").removesuffix("user"),
        "saved_at": None, "words": _words(), **given,
    }  # fmt: skip


def drawn_in(
    form: forms.Form, task: Place, user: User, pairs: Pairs | None,
    errors: Mapping[str, str] | None = None, locked: bool = False,
) -> Any:  # fmt: skip
    """The form as it stands for this person, with what was typed and what is wrong with it."""
    return forms.view(
        form, context_of(task), pairs, errors, _known_files(form, task, pairs),
        directory=Directory(user), zone=_zone(), locked=locked,
    )  # fmt: skip


def context_of(task: Place) -> dict[str, Any]:
    """The variables that the task sees."""
    return seen.variables(task.instance_id, task.token_id)


def submit_task(task: Place, user: User, form: Any, files: Any = None) -> store.Case:
    """Judge what was posted and complete the task with it; the caller commits. Returns the case.

    `form` are the posted fields, `files` posted files (without a script in the browser). Raises
    Invalid with `fields` {path: sentence}; then nothing is written but the files.
    """
    read = isinstance(task, sa.Row | tuple)  # with the case, by `sight.to_complete`
    judged = handed_in(task, user, form, files, _context_in(task) if read else None)
    had, revision = task.assignee, task.revision if read else None
    db.begin_writing()
    try:
        return run.hand_in(task.id, judged, by=user.login, revision=revision, had=had)
    except run.Moved:  # judged by what is no longer so; nobody moves the case now
        return run.hand_in(task.id, handed_in(task, user, form, files), by=user.login, had=had)


def _context_in(task: sa.Row[Any]) -> dict[str, Any]:
    return seen.held_by(task.instance_id, task.token_id, task.header, task.token_state)


def handed_in(
    task: Place, user: User, form: Any, files: Any = None, context: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The variables that were posted, judged. Raises Invalid with `fields`; files are kept.

    `context` is what `context_of` says, if that has been read.
    """
    context = context_of(task) if context is None else context
    schema = form_of(task)
    posted = list(form.items(multi=True)) if hasattr(form, "getlist") else list(form)
    pairs = pairs_of(posted)
    pairs += _kept_files(task, user, files)
    outcome = next((text for name, text in reversed(posted) if name == "outcome"), None)
    judged = forms.judge(
        schema, pairs, _known_files(schema, task, pairs), context, outcome,
        directory=Directory(user), zone=_zone(),
    )  # fmt: skip
    if not judged.ok:
        raise errors.Invalid(fields=judged.errors)
    values = dict(judged.values)
    if schema.buttons:
        values["outcome"] = judged.outcome
    return values


def pairs_of(posted: Any) -> Pairs:
    items = posted.items(multi=True) if hasattr(posted, "getlist") else posted
    return [(name, text) for name, text in items if name not in CARRIED]


def kept(draft: drafts.Draft | drafts.MessageDraft | None) -> Pairs | None:
    """What the draft holds, as it was posted; None without one."""
    return [(name, text) for name, text in draft.data] if draft else None


def _kept_files(task: Place, user: User, posted: Any) -> Pairs:
    if posted is None:
        return []
    return [
        (name, str(keep_file(task, user, upload).id))
        for name, upload in posted.items(multi=True)
        if upload.filename
    ]


def _known_files(form: forms.Form, task: Place, pairs: Pairs | None) -> dict[str, dict[str, Any]]:
    if not pairs or not any(c.type == "filepicker" for c in form.fields.values()):
        return {}
    ids = (int(text) for _name, text in pairs if text.isdecimal() and len(text) < 19)
    return files.by_ids(ids, task.instance_id)


def keep_file(task: Place, user: User, upload: Any) -> files.StoredFile:
    return files.keep(
        upload.stream, upload.filename or "", folder=uploads(), by=user.login, at=clock.now(),
        limit=current_app.config["SETTINGS"].max_upload_bytes,
        instance_id=task.instance_id, task_id=task.id,
    )  # fmt: skip


def uploads() -> Path:
    """Where uploaded contents lie."""
    return Path(current_app.instance_path) / "uploads"


def _zone() -> ZoneInfo:
    return ZoneInfo(str(get_timezone() or "Asia/Shanghai"))


def _words() -> dict[str, str]:
    """What the browser's script says."""
    return {
        "saving": _("正在保存草稿"),
        "unsaved": _("草稿还没有保存"),
        "offline": _("连不上服务器。您填的内容还在这一页，联网后自动保存。"),
        "expired": _("登录已过期。您填的内容已留在这台电脑上，重新登录后回到这里。"),
        "login": _("重新登录"),
        "restored": _("已恢复您登录过期前填写的内容。"),
        "none": _("没有找到。换个名称、编号或拼音首字母试试。"),
        "uploading": _("正在上传"),
        "large": _("文件超过 %(max)s MB，没有上传。",
                   max=current_app.config["SETTINGS"].max_upload_bytes // 1_000_000),
        "failed": _("没有办成，什么都没有改。请再试一次。"),
        "copy": _("复制我填的内容"),
    }  # fmt: skip


def _open_task(task_id: int) -> UserTask:
    """The task if it still waits for this person. Raises NotFound, NotAllowed, Conflict."""
    task = sight.task_to_act_on(task_id, current_user)
    if task.state != "open":
        who = task.completed_by or ""
        person = Directory(current_user).person(who, None)
        raise errors.Conflict(
            _(
                "%(who)s 在%(at)s已经办完这一项。您填的内容没有提交，还留在这一页，可以复制出来。",
                who=person["label"] if person else _("系统"), at=show.when(task.completed_at),
            )
        )  # fmt: skip
    return task


@pages.post("/tasks/<int:task_id>/draft")
def draft(task_id: int) -> Response:
    """Keeps what has been typed; answers with the form's fields as they stand now."""
    task = _open_task(task_id)
    pairs = pairs_of(request.form)
    kept = drafts.save(task.id, current_user.login, pairs, clock.now())
    drawn = drawn_in(form_of(task), task, current_user, pairs)
    html = render_template(
        "form/refresh.html", tf={"view": drawn, "saved_at": kept.updated_at if kept else None}
    )
    db.db.session.commit()
    return jsonify(html=html, saved=kept is not None)


@pages.post("/tasks/<int:task_id>/files")
def upload(task_id: int) -> tuple[Response, int]:
    """Keeps one uploaded file with the case; answers with its line for the form."""
    task = _open_task(task_id)
    given = request.files.get("file")
    if given is None:
        raise errors.Invalid(_("没有收到文件。请重新选择后上传。"))
    row = keep_file(task, current_user, given)
    name = request.form.get("name", "")[:300]
    html = render_template("form/file.html", file=row.value(), name=name)
    db.db.session.commit()
    return jsonify(html=html, id=row.id), 201


@pages.get("/files/<int:file_id>")
def download(file_id: int) -> Response:
    """The file, always as an attachment, for those who may see its case."""
    row = files.find(file_id)
    if row is None:
        raise errors.NotFound()
    sight.check_file(row, current_user)
    content = files.path(uploads(), row.sha256)
    if not content.is_file():
        raise errors.NotFound(_("文件内容不在服务器上了。请联系管理员从备份恢复。"))
    response = send_file(
        content, mimetype=row.type, as_attachment=True, download_name=row.name, max_age=0
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@pages.get("/pick/user")
def pick_person() -> str:
    """People to choose from, as options of a listbox."""
    q, group = request.args.get("q", ""), request.args.get("group", "")[:40]
    return _options(search_people(q, group), q)


@pages.get("/pick/<entity>")
def pick_record(entity: str) -> str:
    """Records to choose from, as options of a listbox."""
    q = request.args.get("q", "")
    return _options(Directory(current_user).search_records(entity[:60], q), q)


def _options(found: Iterable[Mapping[str, Any]], q: str) -> str:
    return render_template("form/options.html", found=found, q=q.strip()[:100])
