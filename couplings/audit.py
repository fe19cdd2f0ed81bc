"""The audit log: one entry for each thing that somebody did, or tried to do, on a page or on the command line.

Whoever answers a person opens an *act* (``acting``): the middleware for pages (``couplings.audit_requests``), the
commands by their base class. What happens inside says what it did (``note``), wherever that is known best, mostly in
the services; outside an act, in a worker say, a note is not kept, as nobody acts there. At the end the act is written.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from couplings.models.audit import AuditEntry, Origin, Result

KEPT: Final = 50
"""So many records an entry names; it counts all of them."""
LONGEST: Final = 200
"""Characters of one text; a key may be longer, but it is recognized by these."""


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where; ``user`` is the id of a person who is signed in."""

    who: str
    origin: Origin
    address: str = ""
    user: int | None = None
    request: str = ""


@dataclass
class Act:
    """What is known so far of what the actor does."""

    actor: Actor
    action: str = ""
    mappings: list[str] = field(default_factory=list)
    asked: int | None = None
    accepted: int | None = None
    subject: dict[str, Any] = field(default_factory=dict)
    noted: bool = False

    def add(self, *, mapping: str, asked: int | None, accepted: int | None, subject: Mapping[str, Any]) -> None:
        self.noted = True
        if mapping and mapping not in self.mappings:
            self.mappings.append(mapping)
        self.asked = _sum(self.asked, asked)
        self.accepted = _sum(self.accepted, accepted)
        for name, value in subject.items():
            known = self.subject.get(name)
            self.subject[name] = [*known, *value] if isinstance(known, list) else value


_act: ContextVar[Act | None] = ContextVar("act", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[Act]:
    """The act that notes go to for the time of a block."""
    act = Act(actor)
    token = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(token)


def is_kept() -> bool:
    """Whether a note would be kept: what is read for it alone need not be read otherwise."""
    return _act.get() is not None


def note(*, mapping: str = "", asked: int | None = None, accepted: int | None = None, **subject: Any) -> None:
    """Say what is being done: the name of a mapping, how many records are meant and how many were taken up, and under
    names of your choice what is acted on (lists of several notes add up). No secrets."""
    act = _act.get()
    if act is not None:
        act.add(mapping=mapping, asked=asked, accepted=accepted, subject=subject)


def named(action: str) -> None:
    """Give the act another name than that of its view or command."""
    act = _act.get()
    if act is not None:
        act.action = action


def write(act: Act, result: Result = Result.DONE) -> AuditEntry:
    """Put the act down."""
    return AuditEntry.objects.create(
        user_id=act.actor.user,
        who=act.actor.who[:150],
        origin=act.actor.origin,
        address=act.actor.address[:100],
        action=act.action[:60],
        request=act.actor.request[:64],
        **_outcome(act, result),
    )


def complete(entry: AuditEntry, act: Act, result: Result) -> None:
    """Add what became of an act that was put down when it began."""
    AuditEntry.objects.filter(pk=entry.pk).update(**_outcome(act, result))


def _outcome(act: Act, result: Result) -> dict[str, Any]:
    several = {"mappings": act.mappings} if len(act.mappings) > 1 else {}
    return {
        "mapping": act.mappings[0] if len(act.mappings) == 1 else "",
        "result": result,
        "asked": act.asked,
        "accepted": act.accepted,
        "subject": _bounded(act.subject | several),
    }


def record(actor: Actor, action: str, result: Result = Result.DONE, **subject: Any) -> AuditEntry:
    """Put down at once what is no part of an act, such as signing in."""
    return write(Act(actor, action, subject=subject), result)


def pair(left: str | None, right: str | None) -> str:
    """How an entry names two records that belong together; a missing one is left out."""
    return " ↔ ".join(key for key in (left, right) if key)


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else (known or 0) + more


def _bounded(value: Any) -> Any:
    """JSON of a size that a list page can show, without the characters that PostgreSQL refuses."""
    match value:
        case str():
            return value.replace("\0", "")[:LONGEST]
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {str(name)[:LONGEST]: _bounded(one) for name, one in list(value.items())[:KEPT]}
        case Iterable():
            return [_bounded(one) for one in list(value)[:KEPT]]
    return str(value)[:LONGEST]
