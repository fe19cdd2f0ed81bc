"""The business applications that a configuration names, asked for their tables."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Self

from couplings.configuration.entries import SideEntry
from couplings.models import Connection
from jobs.connecting import open_connector
from syncstatus.connectors.errors import AccessDenied, ConnectorError, SchemaMismatch
from syncstatus.connectors.ports import Connector, Source, TableInfo

Table = tuple[str, str, str]


class Systems:
    """Opens each connection once and describes each table once; a context manager that closes them all.

    ``failed`` are the connections that cannot be used, by name, with the reason. They describe no table.
    """

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self.connections = connections
        self.failed: dict[str, ConnectorError] = {}
        self.opened: dict[str, Connector] = {}
        self.described: dict[Table, TableInfo | ConnectorError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        for connector in self.opened.values():
            connector.close()

    def connector(self, name: str) -> Connector | None:
        """The connector of a connection that answers, None for one that does not or is not known."""
        if name not in self.opened and name not in self.failed and name in self.connections:
            self.attempt(name, lambda: self.open(name))
        return None if name in self.failed else self.opened.get(name)

    def open(self, name: str) -> None:
        self.opened[name] = open_connector(self.connections[name])
        self.opened[name].check()

    def attempt(self, name: str, act: Callable[[], object]) -> None:
        """Calls ``act``; what goes wrong with the connection as a whole is noted, what with a table is raised."""
        try:
            act()
        except (SchemaMismatch, AccessDenied):
            raise
        except ConnectorError as error:
            self.failed[name] = error

    def describe(self, side: SideEntry) -> TableInfo | ConnectorError | None:
        """The table, why it cannot be described, or None when its connection cannot be used."""
        table = (side.connection, side.schema, side.table)
        connector = self.connector(side.connection) if side.table else None
        if connector is not None and table not in self.described:
            self.attempt(side.connection, lambda: self.ask(connector, side, table))
        return self.described.get(table)

    def ask(self, connector: Connector, side: SideEntry, table: Table) -> None:
        try:
            self.described[table] = connector.describe(side.table, side.schema or None)
        except (SchemaMismatch, AccessDenied) as error:
            self.described[table] = error

    def bind(self, side: SideEntry, source: Source) -> None:
        """Binds a table as a run would. Raises SchemaMismatch, AccessDenied."""
        connector = self.connector(side.connection)
        if connector is not None:
            self.attempt(side.connection, partial(connector.open, source))

    def identity(self, side: SideEntry) -> Table:
        """What tells two tables apart, with the schema the system itself names where it was asked."""
        info = self.described.get((side.connection, side.schema, side.table))
        if isinstance(info, TableInfo):
            return side.connection, info.schema or "", info.name
        return side.connection, side.schema, side.table
