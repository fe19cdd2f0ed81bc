"""What PostgreSQL's errors mean, by SQLSTATE; a connection that never came up has none, only words."""

from typing import Any, Final

from syncstatus.connectors.sql.failures import Failure, Fault

_FAULTS: Final = {
    "28P01": Fault.CREDENTIALS,
    "28000": Fault.CREDENTIALS,
    "3D000": Fault.DATABASE,
    "3F000": Fault.TABLE,
    "42P01": Fault.TABLE,
    "42703": Fault.FIELD,
    "42501": Fault.DENIED,
    "25006": Fault.DENIED,
    "40001": Fault.ABORTED,
    "40P01": Fault.ABORTED,
    "55P03": Fault.LOCKED,
    "57014": Fault.TIMEOUT,
    "25P03": Fault.UNREACHABLE,
    "53300": Fault.BUSY,
    "57P03": Fault.BUSY,
}
_FAULT_CLASSES: Final = {"08": Fault.UNREACHABLE, "57": Fault.UNREACHABLE, "53": Fault.ABORTED}

_CODES: Final = {
    "22001": "value_too_long",
    "22003": "value_out_of_range",
    "22007": "value_out_of_range",
    "22008": "value_out_of_range",
    "22P02": "value_out_of_range",
    "22021": "value_not_storable",
    "22P05": "value_not_storable",
    "23502": "value_required",
    "23505": "duplicate_value",
    "23514": "constraint_refused",
    "23P01": "constraint_refused",
    "P0001": "constraint_refused",
    "428C9": "field_read_only",
}

# The server's words before a session exists, in the order in which they are looked for.
_BUSY: Final = ("too many clients", "too many connections", "connection slots", "the database system is")
_WORDS: Final = (
    ("password authentication failed", Fault.CREDENTIALS),
    ("no password supplied", Fault.CREDENTIALS),
    ("authentication failed", Fault.CREDENTIALS),
    ("pg_hba.conf", Fault.CREDENTIALS),
    ("role ", Fault.CREDENTIALS),
    ("database ", Fault.DATABASE),
)


def failure(error: BaseException) -> Failure:
    """What ``error`` of psycopg2 means."""
    diagnostics = getattr(error, "diag", None)
    state = getattr(error, "pgcode", None) or getattr(diagnostics, "sqlstate", None)
    if not state:
        return Failure(_by_words(str(error)), str(error).strip())
    detail = _words(diagnostics, error)
    fault = _FAULTS.get(state) or _FAULT_CLASSES.get(state[:2])
    if fault:
        return Failure(fault, detail)
    code = _reference(detail) if state == "23503" else _CODES.get(state, "refused")
    constraint = getattr(diagnostics, "constraint_name", None)
    params = {"constraint": constraint} if constraint else {}
    return Failure(Fault.REFUSED, detail, code, params, getattr(diagnostics, "column_name", None))


def _words(diagnostics: Any, error: BaseException) -> str:
    parts = [getattr(diagnostics, "message_primary", None), getattr(diagnostics, "message_detail", None)]
    return " ".join(part for part in parts if part) or str(error).strip()


def _reference(detail: str) -> str:
    return "referenced" if "still referenced" in detail or "is referenced" in detail else "reference_missing"


def _by_words(text: str) -> Fault:
    if any(words in text for words in _BUSY):
        return Fault.BUSY
    if "does not exist" not in text:
        return next((fault for words, fault in _WORDS[:4] if words in text), Fault.UNREACHABLE)
    return next((fault for words, fault in _WORDS if words in text), Fault.UNREACHABLE)
