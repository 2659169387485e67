"""One word for one thing: people are 您, a running case is 实例, a case of the knowledge base 案例."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ_BY_PEOPLE = ("app/**/*.py", "app/**/*.html", "app/**/*.po", "handlers/*.py", "forms/*.form",
                  "processes/**/*.bpmn", "processes/**/*.toml", "processes/**/*.po",
                  "docs/**/*.md", "README.zh-CN.md")  # fmt: skip
# Of the case that runs, not of the process as it is drawn: the end, a number, what it waits for.
CASE_CALLED_A_PROCESS = re.compile(
    r"流程 #|流程号|个流程在办|整个流程|办结的流程|同一流程还有"
    r"|(暂停|恢复|终止|取消)了?流程|流程(已|已经|刚刚)(结束|离开|又走)"
)


KNOWLEDGE = "销售案例"  # a kind of article in the knowledge base


def lines() -> Iterator[tuple[str, str]]:
    for pattern in READ_BY_PEOPLE:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                yield f"{path.relative_to(ROOT)}:{number}", line


def test_people_are_addressed_in_one_way():
    assert not [f"{where}: {line.strip()}" for where, line in lines() if "你" in line]


def test_a_running_case_has_one_name():
    wrong = [
        f"{where}: {line.strip()}"
        for where, line in lines()
        if "案例" in line.replace(KNOWLEDGE, "") or CASE_CALLED_A_PROCESS.search(line)
    ]
    assert not wrong, "\n".join(wrong)
