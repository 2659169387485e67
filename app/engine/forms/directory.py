"""Where a form looks people and records up; a room above the engine answers."""

from typing import Any, Protocol


class Directory(Protocol):
    """The people and records that a form may name."""

    def record(self, entity: str, key: str) -> dict[str, Any] | None:
        """`{"value", "label", "meta"}` of one record that the reader may use, None otherwise."""

    def person(self, login: str, group: str | None) -> dict[str, Any] | None:
        """`{"value", "label", "meta"}` of an enabled person, in `group` if given, else None."""

    def panel(self, entity: str, key: str) -> dict[str, Any] | None:
        """`{"label", "href", "facts": [{"label", "value"}]}` of one record, None if not visible."""
