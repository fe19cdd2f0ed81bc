"""What SQLite's errors mean, by the name of their code."""

import re
from typing import Final

from syncstatus.connectors.sql.failures import Failure, Fault

_FAULTS: Final = {
    "SQLITE_CANTOPEN": Fault.DATABASE,
    "SQLITE_NOTADB": Fault.DATABASE,
    "SQLITE_BUSY": Fault.LOCKED,
    "SQLITE_LOCKED": Fault.LOCKED,
    "SQLITE_READONLY": Fault.DENIED,
    "SQLITE_PERM": Fault.DENIED,
    "SQLITE_AUTH": Fault.DENIED,
    "SQLITE_IOERR": Fault.UNREACHABLE,
    "SQLITE_CORRUPT": Fault.UNREACHABLE,
    "SQLITE_FULL": Fault.ABORTED,
    "SQLITE_INTERRUPT": Fault.TIMEOUT,
    "SQLITE_SCHEMA": Fault.ABORTED,
}

_CODES: Final = {
    "SQLITE_CONSTRAINT_PRIMARYKEY": "duplicate_value",
    "SQLITE_CONSTRAINT_ROWID": "duplicate_value",
    "SQLITE_CONSTRAINT_UNIQUE": "duplicate_value",
    "SQLITE_CONSTRAINT_NOTNULL": "value_required",
    "SQLITE_CONSTRAINT_CHECK": "constraint_refused",
    "SQLITE_CONSTRAINT_TRIGGER": "constraint_refused",
    "SQLITE_CONSTRAINT_DATATYPE": "value_out_of_range",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "reference_missing",
    "SQLITE_MISMATCH": "value_out_of_range",
    "SQLITE_TOOBIG": "value_too_long",
}

_FIELD: Final = re.compile(r"constraint failed: [^,]*\.(?P<name>[^,.]+)$")
_CONSTRAINT: Final = re.compile(r"constraint failed: (?P<name>.+)$")


def failure(error: BaseException) -> Failure:
    """What ``error`` of sqlite3 means."""
    name = getattr(error, "sqlite_errorname", None) or ""
    detail = str(error)
    if "no such table" in detail or "no such view" in detail:
        return Failure(Fault.TABLE, detail)
    if "no such column" in detail or "has no column" in detail:
        return Failure(Fault.FIELD, detail)
    # Extended codes: SQLITE_BUSY_SNAPSHOT is a SQLITE_BUSY.
    fault = next((fault for known, fault in _FAULTS.items() if name.startswith(known)), None)
    if fault:
        return Failure(fault, detail)
    field, constraint = _FIELD.search(detail), _CONSTRAINT.search(detail)
    return Failure(
        Fault.REFUSED,
        detail,
        _CODES.get(name, "refused"),
        {"constraint": constraint["name"]} if constraint else {},
        field["name"] if field else None,
    )
