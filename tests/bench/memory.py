"""What live cases cost while they wait in memory, and that their number is bounded."""

import gc
import tempfile
import tracemalloc
from typing import Any

from app.db import db
from app.engine import deploy, memory
from app.engine import run as engine
from tests.bench.engine import HERE, application

MORE = 200


def begin(count: int) -> None:
    """So many cases of the twenty-node process wait at their first task."""
    for number in range(count):
        engine.start("peer", {"rejected": False, "again": False}, by="zhangwei")
        if number % 50 == 49:
            db.session.commit()
            db.session.remove()
    db.session.commit()
    db.session.remove()


def run(more: int = MORE) -> dict[str, Any]:
    """{figure: value}; `more` cases begin than are kept."""
    with tempfile.TemporaryDirectory() as folder:
        app = application(folder)
        with app.app_context():
            deploy.deploy([("peer.bpmn", (HERE / "peer.bpmn").read_bytes())], by=None, lenient=True)
            db.session.commit()
            cases = memory.here().cases
            begin(100)  # statements and the compiled flow are in memory
            cases.clear()
            gc.collect()
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
            begin(cases.limit)
            gc.collect()
            used = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            kept = len(cases)
            begin(more)
            found = {
                "KB per 1,000 live cases": round(used / kept, 1),
                "live cases kept at most": cases.limit,
                "kept after more have begun": len(cases),
                "bounded": len(cases) <= cases.limit,
            }
            db.session.remove()
            db.engine.dispose()
        return found
