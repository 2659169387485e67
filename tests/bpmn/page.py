"""Writes docs/bpmn.md from the table, with the findings as the checks word them."""

from app.engine.findings import Finding
from tests.bpmn.elements import EXECUTED, REFUSED, WARNED
from tests.check.drawings import findings_of
from tests.check.test_findings import MESSAGES, WRONG

HEAD = """# BPMN: executed or refused · BPMN 元素：执行或拒绝

Every element is executed as BPMN 2.0 (and Camunda 7, where the standard is silent) says, or the file is
refused when it is published, with file, element, line, reason and remedy. Nothing is ignored in silence.
SpiffWorkflow parses, holds and runs every case, through specifications of our own.

This page is written from the tests (`python -m tests.bpmn`); a test fails when it is out of date.
"""


def wording(code: str) -> Finding:
    """What the check says to the sample of this code."""
    found = [f for f in findings_of(WRONG[code], MESSAGES) if f.code == code]
    return found[0]


def written() -> str:
    """The whole page."""
    lines = [HEAD]
    for title, rows in EXECUTED.items():
        lines += [
            f"## {title}",
            "",
            "| element or attribute | what happens | shown by |",
            "|---|---|---|",
        ]
        lines += [
            f"| {name} | {what} | `tests/engine/test_{test.replace('::', '.py::test_')}` |"
            for name, what, test in rows
        ]
        lines.append("")
    for title, rows in (("Refused", REFUSED), ("Published with a warning", WARNED)):
        lines += [f"## {title}", "", "| what | code | message | remedy |", "|---|---|---|---|"]
        for code, what in rows:
            found = wording(code)
            lines.append(f"| {what} | `{code}` | {found.message} | {found.remedy} |")
        lines.append("")
    lines += [
        "## Incidents at run time",
        "",
        "What only shows while a case runs stops that case, never the server, and waits for an administrator:",
        "no way out of a gateway (`no_way_out`), an expression that fails (`expression`), a business error nobody",
        "catches (`uncaught_error`), 20,000 steps without a wait (`budget`), more than 1,000 instances, 10,000",
        "tokens or 50 nested scopes (`limit`), nothing that could ever move (`deadlock`).",
        "",
    ]
    return "\n".join(lines)
