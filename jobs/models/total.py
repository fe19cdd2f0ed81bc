from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models import TableMapping


class Total(models.Model):
    """What the jobs of a mapping that have ended add up to, by kind and state: the counters of /metrics.

    They outlive the jobs, because a counter must not go down when retention deletes some. ``name`` is ``jobs``,
    ``seconds``, an outcome, or ``within_60`` for the jobs that took a minute at most (see ``jobs.totals``).
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    name = models.CharField(max_length=20)
    value = models.FloatField()

    class Meta:
        verbose_name = _("total")
        verbose_name_plural = _("totals")
        constraints = [models.UniqueConstraint(fields=["mapping", "kind", "state", "name"], name="one_total_a_name")]

    def __str__(self) -> str:
        return f"{self.mapping_id} {self.kind} {self.state} {self.name}"
