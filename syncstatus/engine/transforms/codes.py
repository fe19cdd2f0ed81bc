"""Steps on countries, currencies and telephone numbers. Their libraries hold tables of their own and are loaded when a
mapping needs them."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from syncstatus.engine.transforms.step import (
    Function,
    Nature,
    Option,
    Step,
    StepInvalid,
    Transformation,
    TransformFailed,
)

Options = Mapping[str, Any]
_COUNTRY: Final = ("alpha_2", "alpha_3", "numeric", "name")
_CURRENCY: Final = ("alpha_3", "numeric", "name")


@cache
def _codes(table: str, known_by: str, wanted: str) -> Mapping[str, str]:
    """From a code in lower case, or any of them where ``known_by`` is empty, to the wanted one."""
    import pycountry

    forms = _COUNTRY if table == "countries" else _CURRENCY
    found: dict[str, str] = {}
    for entry in getattr(pycountry, table):
        for form in [known_by] if known_by else forms:
            found.setdefault(str(getattr(entry, form)).lower(), str(getattr(entry, wanted)))
    return found


def _code(table: str) -> Any:
    def build(options: Options) -> Function:
        codes = _codes(table, options["from"] or "", options["to"])

        def translate(text: str) -> str:
            try:
                return codes[text.strip().lower()]
            except KeyError:
                raise TransformFailed from None

        return translate

    return build


def _code_nature(options: Options) -> Nature:
    """From any form to one: what has that form already keeps it."""
    return Nature.REVERSIBLE if options.get("from") else Nature.NORMAL


def _swapped(name: str) -> Any:
    return lambda options: Step(name, {"to": options["from"], "from": options["to"]})


def _phone(options: Options) -> Function:
    import phonenumbers

    region = options["region"]
    if region is not None and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise StepInvalid("transform_region", region=region)
    known = None if region is None else region.upper()

    def normalize(text: str) -> str:
        try:
            number = phonenumbers.parse(text, known)
        except phonenumbers.NumberParseException:
            raise TransformFailed from None
        if not phonenumbers.is_possible_number(number) or number.extension:
            raise TransformFailed
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    return normalize


def _transformation(name: str, table: str, forms: tuple[str, ...]) -> Transformation:
    options = {"to": Option(str, required=True, choices=forms), "from": Option(str, choices=forms)}
    return Transformation(name, Nature.NORMAL, options, _code(table), undone_by=_swapped(name), nature_of=_code_nature)


CODES: Final = (
    _transformation("country", "countries", _COUNTRY),
    _transformation("currency", "currencies", _CURRENCY),
    Transformation("phone", Nature.NORMAL, {"region": Option(str)}, _phone),
)
