"""Two business applications in memory, and the smallest runner that keeps them in step with the engine.

It follows the rules a real one follows: decide before writing (R12), write with a precondition (R6), note an intent
before a create and adopt what it made (R7), remember what was read back, keep one open error a record (R11).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from syncstatus.engine.base import dump_base, load_base
from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, Decision, ErrorKind, Problem
from syncstatus.engine.guards import check_deletions, planned_deletions
from syncstatus.engine.match import Candidate, Found, choose, criteria, match_values
from syncstatus.engine.plan import Outcome, Tally, outcome, problem_outcome
from syncstatus.engine.records import Memory, Pair, Record, Side, Values
from syncstatus.engine.rules import NO_INSTRUCTION, Instruction, Rules
from syncstatus.engine.settle import moved_meanwhile, settle
from tests.syncstatus.engine.builders import mirror_decision, mirror_pair, mirror_rules

LEFT, RIGHT = Side


class WriteFailed(Exception):
    kind = ErrorKind.TRANSIENT


class Refused(WriteFailed):
    kind = ErrorKind.VALIDATION


class AnswerLost(WriteFailed):
    """It was written, but nobody was told."""


class Moved(WriteFailed):
    """The record is not the one the decision was made on."""


@dataclass
class Application:
    """One side: rows by key, each with a version that moves with every write."""

    side: Side
    stores: Callable[[Any], Any] = lambda value: value
    rows: dict[str, tuple[int, Values]] = field(default_factory=dict)
    clock: int = 0
    writes: int = 0
    faults: list[str] = field(default_factory=list)
    meanwhile: Callable[[Side, str], None] = lambda side, key: None

    def read(self, key: str | None) -> Record | None:
        row = self.rows.get(key) if key is not None else None
        return None if key is None or row is None else Record(key, str(row[0]), row[1])

    def put(self, key: str, values: Values) -> None:
        self.clock += 1
        self.rows[key] = (self.clock, tuple(self.stores(value) for value in values))

    def create(self, key: str, values: Values) -> Record:
        return self._write(key, None, lambda: self.put(key, values))

    def update(self, record: Record, sent: dict[int, Any]) -> Record:
        values = tuple(sent.get(position, value) for position, value in enumerate(record.values))
        return self._write(record.key, record.version, lambda: self.put(record.key, values))

    def delete(self, record: Record) -> None:
        self._write(record.key, record.version, lambda: self.rows.pop(record.key))

    def _write(self, key: str, version: str | None, write: Callable[[], Any]) -> Any:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "refused":
            raise Refused
        if fault == "down":
            raise WriteFailed
        if fault == "moved" and version is not None:
            self.meanwhile(self.side, key)
        found = self.read(key)
        if (found and found.version) != version:
            raise Moved
        write()
        self.writes += 1
        if fault == "lost":
            raise AnswerLost
        return self.read(key)


@dataclass
class Coupling:
    keys: dict[Side, str]
    versions: dict[Side, str]
    base: tuple[bytes, bytes | None]


@dataclass
class Error:
    problem: Problem | None
    kind: ErrorKind
    request: Instruction | None = None

    @property
    def skipped(self) -> bool:
        """Errors that pass by themselves are tried again at every run (DESIGN R10)."""
        return self.kind is not ErrorKind.TRANSIENT


Subject = tuple[
    str | None, str | None
]  # the keys (left, right) of what a run looks at; one is None when it has no partner


@dataclass
class Runner:
    rules: Rules
    apps: dict[Side, Application]
    couplings: list[Coupling] = field(default_factory=list)
    errors: dict[Subject, Error] = field(default_factory=dict)
    left_alone: set[tuple[Side, str]] = field(default_factory=set)
    intents: dict[tuple[Side, str], str] = field(default_factory=dict)  # (side, the source's key): the key to create
    log: list[Any] = field(default_factory=list)
    numbers: int = 0

    def run(self, order: Callable[[list[Subject]], list[Subject]] = list) -> Tally:
        """Look at every subject; ``order`` shuffles them."""
        subjects = order(self.subjects())
        self.errors = {subject: error for subject, error in self.errors.items() if subject in subjects}
        decided = {subject: self.decide(subject) for subject in subjects}
        held = self.held(list(decided.values()))
        tally = Tally(read=len(subjects))
        for subject in subjects:
            tally.count(self.carry_out(subject, held))
        return tally

    def subjects(self) -> list[Subject]:
        """Couplings, then matched pairs, then records on their own."""
        self.adopt()
        found: list[Subject] = [(each.keys[LEFT], each.keys[RIGHT]) for each in self.couplings]
        partners = dict(self.matched())
        taken = {*partners.values()}
        found += [(key, partners.get(key)) for key in self.uncoupled(LEFT)]
        found += [(None, key) for key in self.uncoupled(RIGHT) if key not in taken]
        return found

    def uncoupled(self, side: Side) -> list[str]:
        coupled = {each.keys[side] for each in self.couplings}
        return [key for key in self.apps[side].rows if key not in coupled and (side, key) not in self.left_alone]

    def matched(self) -> Iterator[tuple[str, str]]:
        for key in self.uncoupled(LEFT):
            match = self.partner(LEFT, key)
            if match.key is not None:
                yield key, match.key

    def partner(self, side: Side, key: str) -> Any:
        """The only free record of the other side with the same match values."""
        (criterion,) = criteria(self.rules)
        wanted = match_values(self.rules, criterion, side, self.apps[side].rows[key][1])
        coupled = {each.keys[side.other]: each.keys[side] for each in self.couplings}
        candidates = [
            Candidate(other, coupled.get(other))
            for other, (_, values) in self.apps[side.other].rows.items()
            if (side.other, other) not in self.left_alone
            and match_values(self.rules, criterion, side.other, values) == wanted
        ]
        return choose(self.rules, criterion, side.other, candidates)

    def adopt(self) -> None:
        """What a create made whose answer was lost takes its place in the coupling it was made for (R7)."""
        for (side, source), key in list(self.intents.items()):
            coupling = self.coupling(source, side.other)
            if key in self.apps[side].rows and coupling is not None and coupling.keys[side] not in self.apps[side].rows:
                coupling.keys[side], coupling.versions[side] = key, ""

    def coupling(self, key: str | None, side: Side) -> Coupling | None:
        return next((each for each in self.couplings if each.keys[side] == key), None)

    def pair(self, subject: Subject) -> Pair:
        left, right = self.apps[LEFT].read(subject[0]), self.apps[RIGHT].read(subject[1])
        coupling = self.coupling(subject[0], LEFT) if subject[0] else self.coupling(subject[1], RIGHT)
        if coupling is None:
            return Pair(left, right)
        bases = load_base(self.rules, *coupling.base)
        return Pair(left, right, Memory(coupling.versions[LEFT], coupling.versions[RIGHT], *bases))

    def decide(self, subject: Subject) -> Decision:
        error = self.errors.get(subject)
        instruction = error.request if error and error.request else NO_INSTRUCTION
        skipped = error is not None and error.skipped and error.request is None
        pair = self.pair(subject)
        decision = decide(self.rules, pair, instruction, skipped=skipped)
        if pair.memory is None and (pair.left is None) != (pair.right is None) and decision.action is Action.CREATE:
            decision = self.unless_taken(subject, decision)
        swapped = Instruction(instruction.use and instruction.use.other, {}, instruction.deletion)
        mirrored = decide(mirror_rules(self.rules), mirror_pair(pair), swapped, skipped=skipped)
        assert decision.action is Action.ERROR or mirrored == mirror_decision(decision)
        assert decision.problem is None or not (decision.left or decision.right or decision.left_base)
        return decision

    def unless_taken(self, subject: Subject, decision: Decision) -> Decision:
        side = LEFT if subject[1] is None else RIGHT
        match = self.partner(side, subject[0] or subject[1] or "")
        if match.found is Found.NONE:
            return decision
        # One partner seen from here, several seen from there: as little to be decided as the other way round.
        several = Problem(ErrorKind.AMBIGUOUS, "ambiguous", {"candidates": [match.key]})
        return Decision(Action.ERROR, problem=match.problem or several)

    def held(self, decisions: list[Decision]) -> dict[Side, Problem | None]:
        return {
            side: check_deletions(self.rules.delete_guard, len(self.couplings), planned)
            for side, planned in planned_deletions(decisions).items()
        }

    def carry_out(self, subject: Subject, held: dict[Side, Problem | None]) -> Outcome:
        for _ in range(3):
            decision = self.decide(subject)
            problem = held.get(decision.side) if decision.action is Action.DELETE and decision.side else None
            error = self.errors.get(subject)
            if problem is not None and not (error and error.request):
                decision = Decision(Action.ERROR, problem=problem)
            try:
                self.write(subject, decision)
            except Moved:
                continue
            except WriteFailed as failure:
                self.errors[subject] = Error(None, failure.kind)
                return problem_outcome(failure.kind)
            self.note(subject, decision)
            return outcome(decision)
        self.errors[subject] = Error(None, ErrorKind.TRANSIENT)
        return Outcome.FAILED

    def note(self, subject: Subject, decision: Decision) -> None:
        """Open, update or close the subject's one error."""
        if decision.action is Action.ERROR and decision.problem is not None:
            self.errors[subject] = Error(decision.problem, decision.problem.kind)
        elif decision.action is Action.SKIP:
            then = self.errors[subject]
            problem = decision.problem
            self.errors[subject] = Error(problem, problem.kind) if problem else Error(then.problem, then.kind)
        else:
            self.errors.pop(subject, None)

    def write(self, subject: Subject, decision: Decision) -> None:
        before = sum(app.writes for app in self.apps.values())
        pair = self.pair(subject)
        match decision.action:
            case Action.CREATE if decision.side is not None:
                self.create(pair, decision, decision.side)
            case Action.UPDATE | Action.COUPLE | Action.REFRESH:
                self.update(pair, decision)
            case Action.DELETE if decision.side is not None:
                survivor = pair.record(decision.side)
                assert survivor is not None
                self.log += survivor.values  # first: the answer may be lost
                self.apps[decision.side].delete(survivor)
                self.forget(subject)
            case Action.UNCOUPLE:
                self.forget(subject)
                self.left_alone |= {(side, key) for side, key in zip(Side, subject, strict=True) if key}
            case _:
                assert sum(app.writes for app in self.apps.values()) == before

    def create(self, pair: Pair, decision: Decision, side: Side) -> None:
        source = pair.record(side.other)
        assert source is not None
        assert (side.other, source.key) not in self.left_alone
        if self.intents.get((side, source.key)) not in self.apps[side].rows:
            self.numbers += 1
            self.intents[(side, source.key)] = f"{source.key}'{self.numbers}"
        key = self.intents[(side, source.key)]
        sent = decision.writes(side)
        created = self.apps[side].create(key, tuple(sent.get(i) for i in range(len(self.rules.fields))))
        self.remember({side: created, side.other: source}, decision, {side})

    def update(self, pair: Pair, decision: Decision) -> None:
        records = {LEFT: pair.left, RIGHT: pair.right}
        for side in Side:
            sent, then = dict(decision.writes(side)), records[side]
            if sent and then is not None:
                self.log += [then.values[position] for position in sent]
                records[side] = self.apps[side].update(then, sent)
        written = {side for side in Side if decision.writes(side)}
        self.remember({side: record for side, record in records.items() if record is not None}, decision, written)

    def remember(self, records: dict[Side, Record], decision: Decision, written: set[Side]) -> None:
        values = [records[side].values if side in written else None for side in Side]
        bases = settle(self.rules, decision, *values)
        again = moved_meanwhile(self.rules, decision, *values)
        self.couplings = [each for each in self.couplings if all(each.keys[side] != records[side].key for side in Side)]
        versions = {side: "" if again else record.version for side, record in records.items()}
        keys = {side: record.key for side, record in records.items()}
        self.couplings.append(Coupling(keys, versions, dump_base(self.rules, *bases)))

    def forget(self, subject: Subject) -> None:
        self.couplings = [each for each in self.couplings if (each.keys[LEFT], each.keys[RIGHT]) != subject]

    def lose_memory(self) -> None:
        """The tables are emptied, or restored from long ago (SCENARIOS T28)."""
        self.couplings, self.errors, self.intents, self.left_alone = [], {}, {}, set()
