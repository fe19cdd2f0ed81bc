from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from couplings.models.connection import Connection
from syncstatus.engine.lookups import IfMissing
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, UpdatePolicy

DIRECTIONS = [
    (Direction.BIDIRECTIONAL.value, _("Bidirectional")),
    (Direction.LEFT_TO_RIGHT.value, _("Left to right")),
    (Direction.RIGHT_TO_LEFT.value, _("Right to left")),
]
UPDATE_POLICIES = [
    (UpdatePolicy.ASK.value, _("ask a person")),
    (UpdatePolicy.LEFT.value, _("the left side wins")),
    (UpdatePolicy.RIGHT.value, _("the right side wins")),
    (UpdatePolicy.NEWEST.value, _("the newest wins")),
]
DELETION_POLICIES = [
    (DeletionPolicy.ASK.value, _("ask a person")),
    (DeletionPolicy.RESTORE.value, _("create it again")),
    (DeletionPolicy.UNCOUPLE.value, _("remove the coupling")),
    (DeletionPolicy.DELETE.value, _("delete it on the other side as well")),
]
IF_MISSING = [
    (IfMissing.WAIT.value, _("wait")),
    (IfMissing.CLEAR.value, _("empty the field")),
    (IfMissing.KEEP.value, _("keep what is there")),
]


class TableMapping(models.Model):
    """A pair of tables, one on the left and one on the right connection, and the rules between them.

    ``left_cursor`` and ``right_cursor`` are the connectors' opaque points in the change feeds; they are valid as long
    as ``cursor_scope`` equals the scope of the configuration (connections, tables, filters, fields). A run that finds
    another scope compares every record.
    """

    name = models.CharField(_("name"), max_length=100)
    left_connection = models.ForeignKey(Connection, models.PROTECT, related_name="+", verbose_name=_("left connection"))
    left_schema = models.CharField(max_length=200, blank=True, default="")
    left_table = models.CharField(max_length=200)
    left_key = models.JSONField(default=list)
    left_modified_on = models.CharField(max_length=200, blank=True, default="")
    left_version = models.CharField(max_length=200, blank=True, default="")
    left_filter = models.JSONField(default=dict, blank=True)
    left_link = models.CharField(max_length=1000, blank=True, default="")
    right_connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="+", verbose_name=_("right connection")
    )
    right_schema = models.CharField(max_length=200, blank=True, default="")
    right_table = models.CharField(max_length=200)
    right_key = models.JSONField(default=list)
    right_modified_on = models.CharField(max_length=200, blank=True, default="")
    right_version = models.CharField(max_length=200, blank=True, default="")
    right_filter = models.JSONField(default=dict, blank=True)
    right_link = models.CharField(max_length=1000, blank=True, default="")

    direction = models.CharField(_("direction"), max_length=20, choices=DIRECTIONS, default=Direction.BIDIRECTIONAL)
    only_coupled = models.BooleanField(_("synch. only coupled records"), default=False)
    update_conflict = models.CharField(
        _("resolve update conflicts"), max_length=20, choices=UPDATE_POLICIES, default=UpdatePolicy.ASK
    )
    deletion_conflict = models.CharField(
        _("resolve deletion conflicts"), max_length=20, choices=DELETION_POLICIES, default=DeletionPolicy.ASK
    )
    deleted_and_changed = models.CharField(
        _("deleted and changed"), max_length=20, choices=DELETION_POLICIES, default=DeletionPolicy.ASK
    )
    guard_share = models.FloatField(default=0.5)
    guard_count = models.PositiveIntegerField(default=100)
    defaults = models.JSONField(_("defaults of new records"), default=dict, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    paused = models.BooleanField(_("paused"), default=False)
    depends_on = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="dependents")

    schedule_every = models.PositiveIntegerField(_("synchronize every (seconds)"), null=True, blank=True)
    next_run = models.DateTimeField(_("next run"), null=True, blank=True)

    left_cursor = models.JSONField(null=True, blank=True)
    right_cursor = models.JSONField(null=True, blank=True)
    cursor_scope = models.CharField(max_length=64, blank=True, default="")
    last_sweep = models.DateTimeField(null=True, blank=True)
    columns = models.JSONField(null=True, blank=True)  # as the last run found them (``jobs.runner.schema``)
    # How many records each side listed when they were counted last: a guard compares.
    left_listed = models.PositiveBigIntegerField(null=True, blank=True)
    right_listed = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("table mapping")
        verbose_name_plural = _("table mappings")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="one_table_mapping_a_name"),
            models.CheckConstraint(condition=Q(name=Upper("name")), name="table_mapping_name_is_upper_case"),
            models.CheckConstraint(
                condition=Q(guard_share__gte=0, guard_share__lte=1), name="guard_share_between_0_and_1"
            ),
        ]
        # The task that rings due schedules reads only these rows.
        indexes = [models.Index(fields=["next_run"], condition=Q(next_run__isnull=False), name="mappings_due")]

    def __str__(self) -> str:
        return self.name

    def connection(self, side: Side) -> Connection:
        return self.left_connection if side is Side.LEFT else self.right_connection

    def side_name(self, side: Side | str) -> str:
        """What the reader calls a side: its connection's name, with the table when both sides share one connection."""
        name = self.connection(Side(side)).name
        if self.left_connection_id != self.right_connection_id:
            return name
        return f"{name} {self.left_table if Side(side) is Side.LEFT else self.right_table}"


class FieldMapping(models.Model):
    """A pair of fields; a constant has a field on one side only, the name of the other is empty.

    ``transforms`` and ``values`` are kept as the configuration file writes them.
    """

    mapping = models.ForeignKey(TableMapping, models.CASCADE, related_name="fields")
    position = models.PositiveIntegerField(default=0)
    left = models.CharField(_("left field"), max_length=200, blank=True)
    right = models.CharField(_("right field"), max_length=200, blank=True)
    direction = models.CharField(_("direction"), max_length=20, choices=DIRECTIONS, default=Direction.BIDIRECTIONAL)
    transforms = models.JSONField(_("transformations"), default=list, blank=True)
    policy = models.CharField(_("conflict"), max_length=20, choices=UPDATE_POLICIES, blank=True, default="")
    match = models.PositiveIntegerField(_("match priority"), null=True, blank=True)
    case_sensitive = models.BooleanField(_("case-sensitive"), default=True)
    accent_sensitive = models.BooleanField(_("accent-sensitive"), default=True)
    values = models.JSONField(_("value map"), default=dict, blank=True)
    constant = models.JSONField(_("constant"), null=True, blank=True)
    required = models.BooleanField(_("required"), default=False)
    clear = models.BooleanField(_("empty values travel"), default=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    # Names of the mappings that couple what the field refers to, as the configuration file writes them.
    lookup = models.JSONField(_("lookup"), default=list, blank=True)
    if_missing = models.CharField(max_length=10, choices=IF_MISSING, default=IfMissing.WAIT.value)

    class Meta:
        verbose_name = _("field mapping")
        verbose_name_plural = _("field mappings")
        ordering = ["mapping", "position"]
        constraints = [
            models.UniqueConstraint(fields=["mapping", "left", "right"], name="one_field_mapping_a_pair_of_fields"),
        ]

    def __str__(self) -> str:
        return f"{self.left} ↔ {self.right}"
