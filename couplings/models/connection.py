from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from couplings.configuration.section import seconds_of


class Circuit(models.TextChoices):
    CLOSED = "closed", _("in use")
    OPEN = "open", _("left alone")
    HALF_OPEN = "half_open", _("tried again")


class Connection(models.Model):
    """One business application.

    ``settings`` is what the configuration says, with ``${NAME}`` references kept as such. Secrets that were written
    literally are taken out of it: their place holds ``********`` and they themselves stand in ``secret``, encrypted
    (see ``couplings.secrets``). They are never shown again, logged or exported.

    All workers share its ``circuit`` (DESIGN R10)::

        closed ── a job fails ──▶ open ── its time has come ──▶ half-open ── a page gets through ──▶ closed
                                   ▲                                │
                                   └───── it fails: for longer ─────┘

    While it is open, until ``open_until``, no job starts; half-open, the one job whose ``probe`` stands here tries.
    ``asked_to_wait`` says that the system itself named the time, before which nobody asks it anything.
    """

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=30)
    settings = models.JSONField(_("settings"), default=dict)
    secret = models.TextField(blank=True, default="", editable=False)

    last_check = models.DateTimeField(_("last check"), null=True, blank=True)
    healthy = models.BooleanField(_("healthy"), null=True)
    health = models.JSONField(_("health"), default=dict)
    circuit = models.CharField(_("circuit"), max_length=10, choices=Circuit.choices, default=Circuit.CLOSED)
    open_until = models.DateTimeField(_("circuit open until"), null=True, blank=True)
    asked_to_wait = models.BooleanField(default=False)
    probe = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Upper("name"), name="one_connection_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def rate_limit(self) -> tuple[int, int] | None:
        """The requests that all workers together may send in so many seconds; None where the file sets no limit."""
        limit = self.settings.get("limit")
        return (limit["requests"], seconds_of(limit["per"]) or 1) if limit else None

    @property
    def jobs_limit(self) -> int | None:
        """How many jobs may use the system side by side; None where the file sets no limit."""
        return self.settings.get("jobs")
