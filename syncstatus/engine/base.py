"""The base as it is stored with a coupling: JSON (DESIGN section 3).

A whole base is a list, ``["left>right\x7f...", value, ...]``: all names in one text, then the values. A base of some
fields only is an object ``{"left>right": value}``. A list with the very names that are wanted is read without looking
any of them up, which takes half the time; runs read and write a base for each changed record.

JSON types stay as they are; decimals, dates, times, moments and binaries are strings that the field's kind brings
back. Two things JSON storage would refuse or bend are tagged: ``{"integer": "..."}`` beyond 64 bits, and
``{"utf8": base64}`` for text with NUL (PostgreSQL's jsonb takes none) or lone surrogates.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

from syncstatus.engine.parse import PARSERS
from syncstatus.engine.records import UNKNOWN, Side, Values
from syncstatus.engine.values import Kind

if TYPE_CHECKING:
    from syncstatus.engine.rules import FieldRule, Rules

Stored = bytes | str | Mapping[str, Any]
Restorer = Callable[[Stored], Values]

_AWKWARD: Final = re.compile("[\0\ud800-\udfff]")
_BOUND: Final = 2**63
_SEPARATOR: Final = "\x7f"  # JSON needs no escape for it
# orjson 3.13 itself writes the microseconds of a time in the wrong places. All other moments are faster with it.
_BY_US: Final = orjson.OPT_PASSTHROUGH_DATETIME


def dump_base(rules: "Rules", left_base: Values, right_base: Values) -> tuple[bytes, bytes | None]:
    """The JSON to store: the left side's base, and the fields in which the right side's differs (None: in none).

    Fields without a base (``UNKNOWN``) are left out, lookups are remembered by the key each side stores.
    """
    names = rules.compiled.names
    if rules.compiled.parents:
        left_base, right_base = _with_keys(rules, left_base, right_base)
    option = _BY_US if Kind.TIME in rules.compiled.kinds else 0
    left = _listed(names, left_base, option) or _dumped(dict(zip(names, left_base, strict=True)))
    if right_base is left_base or right_base == left_base:
        return left, None
    differing = {name: yours for name, mine, yours in zip(names, left_base, right_base, strict=True) if mine != yours}
    return left, _dumped(differing) if differing else None


def _with_keys(rules: "Rules", left_base: Values, right_base: Values) -> tuple[Values, Values]:
    from syncstatus.engine.lookups import stored  # its values are converted, and those of a base are not

    return stored(Side.LEFT, left_base, rules.compiled.parents), stored(Side.RIGHT, right_base, rules.compiled.parents)


def _listed(names: Sequence[str], values: Values, option: int) -> bytes | None:
    """The list of a whole base; None when a value is missing or needs a tag."""
    try:
        data = orjson.dumps([_SEPARATOR.join(names), *values], default=_text_form, option=option)
    except TypeError:
        return None
    return None if b"\\u0000" in data else data


def _dumped(values: dict[str, Any]) -> bytes:
    try:
        data = orjson.dumps(values, default=_text_form, option=_BY_US)
    except TypeError:
        data = b"\\u0000"
    if b"\\u0000" in data:
        known = {name: _tagged(value) for name, value in values.items() if value is not UNKNOWN}
        return orjson.dumps(known, default=_text_form, option=_BY_US)
    return data


def _text_form(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{value!r} has no base form")


def _tagged(value: Any) -> Any:
    if isinstance(value, str) and _AWKWARD.search(value):
        return {"utf8": b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    if isinstance(value, int) and not -_BOUND <= value < _BOUND:
        return {"integer": hex(value)}
    return value


def is_whole(stored: bytes) -> bool:
    """Whether a base that was dumped is known to hold a value of every field, without a look at them."""
    return stored.startswith(b"[")


def load_base(rules: "Rules", raw: Stored, raw_right: Stored | None = None) -> tuple[Values, Values]:
    """The bases of both sides as they were dumped; they are one tuple when the right side's has no field of its own.

    Takes JSON text or what a JSON column gave. Names the rules do not know are ignored, fields that are not in it are
    ``UNKNOWN``.
    """
    restore = rules.compiled.restore_base
    left = restore(raw)
    if not raw_right:
        return left, left
    own = restore(raw_right)
    return left, tuple(
        there if here is UNKNOWN or there is UNKNOWN else here for here, there in zip(own, left, strict=True)
    )


def restorer(fields: Sequence["FieldRule"], kinds: Sequence[Kind]) -> Restorer:
    """What turns a stored base into canonical values, which are of ``kinds``; compiled once for a mapping."""
    names = [rule.name for rule in fields]
    joined = _SEPARATOR.join(names)
    decoders = [(position, _DECODERS[kind]) for position, kind in enumerate(kinds) if kind in _DECODERS]

    def restore(raw: Stored) -> Values:
        stored = orjson.loads(raw) if isinstance(raw, bytes | str) else raw
        if isinstance(stored, list) and stored[0] == joined:
            values = stored[1:]
        else:
            get = _by_name(stored).get
            values = [get(name, UNKNOWN) for name in names]
        for position, decode in decoders:
            if isinstance(values[position], str):
                values[position] = decode(values[position])
        has_objects = not isinstance(raw, str) or "{" in raw  # spares a look at each value
        if has_objects and dict in map(type, values):
            values = [_untagged(value) if isinstance(value, dict) else value for value in values]
        return tuple(values)

    return restore


def _by_name(stored: Mapping[str, Any] | list[Any]) -> Mapping[str, Any]:
    if not isinstance(stored, list):
        return stored
    names = stored[0].split(_SEPARATOR)
    # A name with the separator in it would shift the others: then none is known, which costs a first contact.
    return dict(zip(names, stored[1:], strict=True)) if len(names) == len(stored) - 1 else {}


def _binary(text: str) -> Any:
    try:
        return b64decode(text, validate=True)
    except ValueError:  # stored when the field was no binary
        return UNKNOWN


def _untagged(value: Mapping[str, str]) -> Any:
    if "integer" in value:
        return int(value["integer"], 16)
    if "utf8" in value:
        return b64decode(value["utf8"]).decode("utf-8", "surrogatepass")
    return UNKNOWN


_DECODERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    **{kind: PARSERS[kind] for kind in (Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.DATETIME)},
    Kind.BINARY: _binary,
}
