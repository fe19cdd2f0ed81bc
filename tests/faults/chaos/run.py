"""One run, from two empty business systems to the report. Imported when the store and the broker are known."""

import os
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

django.setup()

from jobs.services import configuration  # noqa: E402
from tests.faults.chaos import business, checker, histories, remembered, stories  # noqa: E402
from tests.faults.chaos.business import MAPPINGS, SIDES  # noqa: E402
from tests.faults.chaos.checker import DECIDED_BY_PEOPLE, Broken, Checker  # noqa: E402
from tests.faults.chaos.clerks import Clerks  # noqa: E402
from tests.faults.chaos.faults import Faults  # noqa: E402
from tests.faults.chaos.places import Places  # noqa: E402
from tests.faults.chaos.programs import Programs  # noqa: E402
from tests.faults.chaos.quiet import Quiet  # noqa: E402
from tests.faults.chaos.recovery import Recoveries  # noqa: E402
from tests.faults.chaos.report import Report  # noqa: E402
from tests.faults.chaos.users import Users  # noqa: E402
from tests.faults.chaos.wire import Wire, Wires  # noqa: E402
from tests.faults.throttled import Gate  # noqa: E402

RECORDS = 40
"""So many of each mapping are there from the beginning."""
EDITS_A_SECOND = 12.0
CLICKS_A_SECOND = 3.0
PATIENCE = 180.0
"""Seconds until a run that does not settle counts as restless."""


class Run:
    def __init__(self, places: Places, seed: int, kills: int, seconds: float, pause: float) -> None:
        self.places = places
        self.seconds = seconds
        self.report = Report(seed)
        self.wires = {side: Wire(places.folder / side, places.server.set(database=side)) for side in SIDES}
        self.programs = Programs(places.folder)
        self.gate = Gate()
        self.faults = Faults(places, self.programs, self.wires, self.gate, seed, kills, pause)
        self.users = Users(places, seed, EDITS_A_SECOND, places.folder / "journal.jsonl")
        self.recoveries = Recoveries(places)

    def go(self) -> Report:
        begun = time.monotonic()
        with Wires(*self.wires.values()), self.gate:
            self._prepare()
            with self.programs:
                broken = self._live()
        self.report.duration = time.monotonic() - begun
        self.report.tell(broken, self.recoveries.seconds)
        self._keep_logs()
        connections.close_all()
        return self.report

    def _prepare(self) -> None:
        business.create(self.places)
        call_command("migrate", interactive=False, verbosity=0)
        self.users.settle_in(RECORDS)
        self.clerks = Clerks(self.places, self.report.seed, CLICKS_A_SECOND)
        configuration.apply(business.configuration(self._url("left"), self.gate.url(self._url("right"))))

    def _url(self, side: str) -> str:
        """Through the wire."""
        server = self.places.server.set(drivername="postgresql", database=self.places.names[side], host=None, port=None)
        query = {"host": str(self.wires[side].folder)}
        return server.set(query=query).render_as_string(hide_password=False)

    def _live(self) -> list[Broken]:
        """Chaos, then quiet, then the checks."""
        quiet = Quiet(self.clerks, PATIENCE)
        with self.recoveries:
            with ExitStack() as together:
                for each in (self.users, self.clerks, self.faults):
                    together.enter_context(each)
                self.faults.enough.wait(self.seconds)
            quiet.settle()
        broken = [] if quiet.settled else [Broken(checker.UNSETTLED, f"after {PATIENCE:.0f} s")]
        quiet.end_schedules()
        inspector = Checker(self.places, self.clerks.restored)
        broken += inspector.check()
        before = histories.last_change(self.places)
        written = quiet.compare_everything()
        if written or histories.last_change(self.places) != before:
            broken.append(Broken(checker.RESTLESS, f"{written} records written by a full comparison"))
        self.report.stories = stories.of(self.places, inspector.histories, broken)
        self._tell(quiet)
        return broken

    def _tell(self, quiet: Quiet) -> None:
        report, jobs = self.report, remembered.jobs(self.places)
        report.kills, report.faults, report.missed = (
            dict(counter) for counter in (self.faults.killed, self.faults.broken, self.faults.missed)
        )
        report.edits, report.clicks = dict(self.users.made), dict(self.clerks.made)
        report.failed_clicks = self.clerks.failed
        report.jobs, report.taken_over, report.resumed_mappings = jobs.states, jobs.taken_over, quiet.resumed
        errors = (e for mapping in MAPPINGS for e in remembered.read(self.places, mapping).errors)
        report.open_errors = dict(Counter(e.kind for e in errors if e.kind in DECIDED_BY_PEOPLE))
        report.settled_after = quiet.seconds

    def _keep_logs(self) -> None:
        folder = Path(os.environ["DATA_DIR"]) / "chaos"
        folder.mkdir(exist_ok=True)
        for log in (*self.places.folder.glob("*.log"), *self.places.folder.glob("*.jsonl")):
            shutil.copy(log, folder / log.name)
