"""What a person asks for stands above the policies; what no longer fits writes nothing (SCENARIOS T30)."""

from typing import Any

import pytest

from syncstatus.engine.decide import decide
from syncstatus.engine.decisions import Action, Decision, ErrorKind
from syncstatus.engine.records import Pair, Side
from syncstatus.engine.rules import DeletionPolicy, Direction, Instruction, Rules, UpdatePolicy
from tests.syncstatus.engine.builders import (
    memory,
    mirror_decision,
    mirror_pair,
    mirror_rules,
    record,
    rules_of,
    summary,
    text_rule,
)

USE_LEFT = Instruction(use=Side.LEFT)
RESTORE, DELETE, UNCOUPLE = (
    Instruction(deletion=policy) for policy in (DeletionPolicy.RESTORE, DeletionPolicy.DELETE, DeletionPolicy.UNCOUPLE)
)
THREE = rules_of(text_rule("name"), text_rule("phone"), text_rule("fax"))
CONFLICT = Pair(record("N", "1", "f", version="2"), record("n", "2", "F", version="2"), memory("n", "p", "f"))
DELETED = Pair(None, record("x"), memory("x"))
CHANGED = Pair(None, record("y", version="2"), memory("x"))
APART = Pair(record("y", version="2"), record("x"), memory("x"))
IN_STEP = Pair(record("x", version="2"), record("x"), memory("x"))
GONE = Pair(None, None, memory("x"))


def mirrored_instruction(instruction: Instruction) -> Instruction:
    fields = {name: side.other for name, side in instruction.fields.items()}
    return Instruction(instruction.use and instruction.use.other, fields, instruction.deletion)


def decided(rules: Rules, pair: Pair, instruction: Instruction) -> Decision:
    """The decision, after its mirror image was found to be the same."""
    decision = decide(rules, pair, instruction)
    mirrored = decide(mirror_rules(rules), mirror_pair(pair), mirrored_instruction(instruction))
    assert mirrored == mirror_decision(decision)
    return decision


class TestASideForAllFields:
    def test_is_taken_whole(self) -> None:
        """Also where only the other side had moved."""
        assert summary(decided(THREE, CONFLICT, USE_LEFT)) == "update right={0: 'N', 1: '1', 2: 'f'}"

    def test_beats_policies(self) -> None:
        rules = rules_of(text_rule("name", policy=UpdatePolicy.RIGHT), update_conflict=UpdatePolicy.RIGHT)
        pair = Pair(record("y", version="2"), record("z", version="2"), memory("x"))
        assert summary(decided(rules, pair, USE_LEFT)) == "update right={0: 'y'}"

    def test_settles_a_first_contact(self) -> None:
        assert summary(decided(rules_of(), Pair(record("x"), record("y")), USE_LEFT)) == "couple right={0: 'x'}"

    def test_does_not_turn_a_one_way_field(self) -> None:
        rules = rules_of(text_rule("name"), text_rule("no", direction=Direction.RIGHT_TO_LEFT))
        pair = Pair(record("1", "1", version="2"), record("2", "2", version="2"), memory("0", "0"))
        assert summary(decided(rules, pair, USE_LEFT)) == "update left={1: '2'} right={0: '1'}"

    def test_is_refused_where_the_direction_forbids_it(self) -> None:
        decision = decided(rules_of(direction=Direction.RIGHT_TO_LEFT), APART, USE_LEFT)
        assert summary(decision) == "skip direction_forbids 0"
        assert decision.problem is not None
        assert decision.problem.params == {"side": "right"}

    def test_in_step_closes(self) -> None:
        assert decided(rules_of(), IN_STEP, USE_LEFT).action is Action.REFRESH

    @pytest.mark.parametrize(("pair", "kind"), [(DELETED, ErrorKind.DELETED), (CHANGED, ErrorKind.DELETED_AND_CHANGED)])
    def test_does_not_answer_a_deletion(self, pair: Pair, kind: ErrorKind) -> None:
        """Not even where the policy would settle it: the person has seen another picture."""
        rules = rules_of(deletion_conflict=DeletionPolicy.DELETE, deleted_and_changed=DeletionPolicy.RESTORE)
        decision = decided(rules, pair, Instruction(use=Side.RIGHT))
        assert decision.action is Action.SKIP
        assert decision.problem is not None
        assert (decision.problem.code, decision.problem.kind) == ("record_missing", kind)
        assert decision.problem.params == {"missing_side": "left"}

    def test_leaves_a_new_record_to_the_mapping(self) -> None:
        assert summary(decided(rules_of(), Pair(None, record("x")), USE_LEFT)) == "create left left={0: 'x'}"


class TestASideForSomeFields:
    def test_is_taken_for_those_and_the_rest_merges(self) -> None:
        chosen = Instruction(fields={"phone>phone": Side.RIGHT})
        assert summary(decided(THREE, CONFLICT, chosen)) == "update left={1: '2', 2: 'F'} right={0: 'N'}"

    def test_may_overrule_a_clean_merge(self) -> None:
        chosen = Instruction(fields={"phone>phone": Side.LEFT, "fax>fax": Side.LEFT})
        assert summary(decided(THREE, CONFLICT, chosen)) == "update right={0: 'N', 1: '1', 2: 'f'}"

    def test_a_conflict_that_was_not_chosen_remains(self) -> None:
        chosen = Instruction(fields={"name>name": Side.RIGHT})
        assert summary(decided(THREE, CONFLICT, chosen)) == "error conflict 1"

    def test_stands_beside_a_side_for_the_rest(self) -> None:
        chosen = Instruction(use=Side.LEFT, fields={"name>name": Side.RIGHT})
        assert summary(decided(THREE, CONFLICT, chosen)) == "update left={0: 'n'} right={1: '1', 2: 'f'}"


class TestADeletion:
    @pytest.mark.parametrize(
        ("instruction", "expected"),
        [
            (RESTORE, "create left left={0: '%s'}"),
            (DELETE, "delete right"),
            (UNCOUPLE, "uncouple"),
        ],
        ids=["restore", "delete", "uncouple"],
    )
    @pytest.mark.parametrize(("pair", "content"), [(DELETED, "x"), (CHANGED, "y")], ids=["unchanged", "changed"])
    def test_is_settled(self, pair: Pair, content: str, instruction: Instruction, expected: str) -> None:
        assert summary(decided(rules_of(), pair, instruction)) == expected.replace("%s", content)

    @pytest.mark.parametrize("instruction", [RESTORE, DELETE, UNCOUPLE])
    def test_of_both_uncouples(self, instruction: Instruction) -> None:
        assert decided(rules_of(), GONE, instruction).action is Action.UNCOUPLE

    @pytest.mark.parametrize(
        ("instruction", "code"), [(RESTORE, "restore_not_needed"), (DELETE, "delete_not_possible")]
    )
    def test_that_was_undone_writes_nothing(self, instruction: Instruction, code: str) -> None:
        rules = rules_of(update_conflict=UpdatePolicy.LEFT)
        assert summary(decided(rules, APART, instruction)) == f"skip {code} 0"

    def test_that_was_undone_writes_nothing_where_both_moved(self) -> None:
        pair = Pair(record("y", version="2"), record("z", version="2"), memory("x"))
        assert summary(decided(rules_of(), pair, RESTORE)) == "skip restore_not_needed 0"

    @pytest.mark.parametrize("instruction", [RESTORE, DELETE])
    @pytest.mark.parametrize("content", ["x", "y"])
    def test_that_was_undone_closes_in_step(self, content: str, instruction: Instruction) -> None:
        equal = Pair(record(content, version="2"), record(content, version="2"), memory("x"))
        assert decided(rules_of(), equal, instruction).action is Action.REFRESH

    def test_of_a_record_never_coupled_is_no_ones_business(self) -> None:
        decision = decided(rules_of(), Pair(None, record("x")), DELETE)
        assert summary(decision) == "skip not_coupled"

    def test_restore_creates_a_record_although_only_coupled_ones_travel(self) -> None:
        decision = decided(rules_of(only_coupled=True), Pair(None, record("x")), RESTORE)
        assert summary(decision) == "create left left={0: 'x'}"

    @pytest.mark.parametrize("pair", [APART, IN_STEP, DELETED, GONE])
    def test_remove_coupling_always_fits(self, pair: Pair) -> None:
        """It touches neither record."""
        assert decided(rules_of(), pair, UNCOUPLE).action is Action.UNCOUPLE

    def test_never_touches_a_record_outside_the_filter(self) -> None:
        outside = Pair(None, record("x", included=False), memory("x"))
        assert decided(rules_of(), outside, DELETE).action is Action.EXCLUDE


class TestADeletionInAOneWayMapping:
    """Values travel from left to right; ``gone`` is the side on which the record was deleted."""

    RULES = rules_of(direction=Direction.LEFT_TO_RIGHT)

    @pytest.mark.parametrize(
        ("gone", "options", "instruction", "expected"),
        [
            ("left", {}, None, "error record_deleted"),
            ("right", {}, None, "error record_deleted"),
            ("left", {"deletion_conflict": DeletionPolicy.DELETE}, None, "delete right"),
            ("right", {"deletion_conflict": DeletionPolicy.DELETE}, None, "error record_deleted"),
            ("right", {"deletion_conflict": DeletionPolicy.RESTORE}, None, "create right right={0: 'x'}"),
            ("left", {"deletion_conflict": DeletionPolicy.RESTORE}, None, "error cannot_restore_here"),
            ("left", {}, RESTORE, "error cannot_restore_here"),
            ("right", {}, DELETE, "error cannot_delete_here"),
            ("left", {}, DELETE, "delete right"),
            ("right", {}, RESTORE, "create right right={0: 'x'}"),
        ],
    )
    def test_writes_only_on_the_target(
        self, gone: str, options: dict[str, Any], instruction: Instruction | None, expected: str
    ) -> None:
        rules = rules_of(direction=Direction.LEFT_TO_RIGHT, **options)
        pair = Pair(None, record("x"), memory("x")) if gone == "left" else Pair(record("x"), None, memory("x"))
        assert summary(decided(rules, pair, instruction or Instruction())) == expected

    def test_says_which_side_it_may_not_write(self) -> None:
        restored = decided(self.RULES, Pair(None, record("x"), memory("x")), RESTORE).problem
        deleted = decided(self.RULES, Pair(record("x"), None, memory("x")), DELETE).problem
        assert restored is not None
        assert deleted is not None
        assert restored.params == deleted.params == {"side": "left"}
        assert restored.kind is deleted.kind is ErrorKind.DELETED
