from jobs.models.history import DayTotal, OpenErrors
from jobs.models.intent import CreateIntent
from jobs.models.job import ACTIVE, ENDED, LONG, ONE_WAITING, OUTCOMES, JobState, Kind, SyncJob, Trigger, Wish
from jobs.models.plan import PlannedChange
from jobs.models.total import Total
from jobs.models.work import JobPart, RecordHolder, RecordLock
from jobs.models.worker import Slot, Worker

__all__ = [
    "ACTIVE",
    "ENDED",
    "LONG",
    "ONE_WAITING",
    "OUTCOMES",
    "CreateIntent",
    "DayTotal",
    "JobPart",
    "JobState",
    "Kind",
    "OpenErrors",
    "PlannedChange",
    "RecordHolder",
    "RecordLock",
    "Slot",
    "SyncJob",
    "Total",
    "Trigger",
    "Wish",
    "Worker",
]
