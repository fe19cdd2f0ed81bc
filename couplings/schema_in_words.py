"""What was changed in a table, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

CHANGES = {
    "gone": gettext_lazy("%(field)s is gone"),
    "type": gettext_lazy("%(field)s: %(before)s is now %(now)s"),
    "required": gettext_lazy("%(field)s must be filled now"),
    "unfilled": gettext_lazy("%(field)s must be filled now, and the mapping does not fill it"),
    "wider": gettext_lazy("%(field)s: %(before)s is now %(now)s, which holds as much"),
    "optional": gettext_lazy("%(field)s need not be filled any more"),
    "added": gettext_lazy("%(field)s is new"),
    "dropped": gettext_lazy("%(field)s is gone, which nobody uses"),
}


SHOWN = 3  # changes that a sentence names; a page lists all of them


def summary(changes: Sequence[Any]) -> str:
    """The first few changes, and how many there are besides."""
    told = [sentence(change) for change in changes[:SHOWN]]
    if (rest := len(changes) - SHOWN) > 0:
        told.append(ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest})
    return "; ".join(told)


def sentence(change: Any) -> str:
    """Such as “phone in ERP (mapped with telephone in CRM): varchar(30) is now varchar(20)”. ``change`` is stored with
    its error: a mapping, or a text from before there were any."""
    if not isinstance(change, Mapping):
        return str(change)
    field = _("%(field)s in %(system)s") % {"field": change["field"], "system": change["where"]}
    if change["partners"]:
        partners = {"field": field, "partners": ", ".join(change["partners"]), "system": change["there"]}
        field = _("%(field)s (mapped with %(partners)s in %(system)s)") % partners
    return CHANGES[change["what"]] % {"field": field, "before": change["before"], "now": change["now"]}
