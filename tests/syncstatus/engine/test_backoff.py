"""The wait doubles, never passes the longest, and is spread by its jitter."""

import random
from datetime import timedelta

import pytest

from syncstatus.engine.backoff import CONNECTION, MAPPING, RECORD, Backoff

EXACT = 0.5


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 30), (1, 30), (2, 60), (3, 120), (4, 240), (8, 3600), (999, 3600)]
)
def test_a_record_waits_twice_as_long_each_time(attempts: int, seconds: int) -> None:
    assert RECORD.delay(attempts, EXACT) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("policy", "first", "longest"), [(CONNECTION, 15, 300), (MAPPING, 60, 3600)])
def test_first_and_longest(policy: Backoff, first: int, longest: int) -> None:
    assert policy.delay(1, EXACT) == timedelta(seconds=first)
    assert policy.delay(100, EXACT) == timedelta(seconds=longest)


def test_jitter_spreads_by_a_fifth_to_both_sides() -> None:
    assert RECORD.delay(1, 0.0) == timedelta(seconds=24)
    assert RECORD.delay(1, 1.0) == timedelta(seconds=36)


def test_the_same_seed_waits_the_same() -> None:
    def waits(seed: int) -> list[timedelta]:
        chances = random.Random(seed)
        return [RECORD.delay(attempt, chances.random()) for attempt in range(1, 6)]

    assert waits(7) == waits(7) != waits(8)
