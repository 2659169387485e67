"""What the documentation shows is real: the flow of docs/add-a-flow.md is deployed and played."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import db
from app.engine import deploy
from app.engine import handlers as registry
from tests.flows.conftest import app, published, stage  # noqa: F401 - the stage and its company

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.S | re.M)


@pytest.fixture
def files() -> dict[str, str]:
    """{path: text} of every file that the page shows."""
    return dict(BLOCK.findall((ROOT / "docs" / "add-a-flow.md").read_text()))


@pytest.fixture
def handler_module(files: dict[str, str], tmp_path: Path) -> Iterator[None]:
    path = tmp_path / "visitor.py"
    path.write_text(files["handlers/visitor.py"])
    spec = importlib.util.spec_from_file_location("handlers.visitor", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["handlers.visitor"] = module
    spec.loader.exec_module(module)
    yield
    del sys.modules["handlers.visitor"]
    registry.forget("visitor.issue_pass")


def test_the_flow_of_the_page_is_published_and_played(files, handler_module, stage):  # noqa: F811
    models = [
        (Path(path).name, text.encode())
        for path, text in files.items()
        if path.endswith((".bpmn", ".dmn", ".form"))
    ]
    assert len(models) == 4
    deploy.deploy(models, by="zhouning")
    db.session.commit()
    code = compile(files["tests/flows/test_090_01_01.py"], "docs/add-a-flow.md", "exec")
    space: dict[str, object] = {}
    exec(code, space)
    space["test_a_visitor_of_a_customer_gets_the_better_badge"](stage)


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("*.md")], ids=lambda p: p.name
)
def test_every_link_of_a_page_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


PICTURES = sorted((ROOT / "docs" / "img").glob("*.png"))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small_and_shown_somewhere(picture: Path):
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 150_000
    pages = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]
    assert any(f"img/{picture.name}" in page.read_text() for page in pages)
