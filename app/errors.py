"""What can go wrong, in words for the person who meets it.

The message says what happened and what to do, in the user's language; the docstring is the
default message. Higher rooms turn an error into a page, a fragment or JSON.
"""

from typing import Any

from app.i18n import _


class ShunliuError(Exception):
    """操作没有完成。请稍后重试；如果再次出现，请联系管理员。"""

    status = 500

    def __init__(self, message: str | None = None, **details: Any) -> None:
        default = type(self).__doc__
        self.message = message or (_(default) if default else self.code)
        self.details = details
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """A stable name for programs: the class name."""
        return type(self).__name__


class NotFound(ShunliuError):
    """没有找到，或者您无权查看。请返回上一页，从列表中重新打开。"""

    status = 404


class NotAllowed(ShunliuError):
    """您没有权限做这件事。如果工作需要，请联系管理员。"""

    status = 403


class Conflict(ShunliuError):
    """这里刚刚被别人改过。请刷新后查看最新内容，再决定要不要继续。"""

    status = 409


class Invalid(ShunliuError):
    """有些内容还不能提交。请按提示修改后再提交。"""

    status = 422

    def __init__(
        self, message: str | None = None, fields: dict[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.fields = fields or {}


class TooLarge(ShunliuError):
    """内容太大，没有接收。请缩小后再试。"""

    status = 413


class Refused(ShunliuError):
    """文件没有通过检查，什么都没有发布。请按下面的说明逐条修改。"""

    status = 400

    def __init__(
        self, message: str | None = None, findings: list[Any] | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.findings = findings or []


class Unavailable(ShunliuError):
    """现在暂时不能写入，已有内容可以照常查看。请稍后重试。"""

    status = 503


class Busy(Unavailable):
    """刚才有别人正在办理同一件事，等了太久，您的操作没有保存。请再试一次。"""


class Unsure(Unavailable):
    """保存的那一刻和数据库的连接断了：可能已经保存，也可能没有。请先刷新，看看是不是已经办成。"""


class Away(Unavailable):
    """数据库暂时连接不上，什么都没有保存。请稍后刷新重试；恢复后会自动继续。"""
