"""What the documentation shows is true."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "decisions.md"


def test_the_examples_run(monkeypatch):
    monkeypatch.chdir(PAGE.parent.parent)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), {})
