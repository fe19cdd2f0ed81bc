from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    PAGE = "page", _("page")
    COMMAND = "command", _("command line")


class Result(models.TextChoices):
    """What became of the attempt. Begun: a command or an export is at work, or was killed. Forbidden: the person lacks
    the permission; refused: it would not have been right."""

    BEGUN = "begun", _("begun")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")
    FORBIDDEN = "forbidden", _("not allowed")
    FAILED = "failed", _("failed")


class AuditEntry(models.Model):
    """Who did what, to which records, when and from where. Written once; only a command or an export adds what became
    of it.

    ``who`` outlives the user: a login name, or the account of the machine for a command. ``address`` is where the
    browser is, or the host a command ran on. ``subject`` says what was acted on as JSON: keys of records (at most so
    many as ``couplings.audit`` keeps), names, ids, the filter; never a secret. ``asked`` records were meant, and
    ``accepted`` of them taken up. ``request`` finds the lines of the log.
    """

    at = models.DateTimeField(_("when"), db_default=Now())
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    who = models.CharField(_("who"), max_length=150, blank=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices)
    address = models.CharField(_("from"), max_length=100, blank=True)
    action = models.CharField(_("action"), max_length=60)
    mapping = models.CharField(_("mapping"), max_length=100, blank=True, default="")
    result = models.CharField(_("result"), max_length=10, choices=Result.choices, default=Result.DONE)
    asked = models.PositiveIntegerField(null=True)
    accepted = models.PositiveIntegerField(null=True)
    subject = models.JSONField(default=dict)
    request = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("audit log entry")
        verbose_name_plural = _("audit log entries")
        # Who looks at records is not thereby allowed to look at people: no permission of the kind that viewers get.
        default_permissions = ()
        permissions = [("read_audit_log", "Can read the audit log")]
        indexes = [
            # The audit page by person, by action, by mapping: each newest first.
            models.Index(fields=["who", "-id"], name="audit_of_a_person"),
            models.Index(fields=["action", "-id"], name="audit_of_an_action"),
            models.Index(fields=["mapping", "-id"], name="audit_of_a_mapping", condition=~models.Q(mapping="")),
            # The audit page from one time to another.
            models.Index(fields=["at"], name="audit_of_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.action}"
