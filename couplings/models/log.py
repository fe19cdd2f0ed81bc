import json
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.mapping import TableMapping


class Change(NamedTuple):
    """One field that a job wrote on one side."""

    side: str
    field: str
    old: Any
    new: Any


class RecordEntry(models.Model):
    """What one job has to say about one record, field by field.

    ``job`` and ``coupling`` are plain numbers: the entry outlives both, and a foreign key would cost two look-ups a row
    in runs that write a hundred thousand of them. ``changes`` is JSON text, ``{side: {field: [old, new]}}`` with the
    field's name on that side; pages read it through ``field_changes``.
    """

    job = models.BigIntegerField(_("job"))
    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    coupling = models.BigIntegerField(_("coupling"), null=True, blank=True)
    left_key = models.TextField(null=True, blank=True)
    right_key = models.TextField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20)
    code = models.CharField(max_length=60, blank=True, default="")
    params = models.TextField(default="{}", blank=True)
    changes = models.TextField(default="{}", blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.outcome} {self.left_key} ↔ {self.right_key}"

    def field_changes(self) -> list[Change]:
        sides = json.loads(self.changes)
        return [Change(side, field, *values) for side, fields in sides.items() for field, values in fields.items()]

    def message_params(self) -> dict[str, Any]:
        return dict(json.loads(self.params))


class SyncLogEntry(RecordEntry):
    """What one job did to one record. Unchanged records write none."""

    class Meta:
        verbose_name = _("synchronization log entry")
        verbose_name_plural = _("synchronization log entries")
        indexes = [
            # A record's Synchronization Log, newest first.
            models.Index(fields=["coupling", "-id"], name="log_of_a_record"),
            # A job's page: what it did, by outcome.
            models.Index(fields=["job", "outcome", "id"], name="log_of_a_job"),
        ]
