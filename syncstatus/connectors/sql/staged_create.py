"""One INSERT for many records on PostgreSQL."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from syncstatus.connectors.sql.selection import Row, version_element
from syncstatus.connectors.sql.staging import RowEncoder, Staging, is_same, may_differ, staged_type
from syncstatus.connectors.sql.table import BoundTable


class StagedCreate:
    """New records that set the same columns.

    A key that is not sent is drawn by the temporary table, from the default of the column it is for: so it is known
    which record got which, and nothing is concluded from the order in which INSERT answers.
    """

    def __init__(
        self,
        connection: Connection,
        table: BoundTable,
        rows: Mapping[int, Mapping[str, Any]],
        stamps: Mapping[str, ColumnElement[Any]],
    ) -> None:
        self.connection = connection
        self.table = table
        self.stamps = stamps
        self.sent = list(next(iter(rows.values())))
        self.drawn = [column.name for column in table.key.columns if column.name not in self.sent]
        self.names = [*self.sent, *self.drawn]
        types = {f"v{number}": staged_type(table.columns[name]) for number, name in enumerate(self.names)}
        defaults = {self._staged_name(name): table.facts.key_defaults[name] for name in self.drawn}
        self.staging = Staging(connection, {"n": "integer", **types}, defaults)
        encode = RowEncoder([table.columns[name] for name in self.sent])
        self.staging.fill([number, *encode([row[name] for name in self.sent])] for number, row in rows.items())

    def run(self) -> list[Row]:
        """Rows of (number, version, stored as sent, key...) of the records that are new."""
        inserted = self._insert()
        waiting: dict[str, deque[Row]] = {}
        for row in self._stored():
            waiting.setdefault(self.table.key.text(row[3:]), deque()).append(row)
        return [waiting[key].popleft() for key in inserted if waiting.get(key)]

    def _insert(self) -> list[str]:
        """The keys of the records inserted; one that is there already, under whatever constraint, is passed over."""
        quote = self.connection.dialect.identifier_preparer.quote
        stamps = {name: self._literal(element) for name, element in self.stamps.items() if name not in self.names}
        columns = ", ".join(quote(name) for name in [*self.names, *stamps])
        values = ", ".join([*(self._staged_name(name) for name in self.names), *stamps.values()])
        keys = ", ".join(quote(column.name) for column in self.table.key.columns)
        table = self.connection.dialect.identifier_preparer.format_table(self.table.clause)
        statement = (
            f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {self.staging.name}"  # noqa: S608
            f" ORDER BY n ON CONFLICT DO NOTHING RETURNING {keys}"
        )
        found = self.connection.exec_driver_sql(statement.replace("%", "%%"))
        return [self.table.key.text(row) for row in found]

    def _stored(self) -> Sequence[Row]:
        pairs = [(self.table.element(name), self.staging[self._staged_name(name)], name) for name in self.names]
        columns = self.table.columns
        doubtful = (pair for pair in pairs if may_differ(self.table, columns[pair[2]]))
        same = sa.and_(sa.true(), *(is_same(columns[name], stored, staged) for stored, staged, name in doubtful))
        keys = {column.name for column in self.table.key.columns}
        joined = (stored == staged for stored, staged, name in pairs if name in keys)
        answer = (self.staging["n"], version_element(self.table), same, *self.table.key_elements)
        return self.connection.execute(sa.select(*answer).where(*joined).order_by(self.staging["n"])).all()

    def _staged_name(self, name: str) -> str:
        return f"v{self.names.index(name)}"

    def _literal(self, element: ColumnElement[Any]) -> str:
        return str(element.compile(self.connection, compile_kwargs={"literal_binds": True}))
