"""What a record refuses, under the code that a flow catches."""

from typing import Any

from app.errors import Invalid, ShunliuError
from app.i18n import _


class RecordError(ShunliuError):
    """记录没有保存。请按说明修改后再试。"""

    status = 422

    def __init__(self, code: str, message: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self._code = code

    @property
    def code(self) -> str:
        """`E_UPPER_CASE`, as the catalogue names it; a handler raises it as a BPMN error."""
        return self._code


class IllegalTransition(RecordError):
    """A record does not go from its state to that one (E_ILLEGAL_TRANSITION, an incident)."""

    def __init__(self, label: str, old: str | None, new: str) -> None:
        super().__init__(
            "E_ILLEGAL_TRANSITION",
            _("%(label)s不能从“%(old)s”变为“%(new)s”。", label=label, old=old or "", new=new),
            old=old,
            new=new,
        )


class VersionConflict(RecordError):
    """Somebody saved the record in between (E_VERSION_CONFLICT); nothing was written."""

    status = 409

    def __init__(self, label: str, number: str) -> None:
        super().__init__(
            "E_VERSION_CONFLICT",
            _(
                "%(label)s %(number)s 刚刚被别人改过。请查看最新内容后再改一次。",
                label=label,
                number=number,
            ),
        )


class Frozen(RecordError):
    """The record is append-only or final; a correction is a new record (E_APPEND_ONLY)."""

    def __init__(self, label: str) -> None:
        super().__init__(
            "E_APPEND_ONLY", _("%(label)s一经写入就不能修改；请另写一条更正。", label=label)
        )


__all__ = ["Frozen", "IllegalTransition", "Invalid", "RecordError", "VersionConflict"]
