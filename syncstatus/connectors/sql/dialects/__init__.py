"""What differs between the databases: one file each."""

from collections.abc import Callable, Mapping
from typing import Final

from syncstatus.connectors.sql.dialects.base import Dialect
from syncstatus.connectors.sql.dialects.mariadb import MariaDB
from syncstatus.connectors.sql.dialects.postgres import PostgreSQL
from syncstatus.connectors.sql.dialects.sqlite import SQLite

DIALECTS: Final[Mapping[str, Callable[[], Dialect]]] = {
    "postgresql": PostgreSQL,
    "mysql": MariaDB,
    "sqlite": SQLite,
}
