"""What is wrong with a file that should be deployed: one record for the parser, the checks and the
screens.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one element, and the way out.

    `code` is stable (`timer.value`), for tests and for jumping from a list to a documentation page;
    `message` and `remedy` are sentences in the user's language; `line` counts from 1 in the owner's
    file, 0 when unknown.
    """

    file: str
    code: str
    message: str
    remedy: str = ""
    element: str | None = None
    name: str | None = None
    line: int = 0
    severity: str = ERROR

    def __post_init__(self) -> None:
        """A name drawn over several lines is one line in a list."""
        object.__setattr__(self, "name", " ".join(self.name.split()) if self.name else None)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.name or ''} ({self.element})".strip() if self.element else ""
        return " · ".join(
            part for part in (where, what, str(self.message), str(self.remedy)) if part
        )


class Unreadable(Exception):
    """A file that cannot be taken any further; `findings` say why, all at once where that is
    possible.
    """

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = list(findings)
