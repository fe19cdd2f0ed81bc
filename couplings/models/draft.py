from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MappingDraft(models.Model):
    """A table mapping that somebody is editing: what the configuration file would say, not applied yet.

    ``content`` is that one entry of ``mappings`` as JSON text, whose order of fields counts. ``based_on`` tells which
    stored configuration it began from, so that nobody writes over what somebody else has saved meanwhile; it is empty
    for a mapping that does not exist yet.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    content = models.TextField()
    based_on = models.CharField(max_length=64, blank=True, default="")
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft of a mapping")
        verbose_name_plural = _("drafts of mappings")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_draft_a_mapping_and_person")]

    def __str__(self) -> str:
        return self.name
