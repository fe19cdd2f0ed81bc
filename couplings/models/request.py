from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.error import Request, SyncError
from couplings.models.mapping import TableMapping


class ErrorRequest(models.Model):
    """A person's wish about an open error that a job has not worked off yet: at most one an error.

    One INSERT for a million errors, harmless when repeated, and safe from crashes because it stands here and not in a
    message. Who has worked it off deletes it in the transaction that remembers the record. A row of its own, because an
    error's row stands in a score of indexes, all of which a change of that row writes.

    The database deletes it with an error that closes or is deleted, whoever does that; that is also why nothing here is
    checked against other tables, which would cost as much again as the wish.
    """

    error = models.OneToOneField(
        SyncError, models.DO_NOTHING, primary_key=True, related_name="requested", db_constraint=False
    )
    mapping = models.ForeignKey(TableMapping, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    request = models.CharField(max_length=10, choices=Request.choices)
    choices = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("request for an error")
        verbose_name_plural = _("requests for errors")
        indexes = [
            # A job works off what people asked for in its mapping, in order of the errors' ids.
            models.Index(fields=["mapping", "error"], name="requests_of_a_mapping"),
            # How many of an action on many errors are left; Cancel takes these back.
            models.Index(fields=["at"], name="requests_at"),
        ]

    def __str__(self) -> str:
        return f"{self.request} {self.error_id}"
