"""The business applications of a mapping, opened for a run."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from couplings.layout import field_names
from couplings.models import Connection, TableMapping
from couplings.rules import load_rules
from jobs import circuits
from jobs.connecting import complete_settings
from jobs.runner import allowance
from syncstatus.connectors.errors import ConnectorError, FieldMissing, TypeUnsupported
from syncstatus.connectors.ports import Connector, Endpoint, Source, TableInfo
from syncstatus.connectors.registry import connect
from syncstatus.engine.compiled import compared_kind
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction, FieldRule, Rules
from syncstatus.engine.values import KindsDiffer, ValueRefused

_connectors: dict[tuple[int, str], Connector] = {}


def connector(connection: Connection) -> Connector:
    """The connection's connector; it lives as long as the process and its settings, so that its pool is used again."""
    settings = complete_settings(connection)
    known = (connection.pk, json.dumps([connection.kind, settings], sort_keys=True))
    if known not in _connectors:
        forget(connection)
        _connectors[known] = connect(connection.kind, settings)
    return _connectors[known]


def forget(connection: Connection) -> None:
    for known in [known for known in _connectors if known[0] == connection.pk]:
        _connectors.pop(known).close()


def close_all() -> None:
    while _connectors:
        _connectors.popitem()[1].close()


@contextmanager
def naming(connection: Connection) -> Iterator[None]:
    """Errors raised inside bear the connection they came from."""
    try:
        yield
    except ConnectorError as error:
        error.params.setdefault("connection", connection.name)
        error.connection = connection.pk
        raise


def open_endpoint(
    mapping: TableMapping, side: Side, *, waits: bool = False, where: Mapping[str, Any] | None = None
) -> Endpoint:
    """Binds one side's table. Raises the errors of ``syncstatus.connectors.errors``, naming the connection.

    ``waits``: its calls wait for the connection's limit as long as it takes, which a person would not. ``where`` is a
    filter in place of the mapping's own (DESIGN 7.1).
    """
    connection = mapping.connection(side)
    with naming(connection):
        _ask_leave(connection, retry=False, waits=waits)
        bound = source(mapping, side)
        bound = bound if where is None else replace(bound, filter=where)
        return cast(Endpoint, Guarded(connector(connection).open(bound), connection, waits=waits))


def describe(mapping: TableMapping, side: Side, *, waits: bool = False) -> TableInfo:
    """One side's table as it is now, whether or not the mapping fits it. Raises the connectors' errors."""
    connection, table = mapping.connection(side), source(mapping, side)
    with naming(connection):
        _ask_leave(connection, retry=False, waits=waits)
        return connector(connection).describe(table.table, table.schema)


def _ask_leave(connection: Connection, *, retry: bool, waits: bool) -> None:
    """Before every call: keep to the connection's limit, and leave a system alone that has asked for it. Raises
    ``ConnectionRests``, and ``LimitReached`` where nothing waits."""
    allowance.take(connection, retry=retry, waits=waits)
    circuits.obey(connection)


class Guarded:
    """An endpoint each of whose calls keeps to what its connection allows, and whose errors bear that connection.

    ``retrying``: its calls are for records that failed before, and stand behind those for fresh changes.
    """

    def __init__(self, endpoint: Endpoint, connection: Connection, *, waits: bool) -> None:
        self._endpoint = endpoint
        self._connection = connection
        self._waits = waits
        self.retrying = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._endpoint, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            with naming(self._connection):
                _ask_leave(self._connection, retry=self.retrying, waits=self._waits)
                return found(*arguments, **options)

        return call


@contextmanager
def behind_fresh_work(endpoints: Mapping[Side, Endpoint]) -> Iterator[None]:
    """The calls inside are retries."""
    guarded = [endpoint for endpoint in endpoints.values() if isinstance(endpoint, Guarded)]
    for endpoint in guarded:
        endpoint.retrying = True
    try:
        yield
    finally:
        for endpoint in guarded:
            endpoint.retrying = False


def open_both(mapping: TableMapping, *, waits: bool = False) -> tuple[dict[Side, Endpoint], Rules]:
    """Both sides' endpoints and the mapping's rules. Raises the errors of ``syncstatus.connectors.errors``, also when a
    column has changed its type since the mapping was configured and no longer fits its partner's."""
    endpoints = {side: open_endpoint(mapping, side, waits=waits) for side in Side}
    rules = _load(mapping, endpoints)
    for rule in rules.fields:
        _check_kinds(rule, rules.direction)
    return endpoints, rules


def _load(mapping: TableMapping, endpoints: Mapping[Side, Endpoint]) -> Rules:
    """The rules; a default may be for a field that nobody else asks for, and that has gone or changed since."""
    try:
        return load_rules(mapping, endpoints[Side.LEFT].info.fields, endpoints[Side.RIGHT].info.fields)
    except KeyError as missing:
        raise FieldMissing(mapping=mapping.name, field=missing.args[0]) from None
    except ValueRefused as refused:
        error = TypeUnsupported(mapping=mapping.name, **refused.params)
        error.code = "default_refused"
        raise error from None


def _check_kinds(rule: FieldRule, direction: Direction) -> None:
    try:
        compared_kind(rule, direction)
    except KindsDiffer:
        types = {"left_type": rule.left_type.kind.value, "right_type": rule.right_type.kind.value}
        error = TypeUnsupported(left=rule.left, right=rule.right, **types)
        error.code = "kinds_differ"
        raise error from None


def source(mapping: TableMapping, side: Side) -> Source:
    prefix = side.value
    return Source(
        table=getattr(mapping, f"{prefix}_table"),
        schema=getattr(mapping, f"{prefix}_schema") or None,
        fields=field_names(mapping, side),
        key=tuple(getattr(mapping, f"{prefix}_key")),
        modified_on=getattr(mapping, f"{prefix}_modified_on") or None,
        version=getattr(mapping, f"{prefix}_version") or None,
        filter=getattr(mapping, f"{prefix}_filter"),
    )
