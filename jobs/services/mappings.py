"""What concerns a mapping as a whole: pause, resume, remove its couplings."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from couplings import audit
from couplings.models import SyncError, TableMapping
from jobs.models import JobState, Kind, SyncJob, Wish
from jobs.runner.fingerprint import What
from jobs.services import couplings, jobs

MOST = 20_000


def pause(mapping: TableMapping, *, user: User | None) -> bool:
    """No job starts any more, and a running one waits after the page it is in. The cursors stay, so that every change
    is played back later (SCENARIOS T18). False when it was paused already."""
    audit.note(mapping=mapping.name)
    paused = TableMapping.objects.filter(pk=mapping.pk, paused=False).update(paused=True)
    _ask(mapping, Wish.NONE, Wish.WAIT)
    return paused == 1


def resume(mapping: TableMapping, *, user: User | None, queue: bool = True) -> bool:
    """Jobs start again, the first one now; what waited goes on from its last page. A job that is on hold itself stays
    so. False when it was not paused."""
    audit.note(mapping=mapping.name)
    _accept_columns(mapping)
    resumed = TableMapping.objects.filter(pk=mapping.pk, paused=True).update(paused=False)
    _ask(mapping, Wish.WAIT, Wish.NONE)
    mapping.refresh_from_db()
    if mapping.enabled and resumed:
        jobs.start(mapping, Kind.MODIFIED, user=user, queue=queue)
    return resumed == 1


def _accept_columns(mapping: TableMapping) -> None:
    """Where the mapping was paused because its tables were changed, they are taken as they are now; but a field that is
    gone is still missed."""
    changed = SyncError.objects.open().filter(mapping=mapping, left_key=None, right_key=None, code="schema_changed")
    gone = changed.filter(params__changes__contains=[{"what": What.GONE.value}])
    if changed.exists() and not gone.exists():
        TableMapping.objects.filter(pk=mapping.pk, paused=True).update(columns=None)


def remove_couplings(mapping: TableMapping, *, user: User | None, most: int = MOST) -> tuple[int, int]:
    """Remove Coupling for the oldest ``most`` pairs of ``mapping``, as many as a person waits for: how many were
    removed, and how many are left. Neither system is asked."""
    pairs = mapping.couplings.order_by("pk")
    last = pairs.values_list("pk", flat=True)[most - 1 : most].first()
    removed = couplings.remove(pairs if last is None else pairs.filter(pk__lte=last), user=user)
    return removed, mapping.couplings.count()


def begin_again(mappings: QuerySet[TableMapping]) -> None:
    """Their rules were changed: what runs on them ends with its page and begins again by the new ones."""
    running = SyncJob.objects.filter(mapping__in=mappings, state=JobState.RUNNING)
    running.filter(asked__in=[Wish.NONE, Wish.WAIT]).update(asked=Wish.RESTART)


def _ask(mapping: TableMapping, asked: Wish, wish: Wish) -> None:
    SyncJob.objects.filter(mapping=mapping, state=JobState.RUNNING, asked=asked).update(asked=wish)
