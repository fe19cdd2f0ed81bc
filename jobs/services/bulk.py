"""Take back what was asked for on many errors at once."""

from django.db import transaction
from django.db.models import F

from couplings import audit
from couplings.models import BulkRequest, ErrorRequest


def cancel(bulk: BulkRequest) -> int:
    """End what has not begun of an action on many errors; the number of errors whose wish is withdrawn.

    A page of records that a job has in work is finished, and so is what nobody can take back by now.
    """
    waiting = ErrorRequest.objects.filter(request=bulk.request, at=bulk.requested_at, by=bulk.requested_by_id)
    with transaction.atomic():
        withdrawn, _per_table = waiting.delete()
        BulkRequest.objects.filter(pk=bulk.pk).update(cancelled=F("cancelled") + withdrawn)
    audit.note(accepted=withdrawn)
    return withdrawn
