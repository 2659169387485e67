"""`python -m tests.postgres COMMAND…` runs a command with a PostgreSQL server of its own.

The server lives in a temporary folder, listens on a socket there and is gone afterwards. The
command finds it in TEST_POSTGRES (an SQLAlchemy URL without database). Where PostgreSQL is not
installed it says so loudly and fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

USER = "shunliu"


def binaries() -> Path:
    """The folder with initdb and pg_ctl. Exits with the remedy when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path or "").parent


def as_server(*command: str | Path) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package brings the account for it."""
    words = [str(word) for word in command]
    return ["runuser", "-u", "postgres", "--", *words] if os.getuid() == 0 else words


def main(command: list[str]) -> int:
    tools = binaries()
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o777)
        data = folder / "data"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
        init = as_server(tools / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8",
                         "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        subprocess.run(init, **quiet)
        options = f"-k {folder} -c listen_addresses='' -c max_connections=80"
        control = [tools / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        subprocess.run(as_server(*control, "-o", options, "start"), **quiet)
        try:
            url = f"postgresql+psycopg://{USER}@/{{name}}?host={folder}"
            return subprocess.call(command, env=os.environ | {"TEST_POSTGRES": url})
        finally:
            subprocess.run(as_server(*control, "-m", "immediate", "stop"), **quiet)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
