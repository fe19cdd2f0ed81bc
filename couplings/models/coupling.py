from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from couplings.models.mapping import TableMapping

SIDES = [("left", _("left")), ("right", _("right"))]


class Coupling(models.Model):
    """One pair of records that belong together, and what it remembers of its last success.

    ``base`` is JSON text written and read by ``syncstatus.engine.values``; it is text and not jsonb because jsonb
    refuses NUL and costs a parse a row in runs that write a hundred thousand of them. ``base_right`` holds the fields
    for which the right side stored something else than it was sent.
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="couplings", db_index=False)
    left_key = models.TextField(_("left key"))
    right_key = models.TextField(_("right key"))
    left_version = models.TextField(default="")
    right_version = models.TextField(default="")
    base = models.TextField(default="{}")
    base_right = models.TextField(null=True, blank=True)
    coupled_at = models.DateTimeField(_("coupled at"), auto_now_add=True)
    last_synced = models.DateTimeField(_("last synchronized"), null=True, blank=True)
    left_outcome = models.CharField(max_length=20, blank=True, default="")
    left_written_at = models.DateTimeField(null=True, blank=True)
    right_outcome = models.CharField(max_length=20, blank=True, default="")
    right_written_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("coupling")
        verbose_name_plural = _("couplings")
        constraints = [
            models.UniqueConstraint(fields=["mapping", "left_key"], name="left_record_coupled_once"),
            models.UniqueConstraint(fields=["mapping", "right_key"], name="right_record_coupled_once"),
        ]
        indexes = [
            # The list of records, and the runner's full comparison, page through a mapping by id.
            models.Index(fields=["mapping", "id"], name="couplings_of_a_mapping"),
            # Every run looks at pairs that were never in step; there are few, unless they come from a file.
            models.Index(fields=["mapping", "id"], condition=Q(last_synced__isnull=True), name="couplings_new"),
        ]
        permissions = [
            ("synchronize_records", _("Can synchronize, retry and restore records")),
            ("remove_couplings", _("Can couple records and remove couplings")),
            ("delete_records", _("Can delete records in the business applications")),
        ]

    def __str__(self) -> str:
        return f"{self.left_key} ↔ {self.right_key}"


class UncoupledRecord(models.Model):
    """A record a person (or the deletion policy) took out of its coupling: nothing couples or creates it again
    until a person couples it (SCENARIOS T20)."""

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="uncoupled_records", db_index=False)
    side = models.CharField(max_length=5, choices=SIDES)
    key = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("uncoupled record")
        verbose_name_plural = _("uncoupled records")
        constraints = [models.UniqueConstraint(fields=["mapping", "side", "key"], name="record_uncoupled_once")]

    def __str__(self) -> str:
        return f"{self.side} {self.key}"
