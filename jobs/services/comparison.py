"""One pair of records side by side, read from both systems now, beside what they agreed on last time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User

from couplings.models import Coupling, SyncError, TableMapping
from jobs.runner import references, systems
from jobs.runner.references import Lookups
from jobs.runner.reports import description, shown
from jobs.runner.tokens import token_of
from jobs.services import actions, parents
from jobs.services.actions import Requested
from jobs.services.compared import Comparison, Row
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.base import load_base
from syncstatus.engine.lookups import Missing, Reference, as_of_now
from syncstatus.engine.merge import Merge, merge
from syncstatus.engine.records import UNKNOWN, Memory, Pair, Record, Side
from syncstatus.engine.rules import NO_INSTRUCTION, FieldRule, Rules


def compare(
    mapping: TableMapping, left_key: str | None, right_key: str | None, coupling: Coupling | None
) -> Comparison:
    """Both records as they are in this moment. Systems that cannot be asked are a ``problem``, not an exception."""
    keys = {Side.LEFT: left_key, Side.RIGHT: right_key}
    try:
        endpoints, rules = systems.open_both(mapping)
        records = {side: _read(endpoints[side], key) for side, key in keys.items()}
    except ConnectorError as error:
        return Comparison(problem=(error.code, {**error.params, "detail": error.detail}))
    left, right = records[Side.LEFT], records[Side.RIGHT]
    return Comparison(
        left_exists=left is not None,
        right_exists=right is not None,
        left_included=left is None or left.included,
        right_included=right is None or right.included,
        rows=_rows(rules, left, right, coupling),
        description=description(rules, left, right),
        token=token_of(left, right),
        left_modified=left.modified_at if left is not None else None,
        right_modified=right.modified_at if right is not None else None,
        agreed_at=coupling.last_synced if coupling is not None else None,
        writes_left=rules.direction.writes(Side.LEFT),
        writes_right=rules.direction.writes(Side.RIGHT),
    )


def choose(
    error: SyncError, *, user: User | None, choices: Mapping[str, Side], token: str, queue: bool = True
) -> Requested:
    """Synchronize with the side chosen for each field (by ``Row.name``); fields not named merge as they would.

    Raises ``Refused`` (``error_closed``, ``moved_meanwhile``, ``choice_missing`` with the fields that are undecided):
    nothing was written, the page is to be shown again. The job looks at ``token`` once more, so that a record that
    moves before the job gets to it is not overwritten either.
    """
    if not error.is_open or error.mapping is None:
        raise Refused("error_closed")
    found = compare(error.mapping, error.left_key, error.right_key, error.coupling)
    if found.problem is not None:
        raise Refused(found.problem[0], **found.problem[1])
    if found.token != token:
        raise Refused("moved_meanwhile")
    open_ = [row for row in found.rows if row.conflict and row.name not in choices]
    if open_:
        fields, right_fields = [row.left_field for row in open_], [row.right_field for row in open_]
        raise Refused("choice_missing", fields=fields, right_fields=right_fields)
    wish = {"token": token, "fields": {name: side.value for name, side in choices.items()}}
    mine = SyncError.objects.filter(pk=error.pk)
    return actions.request(mine, actions.SYNCHRONIZE, user=user, choices=wish, queue=queue)


def _read(endpoint: Endpoint, key: str | None) -> Record | None:
    return endpoint.read([key]).get(key) if key is not None else None


def _rows(rules: Rules, left: Record | None, right: Record | None, coupling: Coupling | None) -> list[Row]:
    lookups = references.lookups_of(rules)
    pair = _remembered(rules, lookups, left, right, coupling)
    unknown = (UNKNOWN,) * len(rules.fields)
    bases = (pair.memory.left_base, pair.memory.right_base) if pair.memory is not None else (unknown, unknown)
    values = [
        rules.compiled.canonical[side](record.values) if record is not None else None
        for side, record in ((Side.LEFT, left), (Side.RIGHT, right))
    ]
    merged = None
    if left is not None and right is not None and values[0] is not None and values[1] is not None:
        merged = merge(rules, (left, right), (values[0], values[1]), bases, NO_INSTRUCTION)
    rows = [
        (position, _row(rule, position, (left, right), values, bases, merged, rules.compiled.both_ways[position]))
        for position, rule in enumerate(rules.fields)
        if not (rule.carried or rule.is_constant)
    ]
    mine, theirs = (parents.of(rules, lookups, side, pair.record(side)) for side in Side)
    return [replace(row, left_parent=mine.get(p), right_parent=theirs.get(p)) if lookups else row for p, row in rows]


def _remembered(
    rules: Rules, lookups: Lookups, left: Record | None, right: Record | None, coupling: Coupling | None
) -> Pair:
    """The pair with what it agreed on, lookups in the form in which they are compared."""
    for side, record in ((Side.LEFT, left), (Side.RIGHT, right)):
        references.learn_of(rules, lookups, side, [record] if record is not None else [])
    bases = load_base(rules, coupling.base, coupling.base_right) if coupling is not None else None
    pair = Pair(left, right, Memory("", "", *bases) if bases is not None else None)
    return as_of_now(rules, pair) if lookups else pair


def _row(
    rule: FieldRule,
    position: int,
    records: tuple[Record | None, Record | None],
    values: list[tuple[Any, ...] | None],
    bases: tuple[tuple[Any, ...], tuple[Any, ...]],
    merged: Merge | None,
    both_ways: bool,
) -> Row:
    moved = [
        now is not None and then[position] is not UNKNOWN and now[position] != then[position]
        for now, then in zip(values, bases, strict=True)
    ]
    texts = [display(record.values[position]) if record is not None else None for record in records]
    base = bases[0][position]
    both = values[0] is not None and values[1] is not None
    equal = both and values[0][position] == values[1][position]  # type: ignore[index]
    unsettled = base is UNKNOWN or any(moved)
    result = _result(merged, position)
    return Row(
        name=rule.name,
        left_field=rule.left,
        right_field=rule.right,
        left=texts[0],
        base=None if base is UNKNOWN else display(_as_shown(base)),
        right=texts[1],
        left_changed=moved[0],
        right_changed=moved[1],
        equal=equal,
        conflict=merged is not None and position in merged.conflicts,
        result=result,
        direction=rule.direction.value,
        choosable=both and not equal and unsettled and both_ways,
        picked=result,
        agreed=base is not UNKNOWN,
    )


def _as_shown(base: Any) -> Any:
    """A lookup's parent by the key that the left side has."""
    return base.left if isinstance(base, Reference) else base.key if isinstance(base, Missing) else base


def display(value: Any) -> str | bool | None:
    """Yes and no are words, which the page knows in the reader's language."""
    return value if isinstance(value, bool) else shown(value)


def _result(merged: Merge | None, position: int) -> Side | None:
    if merged is None:
        return None
    if position in merged.to_right:
        return Side.LEFT
    return Side.RIGHT if position in merged.to_left else None
