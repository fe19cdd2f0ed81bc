from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from couplings.models import TableMapping


class Kind(models.TextChoices):
    MODIFIED = "modified", _("Synchronize Modified Records")
    FULL = "full", _("Run Full Synchronization")
    RECORDS = "records", _("Synchronize")
    RETRY = "retry", _("Retry")
    FIND_DELETED = "find_deleted", _("Find for Deleted")
    MATCH = "match", _("Match-Based Coupling")
    UNDO = "undo", _("Undo")
    # Done at once by a person; the job stands for it in the lists and the log.
    COUPLE = "couple", _("Set Up Coupling")
    UNCOUPLE = "uncouple", _("Remove Coupling")
    # What a run would do, kept as a plan; and the carrying out of such a plan (``PlannedChange``).
    PREVIEW = "preview", _("Preview")
    APPLY = "apply", _("Apply Preview")


LONG = (Kind.MODIFIED, Kind.FULL, Kind.FIND_DELETED, Kind.MATCH, Kind.UNDO)
"""Kinds that go through a whole mapping: one at a time, while jobs over a few records run beside it."""


ONE_WAITING = [Kind.MODIFIED, Kind.RETRY]
"""Kinds of which one job a mapping waits: it will do what the next one was to do."""


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", _("schedule")
    MANUAL = "manual", _("manual")
    EVENT = "event", _("event")
    RETRY = "retry", _("retry")


class JobState(models.TextChoices):
    QUEUED = "queued", _("Ready")
    RUNNING = "running", _("In Process")
    PAUSED = "paused", _("On Hold")
    PLANNED = "planned", _("Planned")
    FINISHED = "finished", _("Finished")
    FAILED = "failed", _("Error")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)

ACTIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
"""States of a job that has not ended."""


class Wish(models.TextChoices):
    """What a running job is asked to do after the page it is in."""

    NONE = "", ""
    PAUSE = "pause", _("The job is put on hold after the page it is in.")
    CANCEL = "cancel", _("The job is cancelled after the page it is in.")
    WAIT = "wait", _("The job waits after the page it is in, because its mapping is paused.")
    RESTART = "restart", _("The job begins again after the page it is in, because its mapping was changed.")


OUTCOMES = (
    "inserted",
    "modified",
    "deleted",
    "unchanged",
    "coupled",
    "uncoupled",
    "excluded",
    "waiting",
    "held",
    "skipped",
    "failed",
)


CHANGED = Q(inserted__gt=0) | Q(modified__gt=0) | Q(deleted__gt=0) | Q(coupled__gt=0) | Q(uncoupled__gt=0)
FAILED = Q(failed__gt=0)


class SyncJob(models.Model):
    """One run over one mapping.

    ::

        queued ──▶ running ──▶ finished
           │          ├──────▶ failed      (the connection is gone, the schema does not fit, attempts used up)
           │          ├──────▶ queued      (its worker died or was told to stop: taken up again from the last page)
           │          ├──────▶ cancelled
           │          └──────▶ planned     (a preview: waits for a person) ──▶ finished (applied), cancelled (discarded)
           ├──▶ paused ──▶ queued           (a person: Pause and Resume; nobody takes it up meanwhile)
           └──▶ cancelled

    Pause and Cancel take effect at once for a job that waits. A running one is ``asked``, and its worker obeys when
    the page it is in is committed, so that everything it wrote is in the log.

    A running job belongs to the worker whose ``holder`` it bears, until ``lease_until`` (DESIGN R13); every page it
    commits names the holder, so that a worker which lost its job can no longer write its results.
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="jobs", db_index=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    trigger = models.CharField(_("trigger"), max_length=10, choices=Trigger.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    parameters = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED)

    holder = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    advanced_in = models.PositiveIntegerField(default=0)  # the attempt that last changed a record
    asked = models.CharField(max_length=10, choices=Wish.choices, blank=True, default=Wish.NONE)
    progress = models.JSONField(default=dict, blank=True)
    # The step it is in, for readers: how far it got, of how many where that is known, in records a second.
    phase = models.CharField(max_length=20, blank=True, default="")
    phase_done = models.PositiveBigIntegerField(default=0)
    phase_expected = models.PositiveBigIntegerField(null=True, blank=True)
    rate = models.FloatField(default=0)

    read = models.PositiveBigIntegerField(default=0)
    inserted = models.PositiveBigIntegerField(_("Inserted"), default=0)
    modified = models.PositiveBigIntegerField(_("Modified"), default=0)
    deleted = models.PositiveBigIntegerField(_("Deleted"), default=0)
    unchanged = models.PositiveBigIntegerField(_("Unchanged"), default=0)
    coupled = models.PositiveBigIntegerField(_("Coupled"), default=0)
    uncoupled = models.PositiveBigIntegerField(_("Uncoupled"), default=0)
    excluded = models.PositiveBigIntegerField(_("Excluded"), default=0)
    waiting = models.PositiveBigIntegerField(_("Waiting"), default=0)
    held = models.PositiveBigIntegerField(_("Held"), default=0)
    skipped = models.PositiveBigIntegerField(_("Skipped"), default=0)
    failed = models.PositiveBigIntegerField(_("Failed"), default=0)
    left_written = models.PositiveBigIntegerField(default=0)
    right_written = models.PositiveBigIntegerField(default=0)

    created = models.DateTimeField(_("created"), auto_now_add=True)
    started = models.DateTimeField(_("started"), null=True, blank=True)
    finished = models.DateTimeField(_("finished"), null=True, blank=True)
    counted = models.BooleanField(default=False, editable=False)  # whether ``Total`` has it
    code = models.CharField(max_length=60, blank=True, default="")
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("synchronization job")
        verbose_name_plural = _("synchronization jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["mapping"],
                condition=Q(state=JobState.RUNNING, kind__in=LONG),
                name="one_long_job_per_mapping",
            ),
            models.UniqueConstraint(
                fields=["mapping", "kind"],
                condition=Q(state=JobState.QUEUED, kind__in=ONE_WAITING),
                name="one_queued_job_per_mapping_and_kind",
            ),
            models.UniqueConstraint(
                KT("parameters__undoes"),
                condition=Q(kind=Kind.UNDO, state__in=ACTIVE),
                name="one_undo_of_the_same",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.RUNNING, lease_until__isnull=False)
                | (~Q(state=JobState.RUNNING) & Q(lease_until__isnull=True)),
                name="running_jobs_have_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state=JobState.RUNNING) | Q(asked=Wish.NONE), name="only_running_jobs_are_asked"
            ),
        ]
        indexes = [
            # The list of jobs, newest first, all of them or one mapping's.
            models.Index(fields=["mapping", "-id"], name="jobs_of_a_mapping"),
            # What the bell rings: jobs that wait, and jobs whose lease ran out.
            models.Index(fields=["state", "id"], condition=Q(state__in=["queued", "running"]), name="jobs_active"),
            # The schedules pass by mappings with a job on hold, and the mapping's page names it.
            models.Index(fields=["mapping", "id"], condition=Q(state="paused"), name="jobs_paused"),
            # The home page: the jobs that failed lately. The list of jobs: those that ended on a day.
            models.Index(fields=["created"], condition=Q(state="failed"), name="jobs_failed"),
            models.Index(fields=["finished"], condition=Q(finished__isnull=False), name="jobs_ended"),
            # The list of jobs without those that found nothing to do, which most of them are.
            models.Index(fields=["id"], condition=CHANGED, name="jobs_that_changed"),
            models.Index(fields=["id"], condition=FAILED, name="jobs_with_failures"),
            # /metrics: the few jobs that the totals do not have yet.
            models.Index(fields=["id"], condition=Q(counted=False), name="jobs_uncounted"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.mapping_id} {self.kind}"

    @property
    def actions(self) -> list[str]:
        """What fits the job as it is now, of pause, resume and cancel, in the order of the buttons."""
        at_terminal = self.state == JobState.QUEUED and "resume" in self.parameters
        waits_for_person = self.state == JobState.PAUSED or at_terminal
        works = self.state in (JobState.QUEUED, JobState.RUNNING) and not waits_for_person
        fitting = {
            "pause": works and self.asked not in (Wish.PAUSE, Wish.CANCEL),
            "resume": waits_for_person or self.asked == Wish.PAUSE,
            "cancel": (works or waits_for_person) and self.asked != Wish.CANCEL,
        }
        return [action for action, fits in fitting.items() if fits]
