"""Every problem the engine names: its code and parameters, from which a sentence is made in the reader's language.

Parameters hold JSON values. ``side``, ``deleted_side``, ``changed_side`` and ``missing_side`` hold a ``Side`` value
("left", "right"), which the caller replaces by the connection's name. Fields are named by ``Problem.fields``.

Decisions (``Problem.code``):

==========================  =======================  =========================================================
code                        kind                     parameters; when
==========================  =======================  =========================================================
conflict                    conflict                 none; both sides changed these fields differently
newest_unknown              conflict                 none; as ``conflict``, and neither side is known to be newer
first_contact               conflict                 none; matched records differ in these fields
record_deleted              deleted                  deleted_side
deleted_and_changed         deleted_and_changed      deleted_side, changed_side; fields: those changed
cannot_restore_here         deleted, d_and_changed   side; the direction allows no write there
cannot_delete_here          deleted, d_and_changed   side; the direction allows no write there
restore_not_needed          conflict                 none; a restore was asked, both records exist and differ
delete_not_possible         conflict                 none; a deletion was asked, both records exist and differ
record_missing              deleted, d_and_changed   missing_side; a side was to be used, the other is deleted
not_coupled                 deleted                  missing_side; a deletion was asked for a record never coupled
direction_forbids           conflict                 side; a side was to be used, nothing may be written on ``side``
(the code of Unreadable)    validation               side, text; a value that could not be read; the engine's own is
                                                     unreadable_json (text empty): nested too deep, or numbers too long
transform_failed            validation               side, text, value, transform; the step that can do nothing with it
value_not_mapped            validation               side, text, value; the field's value map does not have it
parent_missing              dependency               side, parent_side, parent (its key there); a lookup's parent is not
                                                     coupled
==========================  =======================  =========================================================

Values refused (kind validation, fields: the one concerned; each also has ``side``, where it was to be written):

required_empty (none), required_by_mapping (none), no_way_back (none), text_too_long (limit, length),
binary_too_long (limit, length), nul_in_text (none), text_not_unicode (none), not_a_number (value), not_an_integer
(value), out_of_range (value), not_a_boolean (value), not_a_date (value), not_a_time (value), not_a_datetime (value),
not_a_uuid (value), not_json (value); transform_failed and value_not_mapped as above.

Guards (kind held, ``guards.check_deletions``; ``side`` where the caller names it):

mass_deletion (planned, coupled, limit), source_empty (planned, coupled), scope_changed (planned, coupled),
source_short (planned, coupled, listed, before). Jobs add deletion_not_planned (side, plan).

Undo (``undo.undo``; kind conflict; a refused undo opens no error):

==========================  ==========================================================================================
code                        parameters; when
==========================  ==========================================================================================
undo_nothing                none; the entry wrote nothing
undo_changed_since          side; the fields hold something else than was written
undo_touched_since          side; the record that was created has changed where no mapped field shows it
undo_record_gone            side; the record that was written, or its partner, is deleted
undo_record_exists          side; a record with the key of the deleted one is there
undo_field_unmapped         side, fields (names); they were written once and are not mapped any more
undo_value_unknown          side; the log does not hold the value in a form that can be written
undo_unclear                none; the entry is about a record created or deleted and about writes on both sides
==========================  ==========================================================================================

Errors an undo leaves open, so that nothing is written again by itself: undone (kind conflict: job, by; fields: those
that differ since), deletion_undone (kind deleted: deleted_side, side, job, by).

Matching (``match.choose``): ambiguous (kind ambiguous: side, candidates), duplicate (kind duplicate: side, candidates,
coupled_to). ``candidates`` lists keys of ``side``; ``coupled_to`` the partners those keys have, in the same order.
"""

from syncstatus.engine.decisions import ErrorKind, Problem
from syncstatus.engine.lookups import PARENT_MISSING, Missing
from syncstatus.engine.records import Side
from syncstatus.engine.values import Unreadable, ValueRefused

_SHOWN = 100  # characters of an unreadable value that a message quotes


def unreadable(side: Side, position: int, value: Unreadable) -> Problem:
    params = {"side": side.value, "text": value.text[:_SHOWN], **value.params}
    return Problem(ErrorKind.VALIDATION, value.code, params, (position,))


def refused(side: Side, position: int, refusal: ValueRefused) -> Problem:
    """A value that cannot be written on ``side``."""
    kind = ErrorKind.DEPENDENCY if refusal.code == PARENT_MISSING else ErrorKind.VALIDATION
    return Problem(kind, refusal.code, {"side": side.value, **refusal.params}, (position,))


def missing_parent(missing: Missing, position: int) -> Problem:
    params = {"side": missing.side.other.value, "parent_side": missing.side.value, "parent": missing.key}
    return Problem(ErrorKind.DEPENDENCY, PARENT_MISSING, params, (position,))


def conflict(code: str, positions: tuple[int, ...]) -> Problem:
    return Problem(ErrorKind.CONFLICT, code, {}, positions)


def deletion(missing: Side, changed: tuple[int, ...] | None) -> Problem:
    """``changed`` None: the survivor is as it was; otherwise the fields that moved, as far as they are known."""
    if changed is None:
        return Problem(ErrorKind.DELETED, "record_deleted", {"deleted_side": missing.value})
    params = {"deleted_side": missing.value, "changed_side": missing.other.value}
    return Problem(ErrorKind.DELETED_AND_CHANGED, "deleted_and_changed", params, changed)
