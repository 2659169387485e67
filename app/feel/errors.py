"""What FEEL says when it cannot go on: one error class, in Chinese and English, with a place."""

import difflib
from collections.abc import Iterable
from typing import Any

# code: (Chinese, English)
TEXTS: dict[str, tuple[str, str]] = {
    "syntax": ("这里不能出现“{found}”", "“{found}” is not expected here"),
    "end": ("表达式没有写完", "the expression ends too early"),
    "expected": ("这里应为“{wanted}”，却是“{found}”", "expected “{wanted}”, found “{found}”"),
    "character": ("无法识别的字符“{found}”", "“{found}” is not a character of the language"),
    "string": ("字符串没有结束的引号", "the string has no closing quote"),
    "template": ("“${{”没有对应的“}}”", "“${{” has no matching “}}”"),
    "template_condition": (
        "条件只能是一个“${{…}}”，不能夹在文字中间",
        "a condition is one “${{…}}” as a whole, not text around several",
    ),
    "comment": ("注释没有结束的“*/”", "the comment has no closing “*/”"),
    "name": ("没有名为“{name}”的变量", "there is no variable “{name}”"),
    "function": ("没有名为“{name}”的函数", "there is no function “{name}”"),
    "not_function": ("“{name}”不是函数", "“{name}” is not a function"),
    "arguments": (
        "函数“{name}”的参数不对，应为：{wanted}",
        "wrong arguments for function “{name}”, it takes: {wanted}",
    ),
    "method": (
        "不能调用对象的方法“{name}”，请改用 FEEL 函数",
        "methods such as “{name}” cannot be called, use a FEEL function",
    ),
    "external": (
        "不支持外部（Java）函数",
        "external (Java) functions are not supported",
    ),
    "types": (
        "“{operator}”不能用于{left}和{right}",
        "“{operator}” cannot be applied to {left_en} and {right_en}",
    ),
    "value": (
        "变量中有表达式不能使用的值（{kind}）",
        "the variables hold a value that expressions cannot use ({kind})",
    ),
    "literal": ("“{found}”不是日期、时间或时长", "“{found}” is not a date, a time or a duration"),
    "type": ("没有名为“{name}”的类型", "there is no type “{name}”"),
    "context": ("变量必须是名称到值的映射", "the variables must be a mapping of names to values"),
    "text": ("表达式必须是文字", "an expression must be text"),
    "function_failed": (
        "函数“{name}”出错：{reason}",
        "function “{name}” failed: {reason}",
    ),
    "long": ("表达式太长（上限 {limit} 个字符）", "the text is longer than {limit} characters"),
    "deep": ("表达式嵌套太深", "the expression is nested too deeply"),
    "steps": ("表达式计算步数太多", "the expression takes too many steps"),
    "size": ("结果太大（上限 {limit}）", "the result is too large (limit {limit})"),
    "number": ("数字太大（上限 {limit}）", "the number is too large (limit {limit})"),
    "regex_time": ("正则表达式耗时太长", "the regular expression takes too long"),
    "regex": ("正则表达式无效：{reason}", "the regular expression is invalid: {reason}"),
}

HINTS: dict[str, tuple[str, str]] = {
    "mean": ("是否想写“{name}”？", "did you mean “{name}”?"),
    "single": ("相等用“=”，不用“==”", "equality is written “=”, not “==”"),
    "and": ("“并且”写作 and", "write “and” for both conditions"),
    "or": ("“或者”写作 or", "write “or” for either condition"),
    "not": ("“非”写作 not(…)", "write “not(…)” for the opposite"),
    "quotes": ('文字用双引号："…"', 'text is written in double quotes: "…"'),
    "close": ("缺少“{name}”", "“{name}” is missing"),
}

TYPE_NAMES: dict[str, tuple[str, str]] = {
    "null": ("空值", "null"),
    "number": ("数字", "number"),
    "string": ("文字", "text"),
    "boolean": ("真假值", "boolean"),
    "date": ("日期", "date"),
    "time": ("时间", "time"),
    "date and time": ("日期时间", "date and time"),
    "days and time duration": ("天时时长", "days and time duration"),
    "years and months duration": ("年月时长", "years and months duration"),
    "list": ("列表", "list"),
    "context": ("上下文", "context"),
    "range": ("区间", "range"),
    "function": ("函数", "function"),
}


class FeelError(Exception):
    """The only exception that leaves the package.

    `.message` (Chinese), `.message_en`, `.code` (a key of TEXTS), `.position` (character index in
    `.text`, or None), `.text` (the whole expression), `.found` (the offending part of it),
    `.hint`, `.hint_en` ("" when there is none).
    """

    def __init__(
        self,
        message: str,
        code: str = "syntax",
        position: int | None = None,
        text: str = "",
        hint: str = "",
        *,
        message_en: str = "",
        hint_en: str = "",
        found: str = "",
    ) -> None:
        super().__init__(message)
        self.message, self.message_en = message, message_en or message
        self.code, self.position, self.text = code, position, text
        self.hint, self.hint_en, self.found = hint, hint_en or hint, found

    def __str__(self) -> str:
        return self.explain("zh")

    def explain(self, language: str = "zh") -> str:
        """One sentence with place and hint, in `zh` or `en`."""
        chinese = language.startswith("zh")
        message, hint = (self.message, self.hint) if chinese else (self.message_en, self.hint_en)
        place = ""
        if self.position is not None and self.text:
            place = (
                f"（第 {self.position + 1} 个字符）" if chinese else f" (at {self.position + 1})"
            )
        return message + place + ((("。" if chinese else ". ") + hint) if hint else "")


class BudgetExceeded(FeelError):
    """The expression asks for more than its budget of steps, depth, size, magnitude or time."""


_BUDGET = {"long", "deep", "steps", "size", "number", "regex_time"}


def error(
    code: str,
    position: int | None = None,
    text: str = "",
    hint: str = "",
    hint_name: str = "",
    **details: Any,
) -> FeelError:
    """The error of `code` with its texts filled in; BudgetExceeded for the codes of the budget."""
    short = {key: _short(value) for key, value in details.items()}
    zh, en = (words.format(**short) for words in TEXTS[code])
    hint_zh, hint_en = (words.format(name=hint_name) for words in HINTS.get(hint, ("", "")))
    kind = BudgetExceeded if code in _BUDGET else FeelError
    found = str(details.get("found", details.get("name", "")))
    return kind(zh, code, position, text, hint_zh, message_en=en, hint_en=hint_en, found=found)


def meant(name: str, known: Iterable[str]) -> str:
    """The known name nearest to `name`, or ""."""
    by_fold = {k.casefold(): k for k in known if isinstance(k, str)}
    close = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else ""


def unknown(code: str, name: str, known: Iterable[str], position: int, text: str) -> FeelError:
    """The error for a name or function that does not exist, with the nearest one as a hint."""
    near = meant(name, known)
    return error(code, position, text, "mean" if near else "", near, name=name)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
