"""`python -m tests.jobs.machine`: a worker process of the settings' runner, inline or local.

Inline does nothing by itself: here somebody asks for the work again and again, as a script would.
"""

import os
import time

from app import create_app
from app.db import db
from app.jobs import queue, runner
from tests.jobs import kinds  # noqa: F401 - its kinds are known

app = create_app()
if app.config["SETTINGS"].job_runner == "inline":
    with app.app_context():
        queue.ensure_periodic()
        while os.getppid() != 1:
            queue.run_due()
            db.session.remove()
            time.sleep(0.1)
runner.ensure_started(app)
while os.getppid() != 1:
    time.sleep(0.2)
