"""The query of each list page."""

from django.db.models import BooleanField, Case, F, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce

from couplings.models import Coupling, SyncError

# What a record is coupled to is told from the side that is known: the left one, unless only the right one is.
ONLY_RIGHT = When(left_key__isnull=True, then=F("right_exists"))


def errors() -> QuerySet[SyncError]:
    """Open and closed errors with what the errors page shows, each column sortable because none of them is null."""
    related = ("mapping__left_connection", "mapping__right_connection", "connection", "requested_by")
    return SyncError.objects.select_related(*related).annotate(
        table_name=Coalesce("mapping__name", "connection__name"),
        record_exists=Coalesce(Case(ONLY_RIGHT, default=F("left_exists"), output_field=BooleanField()), Value(False)),
        coupled_to=Case(
            When(left_key__isnull=True, then=Value("")),
            default=Coalesce("right_key", Value("")),
            output_field=TextField(),
        ),
        coupled_record_exists=Coalesce(
            Case(When(left_key__isnull=True, then=F("left_exists")), default=F("right_exists")), Value(False)
        ),
    )


def couplings() -> QuerySet[Coupling]:
    """Couplings with what the list of records shows; their bases, the largest column by far, stay where they are."""
    related = ("mapping__left_connection", "mapping__right_connection")
    return Coupling.objects.select_related(*related).defer("base", "base_right")
