from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.log import RecordEntry


class PlannedChange(RecordEntry):
    """What a preview that is kept would do to one record: a plan that waits to be applied (DESIGN R12).

    Records that would be unchanged, excluded or skipped have none. ``deletes`` is the side on which the record would be
    deleted. Retention drops a plan's rows with its job.
    """

    deletes = models.CharField(max_length=5, blank=True, default="")

    class Meta:
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        indexes = [
            # A preview's page lists them by outcome; a job that applies them goes through them in the same order.
            models.Index(fields=["job", "outcome", "id"], name="planned_changes_of_a_job"),
        ]
