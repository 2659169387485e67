"""A backup is made while people work; what is restored is whole, or nothing has changed."""

import datetime as dt
import io
import json
import sqlite3
import tarfile
import threading
from pathlib import Path

import pytest

from app import backup
from app.db import db
from app.engine import files, run
from app.engine.models import Event, Instance, UserTask
from tests import database as databases
from tests.inbox import quotes

on_files = pytest.mark.skipif(bool(databases.POSTGRES), reason="a backup of SQLite files")
PAPER = b"%PDF-1.4 the signed contract"


@pytest.fixture
def flask(app):
    """`flask("backup", path)`: the command's output; it must go well unless `fails`."""

    def do(*words, fails=False):
        result = app.test_cli_runner().invoke(args=[str(word) for word in words])
        assert (result.exit_code != 0) == fails, result.output
        return result.output

    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        newest = backup.known_revisions()[0]
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{newest}')")
    return do


@pytest.fixture
def case(app):
    """A case with an uploaded file."""
    quotes.publish()
    task = quotes.begin()
    instance_id = task.instance_id
    attach(app, instance_id, PAPER)
    return instance_id


def attach(app, instance_id, content):
    """The content is uploaded to the case."""
    row = files.keep(
        io.BytesIO(content), "合同.pdf", folder=Path(app.instance_path) / "uploads", limit=10**6,
        by="zhangwei", at=dt.datetime(2026, 3, 10, tzinfo=dt.UTC), instance_id=instance_id,
    )  # fmt: skip
    digest = row.sha256
    db.session.commit()
    return digest


def members(path):
    """{name: bytes} of a backup."""
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def pack(path, contents):
    """A tar file with these contents."""
    with tarfile.open(path, "w") as tar:
        for name, data in contents.items():
            head = tarfile.TarInfo(name)
            head.size = len(data)
            tar.addfile(head, io.BytesIO(data))
    return path


def close(app):
    """As if the server had stopped."""
    db.session.remove()
    db.engine.dispose()


@on_files
@pytest.mark.parametrize("name", ("b.tar", "b.tar.gz"))
def test_what_was_backed_up_comes_back(app, flask, case, tmp_path, name):
    file = tmp_path / "kept" / name
    assert "1 cases, 1 tasks, 1 uploaded" in flask("backup", file)
    digest = db.session.query(files.StoredFile).one().sha256
    content = files.path(Path(app.instance_path) / "uploads", digest)
    run.start("p_browser", {"department_id": "east", "subject": "later"}, by="zhangwei")
    db.session.commit()
    content.unlink()
    close(app)
    said = flask("restore", file)
    assert db.session.query(Instance).count() == 1
    assert content.read_bytes() == PAPER
    aside = next(Path(app.instance_path).glob("shunliu.sqlite.before-*"))
    assert str(aside) in said
    with sqlite3.connect(aside) as before:
        assert before.execute("select count(*) from instance").fetchone() == (2,)
    before.close()
    task = db.session.query(UserTask).one()
    run.claim(task.id, "wangqiang")
    db.session.commit()
    left = {path.name for path in Path(app.instance_path).iterdir()}
    assert not [name for name in left if name.startswith((".", "restore-"))]


@on_files
def test_a_backup_under_load_is_one_moment(app, flask, case, tmp_path):
    """Cases begin and files arrive all the while; each acknowledged before is in, none by half."""
    acknowledged, stop, failed = [], threading.Event(), []

    def work(number):
        with app.app_context():
            while not stop.is_set():
                try:
                    begun = run.start(
                        "p_browser", {"department_id": "east", "amount": 1000}, by="zhangwei"
                    )
                    instance_id = begun.id
                    attach(app, instance_id, b"%%PDF-1.4 %d %d" % (number, instance_id))
                    acknowledged.append(instance_id)
                except Exception as error:
                    failed.append(error)
                    break
            db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    made = []
    try:
        for number in range(3):
            while len(acknowledged) < 15 * (number + 1) and not failed:
                stop.wait(0.01)
            before = set(acknowledged)
            made.append((tmp_path / f"{number}.tar", before))
            flask("backup", made[-1][0])
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert not failed
    for file, before in made:
        copy = tmp_path / "copy.sqlite"
        copy.write_bytes(members(file)["shunliu.sqlite"])
        with sqlite3.connect(copy) as found:
            ids = {row[0] for row in found.execute("select id from instance")}
            tasks = {row[0] for row in found.execute("select instance_id from user_task")}
            kept = {row[0] for row in found.execute("select distinct sha256 from stored_file")}
            papers = {row[0] for row in found.execute("select instance_id from stored_file")}
        found.close()
        assert before <= ids and tasks == ids and papers == ids
        assert {f"uploads/{digest}" for digest in kept} <= set(members(file))
        assert len(ids) < len(acknowledged) + 5
    assert len({len(before) for _file, before in made}) == 3, "work went on meanwhile"


@on_files
def test_a_server_that_runs_is_not_pulled_away(app, flask, case, tmp_path):
    flask("backup", tmp_path / "b.tar")
    file = Path(app.instance_path) / "shunliu.sqlite"
    server = sqlite3.connect(file)
    server.execute("select count(*) from instance").fetchall()
    before = file.stat().st_ino
    assert "stop the servers" in flask("restore", tmp_path / "b.tar", fails=True)
    assert file.stat().st_ino == before
    server.close()
    close(app)
    flask("restore", tmp_path / "b.tar")


@on_files
def test_a_newer_schema_is_refused(app, flask, case, tmp_path):
    db.session.execute(db.text("update alembic_version set version_num = '9999'"))
    db.session.commit()
    flask("backup", tmp_path / "b.tar")
    db.session.execute(db.text("update alembic_version set version_num = '0001'"))
    db.session.commit()
    close(app)
    assert "does not know" in flask("restore", tmp_path / "b.tar", fails=True)
    assert db.session.scalar(db.text("select version_num from alembic_version")) == "0001"


def cut(contents):
    contents["shunliu.sqlite"] = contents["shunliu.sqlite"][:-4096]


def exchange_upload(contents):
    name = next(name for name in contents if name.startswith("uploads/"))
    contents[name] = b"%PDF-1.4 another contract"


def lose_upload(contents):
    del contents[next(name for name in contents if name.startswith("uploads/"))]


def climb(contents):
    manifest = json.loads(contents["manifest.json"])
    manifest["uploads"] = ["../../../evil"]
    contents["manifest.json"] = json.dumps(manifest).encode()
    contents["uploads/../../../evil"] = contents.pop(
        next(name for name in contents if name.startswith("uploads/"))
    )


def count_wrong(contents):
    manifest = json.loads(contents["manifest.json"])
    manifest["counts"]["instance"] += 1
    contents["manifest.json"] = json.dumps(manifest).encode()


@on_files
@pytest.mark.parametrize("damage", (cut, exchange_upload, lose_upload, climb, count_wrong))
def test_a_damaged_backup_changes_nothing(app, flask, case, tmp_path, damage):
    flask("backup", tmp_path / "b.tar")
    contents = members(tmp_path / "b.tar")
    damage(contents)
    bad = pack(tmp_path / "bad.tar", contents)
    close(app)
    file = Path(app.instance_path) / "shunliu.sqlite"
    before = file.read_bytes()
    assert "bad.tar" in flask("restore", bad, fails=True)
    assert file.read_bytes() == before
    assert not list(tmp_path.rglob("evil"))


@on_files
def test_what_is_no_backup_is_refused(app, flask, tmp_path):
    (tmp_path / "b.tar").write_bytes(b"hello" * 1000)
    close(app)
    assert "not a whole backup" in flask("restore", tmp_path / "b.tar", fails=True)


@on_files
def test_a_truncated_file_is_refused(app, flask, case, tmp_path):
    flask("backup", tmp_path / "b.tar.gz")
    data = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "half.tar.gz").write_bytes(data[: len(data) // 2])
    close(app)
    assert "not a whole backup" in flask("restore", tmp_path / "half.tar.gz", fails=True)


@on_files
def test_an_old_backup_is_never_overwritten(app, flask, case, tmp_path):
    (tmp_path / "b.tar").write_bytes(b"of yesterday")
    assert "never overwritten" in flask("backup", tmp_path / "b.tar", fails=True)
    assert (tmp_path / "b.tar").read_bytes() == b"of yesterday"


@on_files
def test_a_lost_upload_is_said_at_once(app, flask, case, tmp_path):
    digest = db.session.query(files.StoredFile).one().sha256
    files.path(Path(app.instance_path) / "uploads", digest).unlink()
    assert digest in flask("backup", tmp_path / "b.tar", fails=True)
    assert not list(tmp_path.glob("b.tar*")) and not list(tmp_path.glob(".backup-*"))


@on_files
def test_a_new_machine_gets_everything(app, flask, case, tmp_path):
    flask("backup", tmp_path / "b.tar")
    events = db.session.query(Event).count()
    (tmp_path / "new").mkdir()
    with databases.opened(databases.Database(tmp_path / "new")) as other:
        result = other.test_cli_runner().invoke(args=["restore", str(tmp_path / "b.tar")])
        assert result.exit_code == 0, result.output
        assert db.session.query(Event).count() == events


@pytest.mark.skipif(not databases.POSTGRES, reason="what PostgreSQL's own tools do")
@pytest.mark.parametrize("verb", ("backup", "restore"))
def test_on_postgresql_its_own_tools_are_named(app, tmp_path, verb):
    (tmp_path / "b.tar").touch()
    name = tmp_path / ("b.tar" if verb == "restore" else "new.tar")
    result = app.test_cli_runner().invoke(args=[verb, str(name)])
    assert result.exit_code != 0 and "pg_dump" in result.output
