"""What a database's error means: each dialect reads its own codes, here is what follows from them.

A refused record becomes a ``WriteResult`` with one of these codes (``field`` is set where the database tells, or where
the values show it):

======================  =========  ==================================================================
code                    outcome    params; when
======================  =========  ==================================================================
duplicate_value         invalid    constraint; another record has this value in a unique field
value_too_long          invalid    length where known; text or binary longer than the field
value_required          invalid    none; null in a field that must have a value
value_out_of_range      invalid    none; a number or date outside the field's range, or of the wrong type
value_not_storable      invalid    none; NUL, a broken or foreign character, a value that was never readable
reference_missing       invalid    constraint; the value names a record that does not exist
referenced              invalid    constraint; the record cannot be deleted or re-keyed, others refer to it
constraint_refused      invalid    constraint; a check, an exclusion or a trigger of the database refuses it
field_read_only         invalid    none; the database computes the field itself
refused                 invalid    none; anything else the database says about one record
key_exists              exists     none; a record with this key is already there
record_changed          conflict   none; the record has another version by now
record_gone             gone       none
permission_denied       denied     none; the user may not write this table, field or record
locked                  transient  none; somebody else holds the record longer than ``lock_timeout``
try_again               transient  none; deadlock, serialization failure, time-out: nothing was written
answer_lost             unknown    none; the connection broke while the database was committing
======================  =========  ==================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from syncstatus.connectors import errors
from syncstatus.connectors.ports import Outcome, WriteResult
from syncstatus.connectors.sql.reasons import reason

DETAIL_LENGTH: Final = 500


class Fault(StrEnum):
    UNREACHABLE = "unreachable"
    BUSY = "busy"  # too many connections or questions, or it is starting or stopping
    CREDENTIALS = "credentials"
    DATABASE = "database"
    TABLE = "table"
    FIELD = "field"
    DENIED = "denied"
    ABORTED = "aborted"  # the database rolled the whole transaction back; the same again may succeed
    LOCKED = "locked"  # one statement waited too long for a lock
    TIMEOUT = "timeout"
    REFUSED = "refused"  # about one record


@dataclass(frozen=True, slots=True)
class Failure:
    fault: Fault
    detail: str = ""
    code: str = "refused"
    params: Mapping[str, Any] = field(default_factory=dict)
    field: str | None = None

    @property
    def is_about_a_record(self) -> bool:
        return self.fault in _OUTCOMES

    def exception(self, **params: Any) -> errors.ConnectorError:
        why = reason(self.detail) if self.fault is Fault.UNREACHABLE else ""
        return _EXCEPTIONS[self.fault](self.detail, reason=why or self.fault.value, **params)

    def result(self, key: str | None) -> WriteResult:
        outcome, code = _OUTCOMES[self.fault]
        return WriteResult(
            outcome, key, code=code or self.code, params=self.params, field=self.field, detail=self.detail
        )

    def without(self, secret: str | None) -> "Failure":
        """The same with short words and no password in them."""
        detail = self.detail.replace(secret, "********") if secret else self.detail
        return replace(self, detail=detail[:DETAIL_LENGTH])


_EXCEPTIONS: Final[Mapping[Fault, type[errors.ConnectorError]]] = {
    Fault.UNREACHABLE: errors.Unreachable,
    Fault.BUSY: errors.Throttled,
    Fault.CREDENTIALS: errors.CredentialsRefused,
    Fault.DATABASE: errors.DatabaseMissing,
    Fault.TABLE: errors.TableMissing,
    Fault.FIELD: errors.FieldMissing,
    Fault.DENIED: errors.AccessDenied,
    Fault.ABORTED: errors.Transient,
    Fault.LOCKED: errors.Transient,
    Fault.TIMEOUT: errors.Transient,
    Fault.REFUSED: errors.ConnectorError,
}

_OUTCOMES: Final[Mapping[Fault, tuple[Outcome, str]]] = {
    Fault.REFUSED: (Outcome.INVALID, ""),
    Fault.DENIED: (Outcome.DENIED, "permission_denied"),
    Fault.LOCKED: (Outcome.TRANSIENT, "locked"),
}


def not_storable(error: Exception) -> Failure:
    """A value the driver itself cannot send: NUL, half a surrogate pair, a number beyond 64 bits."""
    code = "value_out_of_range" if isinstance(error, OverflowError) else "value_not_storable"
    return Failure(Fault.REFUSED, str(error), code)
