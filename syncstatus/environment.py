"""Typed readers for the environment variables that configure the project.

Every value may also come from a file: with `SECRET_KEY_FILE=/run/secrets/key` the key is read from that file.
"""

import ipaddress
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv

LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
POSTGRESQL_SCHEMES = {"postgres", "postgresql"}
REDIS_SCHEMES = {"redis", "rediss", "unix"}

env = FileAwareEnv()


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks; an empty one counts as not set."""
    value: str = env.str(name, "").strip()
    return value or default


def words(name: str, default: Iterable[str] = ()) -> list[str]:
    """A comma separated list without empty entries; an empty variable counts as not set."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def flag(name: str, default: bool) -> bool:
    """Yes or no, in any of the usual spellings; an empty variable counts as not set."""
    return env.bool(name) if text(name) else default


def number(name: str, default: int) -> int:
    """A whole number; an empty variable counts as not set."""
    return env.int(name) if text(name) else default


def days(name: str, default: int) -> timedelta | None:
    """A time to keep something, such as `90d` or `52w`; None, for ever, when it is 0.

    Raises ImproperlyConfigured for less than a day: `6m` are six minutes to a program and half a year to a person.
    """
    kept = env.timedelta(name) if text(name) else timedelta(days=default)
    if kept and kept < timedelta(days=1):
        raise ImproperlyConfigured(f"{name} is less than a day. Give days or weeks such as 90d or 52w, or 0 for ever.")
    return kept or None


def is_loopback(host: str) -> bool:
    """Whether this entry of ALLOWED_HOSTS can only be reached from the machine itself."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def database(url: str) -> dict[str, Any]:
    """The entry of DATABASES for a URL such as `postgresql://user:password@host:5432/name?sslmode=require`.

    `?host=/folder` names the folder of a Unix socket; other parameters are handed to the driver.
    Raises ImproperlyConfigured for everything that is not PostgreSQL: the store needs what only it offers
    (partial unique indexes, `SKIP LOCKED`, set-based updates), so there is no second kind to keep working.
    """
    parts = urlsplit(url)
    if parts.scheme not in POSTGRESQL_SCHEMES:
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with “{parts.scheme}:”, but Syncstatus keeps its own data in PostgreSQL only. Give a "
            "URL such as postgresql://user:password@host:5432/name, or leave it unset to use the embedded PostgreSQL."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database. Add it at the end: postgresql://host:5432/name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": options.pop("port", None) or str(parts.port or ""),
        "OPTIONS": options,
    }


def broker(url: str) -> str:
    """The Celery broker URL for a Redis URL as redis-py reads it.

    Only Unix sockets differ: `unix://:password@/folder/socket?db=0` is `redis+socket://…?virtual_host=0` to Celery.
    """
    parts = urlsplit(url)
    if parts.scheme not in REDIS_SCHEMES:
        raise ImproperlyConfigured(
            f"REDIS_URL starts with “{parts.scheme}:”. Give a URL that starts with redis:, rediss: or unix:, "
            "or leave it unset to use the embedded server."
        )
    if parts.scheme != "unix":
        return url
    query = dict(parse_qsl(parts.query))
    query = {"virtual_host": query.pop("db", "0")} | query
    login = f"{parts.username or ''}:{parts.password}@" if parts.password else ""
    return f"redis+socket://{login}{quote(unquote(parts.path))}?{urlencode(query)}"
