"""Two users, random faults, then quiet: what must hold whatever happens (SCENARIOS 5).

Ada works in the left application, Bob in the right one. Every value they write is unlike any other, so that it can be
looked for afterwards.
"""

from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from syncstatus.engine.guards import allowed_deletions
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side
from syncstatus.engine.rules import DeletionPolicy, Direction, FieldRule, Guard, Instruction, Rules, UpdatePolicy
from syncstatus.engine.values import FieldType, Kind
from tests.syncstatus.engine.world import Application, Error, Runner

LEFT, RIGHT = Side
TEXT = FieldType(Kind.TEXT)
CODES = ["A", "B", "C", "D", "E", "F"]
FAULTS = st.lists(st.sampled_from(["", "", "refused", "down", "lost", "moved"]), min_size=1, max_size=4)
INSTRUCTIONS = [
    Instruction(),
    Instruction(use=LEFT),
    Instruction(use=RIGHT),
    *(Instruction(deletion=policy) for policy in DeletionPolicy if policy is not DeletionPolicy.ASK),
]


def shout(value: Any) -> Any:
    """What a side makes of texts that normalizes them."""
    return value.upper() if isinstance(value, str) else value


def shouted(row: Any) -> list[Any]:
    return [shout(value) for value in row[1]]


class TwoUsers(RuleBasedStateMachine):
    @initialize(
        update=st.sampled_from([UpdatePolicy.ASK, UpdatePolicy.LEFT, UpdatePolicy.RIGHT]),
        deletion=st.sampled_from(DeletionPolicy),
        changed=st.sampled_from(DeletionPolicy),
        direction=st.sampled_from([Direction.BIDIRECTIONAL, Direction.BIDIRECTIONAL, *Direction]),
        normalizing=st.booleans(),
    )
    def start(
        self, update: UpdatePolicy, deletion: DeletionPolicy, changed: DeletionPolicy, direction: Direction,
        normalizing: bool,
    ) -> None:  # fmt: skip
        fields = (FieldRule("code", "code", TEXT, TEXT, match=1), *(FieldRule(f, f, TEXT, TEXT) for f in "np"))
        self.rules_ = Rules(fields, direction, False, update, deletion, changed, Guard(share=0.5, count=3))
        self.normalizing = normalizing
        self.apps = {LEFT: Application(LEFT), RIGHT: Application(RIGHT, shout if normalizing else lambda value: value)}
        for app in self.apps.values():
            app.meanwhile = lambda side, key: self.edit_now(side, key)  # a method would be copied with its machine
        self.runner = Runner(self.rules_, self.apps)
        self.number = 0
        self.written: set[str] = set()
        self.discarded: set[str] = set()

    # The users

    def fresh(self) -> str:
        self.number += 1
        value = f"v{self.number}"
        self.written.add(value)
        return value

    def discard(self, values: tuple[Any, ...]) -> None:
        self.discarded |= {str(value).lower() for value in values}

    @rule(side=st.sampled_from(Side), code=st.sampled_from(CODES))
    def create(self, side: Side, code: str) -> None:
        if all(values[0] != code for _, values in self.apps[side].rows.values()):
            self.number += 1
            self.apps[side].put(f"{side.value[0]}{self.number}", (code, self.fresh(), self.fresh()))

    @rule(code=st.sampled_from(CODES), same=st.booleans())
    def create_on_both(self, code: str, same: bool) -> None:
        """What two tables hold before they are first coupled."""
        if any(values[0] == code for app in self.apps.values() for _, values in app.rows.values()):
            return
        mine = (code, self.fresh().upper(), self.fresh().upper())
        yours = mine if same else (code, self.fresh(), mine[2])
        for side, values in ((LEFT, mine), (RIGHT, yours)):
            self.number += 1
            self.apps[side].put(f"{side.value[0]}{self.number}", values)

    @rule(side=st.sampled_from(Side), pick=st.integers(0, 20), position=st.sampled_from([1, 2]))
    def edit(self, side: Side, pick: int, position: int) -> None:
        keys = sorted(self.apps[side].rows)
        if keys:
            self.set(side, keys[pick % len(keys)], position, self.fresh())

    @rule(pick=st.integers(0, 20), position=st.sampled_from([1, 2]))
    def edit_both_to_the_same(self, pick: int, position: int) -> None:
        whole = [each.keys for each in self.runner.couplings if each.keys[LEFT] in self.apps[LEFT].rows]
        whole = [keys for keys in whole if keys[RIGHT] in self.apps[RIGHT].rows]
        if whole:
            value = self.fresh().upper()
            for side, key in whole[pick % len(whole)].items():
                self.set(side, key, position, value)

    @rule(pick=st.integers(0, 20))
    def put_right_by_hand(self, pick: int) -> None:
        """Somebody copies what an error is about from one application to the other."""
        subjects = [
            keys for keys in self.runner.errors if keys[0] in self.apps[LEFT].rows and keys[1] in self.apps[RIGHT].rows
        ]
        if subjects:
            left, right = subjects[pick % len(subjects)]
            for position in (1, 2):
                value = shout(self.apps[LEFT].rows[left][1][position])
                self.set(LEFT, left, position, value)
                self.set(RIGHT, right, position, value)

    def set(self, side: Side, key: str, position: int, value: str) -> None:
        then = self.apps[side].rows[key][1]
        self.discard((then[position],))
        self.apps[side].put(key, (*then[:position], value, *then[position + 1 :]))

    def edit_now(self, side: Side, key: str) -> None:
        """A user saves between the decision and the write."""
        if key in self.apps[side].rows:
            self.set(side, key, 1, self.fresh())

    @rule(side=st.sampled_from(Side), pick=st.integers(0, 20))
    def delete(self, side: Side, pick: int) -> None:
        keys = sorted(self.apps[side].rows)
        if keys:
            _, values = self.apps[side].rows.pop(keys[pick % len(keys)])
            self.discard(values)

    @rule(pick=st.integers(0, 20), instruction=st.sampled_from(INSTRUCTIONS))
    def act_on_an_error(self, pick: int, instruction: Instruction) -> None:
        errors: list[Error] = list(self.runner.errors.values())
        if errors:
            errors[pick % len(errors)].request = instruction

    # The world

    @rule(side=st.sampled_from(Side), faults=FAULTS)
    def trouble(self, side: Side, faults: list[str]) -> None:
        self.apps[side].faults += faults

    @rule()
    def synchronize(self) -> None:
        self.run()

    @precondition(lambda self: self.number > 4)
    @rule(dice=st.integers(0, 3))
    def lose_memory(self, dice: int) -> None:
        """Rarely; and nothing is deleted for it (SCENARIOS T28)."""
        if dice:
            return
        rows = {side: set(app.rows) for side, app in self.apps.items()}
        self.runner.lose_memory()
        tally = self.run()
        assert tally.outcomes[Outcome.DELETED] == 0
        assert all(rows[side] <= set(app.rows) for side, app in self.apps.items())

    @rule(seed=st.integers(0, 1000))
    def quiet(self, seed: int) -> None:
        """No faults, nobody works: two runs put everything in step that can be, and then nothing is written."""
        for app in self.apps.values():
            app.faults.clear()
        self.order_does_not_matter(Random(seed))
        self.run()
        writes, errors = self.writes(), dict(self.runner.errors)
        self.run()
        assert self.writes() == writes
        assert self.runner.errors.keys() == errors.keys()
        self.errors_are_what_is_out_of_step()

    def order_does_not_matter(self, random: Random) -> None:
        """Of unrelated records: two that carry the same code compete for one partner."""
        if self.codes_are_shared():
            return
        one, other = deepcopy(self.runner), deepcopy(self.runner)
        one.run()
        other.run(lambda subjects: random.sample(subjects, len(subjects)))
        assert contents(one) == contents(other)
        assert sorted(map(str, one.errors.values())) == sorted(map(str, other.errors.values()))

    def codes_are_shared(self) -> bool:
        codes = []
        for keys in self.runner.subjects():
            rows = [self.apps[side].rows.get(key or "") for side, key in zip(Side, keys, strict=True)]
            codes += {row[1][0] for row in rows if row}
        return len(codes) != len(set(codes))

    def errors_are_what_is_out_of_step(self) -> None:
        rows = {side: app.rows for side, app in self.apps.items()}
        for subject in self.runner.subjects():
            left, right = rows[LEFT].get(subject[0] or ""), rows[RIGHT].get(subject[1] or "")
            assert (subject in self.runner.errors) == self.out_of_step(left, right, subject)
        assert self.runner.errors.keys() <= set(self.runner.subjects())

    def out_of_step(self, left: Any, right: Any, subject: Any) -> bool:
        if left and right:
            if self.runner.coupling(subject[0], LEFT) is None or shouted(left) != shouted(right):
                return True
            # What a side made of our text is in step, unless the answer was lost and it looks like a change.
            return left[1] != right[1] and subject in self.runner.errors
        if subject[0] and subject[1]:
            return True
        return self.rules_.direction.writes(RIGHT if left else LEFT)

    def run(self) -> Any:
        before = {side: (len(self.runner.couplings), set(app.rows)) for side, app in self.apps.items()}
        requested = sum(error.request is not None for error in self.runner.errors.values())
        tally = self.runner.run()
        assert tally.adds_up
        for side, (coupled, keys) in before.items():
            gone = len(keys - set(self.apps[side].rows))
            assert gone <= allowed_deletions(self.rules_.delete_guard, coupled) + requested
        return tally

    def writes(self) -> int:
        return sum(app.writes for app in self.apps.values())

    @invariant()
    def nothing_a_user_wrote_is_lost(self) -> None:
        if not hasattr(self, "runner"):
            return
        held = {str(value).lower() for app in self.apps.values() for _, values in app.rows.values() for value in values}
        logged = {str(value).lower() for value in self.runner.log}
        assert self.written <= held | logged | self.discarded

    @invariant()
    def a_record_is_coupled_at_most_once(self) -> None:
        if hasattr(self, "runner"):
            for side in Side:
                keys = [coupling.keys[side] for coupling in self.runner.couplings]
                assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.quiet(0)
            self.nothing_a_user_wrote_is_lost()


def contents(runner: Runner) -> list[Any]:
    return [sorted(values for _, values in app.rows.values()) for app in runner.apps.values()]


def test_two_users_and_random_faults() -> None:
    run_state_machine_as_test(TwoUsers)
