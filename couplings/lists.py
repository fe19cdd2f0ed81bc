"""The query of each list page."""

from collections.abc import Iterable, Iterator, Mapping

from django.db.models import QuerySet

from couplings import counts
from couplings.filters import ErrorFilter
from couplings.models import Connection, Coupling, SyncError, TableMapping, derived
from couplings.paging import Page, Part, page, page_of_parts

TIES = ("last_seen",)
"""What errors that are equal in the order of a list follow; the indexes of ``SyncError`` end with it."""
BY_TABLE = ("table_name", "-table_name")
DERIVED = {
    "described": derived.described,
    "record_exists": derived.record_exists,
    "coupled_to": derived.coupled_to,
    "coupled_record_exists": derived.coupled_record_exists,
}
"""What errors are sorted by besides their columns; none of it is null."""
NAMED = ("name", "direction", "left_connection", "left_table", "right_connection", "right_table")
"""What lists say of a mapping; its rules, its cursors and the columns of its tables stay where they are."""
UNSEEN = ("details", "searched")
"""What is large in an error, and no list shows: the values of the records."""
ERRORS = 20
"""Rows of a page of errors, which says more in each than other lists: with all it loads it stays under 150 kB."""


def mappings() -> list[TableMapping]:
    """All mappings with what lists say of them. Two queries; those of a system share it, as there are many mappings and
    few systems."""
    found = list(TableMapping.objects.only(*NAMED))
    systems = Connection.objects.only("name").in_bulk()
    for mapping in found:
        # One that came or went between the two queries is read when it is asked for.
        if mapping.left_connection_id in systems:
            mapping.left_connection = systems[mapping.left_connection_id]
        if mapping.right_connection_id in systems:
            mapping.right_connection = systems[mapping.right_connection_id]
    return found


def page_of_errors(
    chosen: ErrorFilter,
    order: str,
    where: Mapping[str, str],
    size: int = ERRORS,
    known_mappings: Iterable[TableMapping] | None = None,
) -> Page[SyncError]:
    """The page of the errors in the filter that ``where`` points at; ``order`` is a column, one of DERIVED or BY_TABLE.

    One query, by an index in every order; by table, one for each table that stands on the page. Whoever has read all
    ``mappings`` hands them over as ``known_mappings``."""
    column = order.lstrip("-")
    rows = SyncError.objects.select_related("requested", "assigned_to").defer(*UNSEEN)
    wanted = chosen.apply(rows.annotate(**{column: DERIVED[column]()}) if column in DERIVED else rows)
    if order in BY_TABLE:
        parts = ((label, wanted.filter(**owner)) for label, owner in _owners(chosen))
        shown = page_of_parts(parts, order, where, TIES, size)
    else:
        shown = page(wanted, order, where, size, TIES)
    attach(shown, known_mappings)
    return shown


def attach(errors: Iterable[SyncError], known_mappings: Iterable[TableMapping] | None = None) -> None:
    """Give ``errors`` their mappings (of ``mappings``, unless they are known) and connections, each of which is there
    once. No query for connections where no error is of a whole one."""
    known = {mapping.pk: mapping for mapping in (mappings() if known_mappings is None else known_mappings)}
    wanted = {error.connection_id for error in errors} - {None}
    systems = Connection.objects.only("name").in_bulk(wanted) if wanted else {}
    for error in errors:
        if error.mapping_id in known:
            error.mapping = known[error.mapping_id]
        elif error.connection_id in systems:
            error.connection = systems[error.connection_id]


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
