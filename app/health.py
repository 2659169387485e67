"""/healthz: is the database there, how late are jobs, which version runs. For load balancers."""

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.jobs import queue

VERSION = "0.1.0"
health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 when work can be done, 503 when the database does not answer."""
    try:
        db.session.execute(sa.text("select 1"))
        late = queue.lag_seconds()
    except SQLAlchemyError:
        return jsonify(database="unreachable", version=VERSION), 503
    return jsonify(database="ok", queue_lag_seconds=round(late, 1), version=VERSION), 200
