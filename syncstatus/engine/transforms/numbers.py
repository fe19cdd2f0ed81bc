"""Steps on numbers."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from syncstatus.engine.parse import parse_decimal as parse_plain
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
_WIDE: Final = Context(prec=1_000, rounding=ROUND_HALF_UP)


def locale_of(options: Options) -> Locale:
    """Raises ``StepInvalid`` for a locale that Babel does not know."""
    try:
        return Locale.parse(options["locale"].replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise StepInvalid("transform_locale", locale=options["locale"]) from None


def as_decimal(value: Any) -> Decimal:
    """Raises ``TransformFailed`` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TransformFailed
    number = parse_plain(value) if isinstance(value, str) else Decimal(repr(value) if type(value) is float else value)
    if not isinstance(number, Decimal) or not number.is_finite():
        raise TransformFailed
    return number


def rounded(number: Decimal, digits: int) -> Decimal:
    """Half up, as databases round."""
    try:
        return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _WIDE) + 0  # no "-0.00"
    except InvalidOperation:
        raise TransformFailed from None


def _round(options: Options) -> Function:
    digits = options["digits"]

    def shorten(value: Any) -> Any:
        number = rounded(as_decimal(value), digits)
        return float(number) if isinstance(value, float) else int(number) if type(value) is int else number

    return shorten


def _format(options: Options) -> Function:
    locale, digits = locale_of(options), options["digits"]
    whole = "#,##0" if options["grouping"] else "0"
    decimals = "." + "0" * digits if digits else "" if digits == 0 else ".##########"
    pattern = whole + decimals
    if digits is None:
        return lambda value: format_decimal(as_decimal(value), pattern, locale, decimal_quantization=False)
    return lambda value: format_decimal(rounded(as_decimal(value), digits), pattern, locale)


def _parse(options: Options) -> Function:
    locale, digits = locale_of(options), options["digits"]

    def parse(text: str) -> Decimal:
        try:
            number = parse_decimal(text.strip(), locale, strict=True)
        except NumberFormatError:
            raise TransformFailed from None
        return number if digits is None else rounded(number, digits)

    return parse


def _opposite(name: str) -> Any:
    return lambda options: Step(name, dict(options))


_FORMAT: Final = {
    "locale": Option(str, required=True),
    "digits": Option(int, least=0, most=10),
    "grouping": Option(bool, False),
}

NUMBERS: Final = (
    Transformation(
        "round", Nature.NORMAL, {"digits": Option(int, 0, least=-20, most=20)}, _round,
        takes=None, gives=None,
    ),
    Transformation(
        "format_number", Nature.REVERSIBLE, _FORMAT, _format, undone_by=_opposite("parse_number"), takes=None
    ),
    Transformation(
        "parse_number", Nature.REVERSIBLE, _FORMAT, _parse, undone_by=_opposite("format_number"), gives=Kind.DECIMAL
    ),
)  # fmt: skip
