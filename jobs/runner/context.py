"""What all steps of one run share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError

from couplings.models import FieldMapping, TableMapping
from jobs.models import PlannedChange, SyncJob
from jobs.runner.candidates import Candidate
from jobs.runner.locks import Locks
from jobs.runner.pace import Pace
from jobs.runner.references import Lookups, lookups_of
from syncstatus.connectors.ports import Cursor, Endpoint, Feed
from syncstatus.engine.decisions import Problem
from syncstatus.engine.plan import Tally
from syncstatus.engine.records import Side
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction, Rules
from syncstatus.engine.values import Kind

PAGE = 2_500
"""Records in one page: large enough for one statement a batch to pay, small enough that memory stays flat."""

WORTH_A_THREAD = 1_000
"""Records from which a page is worth a thread with a connection of its own; smaller ones are done at once, so that a
click is answered sooner."""


STORE_LOST = (OperationalError, InterfaceError)


class Stopped(Exception):
    """A person asked the run to stop; the page before is committed."""


class Exhausted(Exception):
    """A part of the job stopped every worker that took it."""


class Asked(Exception):
    """The job is asked to do something else than to go on; the page before is committed."""

    def __init__(self, wish: str) -> None:
        super().__init__(wish)
        self.wish = wish


class OwnWrites:
    """The newest writes of this run on one side that are remembered: the versions their couplings hold, by key.

    The side's own feed lists them next (DESIGN R8); to know them without asking for their couplings spares a tenth of a
    run that changes much. Bounded, so that memory stays flat: what has dropped out is looked up as before.
    """

    MOST = 200_000

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}

    def add(self, versions: dict[str, str]) -> None:
        """Versions by key, which a commit has stored with their couplings."""
        if len(self._versions) + len(versions) > self.MOST:
            self._versions = {}
        self._versions |= versions

    def without(self, keys: Iterable[str], versions: Iterable[str]) -> dict[str, str]:
        """Versions by key of what was listed, without our own writes."""
        own = self._versions.get
        return {key: version for key, version in zip(keys, versions, strict=True) if own(key) != version}


@dataclass
class PutOff:
    """Candidates whose records are in other hands, and the cursors, progress and parts that may not pass them until
    they are done (DESIGN R5). ``unanswered``: somebody else has left creates behind, which come first."""

    candidates: list[Candidate] = field(default_factory=list)
    cursors: dict[Side, Cursor] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    parts: list[int] = field(default_factory=list)
    unanswered: bool = False


@dataclass
class Run:
    """``job`` is saved only by runs that are not a preview; ``deep`` compares bodies even where versions are equal.
    ``is_member``: it works off parts of a job that another worker runs.
    ``is_probe``: others wait until its first page tells whether a system answers again (``jobs.circuits``).

    ``undecided`` are records without a coupling that a create of ours made, or may have made: no page takes them for
    new ones.
    ``counted`` is how many records a side lists besides those inserted by this run, where that was asked.
    ``written`` counts what the page under way wrote. ``holds`` has, for a side whose deletions a guard keeps back, the
    reason (DESIGN R9). ``lookups`` are the mapping's own, ``children`` the fields that look up its records, ``woken``
    the mappings of records that this run has woken, and ``bring`` runs another job here and now (``parents``).
    ``tell`` gets what a preview that is not kept would do, page by page.
    ``forms`` has the keys of a side's records by what they match on, for a priority that no system can be searched for.
    """

    job: SyncJob
    mapping: TableMapping
    rules: Rules
    endpoints: dict[Side, Endpoint]
    holder: str = ""
    preview: bool = False
    deep: bool = False
    only_match: bool = False
    report_deletions: bool = False
    instruction: Instruction = NO_INSTRUCTION
    tally: Tally = field(default_factory=Tally)
    holds: dict[Side, Problem] = field(default_factory=dict)
    on_page: Callable[["Run"], None] | None = None
    tell: Callable[[Sequence[PlannedChange]], object] | None = None
    stop: Callable[[], bool] | None = None
    ring: Callable[[int], None] | None = None
    call: Callable[[int], None] | None = None
    is_member: bool = False
    is_probe: bool = False
    pace: Pace = field(default_factory=Pace)
    counted: dict[Side, int] = field(default_factory=dict)
    statistics_at: int = PAGE  # so many new couplings make the store's statistics worth refreshing
    previewed: set[str] = field(default_factory=set)
    unanswered: bool = False  # whether creates stand announced, as they were when the page was loaded
    undecided: dict[Side, set[str]] = field(default_factory=lambda: {side: set() for side in Side})
    put_off: PutOff = field(default_factory=PutOff)
    siblings: Sequence[TableMapping] | None = None  # other mappings of the same tables, once somebody asks
    locks: Locks = field(init=False)
    believes: dict[Side, bool] = field(init=False)
    endpoint_fields: dict[Side, tuple[str, ...]] = field(init=False)
    positions: dict[Side, dict[str, int]] = field(init=False)
    lookups: Lookups = field(init=False)
    children: Sequence[FieldMapping] | None = None
    woken: set[int] = field(default_factory=set)
    bring: Callable[[int], SyncJob | None] | None = None
    forms: dict[tuple[Side, int], Mapping[str, list[str]]] = field(default_factory=dict)
    own: dict[Side, OwnWrites] = field(default_factory=lambda: {side: OwnWrites() for side in Side})
    deletions: dict[Side, int] = field(default_factory=lambda: {Side.LEFT: 0, Side.RIGHT: 0})
    written: dict[Side, int] = field(default_factory=lambda: {Side.LEFT: 0, Side.RIGHT: 0})

    def __post_init__(self) -> None:
        self.locks = Locks(self.mapping.pk, self.holder)
        self.believes = {side: self._may_believe(side) for side in Side}
        self.endpoint_fields = {side: tuple(rule.field(side) for rule in self.rules.fields) for side in Side}
        self.positions = self.rules.compiled.places
        self.lookups = lookups_of(self.rules)

    def _may_believe(self, side: Side) -> bool:
        """Whether a record of ``side`` may be taken for what its coupling remembers, because a refused write or its own
        feed would tell otherwise. Whether it lies within a filter only reading tells, and a preview writes nothing.

        JSON is remembered as text, which the log could not tell from JSON that is one text; transformed values and
        lookups are remembered in another form than they are stored."""
        compiled = self.rules.compiled
        has_json = any(rule.type(side).kind is Kind.JSON for rule in self.rules.fields)
        if compiled.transformed or compiled.parents or has_json:
            return False
        capabilities = self.endpoints[side].capabilities
        told = capabilities.conditional_write and capabilities.feed is not Feed.NONE
        return told and not self.preview and not getattr(self.mapping, f"{side.value}_filter")

    def side_params(self, params: Any) -> dict[str, Any]:
        """A message's parameters with the systems' names instead of their sides."""
        return {
            name: self.mapping.side_name(value) if name == "side" or name.endswith("_side") else value
            for name, value in dict(params).items()
        }
