"""Which actions a page may offer for an error: those that would be accepted now, and that the records still allow."""

from django.db.models import Value

from couplings.models import SyncError
from jobs.services import actions
from jobs.services.actions import CREATE_AGAIN, DELETE, RESTORE, RETRY, SYNCHRONIZE, UNCOUPLE
from jobs.services.compared import Comparison
from syncstatus.engine.records import Side

_MISSING = {(False, True): Side.LEFT, (True, False): Side.RIGHT}


def offered(error: SyncError, compared: Comparison | None) -> frozenset[str]:
    """The names of the actions (``jobs.services.actions``) that ``error`` would accept.

    ``compared`` are its records as they are in this moment; None, or one with a ``problem``, where nobody knows. What
    somebody has asked for already is not offered again, except Remove Coupling, which needs no job.
    """
    accepted = _accepted(error)
    if error.request:
        return accepted & {UNCOUPLE}
    if compared is None or compared.problem is not None:
        return accepted
    return frozenset(action for action in accepted if _fits(action, error, compared))


def _accepted(error: SyncError) -> frozenset[str]:
    """Asked of the very conditions that the actions go by, in one query."""
    mine = SyncError.objects.filter(pk=error.pk).order_by()
    one, *others = (
        actions.applicable(mine, action).annotate(action=Value(action)).values_list("action", flat=True)
        for action in (RETRY, SYNCHRONIZE, RESTORE, DELETE, UNCOUPLE, CREATE_AGAIN)
    )
    return frozenset(one.union(*others))


def _fits(action: str, error: SyncError, compared: Comparison) -> bool:
    """What the job would find when it gets to the records (``engine.decide``)."""
    if action == SYNCHRONIZE:
        return compared.left_exists and compared.right_exists
    if action not in (RESTORE, DELETE):
        return True
    missing = compared.missing
    if missing is None or missing is not _MISSING.get((bool(error.left_exists), bool(error.right_exists))):
        return False
    written = missing if action == RESTORE else missing.other
    return compared.writes(written) and compared.included(missing.other)
