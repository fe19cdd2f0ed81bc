"""The parts of running jobs in the store: put down by the job's worker, taken and done by any (``sharing``)."""

from collections.abc import Collection

from django.db.models import F
from django.db.models.functions import Now

from jobs.models import JobPart
from jobs.runner.holders import TERM, LeaseLost, is_gone

ATTEMPTS = 5
"""A part that stopped its worker so many times is taken by nobody any more."""


def put(part: JobPart) -> None:
    part.save(force_insert=True)


def take(job: int, holder: str) -> JobPart | None:
    """The oldest part that nobody works on, now ours; None when there is none, or the job is to end."""
    asked = {"job": job, "holder": holder, "term": TERM.total_seconds(), "attempts": ATTEMPTS}
    return next(iter(JobPart.objects.raw(_TAKE, asked)), None)


def done(parts: Collection[int], holder: str) -> None:
    """Delete parts of ours at the end of the transaction that remembers their records. Raises ``LeaseLost``, which
    rolls it back."""
    deleted, _ = JobPart.objects.filter(pk__in=parts, holder=holder).delete()
    if deleted != len(parts):
        raise LeaseLost


def give_back(holder: str) -> None:
    """What the holder has not done is anybody's again; that costs the part no attempt."""
    JobPart.objects.filter(holder=holder).update(holder="", lease_until=None, attempts=F("attempts") - 1)


def others(job: int, holder: str) -> bool:
    """Whether somebody else has still to work on a part, or may take one. Those of workers that are gone are free."""
    rest = list(JobPart.objects.filter(job=job).exclude(holder=holder).values_list("pk", "holder"))
    gone = [pk for pk, name in rest if name and is_gone(name)]
    JobPart.objects.filter(pk__in=gone).update(holder="", lease_until=None)
    return bool(rest)


def exhausted(job: int) -> bool:
    """Whether a part stopped every worker that took it."""
    free = JobPart.objects.filter(job=job, attempts__gte=ATTEMPTS)
    return free.filter(holder="").exists() or free.filter(lease_until__lt=Now()).exists()


def waiting(job: int) -> int:
    """How many parts nobody has taken yet."""
    return JobPart.objects.filter(job=job, holder="").count()


def withdraw(job: int) -> None:
    """Delete the parts that nobody works on; their records are listed again."""
    JobPart.objects.filter(job=job, holder="").delete()
    JobPart.objects.filter(job=job, lease_until__lt=Now()).delete()


def renew(holder: str) -> None:
    JobPart.objects.filter(holder=holder).update(lease_until=Now() + TERM)


_TAKE = """
    UPDATE jobs_jobpart
    SET holder = %(holder)s, lease_until = now() + make_interval(secs => %(term)s), attempts = attempts + 1
    WHERE id = (
        SELECT p.id FROM jobs_jobpart p JOIN jobs_syncjob j ON j.id = p.job_id
        WHERE p.job_id = %(job)s AND j.state = 'running' AND j.asked = '' AND p.attempts < %(attempts)s
            AND (p.lease_until IS NULL OR p.lease_until < now())
        ORDER BY p.id LIMIT 1 FOR UPDATE OF p SKIP LOCKED)
    RETURNING *
"""
