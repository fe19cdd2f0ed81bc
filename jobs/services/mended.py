"""Errors whose cause the configuration has just removed are retried at once, in one job a mapping."""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from couplings.configuration.entries import Document, FieldEntry
from couplings.models import SyncError
from jobs.services import actions
from jobs.services.actions import Requested
from syncstatus.engine.transformed import NOT_MAPPED
from syncstatus.engine.transforms.chain import TRANSFORM_FAILED
from syncstatus.engine.value_maps import as_text

OF_RULES = (TRANSFORM_FAILED, "required_by_mapping", "no_way_back")


def retry(stored: Document, document: Document) -> Requested | None:
    """Asks for the open errors of fields whose rules ``document`` changed over ``stored``, as far as the new rules know
    what to do. None when there are none."""
    found = Q(pk__in=[])
    for name, entry in document.mappings.items():
        known = stored.mappings.get(name)
        changed = changed_fields(known.fields if known else (), entry.fields)
        found |= Q(pk__in=[pk for field in changed for pk in mended(name, field)])
    errors = SyncError.objects.open().filter(found)
    return actions.request(errors, actions.RETRY, user=None) if errors.exists() else None


def changed_fields(before: Iterable[FieldEntry], now: Iterable[FieldEntry]) -> list[FieldEntry]:
    known: Mapping[tuple[str, str], FieldEntry] = {(field.left, field.right): field for field in before}
    return [field for field in now if known.get((field.left, field.right), field) != field]


def mended(mapping: str, field: FieldEntry) -> list[int]:
    """The ids of its open errors that the field's new rules may close."""
    errors = SyncError.objects.open().filter(mapping__name=mapping, fields__contains=[field.left])
    ids = list(errors.filter(code__in=OF_RULES).values_list("pk", flat=True))
    unmapped = errors.filter(code=NOT_MAPPED)
    if field.values is not None and None in (field.values.default_to_right, field.values.default_to_left):
        known = {*field.values.pairs, *map(as_text, field.values.pairs.values())}
        values = set(unmapped.order_by().values_list("params__value", flat=True).distinct())
        unmapped = unmapped.filter(params__value__in=sorted(values & known))
    return ids + list(unmapped.values_list("pk", flat=True))
