"""The company's flows are published together, and each again by itself."""

from flask import Flask

from app.engine import deploy
from tests.flows.conftest import ROOT


def test_each_flow_may_be_published_again_by_itself(app: Flask):
    files = sorted((ROOT / "processes").rglob("*.bpmn"))
    assert len(files) >= 26
    wrong = [
        str(finding)
        for path in files
        for finding in deploy.examine([(path.name, path.read_bytes() + b"\n")])
        if finding.severity == "error"
    ]
    assert not wrong, "\n".join(wrong)
