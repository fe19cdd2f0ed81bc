"""What a connection's URL says: where the database is, and how long to wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from syncstatus.connectors.errors import DriverUnsupported, UrlInvalid

APPLICATION_NAME: Final = "syncstatus"

DRIVERS: Final[Mapping[str, str]] = {
    "postgresql": "postgresql+psycopg2",
    "postgres": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite+pysqlite",
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, each overridable by a query parameter of the same name in the URL (``?read_timeout=300``).

    ``connect_timeout`` until the server has answered, ``read_timeout`` for one reading statement, ``write_timeout`` for
    one writing statement, ``lock_timeout`` for a row (SQLite: a file) that somebody else has locked.
    """

    connect_timeout: float = 10
    read_timeout: float = 60
    write_timeout: float = 120
    lock_timeout: float = 10


def parse(settings: Mapping[str, Any]) -> tuple[URL, Timeouts]:
    """The URL for SQLAlchemy, with our driver and without our own parameters. Raises ``SettingsInvalid``."""
    url = _url(settings.get("url"))
    scheme = url.drivername.partition("+")[0]
    if scheme not in DRIVERS:
        raise DriverUnsupported(driver=scheme, drivers=", ".join(sorted(DRIVERS)))
    if scheme == "sqlite" and (url.host or url.username or url.password or url.port):
        raise UrlInvalid(reason="not_a_file")
    names = Timeouts.__dataclass_fields__
    chosen = {name: _seconds(name, url.query[name]) for name in names if name in url.query}
    url = url.difference_update_query(names).set(drivername=DRIVERS[scheme])
    return url, Timeouts(**chosen)


def _url(text: Any) -> URL:
    if not text or not isinstance(text, str):
        raise UrlInvalid(reason="url_missing")
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        # The parser quotes the URL, and with it the password.
        raise UrlInvalid(reason="url_unreadable") from None


def _seconds(name: str, text: Any) -> float:
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        raise UrlInvalid(reason="not_a_number", parameter=name) from None
    if seconds <= 0:
        raise UrlInvalid(reason="not_a_number", parameter=name)
    return seconds
