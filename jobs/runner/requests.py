"""What a person asked for on an error's row, as an instruction to the engine."""

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
}


def instruction(error: ErrorRow) -> Instruction:
    if error.request == Request.CHOOSE:
        return Instruction(fields={name: Side(side) for name, side in error.choices.get("fields", {}).items()})
    return _INSTRUCTIONS[error.request]
