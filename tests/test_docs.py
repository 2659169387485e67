"""What the documentation shows is real: the flow of docs/add-a-flow.md is deployed and played."""

import dataclasses
import importlib.util
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import config
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


PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
MADE_THERE = ("instance/", "090", "visitor")  # at run time; by who follows docs/add-a-flow.md


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
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


def said(page: Path) -> set[str]:
    """What a page sets as code within its sentences and tables, or as a block of commands."""
    text = page.read_text()
    blocks = [line for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.S | re.M)
              for line in re.split(r"\n|&&", block)]  # fmt: skip
    return {one.strip() for one in [*re.findall(r"`([^`\n]+)`", text), *blocks]}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_of_a_page_exists(page: Path, app):  # noqa: F811 - the fixture
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    commands = {name: getattr(one, "commands", {}) for name, one in app.cli.commands.items()}
    missing = []
    for line in said(page):
        if found := re.match(r"make ([\w-]+)", line):
            missing += [line] if found[1] not in targets else []
        if found := re.match(r"(?:flask|shunliu) ([\w-]+)(?: ([\w-]+))?", line):
            group = commands.get(found[1])
            known = group is not None and (not group or found[2] in group)
            missing += [] if known else [line]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_setting_of_a_page_exists(page: Path):
    known = {field.name for field in dataclasses.fields(config.Settings)}
    named = re.findall(r"SHUNLIU_([A-Z_]*[A-Z])\b(?!_)", page.read_text())
    assert not {name for name in named if name.lower() not in known}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_place_in_the_house_that_a_page_names_exists(page: Path):
    rooms = "|".join(["app", "docs", "forms", "handlers", "processes", "tests"])
    places = [one for one in said(page) if re.fullmatch(rf"(?:{rooms})/[\w./*-]*", one)]
    wrong = [one for one in places if not any(word in one for word in MADE_THERE)
             and not any(ROOT.glob(one.rstrip("/")))]  # fmt: skip
    assert not wrong


TWINS = [page for page in PAGES if page.with_suffix(".zh-CN.md").exists()]
SHORT = ("operate.md", "README.md")  # their Chinese is a summary, or orders the same differently


@pytest.mark.parametrize("page", TWINS, ids=lambda p: p.name)
def test_both_languages_say_the_same(page: Path):
    """As many headings, rows and keys; the same pictures, commands, tables and settings."""
    texts = [page.read_text(), page.with_suffix(".zh-CN.md").read_text()]
    english, chinese = (set(re.findall(r"img/[\w-]+\.png", one)) for one in texts)
    assert english == chinese
    if page.name not in SHORT:
        for mark in (r"^#+ ", r"^\|", r"<kbd>", r"^```", r"`[\w./*-]+(?: [\w-]+)*`"):
            many, as_many = (len(re.findall(mark, one, re.M)) for one in texts)
            assert many == as_many, mark


# set in bold or in quotes on a page for people, and no text of the product
ONLY_THERE = {
    "Nothing typed is lost", "incident", "in the same scope", "disabled", "claims", "Prepayments",
    "43 × Freeze and send", "An area's page", "A case's page",
    "填过的不会丢", "同一层", "43 × 冻结并发送", "领域页", "实例页", "预收", "客户已签", "取消订单",
}  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> str:
    """Everything that the product says, in both languages, a line each."""
    found = []
    for path in [*ROOT.glob("app/translations/en/*.po"), *ROOT.glob("processes/*/en.po")]:
        for message in read_po(io.BytesIO(path.read_bytes())):
            for one in (message.id, message.string):
                found += [one] if isinstance(one, str) else one
    return "\n".join(found).casefold() + "\n"


@pytest.mark.parametrize(
    "name", ["employee", "administrator", "process-owner", "sales", "employee.zh-CN",
             "administrator.zh-CN", "process-owner.zh-CN", "sales.zh-CN"],
)  # fmt: skip
def test_what_a_page_calls_by_its_name_is_called_so_in_the_product(name: str, texts: str):
    page = (ROOT / "docs" / f"{name}.md").read_text()
    called = re.findall(r"\*\*([^*]+)\*\*|“([^”]+)”", page)
    words = {(bold or quoted).strip("“”.。…") for bold, quoted in called}
    assert not {one for one in words - ONLY_THERE if f"\n{one.casefold()}" not in texts}
