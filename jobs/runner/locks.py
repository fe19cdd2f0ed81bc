"""Which records are in work, so that no two jobs work on the same one at once (SCENARIOS T7).

Whoever works on records of a mapping enters as a holder, locks the records of a page before it looks at their
couplings, and releases them in the transaction that remembers the page. Each of these is one round trip under an
advisory lock of the mapping, so that locks and releases have one order, in which they are numbered:

- Records that another holder has are not locked, nor is anything asked for with them: the caller leaves them out and
  asks again. Nobody waits while holding anything, so nobody waits for ever.
- What was listed before the lock may be out of date. Where another holder released one of the records after the point
  up to which all releases are known to have been ``seen``, the lock says so, and the caller looks that record up
  again. A page may be listed while the two before it are worked off (``ahead``), so this point is the lock before the
  last.
- A release is kept for as long as another holder may have to be told of it.
- A holder that died is told by its lease, or as a process of this machine that is gone. Its locks go then; should it
  live after all, its next lock or release finds nothing of its own and raises ``LeaseLost``.

A table that is lost or emptied does no harm: whose lock is gone remembers nothing, and begins anew.

A record that is being created has no key yet. Its holder locks ``NEW`` on that side before it announces the create
(``creating``), and whoever works on records of that side that have no coupling asks whether ``NEW`` is held: they may
be the new ones. When it was released, they are looked up again, and where an announced create was left without an
answer, by a holder that died or gave up, that is settled first.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from django.db import InterfaceError, OperationalError, connection

from jobs.runner.holders import TERM, LeaseLost, is_gone, new_holder
from syncstatus.engine.records import Side

_CLASS = 7_301  # the first half of our advisory locks; the second is the mapping
_OFFSET = 2**31

# A seed is as good as other first bytes: with 1, the right record "4001" would bear the name of the left one "5001". No
# two keys in ASCII differ by the highest bits of their bytes.
_SEED = {Side.LEFT: 0, Side.RIGHT: 0x80808080}

NEW = {Side.LEFT: 0, Side.RIGHT: 1}
"""Whatever is being created on that side."""


def mark(side: Side, key: str) -> int:
    """A record as its lock names it, in four bytes. Two that share one only wait for each other in vain."""
    return crc32(key.encode(), _SEED[side]) - _OFFSET


def marks(side: Side, keys: Iterable[str]) -> list[int]:
    """``mark`` of many; a page has thousands."""
    seed = _SEED[side]
    return [crc32(key.encode(), seed) - _OFFSET for key in keys]


@dataclass(frozen=True)
class Taken:
    """What became of asking for records: ``locked``, or those of them that others hold. ``stale`` are records on which
    another holder was at work after they may have been listed; ``beside_others``: there are any such, of whatever
    records."""

    locked: bool
    held: frozenset[int]
    stale: frozenset[int]
    beside_others: bool


class Locks:
    """One holder's records of one mapping. One thread asks for them; another may release what was handed over."""

    def __init__(self, mapping: int, holder: str) -> None:
        self._names: dict[str, Any] = {"class": _CLASS, "number": mapping % 2**31, "mapping": mapping, "holder": holder}
        self._seen: deque[int] = deque(maxlen=2)
        self._page: list[int] = []

    @contextmanager
    def entered(self, term: timedelta = TERM) -> Iterator["Locks"]:
        """Be known to the others, before anything is listed: from now on they say what they release. In the end
        everything is given back, also what was never released; where the store is lost, the lease sees to that."""
        (seen,) = self._ask(_ENTER, term=term)
        self._seen.extend((seen, seen))
        try:
            yield self
        finally:
            with suppress(OperationalError, InterfaceError):
                self._ask(_LEAVE)

    def take(self, records: Collection[int], beside: Collection[int] = ()) -> Taken:
        """Lock a page's ``records``, unless others hold one of them or of those ``beside``. Raises ``LeaseLost``."""
        taken = self._take(records, beside, self._seen[0])
        if taken.locked:
            self._seen.append(self._page[-1])
        if taken.beside_others:
            self._ask(_TIDY, seen=self._seen[0])
        return taken

    def add(self, records: Collection[int], beside: Collection[int] = ()) -> Taken:
        """Lock more records for the page in work, found since it was locked. Raises ``LeaseLost``."""
        return self._take(records, beside, self._seen[-1])

    def announce(self, sides: Iterable[Side]) -> None:
        """Say, before it is sent, that records are created on ``sides``. Raises ``LeaseLost``."""
        self._take([NEW[side] for side in sides], (), 0, shared=True)

    def hand_over(self) -> list[int]:
        """The numbers of the locks of the page in work, which is no longer ours to add to."""
        page, self._page = self._page, []
        return page

    def release(self, locks: Collection[int]) -> None:
        """Release a page's locks at the end of the transaction that remembers it. Raises ``LeaseLost``, which rolls it
        back."""
        if locks and self._ask(_RELEASE, locks=list(locks))[0] != len(locks):
            raise LeaseLost

    def _take(self, records: Collection[int], beside: Collection[int], seen: int, shared: bool = False) -> Taken:
        asked = {"records": _array(records), "beside": _array(beside), "seen": seen, "shared": shared}
        lock, held, stale, holders, others = self._ask(_TAKE, **asked)
        if holders and self._bury(holders):
            return self._take(records, beside, seen, shared)
        if lock is None and not held:
            raise LeaseLost
        if lock is not None:
            self._page.append(lock)
        return Taken(lock is not None, frozenset(held or ()), frozenset(stale or ()), others)

    def _bury(self, holders: Iterable[str]) -> bool:
        """Take away what dead holders hold; whether one of these was dead."""
        gone = [holder for holder in holders if is_gone(holder)]
        return bool(self._ask(_BURY, gone=gone)[0])

    def _ask(self, sql: str, **parameters: Any) -> tuple[Any, ...]:
        """One round trip and, unless one is open, one transaction. The lock has a statement of its own: the next one
        sees everything that was committed before it was granted."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock(%(class)s, %(number)s);{sql}", self._names | parameters)
            return cursor.fetchone() or ()


@contextmanager
def held(mapping: int, term: timedelta = timedelta(minutes=5)) -> Iterator[Locks]:
    """A holder of its own for what is done at once, without a job."""
    with Locks(mapping, new_holder()).entered(term) as locks:
        yield locks


def renew(holder: str, term: timedelta = TERM) -> None:
    """Prolong the holder's lease, if it still has one."""
    with connection.cursor() as cursor:
        prolong = "UPDATE jobs_recordholder SET until = now() + make_interval(secs => %s) WHERE name = %s"
        cursor.execute(prolong, (term.total_seconds(), holder))


def _array(records: Iterable[int]) -> str:
    """An array's text is made many times faster than a parameter for each element."""
    return "{" + ",".join(map(str, records)) + "}"


_NEXT = "nextval(pg_get_serial_sequence('jobs_recordlock', 'id'))"

_ENTER = f"""
    INSERT INTO jobs_recordholder (mapping_id, name, until, seen)
    VALUES (%(mapping)s, %(holder)s, now() + %(term)s, {_NEXT}) RETURNING seen
"""

# Everything but releases that another holder has yet to be told of.
_FORGET = """
    DELETE FROM jobs_recordlock l WHERE mapping_id = %(mapping)s AND released IS NOT NULL AND NOT EXISTS (
        SELECT FROM jobs_recordholder h
        WHERE h.mapping_id = %(mapping)s AND h.name <> l.holder AND h.seen < l.released)
"""

_TAKE = """
    WITH wanted AS (SELECT %(records)s::int[] AS records),
    others AS MATERIALIZED (
        SELECT holder, released, records FROM jobs_recordlock
        WHERE mapping_id = %(mapping)s AND holder <> %(holder)s AND (released IS NULL OR released > %(seen)s)),
    met AS MATERIALIZED (
        SELECT o.holder, o.released IS NULL AS held, r.record
        FROM others o CROSS JOIN LATERAL unnest(o.records) AS r (record)
        WHERE NOT %(shared)s
            AND (r.record IN (SELECT unnest(records) FROM wanted) OR r.record = ANY (%(beside)s::int[]))),
    locked AS (
        INSERT INTO jobs_recordlock (mapping_id, holder, records)
        SELECT %(mapping)s, %(holder)s, records FROM wanted
        WHERE NOT EXISTS (SELECT FROM met WHERE held) AND EXISTS (
            SELECT FROM jobs_recordholder WHERE mapping_id = %(mapping)s AND name = %(holder)s)
        RETURNING id)
    SELECT (SELECT id FROM locked), (SELECT array_agg(record) FROM met WHERE held),
        (SELECT array_agg(record) FROM met WHERE NOT held), (SELECT array_agg(DISTINCT holder) FROM met WHERE held),
        EXISTS (SELECT FROM others)
"""

_RELEASE = f"""
    WITH others AS MATERIALIZED (
        SELECT FROM jobs_recordholder WHERE mapping_id = %(mapping)s AND name <> %(holder)s),
    kept AS (
        UPDATE jobs_recordlock SET released = {_NEXT}
        WHERE id = ANY (%(locks)s) AND released IS NULL AND EXISTS (SELECT FROM others) RETURNING id),
    dropped AS (
        DELETE FROM jobs_recordlock
        WHERE id = ANY (%(locks)s) AND released IS NULL AND NOT EXISTS (SELECT FROM others) RETURNING id)
    SELECT (SELECT count(*) FROM kept) + (SELECT count(*) FROM dropped)
"""

_TIDY = f"""
    UPDATE jobs_recordholder SET seen = %(seen)s WHERE mapping_id = %(mapping)s AND name = %(holder)s;
    {_FORGET} RETURNING id
"""

_BURY = f"""
    WITH dead AS (
        DELETE FROM jobs_recordholder
        WHERE mapping_id = %(mapping)s AND (until < now() OR name = ANY (%(gone)s::text[])) RETURNING name),
    locks AS (
        UPDATE jobs_recordlock SET released = {_NEXT}
        WHERE mapping_id = %(mapping)s AND released IS NULL AND holder IN (SELECT name FROM dead))
    SELECT count(*) FROM dead
"""

_LEAVE = f"""
    UPDATE jobs_recordlock SET released = {_NEXT}
    WHERE mapping_id = %(mapping)s AND holder = %(holder)s AND released IS NULL;
    DELETE FROM jobs_recordholder WHERE mapping_id = %(mapping)s AND name = %(holder)s;
    {_FORGET} RETURNING id
"""
