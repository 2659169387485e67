"""The database's schema: its revisions, known to Alembic without a second configuration file."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import alembic.config


def alembic_config() -> "alembic.config.Config":
    """Alembic's settings, made here so that no second configuration file exists."""
    import alembic.config  # a server that only serves starts sooner without it

    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def known_revisions() -> list[str]:
    """Every revision that this version can work with or upgrade from, newest first."""
    import alembic.script

    script = alembic.script.ScriptDirectory.from_config(alembic_config())
    return [revision.revision for revision in script.walk_revisions()]
