"""/metrics for Prometheus: how much waits, how late it is, how long requests, steps and jobs take.

What is in the database is counted there when somebody asks, never beyond a limit; times are
collected in memory, and where several processes serve one machine in files that all of them share.
"""

import hashlib
import os
from pathlib import Path

from flask import Flask

MEMORY = Path("/dev/shm")


def share(folder: Path) -> None:
    """The figures of this process and its children go to files in `folder`, where /metrics adds up
    those of all processes; files of processes that are gone are gone.

    Must be called before `init_app`: the library decides once how it keeps its figures.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def leave() -> None:
    """This process, the last of a server, ends: its files are gone, and the folder unless other
    processes of the instance still use it."""
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    _sweep(folder, os.getpid())
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _sweep(folder: Path, *leaving: int) -> None:
    for path in folder.glob("*.db"):
        pid = path.stem.rsplit("_", 1)[-1]
        if not pid.isdecimal() or int(pid) in leaving or not Path(f"/proc/{pid}").exists():
            path.unlink(missing_ok=True)


def folder_of(instance_path: str) -> Path:
    """Where the processes of an instance share their figures: in memory where the machine has a
    place for that, else beside the database.

    The library writes through shared maps of files; when the disk under such a file is full, the
    kernel ends whoever writes (SIGBUS), and pages could not even be read.
    """
    name = hashlib.sha256(str(Path(instance_path).resolve()).encode()).hexdigest()[:16]
    place = MEMORY / f"shunliu-{name}"
    mine = os.access(place if place.exists() else MEMORY, os.W_OK | os.X_OK)
    return place if mine and not place.is_symlink() else Path(instance_path) / "metrics"


def forget(pid: int) -> None:
    """The cases that a process of this machine kept in memory are not there any more."""
    for path in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{pid}.db"):
        path.unlink(missing_ok=True)


def init_app(app: Flask) -> None:
    """/metrics answers, `flask metrics` prints the same, and times are collected."""
    from app.metrics import figures, scrape

    figures.listen()
    app.register_blueprint(scrape.pages)
    app.cli.add_command(scrape.metrics)
