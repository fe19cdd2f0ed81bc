from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.error import Request


class BulkRequest(models.Model):
    """What somebody asked for on many errors at once, so that they can see how far it is, and end it.

    The wish itself stands beside the errors: the rows of ``ErrorRequest`` that bear its ``request``, ``requested_at``
    and ``requested_by`` have not been worked off yet. ``asked`` counts them at the beginning, ``cancelled`` those that
    were taken back.
    """

    request = models.CharField(max_length=10, choices=Request.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField()
    asked = models.PositiveBigIntegerField()
    cancelled = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("action on many errors")
        verbose_name_plural = _("actions on many errors")

    def __str__(self) -> str:
        return f"{self.request} {self.asked}"
