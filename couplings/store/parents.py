"""Parents of lookups: their keys on both sides, who waits for them, and those that were coupled anew."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from couplings.store.copying import open_cursor
from couplings.store.couplings import KEY
from syncstatus.engine.records import Side

_WOKEN = "state = 'retrying', next_attempt = now(), attempts = greatest(attempts - 1, 0), job = NULL"
"""Due at once, also in the very job that left it waiting; having waited is no attempt."""


def partners(mapping: int, side: Side, keys: Collection[str]) -> list[tuple[str, str]]:
    """The keys (left, right) of those records of ``side`` that ``mapping`` has coupled."""
    if not keys:
        return []
    with open_cursor() as cursor:
        cursor.execute(
            f"SELECT left_key, right_key FROM couplings_coupling WHERE mapping_id = %s AND {KEY[side]} = ANY(%s)",
            (mapping, list(keys)),
        )
        return list(cursor.fetchall())


def wake(awaited: Collection[int], pairs: Sequence[tuple[str, str]]) -> set[int]:
    """Records that wait for one of ``pairs`` (left, right) are due; the mappings of those records. ``awaited`` are the
    mappings under which lookups wait for them."""
    if not awaited or not pairs:
        return set()
    woken: set[int] = set()
    with open_cursor() as cursor:
        for side, keys in zip(Side, zip(*pairs, strict=True), strict=True):
            cursor.execute(
                f"UPDATE couplings_syncerror SET {_WOKEN} WHERE state = 'waiting' AND waits_mapping_id = ANY(%s)"
                " AND waits_side = %s AND waits_key = ANY(%s) RETURNING mapping_id",
                (list(awaited), side.value, list(keys)),
            )
            woken.update(mapping for (mapping,) in cursor.fetchall())
    return woken


def wake_coupled(child: int, awaited: int, parents: Collection[int]) -> int:
    """Records of the mapping ``child`` are due that wait for what ``parents`` have coupled meanwhile; how many."""
    woken = 0
    with open_cursor() as cursor:
        for side in Side:
            cursor.execute(
                f"UPDATE couplings_syncerror e SET {_WOKEN} WHERE e.mapping_id = %s AND e.state = 'waiting'"
                " AND e.waits_mapping_id = %s AND e.waits_side = %s AND EXISTS (SELECT FROM couplings_coupling c"
                f" WHERE c.mapping_id = ANY(%s) AND c.{KEY[side]} = e.waits_key)",
                (child, awaited, side.value, list(parents)),
            )
            woken += cursor.rowcount
    return woken


def waiting(awaited: Collection[int], side: Side, keys: Collection[str]) -> dict[str, int]:
    """How many records wait for each of ``keys``; those nobody waits for are missing."""
    if not awaited or not keys:
        return {}
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT waits_key, count(*) FROM couplings_syncerror WHERE state = 'waiting' AND waits_mapping_id = ANY(%s)"
            " AND waits_side = %s AND waits_key = ANY(%s) GROUP BY waits_key",
            (list(awaited), side.value, list(keys)),
        )
        return dict(cursor.fetchall())


def move(children: Iterable[int], parent: int, side: Side, keys: Sequence[str]) -> None:
    """Remember for each of the mappings ``children`` that what its records of ``side`` refer to was coupled anew."""
    with open_cursor() as cursor:
        for child in children:
            cursor.execute(
                "INSERT INTO couplings_movedparent (mapping_id, parent_id, side, key)"
                " SELECT %s, %s, %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
                (child, parent, side.value, list(keys)),
            )


def moved(child: int, parent: int, side: Side, after: int, limit: int) -> list[tuple[int, str]]:
    """The id and the key of each such parent, in order of id, after the id ``after``."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT id, key FROM couplings_movedparent WHERE mapping_id = %s AND parent_id = %s AND side = %s"
            " AND id > %s ORDER BY id LIMIT %s",
            (child, parent, side.value, after, limit),
        )
        return list(cursor.fetchall())


def forget_moved(ids: Collection[int]) -> None:
    """Their children have been looked at."""
    with open_cursor() as cursor:
        cursor.execute("DELETE FROM couplings_movedparent WHERE id = ANY(%s)", (list(ids),))


def unheard_of(child: int, parents: Sequence[int], side: Side, limit: int) -> list[str]:
    """The keys on ``side`` that records of the mapping ``child`` wait for, of which none of ``parents`` has an open
    error that says why they are not coupled. ``parents`` are a lookup's, in its order."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.waits_key FROM couplings_syncerror e WHERE e.mapping_id = %s AND e.state = 'waiting'"
            " AND e.waits_mapping_id = %s AND e.waits_side = %s AND NOT EXISTS (SELECT FROM couplings_syncerror p"
            f" WHERE p.mapping_id = ANY(%s) AND p.{KEY[side]} = e.waits_key AND p.state <> 'resolved')"
            " ORDER BY e.waits_key LIMIT %s",
            (child, parents[0], side.value, list(parents), limit),
        )
        return [key for (key,) in cursor.fetchall()]


def settle_asked(parents: Sequence[int]) -> None:
    """Bring the errors that say how many wait up to date; close those for which nobody waits any more. ``parents`` are
    a lookup's, in its order."""
    if not parents:
        return
    asked = "p.mapping_id = ANY(%(parents)s) AND p.state <> 'resolved' AND p.code = 'children_wait'"
    waiting = (
        "SELECT count(*) FROM couplings_syncerror e WHERE e.state = 'waiting' AND e.waits_mapping_id = %(first)s AND"
        " ((e.waits_side = 'left' AND e.waits_key = p.left_key) OR (e.waits_side = 'right' AND e.waits_key ="
        " p.right_key))"
    )
    names: dict[str, Any] = {"parents": list(parents), "first": parents[0]}
    with open_cursor() as cursor:
        cursor.execute(
            "UPDATE couplings_syncerror p SET state = 'resolved', resolution = 'in_step', resolved_at = now(),"
            f" next_attempt = NULL WHERE {asked} AND ({waiting}) = 0",
            names,
        )
        cursor.execute(
            "UPDATE couplings_syncerror p SET params = jsonb_set(p.params, '{children}', to_jsonb(w.number))"
            f" FROM (SELECT p.id, ({waiting}) AS number FROM couplings_syncerror p WHERE {asked}) w"
            " WHERE p.id = w.id AND p.params -> 'children' <> to_jsonb(w.number)",
            names,
        )


def delete_parents_again(parents: Collection[int]) -> set[int]:
    """Deletions of parents that were refused because records still referred to them are due; their mappings."""
    with open_cursor() as cursor:
        cursor.execute(
            "UPDATE couplings_syncerror SET next_attempt = now() WHERE mapping_id = ANY(%s) AND state = 'retrying'"
            " AND code = 'referenced' RETURNING mapping_id",
            (list(parents),),
        )
        return {mapping for (mapping,) in cursor.fetchall()}
