from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Through(models.TextChoices):
    """By which door a change of the configuration came in."""

    PAGE = "page", _("on a page")
    COMMAND = "command", _("by command")


class ConfigurationVersion(models.Model):
    """What one ``config apply``, by command or by a page, made of one connection or mapping.

    ``content`` is the thing as YAML, as it was from then on, with secrets as masks; ``changes`` are the settings that
    were changed to make it so (``couplings.configuration.diff.Detail``). ``who`` outlives the user: it is the name
    under which somebody was signed in, or that of the account that ran the command.
    """

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    what = models.CharField(max_length=10)
    content = models.TextField()
    changes = models.JSONField(default=list)
    at = models.DateTimeField(_("changed on"), auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    who = models.CharField(max_length=150, blank=True, default="")
    through = models.CharField(max_length=10, choices=Through.choices)

    class Meta:
        verbose_name = _("version of the configuration")
        verbose_name_plural = _("versions of the configuration")
        # The history on the page of a mapping, newest first.
        indexes = [models.Index(fields=["kind", "name", "-id"], name="versions_of_a_thing")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.pk}"
