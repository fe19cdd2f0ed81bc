"""What looks the same everywhere, for templates (see ``couplings.shown``)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from couplings import counts, shown
from couplings.facets import Option

register = template.Library()

register.filter("age", shown.age)
register.filter("ago", shown.ago)
register.filter("due", shown.due)
register.filter("number", shown.number)
register.filter("rate", shown.rate)
register.filter("shown", shown.value)
register.filter("span", shown.span)
register.filter("every", shown.every)
register.simple_tag(shown.badge, name="badge")
register.simple_tag(shown.counted, name="counted")
register.simple_tag(shown.duration, name="duration")
register.simple_tag(counts.listed, name="open_errors")


CURRENT = mark_safe(' aria-current="true"')


@register.simple_tag
def links_of(options: Iterable[Option], sort: str = "") -> SafeString:
    """The values of a filter as links, each with how many it shows; ``sort`` is what they keep of the query string."""
    parts = ((one.query, sort, CURRENT if one.current else "", one.label, shown.number(one.count)) for one in options)
    return format_html_join("\n", '<a href="?{}{}"{}>{} <span class="count">{}</span></a>', parts)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """This page's query string with ``changes``; None takes a parameter away."""
    parameters = dict(context["request"].GET.lists()) | {name: [value] for name, value in changes.items()}
    return "?" + urlencode({name: values for name, values in parameters.items() if values != [None]}, doseq=True)


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *places: str) -> SafeString | str:
    """Marks a link to one of ``places`` on every page that hangs under it."""
    path = context["request"].path
    return mark_safe(' aria-current="page"') if path.startswith(places) else ""
