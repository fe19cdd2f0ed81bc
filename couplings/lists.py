"""The query of each list page."""

from collections.abc import Iterator, Mapping

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from couplings import counts
from couplings.filters import ErrorFilter
from couplings.models import Connection, Coupling, SyncError, TableMapping, derived
from couplings.paging import SIZE, Page, Part, page, page_of_parts

TIES = ("last_seen",)
"""What errors that are equal in the order of a list follow; the indexes of ``SyncError`` end with it."""
BY_TABLE = ("table_name", "-table_name")


def errors() -> QuerySet[SyncError]:
    """Open and closed errors with what the errors page shows, each column sortable because none of them is null.

    The values of the records stay where they are: they are what is large in an error, and no list shows them."""
    related = ("mapping__left_connection", "mapping__right_connection", "connection", "requested_by", "assigned_to")
    return (
        SyncError.objects.select_related(*related)
        .defer("details")
        .annotate(
            table_name=Coalesce("mapping__name", "connection__name"),
            described=derived.described(),
            record_exists=derived.record_exists(),
            coupled_to=derived.coupled_to(),
            coupled_record_exists=derived.coupled_record_exists(),
        )
    )


def page_of_errors(chosen: ErrorFilter, order: str, where: Mapping[str, str], size: int = SIZE) -> Page[SyncError]:
    """The page of the errors in the filter that ``where`` points at; ``order`` is a column of ``errors()``.

    One query, by an index in every order; by table, one for each table that stands on the page."""
    wanted = chosen.apply(errors())
    if order not in BY_TABLE:
        return page(wanted, order, where, size, TIES)
    parts = ((label, wanted.filter(**owner)) for label, owner in _owners(chosen))
    return page_of_parts(parts, order, where, TIES, size)


def _owners(chosen: ErrorFilter) -> Iterator[tuple[Part, dict[str, int | None]]]:
    """The mappings and connections that have errors in the filter, by name."""
    owning = counts.owners(**chosen.groups()) if chosen.is_counted else None
    for pk, name in TableMapping.objects.values_list("pk", "name"):
        if owning is None or (pk, 0) in owning:
            yield (name, "mapping", str(pk)), {"mapping": pk}
    for pk, name in Connection.objects.values_list("pk", "name"):
        if owning is None or (0, pk) in owning:
            yield (name, "connection", str(pk)), {"mapping": None, "connection": pk}


def couplings() -> QuerySet[Coupling]:
    """Couplings with what the list of records shows; their bases, the largest column by far, stay where they are."""
    related = ("mapping__left_connection", "mapping__right_connection")
    return Coupling.objects.select_related(*related).defer("base", "base_right")
