"""A table of customers in a business database, edited by an application of its own."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from syncstatus.connectors.ports import Connector, Source
from syncstatus.connectors.registry import connect
from tests.syncstatus.connectors.contract import FIELDS

COLUMNS = "name {text} NOT NULL, city {long}, credit {decimal}, active boolean"

POSTGRESQL = COLUMNS.format(text="varchar(80)", long="text", decimal="numeric(12, 2)")
MARIADB = COLUMNS.format(text="varchar(80)", long="longtext", decimal="decimal(12, 2)")
SQLITE = COLUMNS.format(text="varchar(80)", long="text", decimal="numeric(12, 2)")


@dataclass
class Customers:
    """Implements ``contract.System``. ``numeric`` keys are those of identity columns.

    ``options`` are query parameters of the connector's URL.
    """

    url: str
    source: Source
    numeric: bool = False
    options: dict[str, str] = field(default_factory=dict)
    connector: Connector = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        url = sa.make_url(self.url).update_query_dict(self.options)
        self.connector = connect("sql", {"url": url.render_as_string(hide_password=False)})

    def execute(self, *statements: str, **parameters: Any) -> None:
        """Each call is a transaction of the other application."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement), parameters)

    def insert(self, key: str, **values: Any) -> None:
        names = ["id", *values]
        marks = ", ".join(f":{name}" for name in names)
        self.execute(
            f"INSERT INTO customer ({', '.join(names)}) VALUES ({marks})", id=self._key(key), **self._sent(values)
        )

    def update(self, key: str, **values: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        self.execute(f"UPDATE customer SET {changes} WHERE id = :id", id=self._key(key), **self._sent(values))

    def delete(self, key: str) -> None:
        self.execute("DELETE FROM customer WHERE id = :id", id=self._key(key))

    def _key(self, key: str) -> Any:
        return int(key) if self.numeric else key

    def _sent(self, values: dict[str, Any]) -> dict[str, Any]:
        is_sqlite = self.engine.dialect.name == "sqlite"
        return {name: float(v) if is_sqlite and name == "credit" else v for name, v in values.items()}

    def close(self) -> None:
        self.connector.close()
        self.engine.dispose()


def source(**options: Any) -> Source:
    return Source("customer", FIELDS, **options)
