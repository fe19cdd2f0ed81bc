from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from couplings.models import derived
from couplings.models.connection import Connection
from couplings.models.coupling import Coupling
from couplings.models.mapping import TableMapping
from syncstatus.engine.decisions import ErrorKind


class State(models.TextChoices):
    RETRYING = "retrying", _("retrying")
    WAITING = "waiting", _("waiting")
    SKIPPED = "skipped", _("skipped")
    HELD = "held", _("held")
    IGNORED = "ignored", _("ignored")
    RESOLVED = "resolved", _("resolved")


class Request(models.TextChoices):
    """What a person asked for and a job has not worked off yet."""

    NONE = "", _("nothing")
    RETRY = "retry", _("Retry")
    USE_LEFT = "use_left", _("Synchronize with the left data")
    USE_RIGHT = "use_right", _("Synchronize with the right data")
    CHOOSE = "choose", _("Synchronize field by field")
    RESTORE = "restore", _("Restore Records")
    DELETE = "delete", _("Delete Records")
    UNCOUPLE = "uncouple", _("Remove Coupling")
    CREATE = "create", _("Create again")


class Resolution(models.TextChoices):
    IN_STEP = "in_step", _("found in step")
    SYNCHRONIZED = "synchronized", _("synchronized")
    RESTORED = "restored", _("restored")
    DELETED = "deleted", _("deleted")
    UNCOUPLED = "uncoupled", _("coupling removed")
    COUPLED = "coupled", _("coupled by hand")
    EXCLUDED = "excluded", _("outside the filter")
    RECOVERED = "recovered", _("the connection works again")
    SUPERSEDED = "superseded", _("the mapping was changed")
    ACCEPTED = "accepted", _("the changed table was accepted")


KINDS = [
    (ErrorKind.CONFLICT.value, _("conflict")),
    (ErrorKind.DELETED.value, _("deleted")),
    (ErrorKind.DELETED_AND_CHANGED.value, _("deleted and changed")),
    (ErrorKind.DUPLICATE.value, _("duplicate")),
    (ErrorKind.AMBIGUOUS.value, _("ambiguous")),
    (ErrorKind.DEPENDENCY.value, _("dependency")),
    (ErrorKind.VALIDATION.value, _("validation")),
    (ErrorKind.PERMISSION.value, _("permission")),
    (ErrorKind.UNKNOWN_OUTCOME.value, _("unknown outcome")),
    (ErrorKind.SCHEMA.value, _("schema")),
    (ErrorKind.TRANSIENT.value, _("transient")),
    (ErrorKind.CONNECTION.value, _("connection")),
    (ErrorKind.HELD.value, _("held")),
]
IS_OPEN = ~Q(state=State.RESOLVED)
NEEDS_PERSON = (State.SKIPPED, State.HELD)
BY_ITSELF = (State.RETRYING, State.WAITING)


class SyncErrorQuerySet(models.QuerySet["SyncError"]):
    def open(self) -> "SyncErrorQuerySet":
        return self.filter(IS_OPEN)

    def of_records(self) -> "SyncErrorQuerySet":
        """Errors of one record each, without those of a whole connection or mapping."""
        return self.filter(Q(left_key__isnull=False) | Q(right_key__isnull=False))


class SyncError(models.Model):
    """One open problem of one record, one mapping (both keys null) or one connection (no mapping).

    It opens once, is updated while it lasts, and closes itself (DESIGN R10, R11)::

                    transient                 attempts used up
        (opens) ──────────────▶ retrying ───────────────────────▶ skipped ◀──── (opens) conflict, deleted, validation …
           │                       │  ▲                            │   ▲
           │ dependency            │  └── a person: Retry ─────────┘   └── a person's request was worked off in vain
           ├──────────▶ waiting ───┤
           │ a guard               │ found in step, or worked off
           └──────────▶ held ──────┴──────────────▶ resolved

    A person may ignore what is skipped until a date: it is updated and closes itself like any other, and is skipped
    again when the date has come, or when somebody takes it back.

    What a person asked for and a job has not worked off yet stands beside it, see ``ErrorRequest``.
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, null=True, blank=True, db_index=False)
    connection = models.ForeignKey(Connection, models.CASCADE, null=True, blank=True, db_index=False)
    coupling = models.ForeignKey(Coupling, models.SET_NULL, null=True, blank=True, related_name="errors")
    left_key = models.TextField(null=True, blank=True)
    right_key = models.TextField(null=True, blank=True)
    left_exists = models.BooleanField(null=True)
    right_exists = models.BooleanField(null=True)
    description = models.TextField(_("description"), blank=True, default="")

    kind = models.CharField(_("kind"), max_length=20, choices=KINDS)
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)
    fields = models.JSONField(default=list, blank=True)
    details = models.JSONField(default=dict, blank=True)
    # The database keeps it in step with the row, whoever writes that.
    cause = models.GeneratedField(
        expression=derived.cause(), output_field=models.CharField(max_length=32), db_persist=True
    )

    # What a search looks at. Kept, because to compute it again for each row that may fit costs more than to read it.
    searched = models.GeneratedField(expression=derived.searched(), output_field=models.TextField(), db_persist=True)

    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    next_attempt = models.DateTimeField(_("next attempt"), null=True, blank=True)
    job = models.BigIntegerField(_("job"), null=True, blank=True)  # the one that saw it last; jobs may be gone by then
    # The parent that a waiting record looks up: its mapping (the first that the lookup names), the side, its key there.
    waits_mapping = models.ForeignKey(
        TableMapping, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    waits_side = models.CharField(max_length=5, blank=True, default="")
    waits_key = models.TextField(blank=True, default="")
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("failed on"))

    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+"
    )
    ignored_until = models.DateTimeField(_("ignored until"), null=True, blank=True)  # of the state ignored alone

    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    resolution = models.CharField(max_length=20, choices=Resolution.choices, blank=True, default="")

    objects = SyncErrorQuerySet.as_manager()

    class Meta:
        verbose_name = _("synchronization error")
        verbose_name_plural = _("synchronization errors")
        constraints = [
            models.UniqueConstraint(
                fields=["mapping", "left_key"],
                condition=IS_OPEN & Q(left_key__isnull=False),
                name="one_open_error_a_left_record",
            ),
            models.UniqueConstraint(
                fields=["mapping", "right_key"],
                condition=IS_OPEN & Q(right_key__isnull=False),
                name="one_open_error_a_right_record",
            ),
            models.UniqueConstraint(
                fields=["mapping"],
                condition=IS_OPEN & Q(left_key__isnull=True, right_key__isnull=True),
                name="one_open_error_a_mapping",
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=IS_OPEN & Q(mapping__isnull=True),
                name="one_open_error_a_connection",
            ),
            models.CheckConstraint(
                condition=Q(mapping__isnull=False) ^ Q(connection__isnull=False),
                name="error_of_a_mapping_or_a_connection",
            ),
            models.CheckConstraint(
                condition=Q(state=State.RESOLVED, resolved_at__isnull=False) | (IS_OPEN & Q(resolved_at__isnull=True)),
                name="resolved_errors_say_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.IGNORED) | Q(ignored_until__isnull=False), name="ignored_errors_say_until_when"
            ),
        ]
        indexes = [
            # The error page reads only open errors, newest first, all of them or those of one mapping or kind.
            models.Index(fields=["-last_seen", "-id"], condition=IS_OPEN, name="errors_open_newest"),
            models.Index(fields=["mapping", "-last_seen", "-id"], condition=IS_OPEN, name="errors_open_of_mapping"),
            models.Index(fields=["kind", "last_seen", "id"], condition=IS_OPEN, name="errors_open_of_kind"),
            # Its filters by who has to act, and those that are closed.
            models.Index(
                fields=["last_seen", "id"], condition=Q(state__in=NEEDS_PERSON), name="errors_open_for_a_person"
            ),
            models.Index(fields=["last_seen", "id"], condition=Q(state__in=BY_ITSELF), name="errors_open_by_itself"),
            models.Index(fields=["last_seen", "id"], condition=Q(state=State.RESOLVED), name="errors_resolved"),
            # Its other orders, each over all open errors: the oldest first, then by description, by what the record is
            # coupled to, by whether the two exist, by message and by attempts.
            models.Index(fields=["first_seen", "last_seen", "id"], condition=IS_OPEN, name="errors_open_oldest"),
            models.Index(derived.described(), "last_seen", "id", condition=IS_OPEN, name="errors_open_described"),
            models.Index(derived.coupled_to(), "last_seen", "id", condition=IS_OPEN, name="errors_open_coupled_to"),
            models.Index(derived.record_exists(), "last_seen", "id", condition=IS_OPEN, name="errors_open_existing"),
            models.Index(
                derived.coupled_record_exists(),
                "last_seen",
                "id",
                condition=IS_OPEN,
                name="errors_open_coupled_existing",
            ),
            models.Index(fields=["code", "last_seen", "id"], condition=IS_OPEN, name="errors_open_of_code"),
            models.Index(fields=["attempts", "last_seen", "id"], condition=IS_OPEN, name="errors_open_attempts"),
            # Its search: any part of a name, a key or a message's parameter.
            GinIndex(fields=["searched"], opclasses=["gin_trgm_ops"], condition=IS_OPEN, name="errors_open_searched"),
            # A job works off what is due by itself.
            models.Index(fields=["mapping", "next_attempt"], condition=Q(state=State.RETRYING), name="errors_due"),
            # Beat brings back what was ignored long enough.
            models.Index(fields=["ignored_until"], condition=Q(state=State.IGNORED), name="errors_ignored"),
            # The error page lists what is assigned to somebody; most errors are assigned to nobody.
            models.Index(
                fields=["assigned_to", "-last_seen", "-id"],
                condition=IS_OPEN & Q(assigned_to__isnull=False),
                name="errors_open_assigned",
            ),
            # /metrics: how many of each kind, and since when, from the index alone.
            models.Index(fields=["mapping", "kind", "first_seen"], condition=IS_OPEN, name="errors_open_counted"),
            # A job's page lists those of its records that wait still.
            models.Index(fields=["job", "id"], condition=Q(state=State.WAITING), name="errors_waiting_of_job"),
            # Who waits for a parent: asked for when it is coupled, and counted on its page.
            models.Index(
                fields=["waits_mapping", "waits_side", "waits_key"],
                condition=Q(state=State.WAITING, waits_mapping__isnull=False),
                name="errors_waiting_for",
            ),
            # One cause's errors, to list or to act on them, and the newest of each cause that the error page names.
            models.Index(
                fields=["mapping", "cause", "last_seen", "id"], condition=IS_OPEN, name="errors_open_of_cause"
            ),
            # The page of held deletions counts them by plan, and lists a plan's records by id.
            models.Index(
                fields=["job", "mapping", "left_exists", "code", "id"],
                condition=Q(state=State.HELD),
                name="errors_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.description or self.left_key or self.right_key or ''}"

    @property
    def is_open(self) -> bool:
        return self.state != State.RESOLVED

    @property
    def request(self) -> str:
        """What a person asked for and a job has not worked off yet. Lists select the related ``requested``."""
        asked = getattr(self, "requested", None)
        return asked.request if asked is not None else Request.NONE.value

    @property
    def table_name(self) -> str:
        """The mapping that it belongs to, or the connection."""
        return str(self.mapping or self.connection)
