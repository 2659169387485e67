"""`python -m tests.handbook` writes docs/flows/ anew."""

import tempfile

from app import create_app
from tests.handbook import page

with create_app({"instance_path": tempfile.mkdtemp(), "job_runner": "inline"}).app_context():
    for path, text in page.pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
