"""What `celery -A app.jobs.worker` loads: the application of the settings and its Celery."""

from app import create_app
from app.jobs.runners import celery as runner

app = runner.serve(create_app(serving=True))
