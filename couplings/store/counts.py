"""Counts of open errors, folded: many small additions become one row for each group (see ``ErrorCount``)."""

from couplings.store.copying import open_cursor

_GROUP = "mapping, connection, kind, state, cause, assigned_to"
# One statement, so that every reader sees a group either before or after. Of two at once, each takes what the other has
# not locked, and what is appended meanwhile stays for the next.
_FOLD = f"""
    WITH touched AS (SELECT DISTINCT mapping, cause FROM couplings_errorcount WHERE NOT folded),
    taken AS (
        DELETE FROM couplings_errorcount WHERE id IN (
            SELECT c.id FROM couplings_errorcount c JOIN touched USING (mapping, cause) FOR UPDATE OF c SKIP LOCKED)
        RETURNING {_GROUP}, number)
    INSERT INTO couplings_errorcount ({_GROUP}, number, folded)
    SELECT {_GROUP}, sum(number), true FROM taken GROUP BY {_GROUP} HAVING sum(number) <> 0
"""


def fold() -> None:
    """Fold what was appended since the last call. Beat does it every few seconds; nobody has to."""
    with open_cursor() as cursor:
        cursor.execute(_FOLD)
