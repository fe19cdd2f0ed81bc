"""What was done, or would be done, to records, a line each."""

from collections import Counter
from collections.abc import Iterator, Sequence

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from couplings import log
from couplings.models import TableMapping
from jobs.models import PlannedChange

SHOWN = 20  # records of each outcome that a terminal gets


def record_line(record: log.Entry) -> str:
    changes = "; ".join(f"{c.side} {c.field}: {c.old!r} -> {c.new!r}" for c in record.changes)
    told = " ".join(part for part in (changes, str(record.message)) if part)
    return f"{record.outcome}  {record.left_key or '-'} <-> {record.right_key or '-'}  {told}".rstrip()


class Previewed:
    """Writes what a preview tells, and counts what it does not write."""

    def __init__(self, stdout: OutputWrapper, mapping: TableMapping) -> None:
        self.stdout = stdout
        self.mapping = mapping
        self.told: Counter[str] = Counter()

    def tell(self, changes: Sequence[PlannedChange]) -> None:
        for change in changes:
            self.told[change.outcome] += 1
            if self.told[change.outcome] <= SHOWN:
                self.stdout.write(record_line(log.readable(change, self.mapping)))

    def rest(self) -> Iterator[str]:
        """What was not written, in a sentence for each outcome."""
        for outcome, count in self.told.items():
            if count > SHOWN:
                text = _(
                    "... and %(count)s more %(outcome)s; all of them: --preview --keep, then jobs show JOB --records"
                )
                yield text % {"count": count - SHOWN, "outcome": outcome}
        if self.told["waiting"]:
            yield _(
                "A run synchronizes first what these records wait for, where its mapping allows that; then they go."
            )
