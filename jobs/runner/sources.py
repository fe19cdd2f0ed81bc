"""Where candidates come from: the retry set, both change feeds, a comparison of everything, a sweep for deletions.

Each source yields pages; a page's ``save`` says what its commit remembers besides the outcomes, so that a cursor
passes a record only together with the record's outcome (DESIGN R5).
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from couplings.models.error import State
from couplings.store import couplings, errors
from couplings.store.couplings import CouplingRow
from jobs.models import ACTIVE, CreateIntent, Kind, SyncJob
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from jobs.runner.guarding import judge_reported
from jobs.runner.keys import KEY_NOT_STORABLE, is_storable, key_problem, unstorable
from jobs.runner.requests import instruction
from jobs.runner.wishes import checkpoint
from syncstatus.connectors.ports import Cursor, Stamp
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Instruction


@dataclass
class Page:
    """``cursors`` go to the mapping, ``progress`` to the job; ``unchanged`` and ``excluded`` were settled by their
    stamps. What another job has in work is done by that one where the page looks at its records only ``in_passing``.
    ``listed`` counts the records that were looked through for the candidates, where they are more; None: they are
    counted already. ``parts`` of the job are done with it.
    """

    candidates: list[Candidate]
    cursors: dict[Side, Cursor] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    unchanged: int = 0
    excluded: int = 0
    in_passing: bool = False
    listed: int | None = 0
    parts: list[int] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to remember."""
        remembered = self.candidates or self.cursors or self.progress or self.parts
        return not (remembered or self.unchanged or self.excluded)


class Listing(StrEnum):
    """How records were listed: by a change feed, in key order, or as couplings by id."""

    FEED = "feed"
    UNCOUPLED = "uncoupled"
    COUPLINGS = "couplings"


@dataclass
class Listed:
    """A page of records before anything is looked up for them; ``deleted`` are keys that a feed reports."""

    listing: Listing
    side: Side | None = None
    keys: Sequence[str] = ()
    versions: Sequence[str] = ()
    ids: Sequence[int] = ()
    deleted: Sequence[str] = ()
    cursors: dict[Side, Cursor] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys) + len(self.ids) + len(self.deleted)


@dataclass
class Survey:
    """What the stamps of all couplings say: ids whose record is missing or changed, as numbers of 8 bytes each.

    ``left_out_on`` counts those of the missing whose error is skipped or ignored: what became of them is decided or to
    be decided by a person, and no plan of this run. Up to the id ``compared`` the job has looked into the records
    already.
    """

    coupled: int = 0
    compared: int = 0
    unchanged: int = 0
    excluded: int = 0
    changed: "array[int]" = field(default_factory=lambda: array("q"))
    missing: "array[int]" = field(default_factory=lambda: array("q"))
    missing_on: dict[Side, int] = field(default_factory=lambda: {Side.LEFT: 0, Side.RIGHT: 0})
    left_out_on: dict[Side, int] = field(default_factory=lambda: {Side.LEFT: 0, Side.RIGHT: 0})


def unanswered(run: Run) -> Iterator[Page]:
    """Records whose create was announced and never remembered. They come before all others: where the create did
    succeed, the feed of that side would offer the record as a new one, and it would be created back (DESIGN R7).

    Those of an undo that has not ended are its own to settle: it knows what they are to be coupled with."""
    undos = SyncJob.objects.filter(mapping=run.mapping, kind=Kind.UNDO, state__in=ACTIVE).values("pk")
    intents = CreateIntent.objects.filter(mapping=run.mapping).exclude(job__in=undos).order_by("pk")
    for side in Side:
        keys = list(intents.filter(side=side.other.value).values_list("source_key", flat=True))
        for start in range(0, len(keys), PAGE):
            yield _announced(run, side, keys[start : start + PAGE])


def _announced(run: Run, side: Side, keys: Sequence[str]) -> Page:
    coupled = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    rows = [(key, coupled.get(key)) for key in keys]
    candidates = [Candidate(row.left_key, row.right_key, row) if row else _single(side, key) for key, row in rows]
    return Page(candidates, in_passing=True)


def retries(run: Run) -> Iterator[Page]:
    """Errors a person asked for, and those whose next attempt is due."""
    after = 0
    while rows := errors.due(run.mapping.pk, after, PAGE):
        after = rows[-1].id
        yield Page(of_errors(run, rows))


def of_errors(run: Run, rows: Sequence[errors.ErrorRow]) -> list[Candidate]:
    found = couplings.by_id([row.coupling for row in rows if row.coupling is not None])
    single = [row for row in rows if row.coupling is None]
    since = _coupled_since(run, single)
    created = _created_from_right(run, single)
    return [
        _of_error(run, row, since.get(row.id) if row.coupling is None else found.get(row.coupling), created)
        for row in rows
    ]


def _coupled_since(run: Run, rows: Sequence[errors.ErrorRow]) -> dict[int, CouplingRow]:
    """Couplings of the very records of an error that had none: another page has found the partner since."""
    found: dict[int, CouplingRow] = {}
    for side in Side:
        keyed = {key: row for row in rows if is_storable(key := errors.key_of(row, side)) and key}
        for key, coupling in couplings.by_key(run.mapping.pk, side, list(keyed), with_base=False).items():
            row = keyed[key]
            if all(errors.key_of(row, other) in ("", coupling.key(other)) for other in Side):
                found[row.id] = coupling
    return found


def _created_from_right(run: Run, rows: Sequence[errors.ErrorRow]) -> set[str]:
    """Keys of right records whose left one a create of ours has made, and nobody has remembered."""
    keys = [row.right_key for row in rows if row.left_key is not None and row.right_key is not None]
    intents = CreateIntent.objects.filter(mapping=run.mapping, side=Side.LEFT.value, source_key__in=keys)
    return set(intents.values_list("source_key", flat=True)) if keys else set()


def _of_error(
    run: Run, row: errors.ErrorRow, coupling: CouplingRow | None, created_from_right: Collection[str]
) -> Candidate:
    keys = (row.left_key, row.right_key) if coupling is None else (coupling.left_key, coupling.right_key)
    candidate = Candidate(*keys, coupling, row, instruction=instruction(row), by_error=True)
    if row.code == KEY_NOT_STORABLE and candidate.single_side is not None:
        # Its key is only a label, under which the record is not found; it is there still.
        candidate.refused = key_problem(candidate.single_side, candidate.key(candidate.single_side) or "")
    if coupling is None and row.left_key is not None and row.right_key is not None:
        # Two records that matched or were created but never coupled: they find each other again, from the source.
        from_left = run.rules.direction.writes(Side.RIGHT) and row.right_key not in created_from_right
        candidate.set_key(Side.RIGHT if from_left else Side.LEFT, None)
    return candidate


def feed(run: Run, side: Side, cursor: Cursor) -> Iterator[Listed]:
    """What changed on ``side`` since ``cursor``. Raises ``CursorExpired``."""
    more, judged = True, False
    while more:
        page = run.endpoints[side].changes(cursor, PAGE)
        cursor, more = page.cursor, page.more
        if page.deleted and not judged:
            judge_reported(run, side, page)
            judged = True
        keys = [stamp.key for stamp in page.stamps]
        versions = [stamp.version for stamp in page.stamps]
        yield Listed(Listing.FEED, side, keys, versions, deleted=page.deleted, cursors={side: cursor})


def look_up(run: Run, listed: Listed) -> Page:
    """The candidates among what was listed."""
    side = listed.side or Side.LEFT
    match listed.listing:
        case Listing.FEED:
            candidates = of_changes(run, side, listed.keys, listed.versions) + of_deleted(run, side, listed.deleted)
        case Listing.UNCOUPLED:
            candidates = of_uncoupled(run, side, listed.keys)
        case Listing.COUPLINGS:
            rows = couplings.by_id(listed.ids).values()
            candidates = [Candidate(row.left_key, row.right_key, row) for row in rows]
    return Page(candidates, cursors=listed.cursors, progress=listed.progress, listed=len(listed))


def of_changes(run: Run, side: Side, keys: Sequence[str], versions: Sequence[str]) -> list[Candidate]:
    """Listed records that are not as their coupling remembers them; our own writes and repeats drop out (DESIGN R8)."""
    listed = run.own[side].without(keys, versions)
    odd = {key for key in listed if not is_storable(key)}
    plain = {key: version for key, version in listed.items() if key not in odd} if odd else listed
    coupled, single = couplings.moved(run.mapping.pk, side, plain)
    may_couple = _may_couple(run, side)
    candidates = [unstorable(side, key) for key in odd if may_couple]
    for key in plain:
        row = coupled.get(key)
        if row is not None:
            candidates.append(Candidate(row.left_key, row.right_key, row, listed=side))
        elif may_couple and key in single:
            candidates.append(_single(side, key))
    return candidates


def of_deleted(run: Run, side: Side, keys: Sequence[str]) -> list[Candidate]:
    rows = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    return [Candidate(row.left_key, row.right_key, row) for row in rows.values()]


def of_keys(run: Run, side: Side, keys: Collection[str]) -> Page:
    """The records a person named, coupled or not."""
    coupled = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    rows = [coupled.get(key) for key in keys]
    return Page(
        [
            Candidate(row.left_key, row.right_key, row, instruction=run.instruction, wanted=True)
            if row
            else _single(side, key, wanted=run.instruction)
            for key, row in zip(keys, rows, strict=True)
        ]
    )


def of_listed(run: Run, side: Side, keys: Collection[str]) -> Page:
    """Records of ``side`` whose keys came up in another way than by a feed."""
    keys = list(dict.fromkeys(key for key in keys if is_storable(key)))
    coupled = couplings.by_key(run.mapping.pk, side, keys, with_base=False)
    single = [_single(side, key) for key in keys if key not in coupled] if _may_couple(run, side) else []
    return Page([Candidate(row.left_key, row.right_key, row) for row in coupled.values()] + single)


def survey(run: Run) -> Survey:
    """Compare the stamps of every coupling; nothing is written, so it may be repeated after a crash."""
    result, after = Survey(compared=run.job.progress.get("compared", 0)), 0
    while rows := couplings.page(run.mapping.pk, after, PAGE):
        after = rows[-1].id
        stamps = {side: run.endpoints[side].stamps([row.key(side) for row in rows]) for side in Side}
        open_errors = errors.of_couplings(run.mapping.pk, [row.id for row in rows])
        states = {error.coupling: error.state for error in open_errors}
        for row in rows:
            _survey_one(run, result, row, stamps, states.get(row.id))
        result.coupled += len(rows)
        run.pace.advance(len(rows))
        checkpoint(run)
    return result


def _survey_one(
    run: Run, result: Survey, row: CouplingRow, stamps: dict[Side, dict[str, Stamp]], error: str | None
) -> None:
    left, right = stamps[Side.LEFT].get(row.left_key), stamps[Side.RIGHT].get(row.right_key)
    if left is None or right is None:
        result.missing.append(row.id)
        for side, stamp in ((Side.LEFT, left), (Side.RIGHT, right)):
            result.missing_on[side] += stamp is None
            result.left_out_on[side] += stamp is None and error in (State.SKIPPED, State.IGNORED)
    elif not (left.included and right.included):
        result.excluded += 1
    elif (
        (run.deep and row.id > result.compared)
        or error is not None
        or left.version != row.left_version
        or right.version != row.right_version
    ):
        result.changed.append(row.id)
    else:
        result.unchanged += 1


def never_in_step(run: Run) -> Iterator[Page]:
    """Pairs that were coupled without having been compared, by a file or a person: no feed may ever list them. Those
    with an open error wait for what it waits for."""
    after = 0
    while rows := couplings.never_in_step(run.mapping.pk, after, PAGE):
        after = rows[-1].id
        yield Page([Candidate(row.left_key, row.right_key, row) for row in rows])


def of_ids(ids: "array[int]") -> Iterator[Listed]:
    """Couplings by id, a page at a time."""
    for start in range(0, len(ids), PAGE):
        yield Listed(Listing.COUPLINGS, ids=ids[start : start + PAGE].tolist())


def uncoupled(run: Run, side: Side, after: str | None = None) -> Iterator[Listed]:
    """Records of ``side`` within its filter, in key order, after the key ``after``; those with a coupling drop out."""
    if not _may_couple(run, side):
        return
    full = True
    while full:
        stamps = run.endpoints[side].keys(after, PAGE)
        full = len(stamps) == PAGE
        if not stamps:
            return
        after = stamps[-1].key
        progress = run.job.progress | {"side": side.value, "after": after}
        yield Listed(Listing.UNCOUPLED, side, [stamp.key for stamp in stamps], progress=progress)


def of_uncoupled(run: Run, side: Side, listed: Sequence[str]) -> list[Candidate]:
    odd = [key for key in listed if not is_storable(key)]
    rest = [key for key in listed if is_storable(key)] if odd else listed
    coupled = couplings.by_key(run.mapping.pk, side, rest, with_base=False)
    candidates = [_single(side, key) for key in rest if key not in coupled]
    return candidates + [unstorable(side, key) for key in odd]


def _may_couple(run: Run, side: Side) -> bool:
    """Whether an uncoupled record of ``side`` concerns the mapping: its values could travel to the other side."""
    return run.rules.direction.writes(side.other)


def _single(side: Side, key: str, *, wanted: Instruction | None = None) -> Candidate:
    candidate = Candidate()
    candidate.set_key(side, key)
    if wanted is not None:
        candidate.instruction, candidate.wanted = wanted, True
    return candidate
