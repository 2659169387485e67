"""The application object: Flask, without what it would find out anew for every request."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

_SIGNER = "shunliu-signer"


class Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; what signs is made once for each key."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """None without a secret key."""
        keys = (app.secret_key, app.config["SECRET_KEY_FALLBACKS"])
        known = app.extensions.get(_SIGNER)
        if known is None or known[0] != keys:
            known = app.extensions[_SIGNER] = (keys, super().get_signing_serializer(app))
        return known[1]


class Product(Flask):
    """No view of ours is a coroutine, tests/test_house.py sees to it."""

    session_interface = Sessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func
