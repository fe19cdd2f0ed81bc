"""What a person asked for about an error, as an instruction to the engine."""

from couplings.models.error import Request
from couplings.store.errors import ErrorRow
from syncstatus.engine.records import Side
from syncstatus.engine.rules import NO_INSTRUCTION, DeletionPolicy, Instruction

_INSTRUCTIONS = {
    Request.NONE.value: NO_INSTRUCTION,
    Request.RETRY.value: Instruction(),
    Request.USE_LEFT.value: Instruction(use=Side.LEFT),
    Request.USE_RIGHT.value: Instruction(use=Side.RIGHT),
    Request.RESTORE.value: Instruction(deletion=DeletionPolicy.RESTORE),
    Request.DELETE.value: Instruction(deletion=DeletionPolicy.DELETE),
    Request.UNCOUPLE.value: Instruction(deletion=DeletionPolicy.UNCOUPLE),
    Request.CREATE.value: Instruction(),
}


def denied_intents(error: ErrorRow | None) -> int | None:
    """The last of the announced creates of which a person said that they made nothing; None without such a wish. One
    announced since is not meant: it is the one that works off the wish."""
    asked = error is not None and error.request == Request.CREATE
    return int(error.choices.get("before", 0)) if error is not None and asked else None


def instruction(error: ErrorRow) -> Instruction:
    if error.request == Request.CHOOSE:
        return Instruction(fields={name: Side(side) for name, side in error.choices.get("fields", {}).items()})
    return _INSTRUCTIONS[error.request]
