from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models.coupling import SIDES
from couplings.models.mapping import TableMapping


class MovedParent(models.Model):
    """A parent that was coupled anew, so that its children of ``mapping`` are to be looked at although neither of their
    records was changed. They are the records of ``side`` that hold ``key``; a job of their mapping works it off.
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="moved_parents", db_index=False)
    parent = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False)
    side = models.CharField(max_length=5, choices=SIDES)
    key = models.TextField()

    class Meta:
        verbose_name = _("moved parent")
        verbose_name_plural = _("moved parents")
        constraints = [
            # Every job of a mapping pages through its own.
            models.UniqueConstraint(fields=["mapping", "parent", "side", "key"], name="parent_moved_once")
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.key}"
