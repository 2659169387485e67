"""The one error of decision models: where it is (file, element, line, rule, column) and what to do."""

from __future__ import annotations

from app.feel.errors import FeelError


class DmnError(FeelError):
    """A decision file that cannot be used, or a decision that cannot be made.

    `place` (Chinese, English) names the spot for a person; `element_id` and `line` for a tool. `all` holds
    every error found while loading, this one first.
    """

    def __init__(
        self,
        message: str,
        message_en: str,
        *,
        code: str = "dmn",
        element_id: str = "",
        line: int | None = None,
        place: tuple[str, str] = ("", ""),
        cause: FeelError | None = None,
    ) -> None:
        super().__init__(
            f"{place[0]}：{message}" if place[0] else message,
            code,
            cause.position if cause else None,
            cause.text if cause else "",
            cause.hint if cause else "",
            message_en=f"{place[1]}: {message_en}" if place[1] else message_en,
            hint_en=cause.hint_en if cause else "",
            found=cause.found if cause else "",
        )
        self.element_id, self.line, self.place = element_id, line, place
        self.all: list[DmnError] = [self]
