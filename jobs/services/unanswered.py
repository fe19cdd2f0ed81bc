"""Records that are not coupled because nobody can tell which record of the other side is theirs: a person adopts one of
those that were found or, where the answer to a create was lost, knows that it made none (DESIGN R7, R14)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from couplings import audit
from couplings.error_actions import CREATE_AGAIN, possible, reckon
from couplings.models import Coupling, SyncError, TableMapping
from couplings.models.error import Request
from couplings.store import requests
from couplings.store.requests import Wish
from jobs.models import CreateIntent
from jobs.runner import locks
from jobs.services import actions, couplings, in_work, records
from jobs.services.actions import Requested
from jobs.services.errors import Refused
from jobs.services.records import LIMIT, FoundRecord
from syncstatus.engine.decisions import ErrorKind
from syncstatus.engine.records import Side

_UNDECIDED = {ErrorKind.UNKNOWN_OUTCOME.value, ErrorKind.AMBIGUOUS.value}

Row = tuple[int, str | None, str | None]


@dataclass(frozen=True)
class Offered:
    """The records of ``side`` that an error names, as they are in this moment. ``problem`` is a message (code, params)
    when the system could not be asked."""

    side: Side
    records: list[FoundRecord] = field(default_factory=list)
    problem: tuple[str, dict[str, Any]] | None = None


def offered(error: SyncError) -> Offered | None:
    """What ``adopt`` may take for an error; None for one that has nothing to choose between."""
    side, keys = _candidates(error)
    if error.mapping is None or side is None or not keys:
        return None
    try:
        found = records.by_key(error.mapping, side, keys[:LIMIT])
    except Refused as refused:
        return Offered(side, problem=(refused.code, refused.params))
    return Offered(side, [record for record in found if record.included])


def adopt(error: SyncError, key: str, *, user: User | None, queue: bool = True) -> Coupling:
    """Couple the error's record with the candidate ``key``: both are synchronized as at a first contact, by the update
    policy of the mapping. The other candidates are nobody's any more, and are looked at like every new record.

    Raises ``Refused`` (``error_closed``, ``not_a_candidate``, and those of ``couplings.add``) and the connectors'
    errors; a candidate that was coupled or deleted meanwhile is refused.
    """
    error.refresh_from_db()
    side, keys = _candidates(error)
    if error.mapping is None or side is None:
        raise Refused("error_closed")
    if key not in keys:
        raise Refused("not_a_candidate", key=key)
    pair = {side: key, side.other: _key(error, side.other) or ""}
    if error.coupling_id is not None:  # with the record that was deleted and was to be restored
        couplings.check_may_couple(error.mapping, {side: key})
        couplings.remove(Coupling.objects.filter(pk=error.coupling_id), user=user)
    coupling = couplings.add(error.mapping, pair[Side.LEFT], pair[Side.RIGHT], user=user, queue=queue)
    others = [other for other in keys if other != key]
    if others and error.kind == ErrorKind.UNKNOWN_OUTCOME.value:
        couplings.synchronize_soon(error.mapping, side, others, user, queue)
    return coupling


def create_again(errors: QuerySet[SyncError], *, user: User | None, queue: bool = True) -> Requested:
    """Create the records of ``errors`` although nobody heard what became of the create before: a person is sure that it
    made none. ``queue=False`` works it off here before it returns.

    The wish names the creates it is about, and is written while no job has the record in work. So a create that is on
    its way is not taken for one that made nothing, however often somebody clicks.
    """
    reckoned = reckon(errors, CREATE_AGAIN)
    fitting = actions.applicable(errors, CREATE_AGAIN)
    mappings = list(TableMapping.objects.filter(pk__in=fitting.order_by().values("mapping")))
    accepted = {mapping.pk: _deny(mapping, fitting.filter(mapping=mapping), user) for mapping in mappings}
    started, paused = actions.start([mapping for mapping in mappings if accepted[mapping.pk]], user, queue)
    done = sum(accepted.values())
    audit.note(asked=reckoned.asked, accepted=done)
    return Requested(reckoned.asked, done, actions.left_out(reckoned, done) | paused, started)


def _deny(mapping: TableMapping, errors: QuerySet[SyncError], user: User | None) -> int:
    rows: list[Row] = list(errors.values_list("pk", "left_key", "right_key"))
    with locks.held(mapping.pk) as mine:
        return sum(_deny_part(mapping, part, user, mine) for part in in_work.free(mine, rows, _marks))


def _deny_part(mapping: TableMapping, part: Iterable[Row], user: User | None, mine: locks.Locks) -> int:
    """The number of errors that are still as they were, now that their records are ours, and that nobody asked for."""
    last = CreateIntent.objects.filter(mapping=mapping).aggregate(last=Max("pk"))["last"] or 0
    wish = Wish(Request.CREATE, user.pk if user is not None else None, timezone.now(), {"before": last})
    with transaction.atomic():
        mine_now = SyncError.objects.filter(pk__in=[pk for pk, _, _ in part])
        accepted = requests.ask(mine_now.filter(possible(CREATE_AGAIN)), wish)
        mine.release(mine.hand_over())
    return sum(accepted.values())


def _marks(row: Row) -> list[int]:
    return [locks.mark(side, key) for side, key in zip(Side, row[1:], strict=True) if key is not None]


def _candidates(error: SyncError) -> tuple[Side | None, list[str]]:
    """The side on which the record's partner is looked for, and the keys of those that may be it."""
    known = [side for side in Side if _key(error, side) is not None and _exists(error, side) is not False]
    if not error.is_open or error.kind not in _UNDECIDED or len(known) != 1:
        return None, []
    return known[0].other, list(error.params.get("candidates", []))


def _exists(error: SyncError, side: Side) -> bool | None:
    return error.left_exists if side is Side.LEFT else error.right_exists


def _key(error: SyncError, side: Side) -> str | None:
    return error.left_key if side is Side.LEFT else error.right_key
