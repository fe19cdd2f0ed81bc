"""What happened, in the reader's language: message codes and parameters become whole sentences.

Whoever finds a problem stores a code with JSON parameters; the sentence is made here when somebody reads it. A code
that is not known here is shown in the other system's own words (``detail``), never as a failure of the page.
"""

import re
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from couplings import schema_in_words
from couplings.models import SyncError
from couplings.sentences import NEXT_STEPS, NEXT_STEPS_BY_CODE, SENTENCES

SIDES = {"left", "right"}
NAMES = {"job", "plan"}
SHOWN = 10  # elements of a list that a sentence names
DOUBLE_STOP = re.compile(r"(?<!\.)\.\.$")  # “7:13 a.m.” ends a sentence by itself
# What a missing parameter leaves behind; spaces that do not break belong to the language.
GAPS = re.compile(r" +([ .,])")


class Parameters(dict[str, str]):
    """A parameter that is missing leaves its place empty, and the sentence is still read."""

    def __missing__(self, name: str) -> str:
        return ""


def render(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of ``code`` in the active language, with the system's own words (``detail``) behind it."""
    detail = _text(params.get("detail"))
    reasoned = f"{code}:{params.get('reason')}"
    if reasoned in SENTENCES:
        code = reasoned
    if code not in SENTENCES:
        return detail or _("Something unexpected happened (%(code)s).") % {"code": code}
    parameters = Parameters({name: _text(value) for name, value in params.items()})
    # Names, though they look like numbers.
    parameters |= {name: str(params[name]) for name in NAMES if name in params}
    parameters["until"] = _moment(params.get("until"))
    parameters["fields"] = _text(_fields(params))
    parameters["changes"] = schema_in_words.summary(params.get("changes") or [])
    sentence = DOUBLE_STOP.sub(".", GAPS.sub(r"\1", str(SENTENCES[code]) % parameters).strip())
    if not detail:
        return sentence
    return _("%(sentence)s The system says: “%(detail)s”") % {"sentence": sentence, "detail": detail}


def next_step(code: str, kind: str = "") -> str:
    """What the reader can do about it, in the active language; empty when nothing is to be done."""
    return str(NEXT_STEPS_BY_CODE.get(code) or NEXT_STEPS.get(kind) or "")


def of(error: SyncError) -> str:
    """The sentence of an open or closed error, naming its record, its table, its fields and the systems."""
    mapping = error.mapping
    known: dict[str, Any] = {
        "record": error.description or error.left_key or error.right_key or "",
        "mapping": mapping.name if mapping else "",
        "connection": error.connection.name if error.connection else "",
        "fields": error.fields,
    }
    if mapping:
        known |= {"left": mapping.side_name("left"), "right": mapping.side_name("right")}
    return render(error.code, known | named(error.params, mapping))


def named(params: Mapping[str, Any], mapping: Any) -> dict[str, Any]:
    """Parameters with every side called by its connection's name."""
    if mapping is None:
        return dict(params)
    return {
        name: mapping.side_name(value) if name.endswith("side") and value in SIDES else value
        for name, value in params.items()
    }


def field_name(pair: str) -> str:
    """“phone>telephone” as a reader sees it: phone / telephone, or one word when both sides use the same."""
    left, _sign, right = pair.partition(">")
    return left if right in ("", left) else f"{left} / {right}"


def fields_of(error: SyncError) -> list[str]:
    """The fields an error is about, each by its names on both sides; none where it names none."""
    return _fields({"fields": error.fields, **error.params})


def _fields(params: Mapping[str, Any]) -> list[str]:
    """The fields a problem is about, each by its names on both sides."""
    left = params.get("fields") or [name for name in [params.get("field")] if name]
    right = params.get("right_fields") or []
    return [field_name(f"{name}>{other}") for name, other in zip_longest(left, right, fillvalue="")]


def _moment(text: Any) -> str:
    """A point in time in ISO 8601 as the reader writes it, in the pages' time zone."""
    moment = parse_datetime(text) if isinstance(text, str) else None
    return date_format(localtime(moment), "DATETIME_FORMAT") if moment is not None else ""


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int | float):
        return number_format(value, force_grouping=True)
    if isinstance(value, list | tuple):
        more = str(gettext_lazy("and more")) if len(value) > SHOWN else ""
        return ", ".join([*map(_text, value[:SHOWN]), *([more] if more else [])])
    return str(value)
