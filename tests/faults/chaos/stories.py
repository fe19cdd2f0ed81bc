"""What happened to a record whose promise was broken, in the order of time: for whoever has to find out why."""

from tests.faults.chaos import remembered
from tests.faults.chaos.business import MAPPINGS, SIDES
from tests.faults.chaos.checker import PROMISES, Broken
from tests.faults.chaos.histories import Event, Histories
from tests.faults.chaos.places import Places

EACH = 2
"""Stories told of each promise."""


def of(places: Places, histories: Histories, broken: list[Broken]) -> list[list[str]]:
    told: list[list[str]] = []
    for promise in PROMISES:
        records = dict.fromkeys(each.record for each in broken if each.promise == promise and each.record)
        told += [[f"{promise}: {record}", *_story(places, histories, *record)] for record in list(records)[:EACH]]
    return told


def _story(places: Places, histories: Histories, name: str, birth: str) -> list[str]:
    mapping = next(mapping for mapping in MAPPINGS if mapping.name == name)
    events = [(side, event) for side in SIDES for event in histories.of(mapping, side, birth)]
    lines = [(event.at, f"{side} {_words(event)}") for side, event in events]
    lines += remembered.log_of(places, mapping, {event.key for _, event in events})
    return [f"  {at:%H:%M:%S.%f} {line}" for at, line in sorted(lines)]


def _words(event: Event) -> str:
    who = "people" if event.by_users else "the product"
    return f"{event.key} by {who}: {event.old} -> {event.new}"
