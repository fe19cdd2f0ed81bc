"""What the errors of MariaDB and MySQL mean, by number."""

import re
from typing import Final

from syncstatus.connectors.sql.failures import Failure, Fault

DENIED_PROCESS: Final = (1227, 1142, 1044)

_FAULTS: Final = {
    1045: Fault.CREDENTIALS,
    1130: Fault.CREDENTIALS,
    1251: Fault.CREDENTIALS,
    1698: Fault.CREDENTIALS,
    1044: Fault.DATABASE,
    1049: Fault.DATABASE,
    1146: Fault.TABLE,
    1051: Fault.TABLE,
    1054: Fault.FIELD,
    1142: Fault.DENIED,
    1143: Fault.DENIED,
    1227: Fault.DENIED,
    1290: Fault.DENIED,
    1792: Fault.DENIED,
    1836: Fault.DENIED,
    1213: Fault.ABORTED,
    1020: Fault.ABORTED,
    1205: Fault.LOCKED,
    1969: Fault.TIMEOUT,
    3024: Fault.TIMEOUT,
    1040: Fault.BUSY,
    1203: Fault.BUSY,
    1226: Fault.BUSY,
    1053: Fault.UNREACHABLE,
    1077: Fault.UNREACHABLE,
    1927: Fault.UNREACHABLE,
    2002: Fault.UNREACHABLE,
    2003: Fault.UNREACHABLE,
    2006: Fault.UNREACHABLE,
    2013: Fault.UNREACHABLE,
    2014: Fault.UNREACHABLE,
    0: Fault.UNREACHABLE,
}

_CODES: Final = {
    1406: "value_too_long",
    1264: "value_out_of_range",
    1265: "value_out_of_range",
    1292: "value_out_of_range",
    1366: "value_out_of_range",
    1411: "value_out_of_range",
    1690: "value_out_of_range",
    1048: "value_required",
    1364: "value_required",
    1062: "duplicate_value",
    1586: "duplicate_value",
    1216: "reference_missing",
    1452: "reference_missing",
    1217: "referenced",
    1451: "referenced",
    3819: "constraint_refused",
    4025: "constraint_refused",
    1644: "constraint_refused",
    1906: "field_read_only",
    3105: "field_read_only",
}

_FIELD: Final = re.compile(r"(?:column|Column|Field) (?:`[^`]*`\.`[^`]*`\.)?[`'](?P<name>[^`']+)[`']")
_CONSTRAINT: Final = re.compile(r"(?:for key|CONSTRAINT|Check constraint) [`'](?P<name>[^`']+)[`']")


def failure(error: BaseException) -> Failure:
    """What ``error`` of PyMySQL means."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    detail = str(error.args[1]) if len(error.args) > 1 else str(error)
    if number is None:
        return Failure(Fault.UNREACHABLE, detail)
    if number in _FAULTS:
        return Failure(_FAULTS[number], detail)
    field, constraint = _FIELD.search(detail), _CONSTRAINT.search(detail)
    return Failure(
        Fault.REFUSED,
        detail,
        _CODES.get(number, "refused"),
        {"constraint": constraint["name"]} if constraint else {},
        field["name"] if field else None,
    )
