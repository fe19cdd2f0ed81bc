from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models import TableMapping


class CreateIntent(models.Model):
    """The announcement of a create, committed before it is sent (DESIGN R7).

    While it stands, nobody knows whether the record exists on the other side: the next run searches for ``target_key``
    or the ``values`` written before it creates anything, and adopts what it finds. Where neither is known any more,
    because somebody has edited the new record, it lies at least ``behind`` this key (see ``runner.lookalikes``).
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False)
    side = models.CharField(max_length=5)  # where the record is created
    source_key = models.TextField()
    idempotency_key = models.UUIDField()
    target_key = models.TextField(null=True, blank=True)
    values = models.TextField(default="{}")
    behind = models.TextField(null=True, blank=True)
    job = models.BigIntegerField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("create intent")
        verbose_name_plural = _("create intents")
        constraints = [
            models.UniqueConstraint(fields=["mapping", "side", "source_key"], name="one_intent_a_record"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.source_key}"
