"""What the tables of a mapping hold and its filters let in, as lines for a terminal and objects for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from couplings.filters_in_words import conditions
from couplings.messages import render
from jobs.services.counting import Count
from syncstatus.engine.records import Side


def lines(name: str, counts: Iterable[Count]) -> Iterator[str]:
    """One for each side, such as “CUSTOMER: 40 of 100 records in ERP lie within the filter region = north.”"""
    for count in counts:
        yield f"{name}: {_sentence(count)}"


def _sentence(count: Count) -> str:
    if count.problem is not None:
        return render(*count.problem)
    told = {"system": count.where, "filter": conditions(count.filter)}
    told |= {"total": _number(count.total), "included": _number(count.included)}
    if not count.filter:
        return _("%(total)s records in %(system)s, without a filter.") % told
    return _("%(included)s of %(total)s records in %(system)s lie within the filter %(filter)s.") % told


def _number(number: int | None) -> str:
    return "?" if number is None else number_format(number, force_grouping=True)


def short(count: Count) -> str:
    """For a table: “40/100”, or “100” where there is no filter."""
    if not count.filter:
        return _number(count.total)
    return f"{_number(count.included)}/{_number(count.total)}"


def as_object(counts: Mapping[Side, Count]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side, count in counts.items():
        found |= {f"{side.value}_records": count.total, f"{side.value}_in_filter": count.included}
    return found
