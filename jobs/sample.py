"""The sample as an installation has it: its databases, its configuration, and two synchronizations behind it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from couplings.models import Connection, TableMapping
from jobs.models import Kind
from jobs.services import configuration, jobs
from syncstatus.sample import databases, incidents, tables
from syncstatus.sample.databases import FOLDER, SampleError, System

CONFIGURATION = FOLDER / "sample.yaml"
# Parents before children, as a person would run them.
MAPPINGS = (
    "PAYMENT_TERMS", "CURRENCY", "SALESPERSON", "CUSTOMER", "CONTACT", "ITEM", "SERVICE", "VENDOR", "STOCK",
)  # fmt: skip

Say = Callable[[str], object]


def is_wanted() -> bool:
    """Whether a start should create the sample: nothing is set up yet, or an earlier creation was cut off."""
    if not TableMapping.objects.exists() and not Connection.objects.exists():
        return True
    return databases.exists() and not databases.is_complete()


def create(say: Say, *, reset: bool = False) -> None:
    """Create the sample, synchronize it, let things happen to it, and synchronize again.

    ``say`` is told of each step. Raises SampleError when there is one already and ``reset`` is False, when its
    databases may not be created, or when a connection of another name is in the way.
    """
    if databases.is_complete() and not reset:
        raise SampleError(_("There is a sample already. Create it anew with: manage.py sample create --reset"))
    _refuse_strangers()
    _forget()
    world = tables.world()
    say(_("Creating two sample databases, an ERP and a CRM."))
    databases.create(
        {System.ERP: tables.erp(world), System.CRM: tables.crm(world), System.WAREHOUSE: tables.warehouse(world)}
    )
    _configure()
    say(_("First synchronization: couples the records that match."))
    _synchronize()
    say(_("People in both companies go on working."))
    incidents.happen(world)
    say(_("Second synchronization: finds what is out of step."))
    _synchronize()
    incidents.fresh_work(world)
    databases.mark_complete()
    TableMapping.objects.filter(name__in=MAPPINGS).update(next_run=Now())


def _configure() -> None:
    """Apply the sample's file. Its schedules begin when the sample is complete, so that no worker comes in between."""
    databases.provide()
    with transaction.atomic():
        configuration.apply(CONFIGURATION.read_bytes())
        TableMapping.objects.filter(name__in=MAPPINGS).update(next_run=None)


def _synchronize() -> None:
    with _quiet(logging.getLogger("jobs")):
        for mapping in _mappings():
            jobs.start(mapping, Kind.MODIFIED, queue=False)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Twenty jobs that start and end are no news to somebody who waits for one sentence."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _mappings() -> list[TableMapping]:
    found = {mapping.name: mapping for mapping in TableMapping.objects.filter(name__in=MAPPINGS)}
    return [found[name] for name in MAPPINGS]


def _connections() -> QuerySet[Connection]:
    """The connections that lead to the sample's databases, whatever somebody called them since."""
    return Connection.objects.filter(settings__url__in=[f"${{{system.variable}}}" for system in System])


def _refuse_strangers() -> None:
    """The sample's file would overwrite connections and mappings of the same name that are not its own."""
    ours = _connections()
    names = [system.name for system in System]
    connections = Connection.objects.filter(name__in=names).exclude(pk__in=ours)
    mappings = TableMapping.objects.filter(name__in=MAPPINGS).exclude(left_connection__in=ours)
    strangers = [*connections.values_list("name", flat=True), *mappings.values_list("name", flat=True)]
    if strangers:
        raise SampleError(
            _("The sample needs the names {names}, which your configuration uses. Rename yours, or do without.").format(
                names=", ".join(strangers)
            )
        )


def _forget() -> None:
    """Remove an earlier sample and all that is remembered of it; the configuration of others stays."""
    ours = _connections()
    with transaction.atomic():
        TableMapping.objects.filter(Q(left_connection__in=ours) | Q(right_connection__in=ours)).delete()
        ours.delete()
