"""Couple, uncouple and synchronize records that a person points at."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from couplings import audit
from couplings.models import Coupling, SyncError, TableMapping, UncoupledRecord
from couplings.models.error import Resolution, State
from couplings.store import clock, log
from couplings.store import couplings as store
from jobs.models import CreateIntent, JobState, Kind, SyncJob, Trigger
from jobs.queue import enqueue
from jobs.runner import locks, systems
from jobs.runner.locks import Locks
from jobs.services import in_work, jobs
from jobs.services.errors import Refused
from syncstatus.connectors.errors import FilterInvalid
from syncstatus.engine.records import Side

BATCH = 10_000


def synchronize(
    couplings: QuerySet[Coupling], *, user: User | None, use: Side | None = None, queue: bool = True
) -> list[SyncJob]:
    """Synchronize coupled records now, one job a mapping; ``use`` takes one side's data where both changed."""
    keys: dict[int, list[str]] = {}
    for mapping, key in couplings.order_by("pk").values_list("mapping", "left_key"):
        keys.setdefault(mapping, []).append(key)
    mappings = TableMapping.objects.in_bulk(list(keys))
    return [records(mappings[pk], Side.LEFT, found, user=user, use=use, queue=queue) for pk, found in keys.items()]


def records(
    mapping: TableMapping,
    side: Side,
    keys: Collection[str],
    *,
    user: User | None,
    use: Side | None = None,
    queue: bool = True,
) -> SyncJob:
    """Synchronize the records of ``side`` with these keys, coupled or not."""
    parameters = {"side": side.value, "keys": list(keys), "use": use.value if use else ""}
    return jobs.start(mapping, Kind.RECORDS, user=user, parameters=parameters, queue=queue)


def existing_keys(mapping: TableMapping, side: Side, keys: Collection[str]) -> list[str]:
    """``keys`` as a person wrote them in the form of the system: the JSON of a composite key may have spaces.

    Raises ``Refused`` (``record_not_found``) when one is neither coupled nor exists, and the connectors' errors.
    """
    unknown = dict.fromkeys(_unknown(mapping, side, keys))
    tidy = {key: compact(key) for key in unknown}
    missing = set(_unknown(mapping, side, tidy.values()))
    told = [key for key in unknown if tidy[key] in missing]
    if told:
        raise Refused("record_not_found", side=mapping.side_name(side), key=", ".join(told[:5]))
    return [tidy.get(key, key) for key in keys]


def _unknown(mapping: TableMapping, side: Side, keys: Collection[str]) -> list[str]:
    coupled = store.by_key(mapping.pk, side, keys, with_base=False)
    left = [key for key in keys if key not in coupled]
    stamps = systems.open_endpoint(mapping, side).stamps(left) if left else {}
    return [key for key in left if key not in stamps]


def compact(key: str) -> str:
    """A composite key as it is stored: its JSON without spaces. Any other key stays as it is."""
    try:
        parts = json.loads(key)
    except (ValueError, RecursionError):
        return key
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")) if isinstance(parts, list) else key


def add(
    mapping: TableMapping,
    left_key: str,
    right_key: str,
    *,
    user: User | None,
    queue: bool = False,
    use: Side | None = None,
) -> Coupling:
    """Set Up Coupling: couple two existing records; they are merged by the next run, as at a first contact. ``use`` is
    the side whose data is taken where they differ, by default what the mapping says of conflicts.

    Their errors close, and records that could not be decided because of them are looked at again. A paused mapping
    does both when it resumes. Waits for a job that has one of the records in work.

    Raises ``Refused`` (``already_coupled``, ``record_not_found``, ``record_in_work``) and the connectors' errors.
    """
    coupling, rivals = add_only(mapping, left_key, right_key, user=user)
    synchronize_soon(mapping, Side.LEFT, [left_key], user, queue, use)
    for side, others in rivals.items():
        if others:
            synchronize_soon(mapping, side, others, user, queue)
    return coupling


def add_only(
    mapping: TableMapping, left_key: str, right_key: str, *, user: User | None
) -> tuple[Coupling, dict[Side, list[str]]]:
    """``add`` without a job that synchronizes the pair, which the caller starts for many at once. Also answers with the
    records, by side, that could not be decided because of these two, and are to be looked at again."""
    keys = {Side.LEFT: left_key, Side.RIGHT: right_key}
    with locks.held(mapping.pk) as mine:
        if not any(in_work.free(mine, [keys], _marks, locks.NEW.values())):
            raise Refused("record_in_work")
        check_may_couple(mapping, keys)
        rivals = _rivals(mapping, keys)
        try:
            coupling = _couple(mapping, keys, user, mine)
        except IntegrityError:  # left_record_coupled_once, right_record_coupled_once: somebody was faster
            _check_free(mapping, keys)
            raise
    audit.note(mapping=mapping.name, records=[audit.pair(left_key, right_key)])
    return coupling, rivals


def check_may_couple(mapping: TableMapping, keys: Mapping[Side, str]) -> None:
    """Raises ``Refused`` (``already_coupled``, ``record_not_found``) and the connectors' errors."""
    _check_free(mapping, keys)
    for side, key in keys.items():
        _check_exists(mapping, side, key)


def _marks(keys: Mapping[Side, str]) -> list[int]:
    return [locks.mark(side, key) for side, key in keys.items()]


def _couple(mapping: TableMapping, keys: Mapping[Side, str], user: User | None, mine: Locks) -> Coupling:
    left, right = keys[Side.LEFT], keys[Side.RIGHT]
    with transaction.atomic():
        coupling = Coupling.objects.create(mapping=mapping, left_key=left, right_key=right)
        for side, key in keys.items():
            CreateIntent.objects.filter(mapping=mapping, side=side.other.value, source_key=key).delete()
            UncoupledRecord.objects.filter(mapping=mapping, side=side.value, key=key).delete()
            _close(_errors(mapping, side, [key]), Resolution.COUPLED, user)
        job = record_of(mapping, Kind.COUPLE, user, coupled=1)
        log.append([_entry(job, coupling.pk, left, right, "coupled")])
        mine.release(mine.hand_over())
    return coupling


def _rivals(mapping: TableMapping, keys: Mapping[Side, str]) -> dict[Side, list[str]]:
    """Records in error that are candidates for one of the two, and no longer are once these two are coupled."""
    rivals = {}
    for side, key in keys.items():
        params = _errors(mapping, side.other, [keys[side.other]]).values_list("params", flat=True)
        named = {candidate for known in params for candidate in known.get("candidates", [])} - {key}
        rivals[side] = list(_errors(mapping, side, named).values_list(f"{side.value}_key", flat=True))
    return rivals


def _errors(mapping: TableMapping, side: Side, keys: Collection[str]) -> QuerySet[SyncError]:
    return SyncError.objects.open().filter(**{"mapping": mapping, f"{side.value}_key__in": list(keys)})


def synchronize_soon(
    mapping: TableMapping, side: Side, keys: list[str], user: User | None, queue: bool, use: Side | None = None
) -> None:
    """``records``, or a job that waits for as long as the mapping is paused."""
    try:
        records(mapping, side, keys, user=user, use=use, queue=queue)
    except Refused:
        wish = {"side": side.value, "keys": keys, "use": use.value if use else ""}
        enqueue(mapping, Kind.RECORDS, Trigger.MANUAL, user, wish)


def _check_free(mapping: TableMapping, keys: Mapping[Side, str]) -> None:
    for side, key in keys.items():
        known = store.by_key(mapping.pk, side, [key], with_base=False).get(key)
        if known is not None:
            params = {"key": key, "partner": keys[side.other], "other": known.key(side.other)}
            raise Refused("already_coupled", side=mapping.side_name(side), **params)


def _check_exists(mapping: TableMapping, side: Side, key: str) -> None:
    endpoint = systems.open_endpoint(mapping, side)
    if key not in endpoint.stamps([key]):
        raise Refused("record_not_found", side=mapping.side_name(side), key=key)


def remove(couplings: QuerySet[Coupling], *, user: User | None) -> int:
    """Remove Coupling: neither record is touched, neither is coupled or created again by itself (SCENARIOS T20).

    Works without asking the systems, in batches; the number of couplings removed. Waits for jobs that have some of the
    records in work; what they do not let go of stays coupled.
    """
    removed = 0
    while rows := list(couplings.order_by("mapping", "pk").values_list("mapping", *_ROW)[:BATCH]):
        mapping = rows[0][0]
        batch = [row[1:] for row in rows if row[0] == mapping]
        with locks.held(mapping) as mine:
            for part in in_work.free(mine, batch, _marks_of_row):
                removed += _remove(mapping, part, user, mine)
                batch = batch[len(part) :]
        if batch:
            break
    return removed


_ROW = ("pk", "left_key", "right_key")


def _marks_of_row(row: tuple[int, str, str]) -> list[int]:
    return _marks({Side.LEFT: row[1], Side.RIGHT: row[2]})


def _remove(mapping: int, listed: list[tuple[int, str, str]], user: User | None, mine: Locks) -> int:
    """Those of the ``listed`` couplings that still stand, now that their records are ours."""
    rows = list(Coupling.objects.filter(pk__in=[id for id, _, _ in listed]).values_list(*_ROW))
    ids = [id for id, _, _ in rows]
    with transaction.atomic():
        job = record_of(TableMapping.objects.get(pk=mapping), Kind.UNCOUPLE, user, uncoupled=len(rows))
        _close(SyncError.objects.filter(coupling__in=ids), Resolution.UNCOUPLED, user)
        sides = [(Side.LEFT, left) for _, left, _ in rows] + [(Side.RIGHT, right) for _, _, right in rows]
        store.mark_uncoupled(mapping, sides, user.pk if user is not None else None)
        log.append([_entry(job, id, left, right, "uncoupled") for id, left, right in rows])
        store.remove(ids)
        mine.release(mine.hand_over())
    audit.note(records=[audit.pair(left, right) for _, left, right in rows[: audit.KEPT]])
    return len(rows)


def _close(errors: QuerySet[SyncError], resolution: Resolution, user: User | None) -> None:
    errors.exclude(state=State.RESOLVED).update(
        state=State.RESOLVED,
        resolution=resolution,
        resolved_by=user,
        resolved_at=clock.now(),
        next_attempt=None,
    )


def record_of(mapping: TableMapping, kind: Kind, user: User | None, **counters: int) -> SyncJob:
    """A finished job that stands for what a person did at once, so that the log has somewhere to point."""
    audit.note(mapping=mapping.name, accepted=sum(counters.values()))
    return SyncJob.objects.create(
        mapping=mapping,
        kind=kind,
        trigger=Trigger.MANUAL,
        requested_by=user,
        state=JobState.FINISHED,
        started=Now(),
        finished=Now(),
        read=sum(counters.values()),
        **counters,
    )


def _entry(job: SyncJob, coupling: int, left: str, right: str, outcome: str) -> tuple[Any, ...]:
    return (job.pk, job.mapping_id, coupling, left, right, outcome, "", "{}", "{}", clock.now())


def of_records_where(mapping: TableMapping, side: Side, conditions: Mapping[str, Any]) -> Iterator[QuerySet[Coupling]]:
    """The couplings whose record of ``side`` meets ``conditions`` (DESIGN 7.1), some thousand at a time; they are asked
    of the system, now. Raises ``Refused`` for conditions that do not fit the table, and the connectors' errors."""
    try:
        endpoint = systems.open_endpoint(mapping, side, waits=True, where=conditions)
    except FilterInvalid as error:
        raise Refused(error.code, mapping=mapping.name, **error.params) from error
    size, after, full = min(BATCH, endpoint.capabilities.page_max), None, True
    while full:
        keys = [stamp.key for stamp in endpoint.keys(after, size)]
        full = len(keys) == size
        if keys:
            after = keys[-1]
            yield of_keys(mapping, side, keys)


def of_keys(mapping: TableMapping, side: Side, keys: Iterable[str]) -> QuerySet[Coupling]:
    return Coupling.objects.filter(**{"mapping": mapping, f"{side.value}_key__in": list(keys)})
