"""System checks of the configuration, each with a hint that says what to do."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from syncstatus.environment import is_loopback

SECRET_KEY_LENGTH = 50
SECRET_KEY_CHARACTERS = 5
SIGNING_HINT = "Set SECRET_KEY to the output of: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
ENCRYPTION_HINT = (
    "Set ENCRYPTION_KEY to the output of: "
    "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
)


@register(Tags.security)
def secret_key(app_configs: Any, **_: Any) -> list[CheckMessage]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        # The embedded store comes with keys of its own.
        missing = Error("SECRET_KEY is not set.", hint=SIGNING_HINT, id="syncstatus.E001")
        return [missing] if settings.DATABASE_URL else []
    if len(key) < SECRET_KEY_LENGTH or len(set(key)) < SECRET_KEY_CHARACTERS:
        return [Error("SECRET_KEY is too short to be safe.", hint=SIGNING_HINT, id="syncstatus.E002")]
    return []


@register(Tags.security)
def encryption_key(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if not settings.ENCRYPTION_KEYS and settings.DATABASE_URL:
        return [Error("ENCRYPTION_KEY is not set.", hint=ENCRYPTION_HINT, id="syncstatus.E003")]
    return [
        Error(f"Key number {number} in ENCRYPTION_KEY is not a Fernet key.", hint=ENCRYPTION_HINT, id="syncstatus.E004")
        for number, key in enumerate(settings.ENCRYPTION_KEYS, start=1)
        if not _is_fernet_key(key)
    ]


@register(Tags.security)
def allowed_hosts(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Warning(
            "ALLOWED_HOSTS accepts every host name, so links in messages can be made to lead elsewhere.",
            hint="List the names people type to reach Syncstatus: ALLOWED_HOSTS=sync.example.com",
            id="syncstatus.W001",
        )
    ]


@register(Tags.security)
def debug(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if not settings.DEBUG or all(map(is_loopback, settings.ALLOWED_HOSTS)):
        return []
    return [
        Error(
            "DEBUG is on while other machines can reach Syncstatus; its error pages show settings and data.",
            hint="Remove DEBUG from the environment, or set ALLOWED_HOSTS to localhost.",
            id="syncstatus.E005",
        )
    ]


@register(Tags.security)
def secure_cookies(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if settings.SECURE_COOKIES or all(map(is_loopback, settings.ALLOWED_HOSTS)):
        return []
    return [
        checks.Warning(
            "SECURE_COOKIES is off while other machines can reach Syncstatus; sessions can be stolen on the way.",
            hint="Serve Syncstatus over HTTPS and remove SECURE_COOKIES from the environment.",
            id="syncstatus.W002",
        )
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
