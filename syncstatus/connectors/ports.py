"""What every connector can be asked. Small enough to read at a glance.

A *connector* is one business application; an *endpoint* is one of its tables, bound to the key, the fields, the filter
and the columns a mapping uses. What a system cannot do is a declared capability, not an exception at run time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from syncstatus.engine.records import Record
from syncstatus.engine.values import FieldType

Cursor = Mapping[str, Any]
"""Opaque and JSON; only the connector that made it reads it."""


@dataclass(frozen=True, slots=True)
class Health:
    version: str
    latency: float  # seconds of one round trip
    clock_offset: float | None = None  # seconds the system's clock is ahead of ours


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of a table. ``type`` is None when its type cannot be mapped; ``native_type`` is the system's own word."""

    name: str
    type: FieldType | None
    native_type: str
    writable: bool = True
    generated: bool = False  # the system gives a new record a value when none is sent
    required: bool = False  # a new record needs a value: not null and no default


@dataclass(frozen=True, slots=True)
class TableInfo:
    name: str
    schema: str | None
    fields: Mapping[str, FieldInfo]
    key: tuple[str, ...]  # the primary key, () where there is none


class TableName(NamedTuple):
    """How a table is named in ``describe`` and ``Source``; ``schema`` is None for one that is found without."""

    name: str
    schema: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One side of a mapping, as the connector needs it.

    ``key`` () means the table's own primary key. ``filter`` maps a field to a value, a list of values or a mapping of
    operator to value (DESIGN 7.1); it is sent to the system.
    """

    table: str
    fields: tuple[str, ...]
    schema: str | None = None
    key: tuple[str, ...] = ()
    modified_on: str | None = None
    version: str | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)


class Feed(StrEnum):
    XID = "xid"  # PostgreSQL's snapshot horizon
    TIME = "time"  # a modified-on column, with an overlap
    DELTA = "delta"
    NONE = "none"  # every run compares everything


@dataclass(frozen=True, slots=True)
class Capabilities:
    feed: Feed
    reports_deletes: bool = False
    conditional_write: bool = True
    chooses_keys: bool = False  # the client may name the key of a new record
    case_sensitive_keys: bool = True
    page_max: int = 10_000


@dataclass(slots=True)
class Stamp:
    """A record that exists: its key, its version and whether the side's filter lets it in."""

    key: str
    version: str
    included: bool = True


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Changed records in feed order, keys the system reports as deleted, and the cursor behind both."""

    stamps: list[Stamp]
    deleted: list[str]
    cursor: Cursor
    more: bool


@dataclass(slots=True)
class Create:
    """A new record. ``id`` is the idempotency key of its intent (DESIGN R7); ``key`` None lets the system choose."""

    id: str
    values: Mapping[str, Any]
    key: str | None = None


@dataclass(slots=True)
class Update:
    key: str
    version: str
    values: Mapping[str, Any]


@dataclass(slots=True)
class Delete:
    key: str
    version: str


class Outcome(StrEnum):
    OK = "ok"
    CONFLICT = "conflict"  # the record has another version now: read again, decide again
    GONE = "gone"
    EXISTS = "exists"  # a record with this key is already there
    INVALID = "invalid"  # the system refuses the values: for a person
    DENIED = "denied"
    TRANSIENT = "transient"  # nothing was written; try again later
    UNKNOWN = "unknown"  # sent, but the answer was lost


@dataclass(slots=True)
class WriteResult:
    """The fate of one operation.

    ``values`` is None when the system stored exactly what was sent, otherwise the whole record as read back, in the
    order of ``Source.fields``. ``code`` and ``params`` say in a message code what was refused, ``field`` which field
    where the system tells, ``detail`` the system's own words (shortened, without secrets).
    """

    outcome: Outcome
    key: str | None = None
    version: str | None = None
    values: tuple[Any, ...] | None = None
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None
    detail: str = ""


class Endpoint(Protocol):
    """One table of one system. All calls raise the errors of ``connectors.errors``; none raises for one record.

    A call that the system refuses because it is asked too much (429, 503, too many connections) raises ``Throttled``
    with the time the system named, having written nothing; it waits for nothing itself. Where a part of the operations
    was written before, the others answer ``Outcome.TRANSIENT`` with the code ``throttled``. When to ask again, and how
    many requests there may be, is the caller's to decide: he knows of the other workers.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def info(self) -> TableInfo: ...

    @property
    def key(self) -> tuple[str, ...]:
        """The key's columns: the configured ones, else the table's primary key."""

    def reserve_keys(self, count: int) -> list[str] | None:
        """``count`` keys drawn from the generator of the table's key, which no other record will get; None where
        the system draws keys only while it creates. A reserved key is passed in ``Create.key`` (DESIGN R7)."""

    def newest_key(self) -> str | None:
        """The key behind which, in key order, all records will lie that are created from now on: empty where there is
        no record yet, None where keys tell nothing of age."""

    def start_cursor(self) -> Cursor:
        """The point from which changes are listed after a full comparison: taken *before* it starts."""

    def changes(self, cursor: Cursor, limit: int) -> ChangePage:
        """At most ``limit`` records changed since ``cursor``; the last page says ``more=False``."""

    def keys(self, after: str | None, limit: int) -> list[Stamp]:
        """Records within the filter in key order, after the key ``after``; fewer than ``limit`` is the end."""

    def keys_before(self, before: str, limit: int) -> list[Stamp]:
        """Records within the filter before the key ``before``, the nearest first: against the order of ``keys``; fewer
        than ``limit`` is the beginning."""

    def count(self) -> int | None:
        """How many records lie within the filter, as the system announces it; None where it cannot tell."""

    def stamps(self, keys: Collection[str]) -> dict[str, Stamp]:
        """Those of ``keys`` that exist, inside or outside the filter; a missing key is proven absent."""

    def read(self, keys: Collection[str]) -> dict[str, Record]:
        """The records of ``keys`` that exist, inside or outside the filter."""

    def search(
        self,
        fields: Sequence[str],
        wanted: Collection[tuple[Any, ...]],
        *,
        case_sensitive: Sequence[bool],
        accent_sensitive: Sequence[bool] | None = None,
    ) -> list[Record]:
        """Records within the filter whose ``fields`` equal one of ``wanted`` (text trimmed of surrounding space).

        ``accent_sensitive`` None: every field tells accents. Where case or accents do not count, the answer may hold
        more than that: the caller compares."""

    def create(self, operations: Sequence[Create]) -> list[WriteResult]:
        """One result an operation, in order; a refused record never takes its batch along."""

    def update(self, operations: Sequence[Update]) -> list[WriteResult]: ...

    def delete(self, operations: Sequence[Delete]) -> list[WriteResult]: ...


class Connector(Protocol):
    def check(self) -> Health:
        """Raises ``Unreachable`` or ``CredentialsRefused``."""

    def tables(self) -> list[TableName]:
        """What a person may choose from: tables and views by name, those without a schema first."""

    def describe(self, table: str, schema: str | None = None) -> TableInfo:
        """Raises ``TableMissing``, ``AccessDenied``."""

    def open(self, source: Source) -> Endpoint:
        """Binds a table. Raises ``TableMissing``, ``FieldMissing``, ``KeyMissing``, ``TypeUnsupported``."""

    def close(self) -> None: ...
