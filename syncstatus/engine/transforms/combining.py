"""Steps that make a value of several fields of the record, or of none."""

from collections.abc import Mapping
from typing import Any, Final

from syncstatus.engine.convert import written
from syncstatus.engine.transforms.step import (
    Nature,
    Option,
    RecordFunction,
    StepInvalid,
    Transformation,
    TransformFailed,
)
from syncstatus.engine.values import Unreadable

Options = Mapping[str, Any]


def _constant(options: Options) -> Any:
    constant = options["value"]
    return lambda _value: constant


def _fields(options: Options) -> frozenset[str]:
    return frozenset(options["fields"])


def _join(options: Options) -> RecordFunction:
    names, separator = options["fields"], options["by"]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise StepInvalid("transform_option_empty", option="fields")

    def join(_value: Any, record: Mapping[str, Any]) -> str | None:
        values = [record[name] for name in names]
        if any(isinstance(value, Unreadable) for value in values):
            raise TransformFailed
        texts = [written(value) for value in values if value is not None]
        return separator.join(text for text in texts if text.strip()) or None

    return join


COMBINING: Final = (
    Transformation(
        "constant",
        Nature.ONE_WAY,
        {"value": Option(object, required=True)},
        _constant,
        takes=None,
        gives=None,
        fills=True,
    ),
    Transformation(
        "join",
        Nature.ONE_WAY,
        {"fields": Option(list, required=True), "by": Option(str, " ")},
        record=_join,
        reads=_fields,
        takes=None,
        fills=True,
    ),
)
