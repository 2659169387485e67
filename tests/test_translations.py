"""Chinese first, English complete: every text that a person can meet has an English one."""

import html
import io
import re
from pathlib import Path

import pytest
from babel.messages import extract, pofile

from app import errors, i18n

ROOT = Path(__file__).resolve().parent.parent
CHINESE = range(0x4E00, 0x9FFF)
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def is_chinese(text: str) -> bool:
    return any(ord(letter) in CHINESE for letter in text)


def texts_in_code() -> dict[str, str]:
    """{Chinese text: where it stands} of all marked texts in Python, templates and docstrings."""
    found: dict[str, str] = {}
    for pattern, method in (("*.py", "python"), ("*.html", "jinja2.ext:babel_extract")):
        for folder in ("app", "handlers"):
            for path in sorted((ROOT / folder).rglob(pattern)):
                options = {"extensions": "jinja2.ext.do", "silent": "false"}
                with path.open("rb") as file:
                    for line, text, _comments, _context in extract.extract(
                        method, file, KEYWORDS, options=options
                    ):
                        for message in text if isinstance(text, tuple) else (text,):
                            if message and is_chinese(message):
                                found.setdefault(message, f"{path.relative_to(ROOT)}:{line}")
    for kind in (errors.ShunliuError, *errors.ShunliuError.__subclasses__()):
        found.setdefault(kind.__doc__, f"app/errors.py {kind.__name__}")
    return found


def texts_in_english() -> set[str]:
    found = set()
    for path in i18n.sources(ROOT / "processes"):
        for message in pofile.read_po(io.BytesIO(path.read_bytes()), abort_invalid=True):
            if message.string:
                found |= set(message.id if isinstance(message.id, tuple) else (message.id,))
    return found


def test_every_text_has_an_english_one():
    english = texts_in_english()
    missing = [f"{where}: {text}" for text, where in texts_in_code().items() if text not in english]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("path", i18n.sources(ROOT / "processes"), ids=lambda path: path.stem)
def test_an_english_text_fills_the_same_places(path: Path):
    wrong = [
        message.id
        for message in pofile.read_po(io.BytesIO(path.read_bytes()), locale="en")
        if message.string and list(message.check())
    ]
    assert not wrong


def test_no_two_catalogues_disagree(tmp_path):
    assert i18n.compile_catalogue(ROOT / "processes") > 0


def test_no_text_is_kept_in_english_that_nobody_says():
    """Also words of records, forms and diagrams are said: those that code takes from them."""
    folders = (("app", "*.py"), ("app", "*.html"), ("handlers", "*.py"), ("forms", "*.form"),
               ("processes", "*.bpmn"), ("processes", "*.dmn"), ("processes", "*.toml"))  # fmt: skip
    said = "".join(
        html.unescape(path.read_text())
        for folder, pattern in folders
        for path in (ROOT / folder).rglob(pattern)
    )
    said = re.sub(r"\"\s*\n\s*f?\"", "", said).replace(r"\"", '"').replace(r"\n", "\n")
    for path in (ROOT / "app" / "translations" / "en").glob("*.po"):
        for message in pofile.read_po(io.BytesIO(path.read_bytes())):
            text = message.id if isinstance(message.id, str) else message.id[0]
            assert text in said or text.replace("%%", "%") in said, f"{path.name}: {text}"
