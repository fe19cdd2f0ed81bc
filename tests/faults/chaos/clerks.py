"""People who use the product meanwhile: through the services behind its buttons and commands."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import Error, connection
from django.db.models import QuerySet

from couplings.models import Connection, SyncError, TableMapping
from jobs.models import Kind
from jobs.services import actions, connections, jobs, unanswered
from jobs.services.errors import Refused
from syncstatus.connectors.errors import ConnectorError
from syncstatus.engine.records import Side
from tests.faults.chaos.business import MAPPINGS, SIDES, Mapping, rows
from tests.faults.chaos.places import Places


@dataclass
class Clerks:
    """A thread of clicks, ``rate`` a second. ``restored`` holds the births of records that somebody wanted back."""

    places: Places
    seed: int
    rate: float
    made: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    restored: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} clerks")
        self._user = User.objects.create_user("ada")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clerks", daemon=True)

    def __enter__(self) -> "Clerks":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(self._chance.expovariate(self.rate)):
            self.click()
        connection.close()

    def click(self) -> None:
        """One more click; a page that could not be shown is tried no second time."""
        acts: dict[Callable[[Mapping], object], int] = {
            self.synchronize: 60,
            self.compare_everything: 1,  # more often, and it would repair what a change feed has missed
            self.retry_all: 10,
            self.choose_a_side: 10,
            self.restore: 3,
            self.delete: 3,
            self.find_deleted: 2,
            self.answer: 4,
            self.check_connections: 6,
        }
        (act,) = self._chance.choices(list(acts), list(acts.values()))
        self.do(act, self._chance.choice(MAPPINGS))

    def do(self, act: Callable[[Mapping], object], mapping: Mapping) -> bool:
        try:
            act(mapping)
        except (Refused, ConnectorError):
            return False
        except Error:  # the store threw us out: an error page
            self.failed += 1
            connection.close()
            return False
        self.made[act.__name__.replace("_", " ")] += 1
        return True

    # The buttons

    def synchronize(self, mapping: Mapping) -> None:
        jobs.start(_row(mapping), Kind.MODIFIED, user=self._user)

    def compare_everything(self, mapping: Mapping) -> None:
        jobs.start(_row(mapping), Kind.FULL, user=self._user)

    def find_deleted(self, mapping: Mapping) -> None:
        actions.find_deleted([_row(mapping)], user=self._user)

    def retry_all(self, mapping: Mapping) -> None:
        actions.request(_errors(mapping), actions.RETRY, user=self._user)

    def choose_a_side(self, mapping: Mapping) -> None:
        use = Side(self._chance.choice(SIDES))
        chosen = self._some(_errors(mapping).filter(kind="conflict"))
        actions.request(chosen, actions.SYNCHRONIZE, user=self._user, use=use)

    def restore(self, mapping: Mapping) -> None:
        chosen = self._some(actions.applicable(_errors(mapping), actions.RESTORE))
        self.restored |= self._births(mapping, chosen)
        actions.request(chosen, actions.RESTORE, user=self._user)

    def delete(self, mapping: Mapping) -> None:
        chosen = self._some(actions.applicable(_errors(mapping), actions.DELETE))
        actions.request(chosen, actions.DELETE, user=self._user)

    def answer(self, mapping: Mapping) -> None:
        """Adopt what a lost create has made, as a person sees by its name; create again where that is not there."""
        for error in _errors(mapping).filter(code="unknown_outcome").exclude(params__candidates=None):
            from_left = error.left_key is not None and error.left_exists is not False
            side, key = ("right", error.left_key) if from_left else ("left", error.right_key)
            born = self._births_of(mapping, "left" if side == "right" else "right", [key])
            same = [each for each in error.params["candidates"] if self._births_of(mapping, side, [each]) & born]
            if same:
                unanswered.adopt(error, same[0], user=self._user)
            else:
                unanswered.create_again(SyncError.objects.filter(pk=error.pk), user=self._user)

    def check_connections(self, mapping: Mapping) -> None:
        """Test Connection, on those that are said to be out of order."""
        list(connections.check_all(Connection.objects.filter(healthy=False)))

    def _some(self, errors: QuerySet[SyncError]) -> QuerySet[SyncError]:
        """The oldest few, so that others stay open for the checks."""
        few = list(errors.order_by("id").values_list("pk", flat=True)[:5])
        return SyncError.objects.filter(pk__in=few)

    def _births(self, mapping: Mapping, errors: QuerySet[SyncError]) -> set[str]:
        """Of the records that live; each error has one at most that does."""
        keys = {side: errors.values_list(f"{side}_key", flat=True) for side in SIDES}
        return {birth for side in SIDES for birth in self._births_of(mapping, side, keys[side])}

    def _births_of(self, mapping: Mapping, side: str, keys: Iterable[str | None]) -> set[str]:
        living = rows(self.places.engines[side], mapping, side)
        return {str(living[key][0]) for key in keys if key is not None and key in living}


def _row(mapping: Mapping) -> TableMapping:
    return TableMapping.objects.get(name=mapping.name)


def _errors(mapping: Mapping) -> QuerySet[SyncError]:
    return SyncError.objects.open().of_records().filter(mapping__name=mapping.name)
