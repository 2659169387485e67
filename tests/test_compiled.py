"""Templates are compiled beforehand, and never shown as they once were."""

from pathlib import Path

import jinja2
import pytest
from flask import Flask

from app import compiled


@pytest.fixture
def small(tmp_path: Path) -> Flask:
    """A product with one template."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("first {{ 1 + 1 }}")
    return Flask("small", root_path=str(tmp_path))


def shown(app: Flask, folder: Path) -> str:
    """The page, by an environment that has not compiled it yet."""
    pages = app.jinja_env.overlay()
    pages.bytecode_cache = compiled.Compiled(folder)
    return pages.get_template("page.html").render()


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given, **_named):
        raise AssertionError("compiled while it was shown")

    monkeypatch.setattr(jinja2.Environment, "compile", refuse)


def test_what_was_built_is_not_compiled_again(small, tmp_path, monkeypatch):
    assert compiled.build(small, tmp_path / "kept") == 1
    forbid_compiling(monkeypatch)
    assert shown(small, tmp_path / "kept") == "first 2"


def test_a_template_that_has_changed_since_is_shown_as_it_is_now(small, tmp_path):
    compiled.build(small, tmp_path / "kept")
    (tmp_path / "templates" / "page.html").write_text("second")
    assert shown(small, tmp_path / "kept") == "second"


def test_showing_writes_nothing(small, tmp_path):
    folder = tmp_path / "kept"
    assert shown(small, folder) == "first 2" and not folder.exists()


def test_a_torn_file_is_passed_over(small, tmp_path):
    compiled.build(small, tmp_path / "kept")
    (file,) = (tmp_path / "kept").iterdir()
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert shown(small, tmp_path / "kept") == "first 2"


def test_building_leaves_nothing_of_templates_that_are_gone(small, tmp_path):
    compiled.build(small, tmp_path / "kept")
    (tmp_path / "templates" / "page.html").rename(tmp_path / "templates" / "other.html")
    compiled.build(small, tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_all_templates_of_the_product_can_be_compiled(app, tmp_path):
    assert compiled.build(app, tmp_path) > 90
