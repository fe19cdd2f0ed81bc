"""SQL databases as business applications: PostgreSQL, MariaDB and MySQL, SQLite."""

from syncstatus.connectors.sql.connector import SqlConnector, connect

__all__ = ["SqlConnector", "connect"]
