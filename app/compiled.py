"""Templates are compiled by `make build`: to compile one takes far longer than to show it, and after
a restart many people ask for the same pages at once.

What was compiled from another text than the template has now, or by another Python, is passed over;
then it is compiled when it is first shown, as ever.
"""

import contextlib
import pickle
from pathlib import Path

import jinja2
from flask import Flask
from jinja2.bccache import Bucket

FOLDER = Path(__file__).parent / "__pycache__" / "templates"


class Compiled(jinja2.BytecodeCache):
    """What `make build` left; a server may not write beside its code."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder, self.writes = folder, False

    def load_bytecode(self, bucket: Bucket) -> None:
        """The bucket has its code when there is some."""
        file = self.folder / bucket.key
        if file.exists():
            with contextlib.suppress(EOFError, pickle.UnpicklingError):  # a machine that went down
                bucket.bytecode_from_string(file.read_bytes())

    def dump_bytecode(self, bucket: Bucket) -> None:
        """The code is kept while templates are being built, at no other time."""
        if self.writes:
            new = self.folder / f"{bucket.key}.new"
            new.write_bytes(bucket.bytecode_to_string())
            new.replace(self.folder / bucket.key)


def init_app(app: Flask) -> None:
    """Pages are shown from what was compiled."""
    app.jinja_env.bytecode_cache = Compiled()


def build(app: Flask, folder: Path = FOLDER) -> int:
    """All templates are compiled and kept, nothing else is in the folder; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    pages = app.jinja_env.overlay()
    pages.bytecode_cache = kept = Compiled(folder)
    kept.writes = True
    names = pages.list_templates()
    for name in names:
        pages.get_template(name)
    return len(names)
