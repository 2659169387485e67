"""Uploaded files: kept once per content outside the database, named and owned in it."""

import datetime as dt
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import errors
from app.db import UtcDateTime, db
from app.engine import filetype
from app.engine.cases import BigId
from app.i18n import _
from app.workspace import Owned

CHUNK = 1 << 16


class StoredFile(Owned, db.Model):
    """A file that somebody attached to a case; several may share one content."""

    __tablename__ = "stored_file"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    type: Mapped[str] = mapped_column(sa.String(100))  # found in the content, not in the name
    uploaded_by: Mapped[str] = mapped_column(sa.String(40))
    uploaded_at: Mapped[dt.datetime] = mapped_column(UtcDateTime())
    instance_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("instance.id", ondelete="CASCADE"), index=True
    )
    task_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("user_task.id", ondelete="CASCADE"), index=True
    )

    archived_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("archived_case.id"), index=True
    )  # the case, when it is archived

    def value(self) -> dict[str, Any]:
        """What a process variable holds of it."""
        return {"id": self.id, "name": self.name, "size": self.size, "type": self.type}


def keep(
    stream: BinaryIO, name: str, *, folder: Path, limit: int, by: str, at: dt.datetime,
    instance_id: int | None = None, task_id: int | None = None,
) -> StoredFile:  # fmt: skip
    """The content is on disk and the row is in the session, flushed.

    Raises TooLarge beyond `limit` bytes and Invalid for an empty file or a kind that is not
    taken; then nothing is left of it.
    """
    name = filetype.safe_name(name)
    temporary, digest, size = _received(stream, folder, limit)
    try:
        if size == 0:
            raise errors.Invalid(_("文件“%(name)s”是空的。请检查后重新上传。", name=name))
        kind = filetype.of(temporary, name)
        if kind is None:
            raise errors.Invalid(
                _(
                    "不接收“%(name)s”这种文件。可以上传 PDF、图片、Office 文档、压缩包和纯文本。",
                    name=name,
                )
            )
        target = path(folder, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    row = StoredFile(
        sha256=digest, name=name, size=size, type=kind, uploaded_by=by, uploaded_at=at,
        instance_id=instance_id, task_id=task_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _received(stream: BinaryIO, folder: Path, limit: int) -> tuple[Path, str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(dir=folder, prefix="incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise errors.TooLarge(
                        _(
                            "文件超过 %(max)s MB，没有接收。请压缩或拆分后再上传。",
                            max=limit // 1_000_000,
                        )
                    )
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            # the row must never be more durable than what it names
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(temporary)
        raise
    return Path(temporary), digest.hexdigest(), size


def path(folder: Path, digest: str) -> Path:
    """Where a content lies."""
    return folder / digest[:2] / digest


def find(file_id: int) -> StoredFile | None:
    """The file's row in this workspace, None if there is none."""
    return db.session.scalar(sa.select(StoredFile).where(StoredFile.id == file_id))


def of_instance(instance_id: int) -> list[StoredFile]:
    """All files of a case, oldest first."""
    return list(
        db.session.scalars(
            sa.select(StoredFile)
            .where(StoredFile.instance_id == instance_id)
            .order_by(StoredFile.id)
        )
    )


def by_ids(ids: Iterable[int], instance_id: int) -> dict[str, dict[str, Any]]:
    """{id as text: value} of those among `ids` that belong to the case, in one query."""
    wanted = {number for number in ids if 0 < number < 2**63}
    if not wanted:
        return {}
    rows = db.session.scalars(
        sa.select(StoredFile).where(
            StoredFile.id.in_(sorted(wanted)[:1000]), StoredFile.instance_id == instance_id
        )
    )
    return {str(row.id): row.value() for row in rows}
