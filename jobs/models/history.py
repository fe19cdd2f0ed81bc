from django.db import models
from django.utils.translation import gettext_lazy as _


class DayTotal(models.Model):
    """What the jobs that ended on a day did to records, over all mappings: the bars of the home page.

    ``day`` is one of the time zone of the installation, ``name`` an outcome. They outlive the jobs, and are written
    with ``Total`` (see ``jobs.totals``).
    """

    day = models.DateField()
    name = models.CharField(max_length=20)
    value = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("total of a day")
        verbose_name_plural = _("totals of days")
        constraints = [models.UniqueConstraint(fields=["day", "name"], name="one_total_a_day_and_name")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class OpenErrors(models.Model):
    """How many errors were open at a moment, counted once an hour: the line of the home page (see ``jobs.history``)."""

    at = models.DateTimeField(unique=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("number of open errors")
        verbose_name_plural = _("numbers of open errors")

    def __str__(self) -> str:
        return f"{self.at} {self.count}"
