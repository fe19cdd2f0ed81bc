"""What was written on a record, in the log's form: ``{side: {field: [old, new]}}`` as JSON text.

``syncstatus.engine.logged`` reads the values back, so each type has one form and comes back as it was.
"""

from collections.abc import Mapping
from datetime import date, time
from itertools import repeat
from typing import Any

import orjson

from jobs.runner.candidates import Changes
from jobs.runner.context import Run
from syncstatus.engine.records import Side
from syncstatus.engine.values import Kind

Fields = dict[str, tuple[Any, Any]]


def of_record(run: Run, changes: Mapping[str, Changes]) -> str:
    return as_text(run, {side: _fields(run, Side(side), written) for side, written in changes.items()})


def as_text(run: Run, changes: Mapping[str, Fields]) -> str:
    option = orjson.OPT_NON_STR_KEYS
    # orjson 3.13 itself writes the microseconds of a time in the wrong places. All other moments are faster with it.
    if Kind.TIME in run.rules.compiled.kinds:
        option |= orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps(changes, default=_shown, option=option).decode()


def _fields(run: Run, side: Side, written: Changes) -> Fields:
    """Each field with its old and its new value, paired without a step of Python's for each of millions."""
    fields: Fields = {}
    for before, sent in written:
        if sent is None:
            step = zip(run.endpoint_fields[side], zip(before or (), repeat(None), strict=False), strict=False)
        elif before is None:
            step = zip(sent, zip(repeat(None), sent.values(), strict=False), strict=False)
        else:
            old = map(before.__getitem__, map(run.positions[side].__getitem__, sent))
            step = zip(sent, zip(old, sent.values(), strict=True), strict=True)
        fields.update(_after(fields, dict(step)) if fields else step)
    return fields


def _after(fields: Fields, step: Fields) -> Fields:
    """A write that follows another of the same run: where it found what that one wrote, the oldest value counts."""
    return {
        name: (fields[name][0] if name in fields and fields[name][1] == old else old, new)
        for name, (old, new) in step.items()
    }


def _shown(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
