"""A table that was changed: what is different, and a person who accepts it (SCENARIOS T22)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from couplings import audit
from couplings.models import SyncError, TableMapping
from couplings.models.error import Resolution, State
from couplings.store import clock
from jobs.runner import schema, systems
from jobs.runner.fingerprint import Change, Fingerprint, changes, fingerprint
from jobs.services import mappings
from jobs.services.errors import Refused
from syncstatus.connectors.errors import SchemaMismatch

CODE = "schema_changed"


@dataclass(frozen=True)
class Difference:
    """``changes`` since the last run, harmful ones first; before the first run there is nothing to compare with.
    ``paused`` says whether the mapping was paused because of them, ``now`` is what would be remembered."""

    mapping: TableMapping
    changes: Sequence[Change]
    paused: bool
    now: Fingerprint


def open_error(mapping: TableMapping) -> SyncError | None:
    """The error that says why the mapping is paused, when it is because its tables were changed."""
    return _errors(mapping).first()


def _errors(mapping: TableMapping) -> QuerySet[SyncError]:
    return SyncError.objects.open().filter(mapping=mapping, left_key=None, right_key=None, code=CODE)


def difference(mapping: TableMapping) -> Difference:
    """What is different in the mapping's tables since its last run; both systems are asked, nothing is written. Raises
    the connectors' errors."""
    known, now = mapping.columns or {}, fingerprint(mapping, schema.described(mapping))
    found = sorted(changes(mapping, known, now), key=lambda change: not change.is_harmful)
    return Difference(mapping, found, mapping.paused and _errors(mapping).exists(), now)


def accept(mapping: TableMapping, *, user: User | None, queue: bool = True) -> Difference:
    """Take the tables as they are now: the error closes, and a mapping that was paused by it resumes.

    Raises ``Refused`` when the mapping cannot work with them, because a mapped field is gone, for example; then nothing
    is accepted. Raises the connectors' errors when a system cannot be asked.
    """
    audit.note(mapping=mapping.name)
    found = difference(mapping)
    try:
        systems.open_both(mapping)
    except SchemaMismatch as error:
        raise Refused(error.code, **{"mapping": mapping.name, **error.params, "detail": error.detail}) from None
    TableMapping.objects.filter(pk=mapping.pk).update(columns=found.now)
    _errors(mapping).update(
        state=State.RESOLVED,
        resolution=Resolution.ACCEPTED,
        resolved_by=user,
        resolved_at=clock.now(),
        next_attempt=None,
    )
    if found.paused:
        mapping.refresh_from_db()
        mappings.resume(mapping, user=user, queue=queue)
    return found
