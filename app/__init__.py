"""Shunliu 顺流: flows that SpiffWorkflow executes, one commit per step."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask

import config as settings
from app.loading import undisturbed

with undisturbed():
    from app import (
        clock,
        compiled,
        db,
        feel,
        health,
        i18n,
        logs,
        metrics,
        proxy,
        shell,
        values,
        web,
    )
    from app.cli import register_commands
    from app.product import Product

__version__ = health.VERSION


@undisturbed()
def create_app(overrides: Mapping[str, Any] | None = None, *, serving: bool = False) -> Flask:
    """The application, ready to serve. `overrides` are lower-case settings of `config.Settings`.

    `serving`: this process lives long beside others of this machine and shares its figures.
    """
    chosen = settings.load()
    if overrides:
        chosen = settings.Settings(**{**vars(chosen), **overrides})
    app = Product(__name__, instance_path=chosen.instance_path)
    app.config.from_mapping(settings.flask_config(chosen))
    logs.configure(chosen)
    db.init_app(app)
    logs.init_app(app)
    i18n.init_app(app)
    web.init_app(app)
    proxy.init_app(app)
    shell.init_app(app)
    compiled.init_app(app)
    for room in web.rooms():
        room.init_app(app)
    if serving:
        metrics.share(metrics.folder_of(chosen.instance_path))
    metrics.init_app(app)
    register_commands(app)
    _teach_feel(chosen)
    return app


def _teach_feel(chosen: settings.Settings) -> None:
    """Expressions see the workspace's clock in the company's zone; their values can be stored."""
    zone = ZoneInfo(chosen.default_timezone)
    feel.use_clock(lambda: clock.now().astimezone(zone))
    values.register(
        feel.YearsMonths,
        "months",
        lambda period: str(period.months),
        lambda text: feel.YearsMonths(int(text)),
    )
