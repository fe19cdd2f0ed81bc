"""Parents and children of lookups: who waits for whom, who is woken, and who is looked at because a parent moved.

A record whose parent is not coupled waits (DESIGN R10). Its error names the parent, so that whichever job couples that
one wakes all who wait for it, in the transaction that remembers the page. What was coupled in between is found at the
end of the job that left records waiting: a parent that is coupled later than that sees them. Then the job asks for the
parents that nobody has told anything of yet: it has them synchronized, in jobs of their own, holding no record
meanwhile. What such a job cannot couple gets one error there, which says how many wait.

A parent that was coupled anew, with a record that was created again for example, is remembered for its children's
mapping, whose next job looks at them although neither of their records was changed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from couplings.models import FieldMapping, TableMapping
from couplings.store import parents as store
from couplings.store.parents import forget_moved as forget_moved
from jobs import queue
from jobs.models import Kind, Trigger
from jobs.runner import sources
from jobs.runner.candidates import Candidate
from jobs.runner.context import PAGE, Run
from jobs.runner.outcomes import Verdict
from jobs.runner.references import children_of
from jobs.runner.sources import Page
from syncstatus.engine.decisions import Action, ErrorKind, Problem
from syncstatus.engine.lookups import IfMissing, native
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side
from syncstatus.engine.values import ValueRefused

CHILDREN_WAIT = "children_wait"
ASKED_FOR = "children"
"""The parameter of a job that synchronizes parents for records that wait: whether it is the last to be asked."""

# Generations of one family that a job brings along; what is beyond waits for the jobs of those mappings.
DEEPEST = 5


# The parent's side


def tell_children(run: Run, verdicts: Sequence[Verdict]) -> None:
    """Wake who waits for what this page has coupled, and remember what it has coupled anew. In the transaction that
    remembers the page."""
    fields = children_of(run)
    if not fields:
        return
    fresh = [(v.left_key or "", v.right_key or "") for v in verdicts if v.coupling_id is not None]
    run.woken |= store.wake(_awaited(fields), fresh) if fresh else set()
    _remember_coupled(run, [field for field in fields if field.if_missing != IfMissing.WAIT], fresh)
    for side in Side:
        _move(run, fields, side, _kept(verdicts, side))


def _kept(verdicts: Sequence[Verdict], side: Side) -> list[str]:
    """The keys on ``side`` of pairs whose other key is a new one."""
    there = side.other
    agreed = [v for v in verdicts if v.agreed and v.candidate.coupling is not None]
    return [
        key
        for v in agreed
        if (v.left_key if there is Side.LEFT else v.right_key) != v.candidate.coupling.key(there)  # type: ignore[union-attr]
        and (key := v.left_key if side is Side.LEFT else v.right_key)
    ]


def _remember_coupled(run: Run, fields: Sequence[FieldMapping], pairs: Sequence[tuple[str, str]]) -> None:
    """Children that do not wait have no error that says whom they miss. Those of a mapping that never ran come up by
    themselves."""
    begun = [field for field in fields if field.mapping.cursor_scope]
    if begun and pairs:
        for side, keys in zip(Side, zip(*pairs, strict=True), strict=True):
            _move(run, begun, side, keys)


def _move(run: Run, fields: Sequence[FieldMapping], side: Side, keys: Sequence[str]) -> None:
    if keys:
        mappings = {field.mapping_id for field in fields}
        store.move(mappings, run.mapping.pk, side, keys)
        run.woken |= mappings


def _awaited(fields: Sequence[FieldMapping]) -> set[int]:
    """The mappings under which the lookups wait: the first that each names."""
    names = {field.lookup[0] for field in fields}
    return set(TableMapping.objects.filter(name__in=names).values_list("pk", flat=True))


def report_missing(run: Run, candidates: Sequence[Candidate]) -> None:
    """Records that others wait for and that are not going to be coupled: one error each, which says how many wait."""
    if not children_of(run):
        return
    asked = run.job.parameters.get(ASKED_FOR, False)
    left_out = [c for c in candidates if _is_left_out(c) and (asked or _is_waited_for(c))]
    if not left_out:
        return
    awaited = _awaited(children_of(run))
    for side in Side:
        single = {key: c for c in left_out if c.single_side is side and (key := c.key(side)) is not None}
        for key, number in store.waiting(awaited, side, single).items():
            record = single[key].record(side)
            reason = "absent" if record is None else "uncoupled" if record.included else "excluded"
            params = {"side": side.value, "children": number, "key": key, "reason": reason}
            single[key].problem = Problem(ErrorKind.DEPENDENCY, CHILDREN_WAIT, params)


def _is_left_out(candidate: Candidate) -> bool:
    decision = candidate.decision
    if decision is None or candidate.coupling is not None or candidate.problem is not None:
        return False
    return decision.action in (Action.EXCLUDE, Action.NOTHING)


def _is_waited_for(candidate: Candidate) -> bool:
    return candidate.error is not None and candidate.error.code == CHILDREN_WAIT


# The child's side


def follow(run: Run, retry: Callable[[], None]) -> None:
    """What a job does at its end for the records that it left waiting: ``retry`` works off those that were woken."""
    if run.preview or run.is_member or not (run.lookups or run.woken):
        return
    while _is_woken(run) or _bring_parents(run):
        retry()
    for mappings in run.lookups.values():
        store.settle_asked(mappings)
    if run.tally.outcomes[Outcome.DELETED] and run.lookups:
        run.woken |= store.delete_parents_again({mapping for ids in run.lookups.values() for mapping in ids})


def _is_woken(run: Run) -> bool:
    own = run.mapping.pk in run.woken
    run.woken.discard(run.mapping.pk)
    coupled = [store.wake_coupled(run.mapping.pk, ids[0], ids) for ids in run.lookups.values() if ids]
    return own or any(coupled)


def _bring_parents(run: Run) -> bool:
    """Have the parents synchronized that nobody has told anything of; whether that came to anything."""
    depth = int(run.job.parameters.get("depth", 0))
    if run.bring is None or depth >= DEEPEST:
        return False
    told = [_ask(run, ids, side, depth + 1) for ids in {ids for ids in run.lookups.values() if ids} for side in Side]
    return any(told)


def _ask(run: Run, parents: Sequence[int], side: Side, depth: int) -> bool:
    """One page after the other, as long as each leaves fewer."""
    keys, told = store.unheard_of(run.mapping.pk, parents, side, PAGE), False
    while keys:
        for parent in parents:
            _bring(run, parent, {"side": side.value, "keys": keys, ASKED_FOR: parent == parents[-1], "depth": depth})
        rest = store.unheard_of(run.mapping.pk, parents, side, PAGE)
        if rest == keys:
            break
        keys, told = rest, True
    return told


def _bring(run: Run, parent: int, wish: dict[str, Any]) -> None:
    """Where the job cannot be run now, a worker does it; it wakes whom it can."""
    mapping = TableMapping.objects.filter(pk=parent, enabled=True, paused=False).first()
    if mapping is not None and run.bring is not None:
        run.bring(queue.enqueue(mapping, Kind.RECORDS, Trigger.EVENT, None, wish).pk)


def ring_children(run: Run) -> None:
    """Call workers for the other mappings whose records this job has woken; in the foreground those that follow, or
    beat, see to them."""
    if run.ring is None:
        return
    for mapping in TableMapping.objects.filter(pk__in=run.woken - {run.mapping.pk}, enabled=True, paused=False):
        run.ring(queue.enqueue(mapping, Kind.RETRY, Trigger.RETRY).pk)


def of_moved_parents(run: Run) -> Iterator[tuple[list[int], list[Page]]]:
    """Children of parents that were coupled anew, page by page, with what is forgotten once they are looked at."""
    for position, mappings in run.lookups.items():
        for parent in mappings:
            for side in Side:
                after = 0
                while rows := store.moved(run.mapping.pk, parent, side, after, PAGE):
                    after = rows[-1][0]
                    keys = _referring(run, position, side, [key for _, key in rows])
                    pages = [sources.of_listed(run, side, keys[n : n + PAGE]) for n in range(0, len(keys), PAGE)]
                    yield ([id for id, _ in rows] if _is_last(run, position, parent) else []), pages


def _is_last(run: Run, position: int, parent: int) -> bool:
    """Whether no further field of the mapping looks up the same parents."""
    return position == max(place for place, mappings in run.lookups.items() if parent in mappings)


def _referring(run: Run, position: int, side: Side, keys: Sequence[str]) -> list[str]:
    """The records of ``side`` that hold one of ``keys``."""
    rule, wanted = run.rules.fields[position], []
    for key in keys:
        try:
            wanted.append((native(rule, side, key),))
        except ValueRefused:
            continue
    name = run.endpoint_fields[side][position]
    found = run.endpoints[side].search([name], wanted, case_sensitive=[True]) if wanted else []
    return [record.key for record in found]
