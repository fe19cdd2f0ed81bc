"""One database: its pool, its transactions, and its errors turned into ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from syncstatus.connectors.errors import ConnectorError, Unreachable
from syncstatus.connectors.sql import settings as urls
from syncstatus.connectors.sql.dialects import DIALECTS
from syncstatus.connectors.sql.failures import Failure, Fault, not_storable

UNSTORABLE: Final = (ValueError, OverflowError)
"""What drivers raise for a value they cannot send; ``UnicodeEncodeError`` is a ``ValueError``."""

REFUSALS: Final = (DBAPIError, *UNSTORABLE)


class AnswerLost(Exception):
    """The connection broke while the database was committing: it may have, or not."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Database:
    """Opens connections as they are needed and keeps a few; safe to share between threads."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        url, self.timeouts = urls.parse(settings)
        self.dialect = DIALECTS[url.get_backend_name()]()
        self._password = url.password
        url, arguments = self.dialect.connect_arguments(url, self.timeouts)
        options = {} if url.get_backend_name() == "sqlite" else {"isolation_level": "READ COMMITTED"}
        self.engine = sa.create_engine(
            url,
            connect_args=dict(arguments),
            poolclass=sa.QueuePool,
            pool_size=2,
            max_overflow=6,
            pool_timeout=self.timeouts.connect_timeout,
            pool_recycle=1800,
            pool_pre_ping=True,
            hide_parameters=True,
            **options,
        )
        event.listen(self.engine, "connect", lambda driver, _record: self.dialect.prepare(driver, self.timeouts))

    @contextmanager
    def reading(self, **context: Any) -> Iterator[Connection]:
        """A short transaction of its own. Raises our errors, with ``context`` as their params."""
        with self.translated(**context), self.engine.connect() as connection:
            self.dialect.begin(connection, self.timeouts, writing=False)
            yield connection

    @contextmanager
    def writing(self, **context: Any) -> Iterator[Connection]:
        """A transaction that commits at the end; raises ``AnswerLost`` when nobody knows whether it did."""
        with self.translated(**context), self.engine.connect() as connection:
            self.dialect.begin(connection, self.timeouts, writing=True)
            yield connection
            self._commit(connection)

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except DBAPIError as error:
            failure = self.failure(error)
            if failure.fault is Fault.UNREACHABLE:
                raise AnswerLost(failure.detail) from error
            raise

    @contextmanager
    def translated(self, **context: Any) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise Unreachable(str(error), **context) from error
        except DBAPIError as error:
            raise self.failure(error).exception(**context) from error
        except SQLAlchemyError as error:
            raise ConnectorError(str(error), **context) from error

    def failure(self, error: Exception) -> Failure:
        """What the error of a statement means, without the password."""
        if isinstance(error, DBAPIError):
            failure = self.dialect.failure(error.orig) if error.orig else Failure(Fault.UNREACHABLE, str(error))
            if error.connection_invalidated:
                failure = Failure(Fault.UNREACHABLE, failure.detail)
        else:
            failure = not_storable(error)
        return failure.without(self._password)

    def close(self) -> None:
        self.engine.dispose()
