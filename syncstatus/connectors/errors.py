"""What can go wrong when talking to a business application, grouped by what the caller can do.

    ConnectorError
    ├── ConnectionFailed          one error for the connection; its mappings stop and resume by themselves
    │   ├── Unreachable           nobody answers, a time-out while connecting, the server is shutting down
    │   ├── CredentialsRefused    the system answers, but not to this user and password
    │   ├── DatabaseMissing       the system answers, but has no database (file, company) of this name
    │   └── Throttled             the system asks for patience: nobody asks it before the time it named
    ├── SettingsInvalid           the connection's own settings make no sense
    │   ├── KindUnknown           params: kind, kinds
    │   ├── UrlInvalid            params: reason
    │   └── DriverUnsupported     params: driver, drivers
    ├── SchemaMismatch            the mapping does not fit the system: a person must change one of them
    │   ├── TableMissing
    │   ├── FieldMissing
    │   ├── KeyMissing            no primary key, or the configured one does not exist or is not unique
    │   ├── TypeUnsupported       a field whose type cannot be mapped
    │   └── FilterInvalid         the filter does not fit the table
    │       ├── FilterFieldUnknown      params: field
    │       ├── FilterOperatorUnknown   params: field, operator, operators
    │       └── FilterValueInvalid      params: field, operator, value, kind
    ├── AccessDenied              the user may not read (or list) the table
    ├── CursorExpired             the feed no longer knows the cursor: compare everything, then start anew
    └── Transient                 a deadlock or time-out while reading: try again later

A single record that is refused is no exception: it is a ``WriteResult`` (see ports).
"""

from typing import Any


class ConnectorError(Exception):
    """Carries a message ``code`` and its ``params`` (rendered in the reader's language) and the system's own words."""

    code = "connector_error"

    def __init__(self, detail: str = "", **params: Any) -> None:
        super().__init__(detail or self.code)
        self.connection: int | None = None  # whose connection it was, filled in by the caller who knows
        self.detail = detail
        self.params = params


class ConnectionFailed(ConnectorError):
    code = "connection_failed"


class Unreachable(ConnectionFailed):
    code = "unreachable"


class CredentialsRefused(ConnectionFailed):
    code = "credentials_refused"


class DatabaseMissing(ConnectionFailed):
    code = "database_missing"


class Throttled(ConnectionFailed):
    """The system takes no more requests for now: 429, 503 with Retry-After, too many connections.

    ``retry_after`` are the seconds it asked to wait, counted from its answer (``retry_after.seconds``), None where it
    named no time. A call that raises it has written nothing.
    """

    code = "throttled"

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **params: Any) -> None:
        super().__init__(detail, **params)
        self.retry_after = retry_after
        if retry_after is not None:
            self.code = "asked_to_wait"


class SettingsInvalid(ConnectorError):
    code = "settings_invalid"


class KindUnknown(SettingsInvalid):
    code = "kind_unknown"


class UrlInvalid(SettingsInvalid):
    code = "url_invalid"


class DriverUnsupported(SettingsInvalid):
    code = "driver_unsupported"


class SchemaMismatch(ConnectorError):
    code = "schema_mismatch"


class TableMissing(SchemaMismatch):
    code = "table_missing"


class FieldMissing(SchemaMismatch):
    code = "field_missing"


class KeyMissing(SchemaMismatch):
    code = "key_missing"


class SchemaChanged(SchemaMismatch):
    """The table fits the mapping still, but not as it did before: a person has to look."""

    code = "schema_changed"


class NothingToMatchBy(SchemaMismatch):
    """All records of a table leave the match fields empty: each would be created a second time (DESIGN R14)."""

    code = "match_fields_never_filled"


class TypeUnsupported(SchemaMismatch):
    code = "type_unsupported"


class FilterInvalid(SchemaMismatch):
    code = "filter_invalid"


class FilterFieldUnknown(FilterInvalid):
    code = "filter_field_unknown"


class FilterOperatorUnknown(FilterInvalid):
    code = "filter_operator_unknown"


class FilterValueInvalid(FilterInvalid):
    code = "filter_value_invalid"


class AccessDenied(ConnectorError):
    code = "access_denied"


class CursorExpired(ConnectorError):
    code = "cursor_expired"


class Transient(ConnectorError):
    code = "transient"
