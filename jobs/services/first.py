"""The first synchronization of many mappings: what is there, what is recommended, and the running of what was approved.

Nothing of it is remembered apart: what a first synchronization has done are couplings, finished jobs and cursors, so a
second call sees what is left, and a job that was stopped half-way goes on where it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import User

from couplings.configuration.scope import scope
from couplings.models import SyncError, TableMapping
from couplings.store import couplings
from jobs.models import JobState, Kind, SyncJob
from jobs.runner import systems
from jobs.services import dependencies, jobs, matching
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectionFailed, ConnectorError, NothingToMatchBy
from syncstatus.connectors.ports import Endpoint
from syncstatus.engine.records import Side
from syncstatus.engine.rules import Direction


class Advice(StrEnum):
    COUPLE = "couple"  # Match-Based Coupling: both sides hold the same records already
    CREATE = "create"  # a full synchronization, which creates what one side does not have
    NOTHING = "nothing"


KINDS = {Advice.COUPLE: Kind.MATCH, Advice.CREATE: Kind.MODIFIED}


class Reason(StrEnum):
    """Why it is recommended."""

    GOES_ON = "goes_on"  # a job of it was stopped half-way
    PAIRS_FOUND = "pairs_found"
    TO_BE_CREATED = "to_be_created"
    DONE = "done"
    NO_RECORDS = "no_records"
    ALL_COUPLED = "all_coupled"
    ONLY_COUPLED = "only_coupled"
    WRONG_WAY = "wrong_way"  # what has no partner lies on the side to which nothing but coupled records travel
    NO_MATCH_FIELDS = "no_match_fields"  # both sides hold records, and nothing tells which belong together
    NEVER_FILLED = "match_fields_never_filled"  # the same, as one side's match fields are empty in every record
    ONLY_UNCLEAR = "only_unclear"
    CANNOT_LOOK = "cannot_look"


@dataclass(frozen=True)
class Facts:
    """Counts of records within the filters; by side ``records``, those without a partner in sight (``alone``), and how
    many would be created there (``created``). ``pairs`` would be coupled, ``unclear`` are ambiguous or duplicates.
    ``never_filled`` says that the match fields are empty in every record of a side."""

    records: Mapping[Side, int | None]
    coupled: int = 0
    pairs: int = 0
    unclear: int = 0
    alone: Mapping[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    created: Mapping[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    never_filled: bool = False


@dataclass(frozen=True)
class Problem:
    """A message (code, params); ``lost`` says that a system did not answer."""

    code: str
    params: dict[str, Any]
    lost: bool = False


@dataclass(frozen=True)
class Step:
    """One mapping's turn. ``parents`` are the names of those it depends on, ``problem`` says why nobody can look at its
    tables."""

    mapping: TableMapping
    parents: list[str]
    advice: Advice
    reason: Reason
    facts: Facts | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Plan:
    """Parents first. ``circles`` are paths of names that lead back to where they began; each was cut somewhere."""

    steps: list[Step]
    circles: list[list[str]]


@dataclass(frozen=True)
class Done:
    """``job`` is None for a step that had a ``problem``, or was held back because ``held_by``, mappings it depends on,
    failed."""

    step: Step
    job: SyncJob | None = None
    problem: Problem | None = None
    held_by: list[str] = field(default_factory=list)


def plan(mappings: Iterable[TableMapping], *, most: int | None = None) -> Plan:
    """What to do first with each of ``mappings``, in the order of their dependencies. Reads both systems, and writes
    nothing. A mapping whose systems cannot be asked is a step that says so, not an exception; so is one with which more
    than ``most`` records would be matched together."""
    graph = dependencies.dependencies()
    ordered, circles = dependencies.in_order(mappings, graph)
    names = dict(TableMapping.objects.values_list("pk", "name"))
    allowance = Allowance(most)
    steps = [_step(mapping, sorted(names[pk] for pk in graph.get(mapping.pk, ())), allowance) for mapping in ordered]
    return Plan(steps, circles)


@dataclass
class Allowance:
    """How many records may still be matched while somebody waits; None: as many as there are."""

    left: int | None = None

    def use(self, mapping: TableMapping, records: int) -> None:
        """Raises ``Refused`` (``too_many_to_match``), and takes nothing then."""
        if self.left is not None:
            if records > self.left:
                raise Refused("too_many_to_match", mapping=mapping.name, count=records)
            self.left -= records


def _step(mapping: TableMapping, parents: list[str], allowance: Allowance) -> Step:
    try:
        jobs.check_may_run(mapping)
        facts = look(mapping, allowance)
        return Step(mapping, parents, *advise(mapping, facts), facts)
    except (Refused, ConnectorError) as error:
        problem = _problem(mapping, error)
    return Step(mapping, parents, Advice.NOTHING, Reason.CANNOT_LOOK, problem=problem)


def _problem(mapping: TableMapping, error: Refused | ConnectorError) -> Problem:
    if isinstance(error, Refused):
        return Problem(error.code, error.params)
    params = {"mapping": mapping.name, **error.params, "detail": error.detail}
    return Problem(error.code, params, lost=isinstance(error, ConnectionFailed))


def look(mapping: TableMapping, allowance: Allowance) -> Facts:
    """Count what exists on both sides; where both hold records that are not coupled, and no job has begun with them,
    match them. Raises ``Refused`` (``too_many_to_match``) and the connectors' errors."""
    endpoints, _rules = systems.open_both(mapping, waits=True)
    records = {side: endpoints[side].count() for side in Side}
    coupled = couplings.count(mapping.pk)
    alone = {side: max(0, _known(endpoints[side], number) - coupled) for side, number in records.items()}
    if not (all(alone.values()) and has_criteria(mapping)) or is_done(mapping) or unfinished(mapping) is not None:
        return Facts(records, coupled, alone=alone, created=_created(mapping, alone))
    allowance.use(mapping, sum(alone.values()))
    try:
        with matching.preview(mapping, suggest=False) as found:
            counts, source = found.counts(), found.pairing.source
    except NothingToMatchBy:
        return Facts(records, coupled, alone=alone, created=_created(mapping, alone), never_filled=True)
    pairs, unclear = counts["pairs"], counts["ambiguous"] + counts["duplicate"]
    alone = {source: counts["unmatched"], source.other: max(0, alone[source.other] - pairs)}
    return Facts(records, coupled, pairs, unclear, alone, _created(mapping, alone))


def _known(endpoint: Endpoint, number: int | None) -> int:
    """The number, or 1 where a system that does not count has any records."""
    return len(endpoint.keys(None, 1)) if number is None else number


def _created(mapping: TableMapping, alone: Mapping[Side, int]) -> dict[Side, int]:
    """How many records without a partner would be created on each side."""
    direction = Direction(mapping.direction)
    creates = not mapping.only_coupled
    return {side: alone[side.other] if creates and direction.writes(side) else 0 for side in Side}


def has_criteria(mapping: TableMapping) -> bool:
    return mapping.fields.filter(match__isnull=False, enabled=True).exists()


def advise(mapping: TableMapping, facts: Facts) -> tuple[Advice, Reason]:
    """What to do first, and why; the first line that holds.

    ========================================  ==========================================================
    a job of it was stopped half-way          go on with it
    the first synchronization has finished    nothing
    no records on either side                 nothing
    pairs would be found                      couple them, before anything is created
    both sides hold uncoupled records, and    nothing: every record would be created a second time
    there is no match field, or it is empty
    in every record of a side
    records would be created                  create them
    all that is left is unclear               nothing: a person chooses (``couplings match``)
    else                                      nothing
    ========================================  ==========================================================
    """
    stopped = unfinished(mapping)
    both_alone = all(facts.alone.values())
    creates = any(facts.created.values())
    if stopped is not None:
        return (Advice.COUPLE if stopped.kind == Kind.MATCH else Advice.CREATE), Reason.GOES_ON
    if is_done(mapping):
        return Advice.NOTHING, Reason.DONE
    if not (any(facts.records.values()) or any(facts.alone.values())):
        return Advice.NOTHING, Reason.NO_RECORDS
    if facts.pairs:
        return Advice.COUPLE, Reason.PAIRS_FOUND
    if facts.never_filled:
        return Advice.NOTHING, Reason.NEVER_FILLED
    if both_alone and creates and not has_criteria(mapping):
        return Advice.NOTHING, Reason.NO_MATCH_FIELDS
    if creates:
        return Advice.CREATE, Reason.TO_BE_CREATED
    return Advice.NOTHING, _why_nothing(mapping, facts)


def _why_nothing(mapping: TableMapping, facts: Facts) -> Reason:
    if facts.unclear:
        return Reason.ONLY_UNCLEAR
    if not any(facts.alone.values()):
        return Reason.ALL_COUPLED
    return Reason.ONLY_COUPLED if mapping.only_coupled else Reason.WRONG_WAY


def is_done(mapping: TableMapping) -> bool:
    """Whether every record was compared once under the rules that hold now."""
    if mapping.cursor_scope != scope(mapping):
        return False
    finished = SyncJob.objects.filter(mapping=mapping, kind__in=[Kind.MODIFIED, Kind.FULL], state=JobState.FINISHED)
    return bool(mapping.left_cursor and mapping.right_cursor) or finished.exists()


def unfinished(mapping: TableMapping) -> SyncJob | None:
    """A job of a first synchronization that was stopped, or whose worker died."""
    waiting = SyncJob.objects.filter(mapping=mapping, kind__in=KINDS.values(), started__isnull=False)
    found = waiting.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("pk").first()
    return found if found is not None and not is_done(mapping) else None


Start = Callable[[TableMapping, Kind, dict[str, Any]], SyncJob]


def carry_out(
    steps: Sequence[Step], approved: Collection[Advice], *, start: Start, create_new: bool = False
) -> Iterator[Done]:
    """Run the approved ones of ``steps`` in their order, each to its end; each is told when it has ended.

    ``start`` runs a job; what it raises as ``Refused`` or as a connector's error is a problem of that step alone.
    ``create_new``: what has no match is created at once. Records of a parent that failed hold back their own children
    only, which wait for them; a parent's mapping that failed (its system is away, its table was changed) holds back all
    that depend on it.
    """
    broken: set[str] = set()
    to_come = {step.mapping.name for step in steps}
    for step in steps:
        # In a circle a parent may come later: what is wrong with it may be over by then, and somebody has to begin.
        parents = set(step.parents) - to_come
        to_come.discard(step.mapping.name)
        held_by = sorted(broken & parents | _broken(parents))
        if step.problem is not None or held_by:
            done = Done(step, problem=step.problem, held_by=held_by)
        elif step.advice in approved and step.advice is not Advice.NOTHING:
            done = _run(step, start, create_new)
        else:
            continue
        if done.job is None or done.job.state != JobState.FINISHED:
            broken.add(step.mapping.name)
        yield done


@dataclass(frozen=True)
class Begun:
    """What became of a step that somebody chose: its ``job`` waits for a worker, or it was held back by mappings it
    comes after, or there is a ``problem``."""

    step: Step
    job: SyncJob | None = None
    problem: Problem | None = None
    held_by: list[str] = field(default_factory=list)


def waiting(found: Plan) -> dict[str, list[str]]:
    """By the name of each step's mapping: those before it in the order that it depends on, and that are not done or
    have an error of their own. In a circle somebody has to begin, so what comes later keeps nobody waiting."""
    undone: set[str] = set()
    held: dict[str, list[str]] = {}
    to_come = {step.mapping.name for step in found.steps}
    for step in found.steps:
        parents = set(step.parents) - to_come
        to_come.discard(step.mapping.name)
        held[step.mapping.name] = sorted(parents & undone | _broken(parents))
        if step.advice is not Advice.NOTHING or step.problem is not None:
            undone.add(step.mapping.name)
    return held


def under_way(found: Plan) -> dict[str, SyncJob]:
    """By the name of the mapping: the job that does, or is about to do, what its step is about."""
    active = SyncJob.objects.filter(mapping__in=[step.mapping for step in found.steps], kind__in=KINDS.values())
    active = active.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).select_related("mapping").order_by("-pk")
    return {job.mapping.name: job for job in active}


def begin(found: Plan, chosen: Collection[str], *, user: User | None, create_new: bool = False) -> list[Begun]:
    """Hand to the workers what of ``found`` was chosen and waits for nobody: the others follow when somebody looks
    again, as nothing of a first synchronization is remembered apart. A job that is under way already is rung."""
    held, jobs_there = waiting(found), under_way(found)
    begun = []
    for step in found.steps:
        name = step.mapping.name
        if name not in chosen or step.advice is Advice.NOTHING:
            continue
        if name in jobs_there:
            jobs.ring(jobs_there[name])
            begun.append(Begun(step, jobs_there[name]))
        else:
            begun.append(Begun(step, held_by=held[name]) if held[name] else _begin(step, user, create_new))
    return begun


def _begin(step: Step, user: User | None, create_new: bool) -> Begun:
    parameters = _parameters(step, create_new)
    try:
        return Begun(step, jobs.start(step.mapping, KINDS[step.advice], user=user, parameters=parameters))
    except Refused as error:
        return Begun(step, problem=_problem(step.mapping, error))


def _run(step: Step, start: Start, create_new: bool) -> Done:
    try:
        return Done(step, start(step.mapping, KINDS[step.advice], _parameters(step, create_new)))
    except (Refused, ConnectorError) as error:
        return Done(step, problem=_problem(step.mapping, error))


def _parameters(step: Step, create_new: bool) -> dict[str, Any]:
    """Those of the job that goes on, so that it is the one that is started."""
    if step.reason is Reason.GOES_ON and (job := unfinished(step.mapping)) is not None:
        return {name: value for name, value in job.parameters.items() if name != "resume"}
    return {"create_new": True} if create_new and step.advice is Advice.COUPLE else {}


def _broken(parents: Collection[str]) -> set[str]:
    """Those of ``parents`` whose mapping has an error of its own, also of runs before."""
    failed = SyncError.objects.open().filter(mapping__name__in=parents, left_key=None, right_key=None)
    return set(failed.values_list("mapping__name", flat=True))
