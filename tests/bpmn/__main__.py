"""`python -m tests.bpmn` writes docs/bpmn.md anew."""

import tempfile
from pathlib import Path

from app import create_app
from tests.bpmn import page

with create_app({"instance_path": tempfile.mkdtemp(), "job_runner": "inline"}).app_context():
    text = page.written()
(Path(__file__).resolve().parent.parent.parent / "docs" / "bpmn.md").write_text(text)
