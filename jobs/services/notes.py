"""What people do about open errors besides putting their records in step: take care of them, say something, or put them
off until a date. Each works on any number of errors at once."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import QuerySet

from couplings import audit
from couplings.error_actions import ASSIGN, COMMENT, IGNORE, UNIGNORE, Reckoning, reckon
from couplings.models import SyncError
from couplings.models.note import NoteKind
from couplings.store import clock, notes
from couplings.store.notes import Note
from jobs.services.actions import Requested, applicable, left_out, records_of
from jobs.services.errors import Refused

LONGEST = 2_000  # characters of a comment


def assign(errors: QuerySet[SyncError], person: User | None, *, user: User | None) -> Requested:
    """Assign open errors to ``person``, or to nobody. Those that are already stay as they are, and count as done."""
    reckoned = reckon(errors, ASSIGN)
    name = person.get_username() if person is not None else ""
    audit.note(person=name)
    named = records_of(errors)
    notes.assign(applicable(errors, ASSIGN), _id(person), Note(NoteKind.ASSIGNED, name, by=_id(user)))
    return _done(reckoned, reckoned.fitting, named, "not_open")


def comment(errors: QuerySet[SyncError], text: str, *, user: User | None) -> Requested:
    """Add a comment to the history of open errors. Raises ``Refused`` (``comment_missing``, ``comment_too_long``)."""
    if not text.strip():
        raise Refused("comment_missing")
    if len(text) > LONGEST:
        raise Refused("comment_too_long", limit=LONGEST)
    reckoned = reckon(errors, COMMENT)
    named = records_of(errors)
    done = notes.comment(applicable(errors, COMMENT), Note(NoteKind.COMMENT, text.strip(), by=_id(user)))
    return _done(reckoned, done, named, "not_open")


def ignore(errors: QuerySet[SyncError], until: datetime, *, user: User | None) -> Requested:
    """Leave skipped errors out of the list until ``until``; ones that are ignored already get the new date.

    Runs go on to update an ignored error, and close it when its record is in step (DESIGN R11). Raises ``Refused``
    (``ignored_until_past``) when the time has come already.
    """
    if until <= clock.now():
        raise Refused("ignored_until_past")
    reckoned = reckon(errors, IGNORE)
    named = records_of(errors)
    done = notes.ignore(applicable(errors, IGNORE), Note(NoteKind.IGNORED, until=until, by=_id(user)))
    return _done(reckoned, done, named, "already_requested")


def unignore(errors: QuerySet[SyncError], *, user: User | None) -> Requested:
    """Bring ignored errors back into the list before their date."""
    reckoned = reckon(errors, UNIGNORE)
    named = records_of(errors)
    done = notes.bring_back(applicable(errors, UNIGNORE), Note(NoteKind.BACK, by=_id(user)))
    return _done(reckoned, done, named, "not_ignored")


def _done(reckoned: Reckoning, done: int, named: list[str], why: str) -> Requested:
    audit.note(asked=reckoned.asked, accepted=done, records=named)
    return Requested(reckoned.asked, done, left_out(reckoned, done, why))


def _id(user: User | None) -> int | None:
    return user.pk if user is not None else None
