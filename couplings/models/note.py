from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.error import SyncError


class NoteKind(models.TextChoices):
    """What somebody did about an error besides putting its record in step."""

    COMMENT = "comment", _("comment")
    ASSIGNED = "assigned", _("assigned")
    IGNORED = "ignored", _("ignored")
    BACK = "back", _("back in the list")


class ErrorNote(models.Model):
    """A line of an error's history. ``text`` is the comment, or whom the error was assigned to (empty: nobody);
    ``until`` is when an ignored one comes back. Where nobody (``by``) did it, it happened by itself."""

    error = models.ForeignKey(SyncError, models.CASCADE, related_name="notes", db_index=False)
    kind = models.CharField(max_length=10, choices=NoteKind.choices)
    text = models.TextField(blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("note of an error")
        verbose_name_plural = _("notes of errors")
        indexes = [
            # The history on an error's page.
            models.Index(fields=["error", "id"], name="notes_of_an_error"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
