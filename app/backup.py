"""`flask backup FILE` and `flask restore FILE`: SQLite and the uploaded files, while servers run.

A backup is one tar file (`.gz`: compressed): the database at one moment, every uploaded content
that it names, and `manifest.json` with the schema's revision, sums and counts. SQLite's own backup
copies the database in one read transaction, so that nobody waits. Contents are written before the
rows that name them and never change: copied after the database, they are complete.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
from flask import current_app

from app import clock, health
from app.db import db
from app.engine import files
from app.schema import known_revisions

DATABASE, MANIFEST, UPLOADS = "shunliu.sqlite", "manifest.json", "uploads"
COUNTED = ("instance", "user_task", "event", "stored_file", "customer", "job")
WAIT = 2.0  # seconds for somebody who is just closing the database
CHUNK = 1 << 20


class BadBackup(click.ClickException):
    """What is wrong with a backup, or why it cannot be made or restored now."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the database and the uploaded files to FILE (.tar, or .tar.gz for less room)."""
    if file.exists():
        raise BadBackup(f"{file} exists; choose another name, old backups are never overwritten")
    partial = file.with_name(f"{file.name}.partial")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        copy = Path(folder) / DATABASE
        _copy_database(_path(), copy)
        manifest = _describe(copy)
        try:
            _pack(partial, copy, manifest)
            check(partial)
            _keep(partial, file)
        finally:
            partial.unlink(missing_ok=True)
    counts = manifest["counts"]
    click.echo(
        f"{file}: schema {manifest['schema']}, {counts['instance']} cases, {counts['user_task']} "
        f"tasks, {len(manifest['uploads'])} uploaded contents, checked"
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the database and the uploaded files of FILE in place; the present ones are kept aside."""
    target = _path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="restore-") as folder:
        manifest = check(file, Path(folder))
        _refuse_newer(manifest["schema"])
        with _alone(target):
            _bring_uploads(Path(folder) / UPLOADS, Path(current_app.instance_path) / UPLOADS)
            aside = _exchange(Path(folder) / DATABASE, target)
    click.echo(f"restored: schema {manifest['schema']}, made at {manifest['made_at']}")
    if aside is not None:
        click.echo(f"the database that was here is {aside}")
    click.echo("now run `flask upgrade` and start the servers")


def _path() -> Path:
    url = db.engine.url
    if db.engine.dialect.name != "sqlite" or not url.database:
        raise BadBackup(
            "this command is for SQLite; for PostgreSQL use pg_dump and pg_restore, and copy "
            "instance/uploads afterwards (docs/operate.md)"
        )
    return Path(url.database)


def _copy_database(source: Path, target: Path) -> None:
    if not source.exists():
        raise BadBackup(f"there is no database at {source}")
    with contextlib.closing(sqlite3.connect(source)) as here:
        here.execute("PRAGMA query_only=ON")
        with contextlib.closing(sqlite3.connect(target)) as there:
            here.backup(there, pages=-1)  # at once: one moment, and never begun again
            there.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            there.commit()
    _check_database(target)


def _check_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
        orphans = copy.execute("PRAGMA foreign_key_check").fetchmany(5)
    if found != ["ok"] or orphans:
        raise BadBackup(f"the database is damaged: {'; '.join(found)} {orphans or ''}")


def _describe(copy: Path) -> dict[str, Any]:
    """The manifest of a copied database."""
    return {
        "made_at": clock.real_now().isoformat(timespec="seconds"),
        "version": health.VERSION,
        "schema": _schema(copy),
        "counts": _counts(copy),
        "sha256": _digest_of(copy),
        "uploads": _uploads(copy),
    }


def _ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.DatabaseError as error:
            raise BadBackup(f"this is not a database of Shunliu: {error}") from error


def _schema(path: Path) -> str:
    found = _ask(path, "SELECT version_num FROM alembic_version")
    if len(found) != 1:
        raise BadBackup("the database has no schema yet; run `flask upgrade` first")
    return str(found[0][0])


def _counts(path: Path) -> dict[str, int]:
    return {name: _ask(path, f"SELECT count(*) FROM {name}")[0][0] for name in COUNTED}


def _uploads(path: Path) -> list[str]:
    return [row[0] for row in _ask(path, "SELECT DISTINCT sha256 FROM stored_file ORDER BY 1")]


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(partial: Path, copy: Path, manifest: dict[str, Any]) -> None:
    mode = "w:gz" if ".gz" in partial.suffixes else "w"
    folder = Path(current_app.instance_path) / UPLOADS
    with tarfile.open(partial, mode, **({"compresslevel": 6} if mode == "w:gz" else {})) as tar:
        text = json.dumps(manifest, indent=1).encode()
        head = tarfile.TarInfo(MANIFEST)
        head.size, head.mtime = len(text), int(clock.real_now().timestamp())
        tar.addfile(head, io.BytesIO(text))
        tar.add(copy, DATABASE)
        for digest in manifest["uploads"]:
            content = files.path(folder, digest)
            if not content.is_file():
                raise BadBackup(f"an uploaded file is missing on disk: {content}")
            tar.add(content, f"{UPLOADS}/{digest}")


def _keep(partial: Path, file: Path) -> None:
    """The finished file has its name, also after a power cut."""
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.link(partial, file)  # fails when somebody has made it meanwhile
    _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check(file: Path, folder: Path | None = None) -> dict[str, Any]:
    """The manifest, after every sum and count was found right; contents unpacked into `folder`.

    Raises BadBackup with what is wrong.
    """
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".check-") as temporary:
        into = folder or Path(temporary)
        try:
            with tarfile.open(file) as tar:
                manifest = _unpack(tar, into, keep_uploads=folder is not None)
        except (tarfile.TarError, EOFError, OSError, ValueError, KeyError) as error:
            raise BadBackup(f"{file} is not a whole backup: {error}") from error
        copy = into / DATABASE
        _check_database(copy)
        found = {"schema": _schema(copy), "counts": _counts(copy), "uploads": _uploads(copy)}
    wrong = [name for name, value in found.items() if manifest[name] != value]
    if wrong:
        raise BadBackup(f"{file} is not what it says: {', '.join(wrong)}")
    return manifest


def _unpack(tar: tarfile.TarFile, into: Path, *, keep_uploads: bool) -> dict[str, Any]:
    """Members are read by their expected names, in their order; no name of the file becomes a path."""
    manifest = json.load(_member(tar, MANIFEST))
    with (into / DATABASE).open("wb") as target:
        if _pour(_member(tar, DATABASE), target) != manifest["sha256"]:
            raise ValueError("the database is not the one that was packed")
    for digest in manifest["uploads"]:
        name = f"{UPLOADS}/{digest}"
        with _place(into / UPLOADS, digest) if keep_uploads else io.BytesIO() as target:
            if _pour(_member(tar, name), target) != digest:
                raise ValueError(f"{name} is damaged")
    return manifest


def _place(folder: Path, digest: str) -> IO[bytes]:
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"{digest!r} names no content")
    folder.mkdir(exist_ok=True)
    return (folder / digest).open("wb")


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    member = tar.next()
    found = tar.extractfile(member) if member is not None and member.name == name else None
    if found is None:
        raise ValueError(f"{name} is missing")
    return found


def _pour(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        target.write(chunk)
        if isinstance(target, io.BytesIO):
            target.seek(0)  # only the sum is wanted
            target.truncate()
    return digest.hexdigest()


def _refuse_newer(schema: str) -> None:
    known = known_revisions()
    if schema not in known:
        raise BadBackup(
            f"the backup has schema {schema}, which this version does not know (its newest is "
            f"{known[0]}); install the version that made it, or a newer one"
        )


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Nobody else has the database open, and all of it stands in its one file."""
    if not target.exists():
        yield
        return
    db.engine.dispose()
    with contextlib.closing(sqlite3.connect(target, timeout=WAIT, isolation_level=None)) as mine:
        try:
            # SQLite leaves the WAL only for one who is alone, however quiet the others are
            mine.execute("PRAGMA journal_mode=DELETE")
            mine.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BadBackup(
                f"the database is in use ({error}): stop the servers and workers first"
            ) from error
        except sqlite3.DatabaseError:
            pass  # what is damaged is about to be replaced
        yield


def _exchange(new: Path, target: Path) -> Path | None:
    """The new file is in place; where the old one is now. There is a database at every moment."""
    aside = None
    if target.exists():
        stamp = f"{clock.real_now():%Y%m%d-%H%M%S}"
        aside = target.with_name(f"{target.name}.before-{stamp}")
        os.link(target, aside)
        for end in ("-wal", "-shm"):  # only a damaged database still has them
            beside = target.with_name(target.name + end)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + end))
    with new.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(new, target)
    _sync(target.parent)
    return aside


def _bring_uploads(source: Path, folder: Path) -> None:
    """Contents that are not here yet are; those that are here stay."""
    for content in source.iterdir() if source.exists() else ():
        place = files.path(folder, content.name)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(content, place)
