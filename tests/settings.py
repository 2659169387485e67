"""`python -m tests.settings` writes docs/settings.md: every setting as config.py has it."""

import re
from pathlib import Path

import config

PAGE = config.ROOT / "docs" / "settings.md"
LINE = re.compile(r"^    (\w+): (?:str|int|bool|float) = .*?  # (.+)$", re.M)
HEAD = """# Settings

Each is an environment variable; a value that does not fit, or a name that is none, stops the start with the
remedy. Sizes in bytes, times in seconds unless the name says otherwise. This page is written by
`python -m tests.settings` from [config.py](../config.py), and a test holds the two together.
How they are used: [operate.md](operate.md).

| variable | default | |
|---|---|---|
"""


def page() -> str:
    """The page as it has to be."""
    found = LINE.findall(Path(config.__file__).read_text())
    return HEAD + "".join(_row(name, comment) for name, comment in found)


def _row(name: str, comment: str) -> str:
    value = str(getattr(config.Settings(), name)).removeprefix(f"{config.ROOT}/")
    return f"| `{config.PREFIX}{name.upper()}` | {f'`{value}`' if value else ''} | {comment} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
