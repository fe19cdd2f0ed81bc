"""How many pairs of 20 typed fields the engine decides in a second on one core: ``python -m bench.engine``."""

import gc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import process_time
from typing import Any

from syncstatus.engine.base import dump_base, load_base
from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action
from syncstatus.engine.records import Memory, Pair, Record, Side
from syncstatus.engine.rules import FieldRule, Rules
from syncstatus.engine.transforms.step import Step
from syncstatus.engine.values import FieldType, Kind

PAIRS = 20_000
ROUNDS = 5
MOMENT = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)


def _types() -> list[FieldType]:
    """Twenty columns as business tables have them: half of them text."""
    text = [FieldType(Kind.TEXT, length=length) for length in (20, 100, 100, 250, 50, 50, 30, 30, 20, 10)]
    amounts = [FieldType(Kind.DECIMAL, precision=12, scale=2) for _ in range(3)]
    rest = [Kind.INTEGER, Kind.INTEGER, Kind.BOOLEAN, Kind.DATE, Kind.FLOAT, Kind.UUID]
    return [*text, *amounts, *map(FieldType, rest), FieldType(Kind.DATETIME, time_precision=6)]


def _rules() -> Rules:
    right = [*_types()[:-1], FieldType(Kind.DATETIME, time_precision=3)]
    pairs = zip(_types(), right, strict=True)
    return Rules(
        tuple(
            FieldRule(f"left{i}", f"right{i}", mine, theirs, transforms=(Step("trim"),) if i == 1 else ())
            for i, (mine, theirs) in enumerate(pairs)
        )
    )


def _values(number: int) -> tuple[Any, ...]:
    texts = [
        f"{label} {number}" for label in ("No", "Name", "Street", "Note", "City", "Mail", "Phone", "Fax", "Zip", "C")
    ]
    amounts = [Decimal(number).scaleb(-2) + step for step in range(3)]
    uuid = f"00000000-0000-4000-8000-{number:012x}"
    day = date(2000, 1, 1) + timedelta(days=number % 9000)
    moment = MOMENT + timedelta(milliseconds=number)
    return (*texts, *amounts, number, number + 1, number % 2 == 0, day, number / 7, uuid, moment)


def _pairs(rules: Rules, left_version: str, left_offset: int) -> list[Pair]:
    """Every value is a new object on each side and in the base, as after reading them from three databases."""
    canonical = rules.compiled.canonical[Side.LEFT]
    pairs = []
    for number in range(PAIRS):
        base = canonical(_values(number))
        left = Record(str(number), left_version, _values(number + left_offset))
        right = Record(str(number), "1", _values(number))
        pairs.append(Pair(left, right, Memory("1", "1", base, base)))
    return pairs


def _rate(work: Callable[[Any], Any], items: Sequence[Any]) -> int:
    """Items per second of processor time, the best of a few rounds: the machine is shared."""
    best = float("inf")
    gc.collect()
    for _ in range(ROUNDS):
        started = process_time()
        for item in items:
            work(item)
        best = min(best, process_time() - started)
    return round(len(items) / best)


def _decided(rules: Rules, pairs: list[Pair], expected: Action) -> int:
    if decide(rules, pairs[-1]).action is not expected:
        raise AssertionError(f"the engine answers {decide(rules, pairs[-1]).action}, not {expected}")
    return _rate(lambda pair: decide(rules, pair), pairs)


def run() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    rules = _rules()
    bases = [_values(number) for number in range(PAIRS)]
    stored = [dump_base(rules, base, base)[0] for base in bases]
    rows = [
        ("unchanged, versions equal", _decided(rules, _pairs(rules, "1", 0), Action.NOTHING), "100,000"),
        ("unchanged, bodies compared", _decided(rules, _pairs(rules, "2", 0), Action.REFRESH), "100,000"),
        ("all 20 fields changed", _decided(rules, _pairs(rules, "2", 7919), Action.UPDATE), "30,000"),
        ("bases written as JSON", _rate(lambda base: dump_base(rules, base, base), bases), ""),
        ("bases read from JSON", _rate(lambda raw: load_base(rules, raw), stored), ""),
    ]
    return [(f"engine: {what}", f"{rate:,} pairs/s", target and f">= {target} pairs/s") for what, rate, target in rows]


if __name__ == "__main__":
    for what, measured, target in run():
        print(f"{what:40} {measured:>20} {target:>20}")
