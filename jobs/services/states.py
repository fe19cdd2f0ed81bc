"""The state of a record in one sentence."""

from couplings import messages
from couplings.models import Coupling, SyncError
from couplings.models.error import State
from jobs.services.compared import Comparison
from jobs.services.explaining import Explanation, Statement
from syncstatus.engine.records import Side

_OF_ERRORS = {State.WAITING: "waits", State.RETRYING: "retries", State.HELD: "is_held"}
# Of all that is known of a record without a partner, what says the most: the first of these.
_REASONS = (
    "no_such_record",
    "uncoupled_by",
    "uncoupled",
    "outside_filter",
    "has_error",
    "mapping_off",
    "mapping_rests",
    "cannot_look",
    "next_only_coupled",
    "next_direction",
    "next_create",
    "next_couple_writing",
    "next_couple",
    "next_waits",
    "next_holds",
    "next_fails",
    "next_excludes",
)


def of_pair(coupling: Coupling, error: SyncError | None, compared: Comparison) -> Statement:
    """The state of a coupled record, whose open error is ``error``, as both records are in this moment."""
    if error is not None:
        return _of_error(error)
    until = coupling.last_synced.isoformat() if coupling.last_synced is not None else None
    if compared.problem is not None and until is not None:
        return Statement("unread", {"until": until})
    if compared.missing is not None:
        key = coupling.left_key if compared.missing is Side.LEFT else coupling.right_key
        return Statement("gone_since", {"key": key, "side": coupling.mapping.side_name(compared.missing)})
    if until is None:
        return Statement("new")
    moved = [row for row in compared.differing if row.left_changed or row.right_changed]
    if moved:
        return Statement("moved", {"fields": [messages.field_name(row.name) for row in moved]})
    return Statement("in_step", {"until": until})


def _of_error(error: SyncError) -> Statement:
    code, until = _OF_ERRORS.get(State(error.state), "left_out"), error.first_seen
    if error.state == State.IGNORED and error.ignored_until is not None:
        code, until = "is_ignored", error.ignored_until
    return Statement(code, {"until": until.isoformat(), "message": messages.of(error)})


def of_single(explained: Explanation) -> Statement:
    """The state of a record that is not coupled, and the first reason that says why."""
    told = {statement.code: statement for statement in explained.statements}
    reason = next((told[code] for code in _REASONS if code in told), None)
    if reason is not None and reason.code == "no_such_record":
        return reason
    return Statement("alone", {"message": str(reason) if reason is not None else ""})
