from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class Connection(models.Model):
    """One business application.

    ``settings`` is what the configuration says, with ``${NAME}`` references kept as such. Secrets that were written
    literally are taken out of it: their place holds ``********`` and they themselves stand in ``secret``, encrypted
    (see ``couplings.secrets``). They are never shown again, logged or exported.
    """

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=30)
    settings = models.JSONField(_("settings"), default=dict)
    secret = models.TextField(blank=True, default="", editable=False)

    last_check = models.DateTimeField(_("last check"), null=True, blank=True)
    healthy = models.BooleanField(_("healthy"), null=True)
    health = models.JSONField(_("health"), default=dict)
    open_until = models.DateTimeField(_("circuit open until"), null=True, blank=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Upper("name"), name="one_connection_a_name")]

    def __str__(self) -> str:
        return self.name
