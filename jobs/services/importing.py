"""Couple many pairs at once that a person names, in a file or by hand: checked line by line, coupled all together."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.models import User
from django.db import transaction

from couplings.models import TableMapping
from couplings.store import imports
from couplings.store.imports import ImportLine
from jobs.models import CreateIntent, Kind
from jobs.runner import locks, systems
from jobs.runner.keys import is_storable
from jobs.runner.locks import Locks
from jobs.services import in_work
from jobs.services.couplings import compact, record_of
from jobs.services.errors import Refused
from syncstatus.connectors.ports import Endpoint, Stamp
from syncstatus.engine.records import Side

PAGE = 5_000

Tell = Callable[[ImportLine], None]


@dataclass(frozen=True)
class Imported:
    """Lines read, pairs coupled now (or, in a dry run, that would be), coupled already, and lines refused."""

    lines: int
    coupled: int
    known: int
    refused: int


def couple_all(
    mapping: TableMapping,
    pairs: Iterable[ImportLine],
    *,
    user: User | None,
    dry_run: bool = False,
    partial: bool = False,
    tell: Tell = lambda line: None,
) -> Imported:
    """Couple ``pairs``: all of them or, where one is refused, none, unless ``partial`` says to couple the others.

    ``tell`` is called for each refused line, in order, before anything is written. Neither record is read or changed:
    the pairs have no base, so the next run decides them by the ordinary rules, as at a first contact. Lines that are
    coupled already are passed over, so that a file may be imported twice.

    Raises ``Refused`` (``record_in_work``, ``coupled_meanwhile``, and those of reading ``pairs``) and the connectors'
    errors; then nothing was coupled.
    """
    with imports.tables():
        endpoints = {side: systems.open_endpoint(mapping, side, waits=True) for side in Side}
        _stage(pairs, endpoints)
        _check(mapping, endpoints)
        total, good, known, bad = imports.counts()
        for line in _refused():
            tell(line)
        if good and not dry_run and (partial or not bad):
            good = _couple(mapping, good, user, partial=partial)
        elif bad and not (dry_run or partial):
            good = 0
        return Imported(total, good, known, bad)


def _stage(pairs: Iterable[ImportLine], endpoints: Mapping[Side, Endpoint]) -> None:
    rest = iter(pairs)
    while page := list(islice(rest, PAGE)):
        imports.add([_tidy(line, endpoints) for line in page])
    imports.analyze()


def _tidy(line: ImportLine, endpoints: Mapping[Side, Endpoint]) -> ImportLine:
    """Composite keys without spaces in their JSON; what no key can be is refused."""
    if line.code is not None:
        return line
    for side, key in ((Side.LEFT, line.left_key), (Side.RIGHT, line.right_key)):
        if not key:
            return _refuse(line, "key_empty", side)
        if not is_storable(key):
            return _refuse(line, "key_not_storable", side)
        width = len(endpoints[side].key)
        if width > 1 and not _is_list(key, width):
            return _refuse(line, "key_malformed", side, fields=list(endpoints[side].key))
    left, right = (
        compact(key) if len(endpoints[side].key) > 1 else key
        for side, key in ((Side.LEFT, line.left_key), (Side.RIGHT, line.right_key))
    )
    return line._replace(left_key=left, right_key=right)


def _is_list(key: str, width: int) -> bool:
    try:
        parts = json.loads(key)
    except (ValueError, RecursionError):
        return False
    return isinstance(parts, list) and len(parts) == width


def _refuse(line: ImportLine, code: str, side: Side, **params: object) -> ImportLine:
    key = (line.left_key if side is Side.LEFT else line.right_key)[:100]
    key = key.replace("\0", "\u2400").encode("utf-8", "replace").decode()
    told = line._replace(code=code, params=json.dumps({"side": side.value, "key": key} | params))
    return told._replace(left_key="", right_key="") if code == "key_not_storable" else told


def _check(mapping: TableMapping, endpoints: Mapping[Side, Endpoint]) -> None:
    imports.pass_known(mapping.pk)
    after = 0
    while lines := imports.pending(after, PAGE):
        after = lines[-1].line
        left = endpoints[Side.LEFT].stamps({line.left_key for line in lines})
        right = endpoints[Side.RIGHT].stamps({line.right_key for line in lines})
        checked = [_exist(line, left.get(line.left_key), right.get(line.right_key)) for line in lines]
        imports.correct([now for line, now in zip(lines, checked, strict=True) if now != line])
    for side in Side:
        imports.refuse_doubled(side)
        imports.refuse_coupled(mapping.pk, side)


def _exist(line: ImportLine, left: Stamp | None, right: Stamp | None) -> ImportLine:
    for side, stamp in ((Side.LEFT, left), (Side.RIGHT, right)):
        if stamp is None:
            return _refuse(line, "record_not_found", side)
        if not stamp.included:
            return _refuse(line, "record_outside_filter", side)
    assert left is not None
    assert right is not None
    return line._replace(left_key=left.key, right_key=right.key)


def _refused() -> Iterator[ImportLine]:
    after = 0
    while lines := imports.refused(after, PAGE):
        after = lines[-1].line
        yield from lines


def _couple(mapping: TableMapping, good: int, user: User | None, *, partial: bool) -> int:
    """Couple what is pending, in one transaction, with all of its records locked (SCENARIOS T7)."""
    with locks.held(mapping.pk) as mine:
        _lock(mine)
        with transaction.atomic():
            job = record_of(mapping, Kind.COUPLE, user, coupled=good)
            made = imports.couple(mapping.pk, job.pk, user.pk if user is not None else None)
            if made != good and not partial:
                raise Refused("coupled_meanwhile")
            type(job).objects.filter(pk=job.pk).update(coupled=made, read=made)
            _forget_intents(mapping)
            mine.release(mine.hand_over())
    return made


def _lock(mine: Locks) -> None:
    """Raises ``Refused`` when somebody has some of the records in work for longer than a person waits."""
    after = 0
    while lines := imports.pending(after, PAGE):
        after = lines[-1].line
        locked = sum(len(part) for part in in_work.free(mine, lines, _marks, locks.NEW.values()))
        if locked != len(lines):
            raise Refused("record_in_work")


def _marks(line: ImportLine) -> Collection[int]:
    return [locks.mark(Side.LEFT, line.left_key), locks.mark(Side.RIGHT, line.right_key)]


def _forget_intents(mapping: TableMapping) -> None:
    """A create that was announced for one of these records is not looked for any more: it has its partner."""
    intents = CreateIntent.objects.filter(mapping=mapping)
    after = 0
    while intents.exists() and (lines := imports.pending(after, PAGE)):
        after = lines[-1].line
        intents.filter(side=Side.RIGHT, source_key__in=[line.left_key for line in lines]).delete()
        intents.filter(side=Side.LEFT, source_key__in=[line.right_key for line in lines]).delete()
