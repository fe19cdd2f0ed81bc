"""Steps on dates and moments, written by the patterns of Unicode (``dd.MM.yyyy HH:mm``) in a locale and a time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import re2
from babel import Locale
from babel.dates import format_datetime, get_month_names, tokenize_pattern

from syncstatus.engine.transforms.numbers import locale_of
from syncstatus.engine.transforms.step import (
    Function,
    Nature,
    Option,
    Step,
    StepInvalid,
    Transformation,
    TransformFailed,
)
from syncstatus.engine.values import Kind

Options = Mapping[str, Any]
_PARTS: Final = {"y": "year", "M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}


def _zone(options: Options) -> ZoneInfo:
    try:
        return ZoneInfo(options["zone"])
    except (KeyError, ValueError, OSError):
        raise StepInvalid("transform_zone", zone=options["zone"]) from None


def _fields(options: Options) -> list[tuple[str, Any]]:
    """The pattern's tokens. Refuses what could not be read back: another field twice, or one that is not known."""
    try:
        tokens = tokenize_pattern(options["pattern"])
    except ValueError:
        raise StepInvalid("transform_date_pattern", pattern=options["pattern"]) from None
    names = [value[0] for kind, value in tokens if kind == "field"]
    if set(names) - set(_PARTS) or len(set(names)) < len(names) or not {"y", "M", "d"} <= set(names):
        raise StepInvalid("transform_date_pattern", pattern=options["pattern"])
    return tokens


def _has_time(options: Options) -> bool:
    return any(kind == "field" and value[0] in "Hms" for kind, value in _fields(options))


def _format(options: Options) -> Function:
    locale, zone, pattern = locale_of(options), _zone(options), options["pattern"]
    _fields(options)

    def write(value: Any) -> str:
        if isinstance(value, datetime):
            return format_datetime(value.astimezone(zone).replace(tzinfo=None), pattern, locale=locale)
        if isinstance(value, date):
            return format_datetime(datetime(value.year, value.month, value.day), pattern, locale=locale)  # noqa: DTZ001
        raise TransformFailed

    return write


def _parse(options: Options) -> Function:
    zone, has_time = _zone(options), _has_time(options)
    read = _reader(options, locale_of(options))

    def parse(text: str) -> Any:
        try:
            parts = read(text)
            if not has_time:
                return date(**parts)
            return datetime(**parts, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise TransformFailed from None

    return parse


def _reader(options: Options, locale: Locale) -> Callable[[str], dict[str, int]]:
    """The parts of a text that follows the pattern; raises ValueError for any other text."""
    parts, pattern = [], ""
    months: dict[str, int] = {}
    for kind, value in _fields(options):
        if kind == "chars":
            pattern += re2.escape(value)
            continue
        letter, width = value
        parts.append(letter)
        if letter == "M" and width > 2:
            names = get_month_names("wide" if width == 4 else "abbreviated", "format", locale)
            months |= {name.casefold(): number for number, name in names.items()}
            pattern += "(" + "|".join(re2.escape(name) for name in names.values()) + ")"
        else:
            pattern += _digits(letter, width)
    matcher = re2.compile(f"(?i)\\s*{pattern}\\s*")

    def read(text: str) -> dict[str, int]:
        found = matcher.fullmatch(text)
        if found is None:
            raise ValueError(text)
        pairs = zip(parts, found.groups(), strict=True)
        numbers = {letter: months.get(part.casefold()) or int(part) for letter, part in pairs}
        if len(found.group(parts.index("y") + 1)) == 2:
            numbers["y"] += 2000 if numbers["y"] < 70 else 1900
        return {_PARTS[letter]: number for letter, number in numbers.items()}

    return read


def _digits(letter: str, width: int) -> str:
    if letter == "y":
        return r"(\d{2})" if width == 2 else r"(\d{1,4})"
    return r"(\d{1,2})"


def _opposite(name: str) -> Any:
    return lambda options: Step(name, dict(options))


_FORMAT: Final = {
    "pattern": Option(str, required=True),
    "locale": Option(str, "en"),
    "zone": Option(str, "UTC"),
}

DATES: Final = (
    Transformation("format_date", Nature.REVERSIBLE, _FORMAT, _format, undone_by=_opposite("parse_date"), takes=None),
    Transformation(
        "parse_date",
        Nature.REVERSIBLE,
        _FORMAT,
        _parse,
        undone_by=_opposite("format_date"),
        gives_of=lambda options: Kind.DATETIME if _has_time(options) else Kind.DATE,
    ),
)
