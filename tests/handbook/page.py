"""Writes docs/flows/<area>.md and its Chinese twin."""

import re
from pathlib import Path

from flask_babel import force_locale

from app.accounts import roles
from app.i18n import label
from app.library import areas
from tests.handbook.flow import PERIOD, ROOT, Flow, Task, of_file

FOLDER = ROOT / "docs" / "flows"
Words = dict[str, str]
ZH: Words = {
    "other": "English: [{name}.md]({name}.md)",
    "head": "这一页由流程文件写成（`python -m tests.handbook`），不手工修改；和产品不一致时测试会失败。",
    "common": "公共流程", "starts": "**怎么开始**", "by": "{name}（{who}）", "none": "人工发起", "message": "收到消息",
    "timer": "到了时间", "signal": "收到信号", "conditional": "条件成立", "anybody": "所有人",
    "tasks": "| 任务 | 谁办 | 期限 | 怎么办 |", "late": "**到期没办**", "tables": "**按决策表判定**",
    "calls": "**调用**", "told": "**等待的消息**", "ends": "**结局**", "and": "、", "colon": "：",
    "D": "{n} 天", "H": "{n} 小时", "M": "{n} 分钟", "after": "{task}：{period}{event}",
    "stop": "。", "late_after": "{period}后 — ",
}  # fmt: skip
EN: Words = {
    "other": "中文：[{name}.zh-CN.md]({name}.zh-CN.md)",
    "head": "This page is written from the flow files (`python -m tests.handbook`), never by hand; a test "
            "fails when it differs from the product.",
    "common": "Common flows", "starts": "**How it starts**", "by": "{name} ({who})", "none": "by a person",
    "message": "on a message", "timer": "on time", "signal": "on a signal",
    "conditional": "on a condition", "anybody": "everybody",
    "tasks": "| task | who | within | what to do |", "late": "**When nobody acts**",
    "tables": "**Decided by tables**", "calls": "**Calls**", "told": "**Messages it waits for**",
    "ends": "**How it ends**", "and": ", ", "colon": ": ", "D": "{n} d", "H": "{n} h",
    "M": "{n} min", "after": "{task}: {period}{event}", "stop": ".", "late_after": "after {period} — ",
}  # fmt: skip


def folders() -> list[Path]:
    """The areas that have flows."""
    return sorted(path for path in (ROOT / "processes").iterdir() if any(path.glob("*.bpmn")))


def pages() -> dict[Path, str]:
    """{file: text} of the whole reference, in both languages."""
    found = {}
    for folder in folders():
        for language, words, ending in (("zh", ZH, ".zh-CN.md"), ("en", EN, ".md")):
            with force_locale(language):
                found[FOLDER / f"{folder.name}{ending}"] = _page(folder, words)
    return found


def _page(folder: Path, words: Words) -> str:
    title, about = _area(folder, words)
    lines = [f"# {title}", "", words["other"].format(name=folder.name), "", words["head"], ""]
    if about:
        lines += [about, ""]
    for path in sorted(folder.glob("*.bpmn")):
        lines += _flow(of_file(path), words)
    return "\n".join(lines)


def _area(folder: Path, words: Words) -> tuple[str, str]:
    number = re.match(r"\d{3}-\d\d", folder.name)
    if number is None:
        return words["common"], ""
    area = areas.find(str(folder.parent), number[0])
    return (f"{area.id} {area.name}", area.overview) if area else (number[0], "")


def _flow(flow: Flow, words: Words) -> list[str]:
    lines = [f"## {flow.number} {label(flow.name)}", "", _line(label(flow.about)), ""]
    lines += _listed(words["starts"], [_start(flow, *one, words) for one in flow.starts], words)
    if flow.tasks:
        lines += [words["tasks"], "|---|---|---|---|"]
        lines += [_row(task, words) for task in flow.tasks] + [""]
    late = [
        words["after"].format(task=label(task), event=label(event), period=_after(period, words))
        for task, event, period in flow.timers
    ]
    lines += _listed(words["late"], late, words)
    tables = [f"{label(name)} (`{table}`)" for name, table in flow.tables]
    lines += _listed(words["tables"], tables, words)
    lines += _listed(words["calls"], [label(name) for name, _called in flow.calls], words)
    lines += _listed(words["told"], [label(name) for name in flow.told], words)
    return lines + _listed(words["ends"], [label(name) for name in flow.ends], words)


def _listed(title: str, found: list[str], words: Words) -> list[str]:
    texts = [_line(text) for text in dict.fromkeys(found) if text]
    if not texts:
        return []
    return [f"{title}{words['colon']}{words['and'].join(texts)}{words['stop']}", ""]


def _start(flow: Flow, name: str, kind: str, words: Words) -> str:
    who = words[kind]
    if kind == "none":
        who = _roles(flow.starters, words)
    return words["by"].format(name=label(name), who=who or words["anybody"])


def _roles(groups: tuple[str, ...], words: Words) -> str:
    names = dict(roles.ROLES)
    return words["and"].join(label(names.get(one, one)) for one in groups)


def _row(task: Task, words: Words) -> str:
    who = _roles(task.roles, words) or label(task.lane)
    cells = (label(task.name), who, _period(task.due, words), label(task.todo))
    return "| " + " | ".join(_line(cell).replace("|", "\\|") or "—" for cell in cells) + " |"


def _after(text: str, words: Words) -> str:
    period = _period(text, words)
    return words["late_after"].format(period=period) if period else ""


def _period(text: str, words: Words) -> str:
    found = PERIOD.match(text) if text else None
    if found is None:
        return ""
    parts = [words[unit].format(n=n) for unit, n in zip("DHM", found.groups(), strict=True) if n]
    return " ".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
