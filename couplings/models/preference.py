from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Scheme(models.TextChoices):
    """Which colours pages have."""

    SYSTEM = "", _("as the system")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class Preference(models.Model):
    """How somebody likes pages, on whatever machine they sign in. An empty language is the browser's."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preference")
    language = models.CharField(max_length=10, blank=True, default="")
    scheme = models.CharField(max_length=5, choices=Scheme.choices, blank=True, default=Scheme.SYSTEM)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"{self.language} {self.scheme}"
