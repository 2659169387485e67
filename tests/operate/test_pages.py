"""docs/operate.md says what is so: settings, metrics, log fields, files that systemd and nginx read."""

import ast
import configparser
import re
import subprocess

import pytest

import config
from app import logs
from app.metrics import figures, scrape
from tests import servers, settings

DOCS = config.ROOT / "docs"
PAGE = (DOCS / "operate.md").read_text()
UNITS = re.findall(r"^`(/etc/systemd/\S+)`:\n\n```ini\n(.*?)^```", PAGE, re.S | re.M)
UNITS += re.findall(r"`(/etc/systemd/\S+\.service)`:\n\n```ini\n(.*?)^```", PAGE, re.S | re.M)
NGINX = re.search(r"^```nginx\n(.*?)^```", PAGE, re.S | re.M)[1]


def test_the_page_of_settings_is_what_config_says():
    assert settings.PAGE.read_text() == settings.page(), "run: python -m tests.settings"
    assert len(settings.LINE.findall(settings.page())) == 0
    rows = settings.page().count("| `SHUNLIU_")
    assert rows == len(vars(config.Settings())), "a setting without a comment, or on two lines"


@pytest.mark.parametrize("page", sorted(DOCS.glob("operate*.md")), ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(page):
    named = set(re.findall(r"SHUNLIU_([A-Z_]+)\b", page.read_text()))
    known = {name.upper() for name in vars(config.Settings())}
    assert named and not named - known


def test_every_metric_is_described_and_none_that_is_not_there(app):
    given = set(re.findall(r"^# TYPE (\w+) ", scrape.text().decode(), re.M))
    given = {name for name in given if not name.endswith("_created")}
    told = set(re.findall(r"`(shunliu_\w+?)(?:\{[\w,]+\})?`", PAGE))
    assert {name.removesuffix("_total") for name in told} == {
        name.removesuffix("_total") for name in given
    }
    used = set(re.findall(r"\b(shunliu_\w+?)(?:_count|_bucket|_total)?\b(?=[{\[)])", PAGE))
    assert used <= {name.removesuffix("_total") for name in given}
    assert figures.steps


def said_of(path):
    """The names that a module gives to lines: of the calls of `measure`, of dicts in logs.py."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if getattr(node.func.value, "id", "") == "measure":
                found |= {word.arg for word in node.keywords if word.arg}
        elif isinstance(node, ast.Dict) and path.name == "logs.py":
            found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
    return found


def test_every_field_of_the_log_is_described():
    written = set().union(*map(said_of, sorted((config.ROOT / "app").rglob("*.py"))))
    written -= {"endpoint", "facts"}  # only for metrics; how the others are handed over
    described = set(re.findall(r"`(\w+)`", PAGE.split("## The log")[1].split("## Old cases")[0]))
    assert {"request_id", "instance_id", "stack", "job_id", "incident_id"} <= written
    assert not written - described
    assert logs.HEADER in PAGE


def test_the_units_are_what_systemd_reads(tmp_path):
    names = {path.rsplit("/", 1)[1] for path, _text in UNITS}
    assert names == {"shunliu.service", "shunliu-backup.service", "shunliu-backup.timer"}
    for path, text in UNITS:
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read_string(text)
        assert "Unit" in unit and len(unit.sections()) >= 2, path


def test_systemd_finds_nothing_wrong(tmp_path):
    for path, text in UNITS:
        # the programs are not where the page has them; everything else is judged
        text = re.sub(r"^(Exec\w+=)/\S+", r"\1/bin/true", text, flags=re.M)
        (tmp_path / path.rsplit("/", 1)[1]).write_text(text)
    judge = servers.program("systemd-analyze", "systemd")
    for unit in tmp_path.glob("shunliu*"):
        result = subprocess.run(
            [judge, "verify", "--man=no", str(unit)], capture_output=True, text=True
        )
        ours = [line for line in result.stderr.splitlines() if str(tmp_path) in line]
        assert not ours


def test_nginx_takes_its_file(tmp_path):
    site = NGINX.replace("/etc/ssl/crm.example.com.pem", str(tmp_path / "cert.pem"))
    site = site.replace("/etc/ssl/private/crm.example.com.key", str(tmp_path / "key.pem"))
    site = site.replace("/var/log/nginx", str(tmp_path))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (tmp_path / "site").write_text(site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}\n"
        f"http {{ include {tmp_path}/site; }}\n"
    )
    command = [
        servers.program("nginx", "nginx-light"),
        "-t",
        "-q",
        "-c",
        str(tmp_path / "nginx.conf"),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0 and not result.stderr.strip(), result.stderr


def test_nginx_takes_as_much_as_the_server():
    megabytes = int(re.search(r"client_max_body_size (\d+)m;", NGINX)[1])
    assert megabytes * 1_000_000 <= config.Settings().max_request_bytes <= megabytes * 1024 * 1024
