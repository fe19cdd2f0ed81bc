from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ErrorCount(models.Model):
    """How many more (or less) errors are open since the row was written; the sum of all rows is how many there are.

    Triggers on the table of errors append to it, in the transaction that opens, changes, closes or deletes an error,
    whoever does that. So the sum is exact in every transaction's view, and no two writers wait for each other, as they
    would if they updated one row. ``couplings.store.counts`` folds rows into one for each group of errors.

    Owners are plain numbers, 0 for none: a group is compared with ``=``, and outlives what it names by one folding.
    """

    mapping = models.BigIntegerField()
    connection = models.BigIntegerField()  # of errors that belong to no mapping
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    cause = models.CharField(max_length=32)
    assigned_to = models.BigIntegerField()
    number = models.BigIntegerField()
    folded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("count of errors")
        verbose_name_plural = _("counts of errors")
        indexes = [
            # The groups of one cause, to fold them.
            models.Index(fields=["mapping", "cause"], name="counts_of_a_cause"),
            models.Index(fields=["id"], condition=Q(folded=False), name="counts_to_fold"),
        ]

    def __str__(self) -> str:
        return f"{self.mapping} {self.kind} {self.state} {self.number:+}"
