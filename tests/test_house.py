"""The rules of the house, held against the code: who may import whom, sizes, names, no leftovers."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"

ROWS = {
    **dict.fromkeys(
        (
            "db",
            "clock",
            "workspace",
            "errors",
            "signals",
            "i18n",
            "feel",
            "values",
            "gate",
            "postgres",
            "measure",
            "loading",
            "pinyin",
            "pipelined",
            "sql",
        ),
        0,
    ),
    **dict.fromkeys(("jobs", "accounts", "records"), 1),
    **dict.fromkeys(("engine", "notify", "handlers"), 2),
    **dict.fromkeys(
        ("inbox", "library", "modeler", "monitor", "practice", "reports", "registry", "survey"), 3
    ),
    "api": 4,
    **dict.fromkeys(
        (
            "__init__",
            "cli",
            "web",
            "server",
            "threads",
            "threads",
            "answer",
            "worker",
            "lingering",
            "stalled",
            "product",
            "compiled",
            "balance",
            "assets",
            "shell",
            "show",
            "said",
            "health",
            "viewer",
            "logs",
            "proxy",
            "backup",
            "schema",
            "metrics",
        ),
        5,
    ),
}
# the routes of accounts are pages like any room's; they may use what pages use
SHARED_BY_PAGES = {"assets", "said", "shell", "show", "viewer", "web"}
FORBIDDEN_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "service", "services"}


def python_files(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and "node_modules" not in path.parts
    )


PRODUCT = [*python_files("app", "handlers"), ROOT / "config.py"]
EVERYTHING = [*PRODUCT, *python_files("tests")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] in ("handlers", "config"):
        return parts[0]
    return parts[1]


def imports_of(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import, also those inside functions; type-only ones excepted."""
    found = []
    tree = ast.parse(path.read_text())
    type_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in type_only:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def target_room(dotted: str) -> str | None:
    parts = dotted.split(".")
    if parts[0] == "app" and len(parts) > 1:
        return parts[1]
    return "handlers" if parts[0] == "handlers" else None


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_room_imports_only_lower_rows(path: Path):
    room = room_of(path)
    if room == "config" or ROWS[room] == 5:
        return  # the top row may use everything
    wrong = []
    for line, dotted in imports_of(path):
        target = target_room(dotted)
        if target is None or target == room or target in SHARED_BY_PAGES:
            continue
        allowed = ROWS.get(target, 0) < ROWS[room] or ROWS.get(target) == ROWS[room] == 0
        if not (allowed or (room == "handlers" and target in ("engine", "notify"))):
            wrong.append(f"{name_of(path)}:{line} ({room}) imports {dotted}")
    assert not wrong


@pytest.mark.parametrize("path", python_files("app/engine"), ids=name_of)
def test_the_engine_knows_no_web(path: Path):
    forbidden = {"flask.request", "flask.session", "flask.g", "flask_login.current_user"}
    assert not [dotted for _, dotted in imports_of(path) if dotted in forbidden]


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_only_engine_spiff_imports_spiffworkflow(path: Path):
    if "engine/spiff" in name_of(path):
        return
    assert not [dotted for _, dotted in imports_of(path) if dotted.startswith("SpiffWorkflow")]


@pytest.mark.parametrize("path", python_files("app/feel"), ids=name_of)
def test_feel_imports_nothing_of_the_app(path: Path):
    others = [
        d for _, d in imports_of(path) if d.startswith("app.") and not d.startswith("app.feel")
    ]
    assert not others


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_nothing_is_evaluated_as_python(path: Path):
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert not {"eval", "exec", "__import__"} & set(calls)


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_files_stay_under_400_lines(path: Path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_functions_stay_under_60_lines(path: Path):
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert not long


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_names_are_addresses(path: Path):
    assert not FORBIDDEN_WORDS & set(path.relative_to(ROOT).with_suffix("").parts)
    assert not path.stem.endswith(("_service", "_utils", "_helper", "_manager"))


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_nothing_is_left_for_later(path: Path):
    words = r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b|raise NotImplemented" + "Error"
    assert not re.findall(words, path.read_text())


@pytest.mark.parametrize("path", python_files("app/engine", "app/jobs"), ids=name_of)
def test_every_engine_module_says_what_it_is(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", python_files("app/engine", "app/jobs", "app/records"), ids=name_of)
def test_functions_declare_what_they_return(path: Path):
    missing = [
        f"{node.name} (line {node.lineno})"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.returns is None and node.name != "__init__"
    ]
    assert not missing


def test_nothing_is_a_coroutine():
    """`app.product` leaves out Flask's look at every function for every request."""
    for path in PRODUCT:
        kinds = (ast.AsyncFunctionDef, ast.Await)
        assert not [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, kinds)], path


def test_the_lower_rooms_never_commit():
    wrong = []
    for path in python_files("app/engine", "app/records", "app/accounts", "app/notify", "handlers"):
        if path.name in ("routes.py", "commands.py"):
            continue
        if re.search(r"session\.commit\(", path.read_text()):
            wrong.append(name_of(path))
    assert not wrong


def test_no_test_adds_a_table_to_the_product():
    """Its tables are one set for the whole process: the tests that come afterwards see them."""
    adding = re.compile(r"class \w+\(db\.Model\)|sa\.Table\([^)]*db\.metadata")
    wrong = [name_of(path) for path in python_files("tests") if adding.search(path.read_text())]
    assert not wrong


def test_no_machine_path_or_registry_address_is_committed():
    places = "|".join(["work", "farm", "tmp/bash" + "_jobs", "opt/wheels"])
    rule = re.compile(
        rf"(?<![\w.])/(?:{places})/|https?://[^\s\"']*(?:npmjs|pypi\.org|debian\.org)"
    )
    wrong = [
        name_of(path)
        for pattern in ("*.py", "*.md", "*.json", "*.txt", "*.js", "*.mjs", "*.html", "*.toml")
        for path in ROOT.rglob(pattern)
        if not {"node_modules", ".venv", "dist", "instance", ".git"} & set(path.parts)
        and rule.search(path.read_text(errors="replace"))
    ]
    assert not wrong


def test_no_template_carries_inline_script_or_style():
    rule = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|\sstyle=|\son[a-z]+=", re.I)
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in (APP / "templates").rglob("*.html")
        if (match := rule.search(path.read_text()))
    ]
    assert not wrong
