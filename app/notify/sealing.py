"""What is kept to be used again, but not to be read by whoever has a copy of the database.

Sealed is encrypted (Fernet: AES-128-CBC and HMAC-SHA256) with a key that HKDF-SHA256 derives from
the secret key of the product, which is in no backup.
"""

import base64
import functools
from typing import TYPE_CHECKING

from flask import current_app

from app import errors

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PURPOSE = b"shunliu sealed secrets 1"  # another use of the secret key gets another key


class Unreadable(errors.Conflict):
    """密钥读不出来：系统密钥换过了。请把旧的写进设置 SHUNLIU_OLD_SECRET_KEY，或换一个密钥。"""


@functools.lru_cache(8)
def _box(secret_key: str) -> "Fernet":
    from cryptography.fernet import Fernet  # a server that seals nothing starts sooner without
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(hashes.SHA256(), 32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _present() -> "Fernet":
    return _box(current_app.config["SECRET_KEY"])


def seal(text: str) -> str:
    """The text as only this installation can read it; another one each time."""
    return _present().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed with the secret key, or with the one before it. Raises Unreadable."""
    before = current_app.config["SETTINGS"].old_secret_key
    for box in (_present(), *([_box(before)] if before else [])):
        found = _tried(box, sealed)
        if found is not None:
            return found
    raise Unreadable()


def is_present(sealed: str) -> bool:
    """Does the secret key of today open it?"""
    return _tried(_present(), sealed) is not None


def _tried(box: "Fernet", sealed: str) -> str | None:
    from cryptography.fernet import InvalidToken

    try:
        return box.decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
