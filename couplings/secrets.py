"""Secrets of connections: encrypted at rest, never shown, logged or exported.

``Connection.secret`` is a Fernet token of a JSON object: parts of the settings (``couplings.configuration.masks``) and
their secrets. The first of ``settings.ENCRYPTION_KEYS`` encrypts and all of them decrypt, so that a key can be
replaced: put the new one in front, apply the configuration (``rotated``), take the old one away.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from couplings.configuration import masks, references, urls
from couplings.configuration.allowances import without_allowances
from couplings.configuration.problems import Path
from couplings.models import Connection

RESERVED = frozenset({"SECRET_KEY", "ENCRYPTION_KEY", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "METRICS_TOKEN"})
"""Variables of Syncstatus itself (docs/configuration.md)."""


class SecretUnusable(Exception):
    """A connection's settings cannot be completed; a person must act. Carries a message code and parameters:
    ``encryption_key_missing``, ``encryption_key_invalid``, ``secret_unreadable``, ``secret_not_stored``,
    ``variable_unset`` and ``variable_reserved`` (``variable``)."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class ConnectionSettings(dict[str, Any]):
    """Settings with their secrets filled in. Its representation hides them, so that no log or traceback shows one."""

    def __repr__(self) -> str:
        return f"<settings {', '.join(self)}>"

    __str__ = __repr__


def encrypt(secrets: Mapping[str, str]) -> str:
    """The token for ``Connection.secret``, "" when there is nothing to keep. Raises SecretUnusable."""
    if not secrets:
        return ""
    return MultiFernet(keys()).encrypt(json.dumps(dict(secrets), sort_keys=True).encode()).decode()


def decrypt(token: str) -> dict[str, str]:
    """The secrets by part. Raises SecretUnusable when no key fits."""
    if not token:
        return {}
    try:
        found: dict[str, str] = json.loads(MultiFernet(keys()).decrypt(token.encode()))
    except InvalidToken:
        raise SecretUnusable("secret_unreadable") from None
    return found


def rotated(token: str) -> str:
    """The token under the first key; the very same when it already is. Raises SecretUnusable."""
    if not token:
        return ""
    first = keys()[0]
    try:
        first.decrypt(token.encode())
    except InvalidToken:
        return encrypt(decrypt(token))
    return token


def keys() -> list[Fernet]:
    if not settings.ENCRYPTION_KEYS:
        raise SecretUnusable("encryption_key_missing")
    try:
        return [Fernet(key) for key in settings.ENCRYPTION_KEYS]
    except ValueError:
        raise SecretUnusable("encryption_key_invalid") from None


def connection_settings(connection: Connection) -> ConnectionSettings:
    """The connector's settings with references and secrets filled in; never to be stored or logged.

    Values of variables are percent-encoded where they stand in the account or the parameters of the URL.
    Raises SecretUnusable.
    """
    try:
        complete = masks.put_back(without_allowances(connection.settings), decrypt(connection.secret))
    except KeyError:
        raise SecretUnusable("secret_not_stored") from None
    return ConnectionSettings(with_account(masks.change_texts(complete, filled)))


def with_account(complete: dict[str, Any]) -> dict[str, Any]:
    """SQL drivers take the account in the URL only."""
    auth = complete.pop("auth", {})
    url = urls.with_account(complete.get("url", ""), auth.get("username", ""), auth.get("password", ""))
    return complete | {"url": url}


def filled(path: Path, text: str) -> str:
    return (urls if path == ("url",) else references).fill(text, variable)


def variable(name: str) -> str:
    """Raises SecretUnusable when the environment has no such variable; an empty one is empty. Our own secrets are kept
    back: whoever may edit connections on pages could have them sent to a system of theirs."""
    if name in RESERVED:
        raise SecretUnusable("variable_reserved", variable=name)
    if name not in os.environ:
        raise SecretUnusable("variable_unset", variable=name)
    return os.environ[name]
