"""The monitor: how every flow runs, what is stuck, and how an administrator repairs it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """The pages under /monitor answer; the rail counts open incidents."""
    from app import shell
    from app.monitor import (  # noqa: F401
        archived_pages,
        background_pages,
        bulk_pages,
        case_pages,
        incident_pages,
        incidents,
        process_pages,
        routes,
        webhook_pages,
    )  # fmt: skip

    app.register_blueprint(routes.monitor)
    shell.badge("monitor", incidents.waiting)
