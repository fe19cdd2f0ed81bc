"""Why one record is, or is not, in step: everything that is known of it and what the next run would do, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from couplings import messages
from couplings.filters_in_words import conditions
from couplings.log import Change
from couplings.models import Coupling, SyncError, TableMapping, UncoupledRecord
from couplings.models.connection import Circuit
from couplings.models.error import State
from jobs.runner.looking_ahead import Ahead, look_ahead
from jobs.services import comparison
from jobs.services.compared import Comparison
from jobs.services.couplings import compact
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.decisions import Action, ErrorKind
from syncstatus.engine.plan import Outcome
from syncstatus.engine.records import Side


@dataclass(frozen=True)
class Statement:
    """One thing to say; a message code (``couplings.explanations``) and its parameters."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """In the active language."""
        return messages.render(f"why_{self.code}", self.params)


@dataclass(frozen=True)
class Explanation:
    """``in_step`` is None where it cannot be told because a system does not answer. ``exists`` by side, None where
    nobody knows a key there. ``action`` is what the next run would do, in the engine's word; ``following`` says it,
    as the last of the ``statements``, and ``changes`` are the values it would write. ``undecided``: a person has to say
    whose data is right."""

    mapping: TableMapping
    keys: dict[Side, str | None]
    coupling: Coupling | None
    error: SyncError | None
    exists: dict[Side, bool | None]
    action: str | None
    in_step: bool | None
    statements: list[Statement]
    following: list[Statement]
    changes: list[Change]
    undecided: bool

    @property
    def sentences(self) -> list[str]:
        """In the active language."""
        return [str(statement) for statement in self.statements]


def explain(
    mapping: TableMapping, key: str, side: Side = Side.LEFT, *, wanted: bool = False, use: Side | None = None
) -> Explanation:
    """Why the record ``key`` of ``side`` is or is not in step. Both systems are asked now, and nothing is written.

    ``wanted``: the next run is one that a person asks for, ``use`` with this side's data where both differ. A system
    that cannot be asked is one of the statements, not an exception.
    """
    return _Explainer(mapping, side, compact(key), wanted, use).explanation()


def _is_conflict(ahead: Ahead) -> bool:
    problem = ahead.verdict.problem if ahead.verdict is not None else None
    return problem is not None and problem.kind is ErrorKind.CONFLICT


class _Explainer:
    def __init__(self, mapping: TableMapping, side: Side, key: str, wanted: bool, use: Side | None) -> None:
        self.mapping = mapping
        self.side = side
        self.key = key
        self.coupling = Coupling.objects.filter(**{"mapping": mapping, f"{side.value}_key": key}).first()
        self.ahead, self.trouble = self._look_ahead(wanted, use)
        self.keys = self._keys()
        self.error = self._error()

    def _look_ahead(self, wanted: bool, use: Side | None) -> tuple[Ahead | None, str]:
        try:
            (found,) = look_ahead(self.mapping, self.side, [self.key], wanted=wanted, use=use)
            return found, ""
        except ConnectorError as error:
            params = {"mapping": self.mapping.name, **error.params, "detail": error.detail}
            return None, messages.render(error.code, params)

    def _keys(self) -> dict[Side, str | None]:
        if self.coupling is not None:
            return {Side.LEFT: self.coupling.left_key, Side.RIGHT: self.coupling.right_key}
        partner = self.ahead.candidate.key(self.side.other) if self.ahead is not None else None
        return {self.side: self.key, self.side.other: partner}

    def _error(self) -> SyncError | None:
        mine = Q(**{f"{self.side.value}_key": self.key})
        if self.coupling is not None:
            mine |= Q(coupling=self.coupling)
        found = SyncError.objects.open().filter(mine, mapping=self.mapping)
        return found.select_related("mapping", "connection").first()

    def explanation(self) -> Explanation:
        action = self.ahead.action if self.ahead is not None else None
        following = list(self._next())
        return Explanation(
            mapping=self.mapping,
            keys=self.keys,
            coupling=self.coupling,
            error=self.error,
            exists={side: self._exists(side) for side in Side},
            action=action.value if action is not None else None,
            in_step=self._in_step(),
            statements=[*self._record(), *self._match(), *self._errors(), *self._mapping(), *following],
            following=following,
            changes=self._changes(),
            undecided=action is Action.ERROR and self.ahead is not None and _is_conflict(self.ahead),
        )

    def _changes(self) -> list[Change]:
        ahead = self.ahead
        decision = ahead.verdict.decision if ahead is not None and ahead.verdict is not None else None
        if ahead is None or decision is None or ahead.verdict is None or ahead.verdict.problem is not None:
            return []
        return [
            self._change(ahead, side, position, value)
            for side in Side
            for position, value in decision.writes(side).items()
        ]

    def _change(self, ahead: Ahead, side: Side, position: int, value: Any) -> Change:
        record = ahead.candidate.record(side)
        old = comparison.display(record.values[position]) if record is not None else None
        name = ahead.rules.fields[position].field(side)
        return Change(self.mapping.side_name(side), name, old, comparison.display(value))

    def _exists(self, side: Side) -> bool | None:
        if self.ahead is None or self.keys[side] is None:
            return None
        return self.ahead.candidate.record(side) is not None if self.ahead.verdict is not None else None

    def _in_step(self) -> bool | None:
        if self.ahead is None:
            return None
        calm = self.ahead.action in (Action.NOTHING, Action.REFRESH)
        return calm and self.coupling is not None and self.error is None

    def _say(self, code: str, **params: Any) -> Statement:
        sides = {one.value: self.mapping.side_name(one) for one in Side}
        named = {name: self.mapping.side_name(value) for name, value in params.items() if name == "side"}
        return Statement(code, {**sides, **params, **named})

    # What there is

    def _record(self) -> Iterator[Statement]:
        if self.coupling is None:
            yield from self._uncoupled()
            return
        left, right = self.coupling.left_key, self.coupling.right_key
        yield self._say("coupled", left_key=left, right_key=right)
        synced = self.coupling.last_synced
        yield self._say("last_synced", until=synced.isoformat()) if synced else self._say("never_synced")
        if self.ahead is not None:
            yield from self._compared(comparison.compare(self.mapping, left, right, self.coupling))

    def _uncoupled(self) -> Iterator[Statement]:
        marked = UncoupledRecord.objects.filter(mapping=self.mapping, side=self.side.value, key=self.key)
        mark = marked.select_related("by").first()
        if mark is None and self._exists(self.side) is False:
            yield self._say("no_such_record", key=self.key, side=self.side)
            return
        yield self._say("not_coupled", key=self.key, side=self.side)
        if mark is not None:
            by = {"by": mark.by.get_username()} if mark.by is not None else {}
            yield self._say("uncoupled_by" if by else "uncoupled", until=mark.at.isoformat(), **by)
        record = self.ahead.candidate.record(self.side) if self.ahead is not None else None
        if record is not None and not record.included:
            yield self._outside(self.side)

    def _compared(self, compared: Comparison) -> Iterator[Statement]:
        exists = {Side.LEFT: compared.left_exists, Side.RIGHT: compared.right_exists}
        included = {Side.LEFT: compared.left_included, Side.RIGHT: compared.right_included}
        for side in Side:
            if compared.problem is None and not exists[side]:
                yield self._say("gone", key=self.keys[side], side=side)
            elif not included[side]:
                yield self._outside(side)
        differing = [messages.field_name(row.name) for row in compared.rows if not row.equal]
        if all(exists.values()):
            yield self._say("differing", fields=differing) if differing else self._say("equal")
        for side in Side:
            moved = [getattr(row, f"{side.value}_field") for row in compared.rows if getattr(row, f"{side}_changed")]
            if moved:
                yield self._say("changed_since", side=side, fields=moved)

    def _outside(self, side: Side) -> Statement:
        told = conditions(getattr(self.mapping, f"{side.value}_filter"))
        return self._say("outside_filter", key=self.keys[side], side=side, filter=told)

    def _match(self) -> Iterator[Statement]:
        ahead = self.ahead
        if self.coupling is not None or ahead is None or ahead.candidate.record(self.side) is None:
            return
        if ahead.criterion is not None:
            names = [ahead.rules.fields[position].field(self.side) for position in ahead.criterion.positions]
            params = {"partner": self.keys[self.side.other], "priority": ahead.criterion.priority, "fields": names}
            yield self._say("match_found", side=self.side.other, **params)
        elif not any(rule.match is not None for rule in ahead.rules.fields):
            yield self._say("no_criteria", side=self.side.other)
        elif ahead.verdict is not None and ahead.verdict.problem is None:
            yield self._say("no_partner", side=self.side.other)

    def _errors(self) -> Iterator[Statement]:
        if self.error is None:
            return
        yield self._say("has_error", message=messages.of(self.error))
        if self.error.state == State.RETRYING and self.error.next_attempt is not None:
            yield self._say("error_next_attempt", until=self.error.next_attempt.isoformat())

    # What the mapping does

    def _mapping(self) -> Iterator[Statement]:
        mapping = self.mapping
        own = SyncError.objects.open().filter(mapping=mapping, left_key=None, right_key=None).first()
        if own is not None:
            yield self._say("mapping_error", message=messages.of(own))
        yield from self._circuits()
        if not mapping.enabled:
            yield self._say("mapping_off")
        elif mapping.paused:
            yield self._say("mapping_rests")
        elif mapping.next_run is not None:
            yield self._say("scheduled", until=mapping.next_run.isoformat())
        else:
            yield self._say("not_scheduled")

    def _circuits(self) -> Iterator[Statement]:
        for connection in dict.fromkeys(self.mapping.connection(side) for side in Side):
            if connection.circuit == Circuit.OPEN and connection.open_until is not None:
                yield self._say("circuit", connection=connection.name, until=connection.open_until.isoformat())
            elif connection.circuit == Circuit.HALF_OPEN:
                yield self._say("circuit_probe", connection=connection.name)

    # What the next run would do

    def _next(self) -> Iterator[Statement]:
        if self.ahead is None:
            yield self._say("cannot_look", message=self.trouble)
        elif self.ahead.verdict is not None:
            verdict = self.ahead.verdict
            yield from self._problem(self.ahead) if verdict.problem is not None else self._action(self.ahead)

    def _problem(self, ahead: Ahead) -> Iterator[Statement]:
        assert ahead.verdict is not None
        assert ahead.verdict.problem is not None
        known = {"mapping": self.mapping.name, "record": self.key}
        known |= {side.value: self.mapping.side_name(side) for side in Side}
        message = messages.render(ahead.verdict.problem.code, known | ahead.params)
        codes = {Outcome.WAITING: "next_waits", Outcome.HELD: "next_holds", Outcome.SKIPPED: "next_skip"}
        yield self._say(codes.get(ahead.verdict.outcome, "next_fails"), message=message)

    def _action(self, ahead: Ahead) -> Iterator[Statement]:
        decision = ahead.verdict.decision if ahead.verdict is not None else None
        assert decision is not None
        match decision.action:
            case Action.UPDATE:
                yield from self._written("next_update", ahead)
            case Action.COUPLE:
                yield from self._written("next_couple_writing", ahead) or [self._say("next_couple")]
            case Action.CREATE:
                restored = self.coupling is not None
                yield self._say("next_restore" if restored else "next_create", side=decision.side)
            case Action.DELETE:
                yield self._say("next_delete", side=decision.side)
            case Action.EXCLUDE:
                yield self._excluded(ahead)
            case Action.SKIP:
                retried = self.error is not None and self.error.state == State.RETRYING
                yield self._say("next_retry" if retried else "next_skip")
            case Action.NOTHING if self.coupling is None:
                return
            case action:
                yield self._say(f"next_{action.value}")

    def _written(self, code: str, ahead: Ahead) -> list[Statement]:
        fields = {side: ahead.fields(side) for side in Side}
        return [self._say(code, side=side, fields=names) for side, names in fields.items() if names]

    def _excluded(self, ahead: Ahead) -> Statement:
        records = [record for side in Side if (record := ahead.candidate.record(side)) is not None]
        if not all(record.included for record in records):
            return self._say("next_excludes")
        if not ahead.rules.direction.writes(self.side.other):
            return self._say("next_direction", side=self.side.other)
        return self._say("next_only_coupled")
