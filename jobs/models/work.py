"""Who has which records in work."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from couplings.models import TableMapping
from jobs.models.job import SyncJob


class RecordHolder(models.Model):
    """Somebody who works on a mapping's records: a run of a job, or a service that couples or uncouples. It lives until
    ``until`` unless its lease is renewed; ``seen`` is the point in the order of locks and releases up to which it knows
    what others did."""

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    until = models.DateTimeField()
    seen = models.BigIntegerField()

    class Meta:
        verbose_name = _("holder of records")
        verbose_name_plural = _("holders of records")
        constraints = [models.UniqueConstraint(fields=["mapping", "name"], name="one_entry_a_holder")]

    def __str__(self) -> str:
        return self.name


class RecordLock(models.Model):
    """Records in work: those of one page, by ``jobs.runner.locks.mark``. ``released`` is null while they are held, and
    says afterwards, in the order of ids, when others could see what became of them."""

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="+", db_index=False)
    holder = models.CharField(max_length=100)
    records = ArrayField(models.IntegerField())
    released = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("records in work")
        verbose_name_plural = _("records in work")
        # Every page asks whether others hold one of its records.
        indexes = [models.Index(fields=["mapping"], name="locks_of_a_mapping")]

    def __str__(self) -> str:
        return f"{self.pk} {self.holder}"


class JobPart(models.Model):
    """A page of records that a running job has listed and not yet worked off. Whichever worker comes first takes it;
    it is deleted in the transaction that remembers the page (see ``jobs.runner.sharing``).

    ``listing`` says what ``keys`` with their ``versions``, or ``ids``, are: ``jobs.runner.sources.Listing``. ``terms``
    are what the job's worker has found out and others have to know.
    """

    job = models.ForeignKey(SyncJob, models.CASCADE, related_name="parts", db_index=False)
    listing = models.CharField(max_length=10)
    side = models.CharField(max_length=5, blank=True, default="")
    keys = ArrayField(models.TextField(), default=list)
    versions = ArrayField(models.TextField(), default=list)
    ids = ArrayField(models.BigIntegerField(), default=list)
    terms = models.JSONField(default=dict)
    holder = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("part of a job")
        verbose_name_plural = _("parts of jobs")
        # Workers take the oldest part that nobody has.
        indexes = [models.Index(fields=["job", "id"], name="parts_of_a_job")]

    def __str__(self) -> str:
        return f"{self.pk} {self.job_id} {self.listing}"
