from django.db import models
from django.utils.translation import gettext_lazy as _


class Worker(models.Model):
    """A worker process, which says every few seconds that it lives (``jobs.workers``)."""

    name = models.CharField(max_length=300, unique=True)
    started = models.DateTimeField()
    seen = models.DateTimeField()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.name


class Slot(models.Model):
    """When something is due that is done once in a while for the whole installation, however many beats ring."""

    name = models.CharField(max_length=30, unique=True)
    next_run = models.DateTimeField()

    class Meta:
        verbose_name = _("slot")
        verbose_name_plural = _("slots")

    def __str__(self) -> str:
        return self.name
