"""What a first synchronization recommends, and why, in the reader's language."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

ADVICE = {
    "couple": gettext_lazy("couple"),
    "create": gettext_lazy("create"),
    "nothing": gettext_lazy("nothing"),
}

REASONS = {
    "goes_on": gettext_lazy("it was stopped half-way and goes on"),
    "pairs_found": "%(pairs)s",
    "to_be_created": "%(created)s",
    "done": gettext_lazy("it has been synchronized before"),
    "no_records": gettext_lazy("there are no records on either side"),
    "all_coupled": gettext_lazy("all records are coupled"),
    "only_coupled": gettext_lazy("only coupled records are synchronized"),
    "wrong_way": gettext_lazy("what has no partner lies where nothing comes from"),
    "no_match_fields": gettext_lazy(
        "both sides hold records, and no match field tells which belong together: all would be created twice"
    ),
    "match_fields_never_filled": gettext_lazy(
        "the match fields are empty in every record of one side: all would be created twice"
    ),
    "only_unclear": gettext_lazy("a person has to choose partners (couplings match)"),
    "cannot_look": gettext_lazy("its tables cannot be looked at"),
}


def reason(code: str, *, pairs: int, created: Mapping[str, int]) -> str:
    """The sentence of ``code``; ``created`` is how many records would be created in which system."""
    together = ngettext("%(count)s pair belongs together", "%(count)s pairs belong together", pairs) % {"count": pairs}
    return str(REASONS[code]) % {"pairs": together, "created": ", ".join(_told(created))}


def _told(created: Mapping[str, int]) -> Iterator[str]:
    for name, count in created.items():
        if count:
            yield _("%(count)s new in %(system)s") % {"count": count, "system": name}
