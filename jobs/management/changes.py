"""What applying a configuration changes, as lines for a terminal."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from couplings.configuration.diff import Change, Detail, What
from couplings.configuration.entries import Document
from jobs.management.counts import lines
from jobs.services.configuration import Applied

SIGNS = {What.ADDED: "+", What.CHANGED: "~", What.REMOVED: "-"}


def report(applied: Applied, *, dry_run: bool) -> Iterator[str]:
    """Lines such as ``~ mapping CUSTOMER`` with what changes indented below, then a sentence that sums up."""
    for change in applied.changes:
        yield from change_lines(change)
    for name in applied.compared_anew:
        yield _("The next run of %(name)s compares every record.") % {"name": name}
    for name in applied.unmatched:
        yield _(
            "%(name)s has no match field, so records that exist on both sides are not recognized: each is created on "
            "the other side."
        ) % {"name": name}
    for name, counts in applied.filtered.items():
        yield from lines(name, [count for count in counts.values() if count.filter])
    if applied.retried:
        text = ngettext(
            "%(count)s open error is retried, because its rules were changed.",
            "%(count)s open errors are retried, because their rules were changed.",
            applied.retried,
        )
        yield text % {"count": applied.retried}
    yield from left_alone_lines(applied.left_alone)
    yield summary(len(applied.changes), dry_run)


def change_lines(change: Change) -> Iterator[str]:
    kind = _("connection") if change.kind == "connection" else _("mapping")
    yield f"{SIGNS[change.what]} {kind} {change.name}"
    for detail in change.details:
        yield f"    {SIGNS[detail.what]} {detail_text(detail)}"


def detail_text(detail: Detail) -> str:
    if detail.what is What.CHANGED and not detail.old:
        return _("%(setting)s: a new secret") % {"setting": detail.setting}
    if detail.what is What.CHANGED:
        return f"{detail.setting}: {detail.old} → {detail.new}"
    return f"{detail.setting}: {detail.old or detail.new}"


def left_alone_lines(rest: Document) -> Iterator[str]:
    connections = [f"{_('connection')} {name}" for name in rest.connections]
    names = connections + [f"{_('mapping')} {name}" for name in rest.mappings]
    if names:
        yield _("Not in the file and left alone: %(names)s.") % {"names": ", ".join(names)}


def summary(count: int, dry_run: bool) -> str:
    if not count:
        return _("Nothing to change: everything is as the file says.")
    if dry_run:
        text = ngettext("%(count)s change, not applied (dry run).", "%(count)s changes, not applied (dry run).", count)
    else:
        text = ngettext("%(count)s change applied.", "%(count)s changes applied.", count)
    return text % {"count": count}
