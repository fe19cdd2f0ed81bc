"""People who edit records in the business systems, and write down what they did.

Every value they write is written only once in the whole run, so that its way can be followed. The seed decides who does
what to which record and in which order; what comes of it depends on the moment, as in life.
"""

import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from tests.faults.chaos.business import MAPPINGS, SIDES, Mapping
from tests.faults.chaos.places import Places

EDITED = ("name", "phone", "fax")
SLOW_SECONDS = (0.1, 1.0)
MANY = 8
LATELY = 25


@dataclass
class Slow:
    """A transaction that somebody leaves open for a while."""

    connection: Connection
    until: float
    commits: bool


@dataclass
class Users:
    """A thread of edits, ``rate`` a second; ``journal`` has a line for each, ``made`` counts those that took hold."""

    places: Places
    seed: int
    rate: float
    journal: Path
    made: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} users")
        self._births: dict[str, list[str]] = {mapping.name: [] for mapping in MAPPINGS}
        self._deleted: dict[str, deque[str]] = {mapping.name: deque(maxlen=12) for mapping in MAPPINGS}
        self._slow: list[Slow] = []
        self._number = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="users", daemon=True)

    # What they begin with

    def settle_in(self, records: int) -> None:
        for mapping in MAPPINGS:
            for _ in range(records):
                self._create(mapping, self._chance.choice(SIDES))

    def __enter__(self) -> "Users":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for slow in self._slow:
            self._end(slow)

    def _work(self) -> None:
        while not self._stop.wait(self._chance.expovariate(self.rate)):
            self._end_slow()
            self.edit()

    def edit(self) -> None:
        """One more edit, of a kind and on a record that chance decides."""
        acts: dict[Callable[[Mapping, str], None], int] = {
            self._update: 50,
            self._create: 8,
            self._enter_many: 4,
            self._delete: 8,
            self._clear_out: 4,
            self._update_both: 6,
            self._replace: 3,
            self._update_deleted: 4,
            self._update_many: 3,
            self._create_slowly: 5,
        }
        (act,) = self._chance.choices(list(acts), list(acts.values()))
        act(self._chance.choice(MAPPINGS), self._chance.choice(SIDES))

    # What they do

    def _create(self, mapping: Mapping, side: str) -> None:
        birth = self._value("B")
        self._births[mapping.name].append(birth)
        values = {"birth": birth, **{field: self._value("V") for field in EDITED}}
        self._do("create", mapping, side, birth, values, self._insert(mapping, side, values))
        if mapping.twins and self._chance.random() < 0.2:
            self._do("create a twin", mapping, _other(side), birth, values, self._insert(mapping, _other(side), values))

    def _enter_many(self, mapping: Mapping, side: str) -> None:
        for _ in range(MANY):
            self._create(mapping, side)

    def _replace(self, mapping: Mapping, side: str) -> None:
        """Delete a record and enter it again under the same name."""
        birth = self._pick(mapping)
        again = self._value("B")
        values = {"birth": again, "name": f"again {birth}", "phone": self._value("V")}
        self._bury(mapping, birth)
        self._births[mapping.name].append(again)
        delete, insert = self._erase(mapping, side, birth), self._insert(mapping, side, values)

        def replace(connection: Connection) -> int:
            return insert(connection) if delete(connection) else 0

        self._do("replace", mapping, side, again, values, replace)

    def _update(self, mapping: Mapping, side: str) -> None:
        birth = self._pick(mapping)
        values = self._some_values()
        self._do("update", mapping, side, birth, values, self._change(mapping, side, birth, values))

    def _update_both(self, mapping: Mapping, side: str) -> None:
        """Two people edit the same record at the same time, each in his system."""
        birth, field = self._pick(mapping), self._chance.choice(EDITED)
        for where in (side, _other(side)):
            values = {field: self._value("V")}
            self._do("update on both sides", mapping, where, birth, values, self._change(mapping, where, birth, values))

    def _update_deleted(self, mapping: Mapping, side: str) -> None:
        """Somebody edits what somebody else has just deleted in the other system."""
        births = self._deleted[mapping.name]
        birth = self._chance.choice(births) if births else self._pick(mapping)
        values = self._some_values()
        self._do("update deleted", mapping, side, birth, values, self._change(mapping, side, birth, values))

    def _update_many(self, mapping: Mapping, side: str) -> None:
        for birth in [self._pick(mapping) for _ in range(2 * MANY)]:
            values = self._some_values()
            self._do("update many", mapping, side, birth, values, self._change(mapping, side, birth, values))

    def _create_slowly(self, mapping: Mapping, side: str) -> None:
        """A transaction that commits late, or never; nobody else touches what it holds."""
        birth, values = self._value("B"), {"name": self._value("V"), "phone": self._value("V")}
        commits, until = self._chance.random() < 0.7, time.monotonic() + self._chance.uniform(*SLOW_SECONDS)
        if len(self._slow) > 3:
            return
        connection = self.places.engines[side].connect()
        try:
            done = self._insert(mapping, side, {"birth": birth, **values})(connection)
        except DBAPIError:
            self.failed += 1
            connection.close()
            return
        self._note("create slowly" if commits else "take back", mapping, side, birth, values, done)
        self._slow.append(Slow(connection, until, commits))

    def _delete(self, mapping: Mapping, side: str) -> None:
        if len(self._births[mapping.name]) < 40:
            return
        birth = self._pick(mapping)
        self._bury(mapping, birth)
        self._do("delete", mapping, side, birth, {}, self._erase(mapping, side, birth))

    def _clear_out(self, mapping: Mapping, side: str) -> None:
        for _ in range(MANY):
            self._delete(mapping, side)

    # How they do it

    def _insert(self, mapping: Mapping, side: str, values: dict[str, str]) -> Callable[[Connection], int]:
        sent = {mapping.column(side, field): value for field, value in values.items()}
        marks = ", ".join(f":{column}" for column in sent)
        statement = sa.text(f"INSERT INTO {mapping.tables[side]} ({', '.join(sent)}) VALUES ({marks})")
        return lambda connection: connection.execute(statement, sent).rowcount

    def _change(self, mapping: Mapping, side: str, birth: str, values: dict[str, str]) -> Callable[[Connection], int]:
        sent = {mapping.column(side, field): value for field, value in values.items()}
        sets = ", ".join(f"{column} = :{column}" for column in sent)
        statement = sa.text(f"UPDATE {mapping.tables[side]} SET {sets} WHERE birth = :born")
        return lambda connection: connection.execute(statement, {**sent, "born": birth}).rowcount

    def _erase(self, mapping: Mapping, side: str, birth: str) -> Callable[[Connection], int]:
        statement = sa.text(f"DELETE FROM {mapping.tables[side]} WHERE birth = :born")
        return lambda connection: connection.execute(statement, {"born": birth}).rowcount

    def _do(
        self, what: str, mapping: Mapping, side: str, birth: str, values: dict[str, str], act: Callable[[Any], int]
    ) -> None:
        try:
            with self.places.engines[side].begin() as connection:
                connection.exec_driver_sql("SET LOCAL lock_timeout = '3s'")
                done = act(connection)
        except DBAPIError:  # a deadlock, or somebody was faster
            self.failed += 1
            done = 0
        self._note(what, mapping, side, birth, values, done)

    def _note(self, what: str, mapping: Mapping, side: str, birth: str, values: dict[str, str], done: int) -> None:
        if done:
            self.made[what] += 1
        record = {"mapping": mapping.name, "side": side, "birth": birth}
        line = {"at": time.time(), "what": what, **record, "values": values, "done": done}
        with self.journal.open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    def _end_slow(self) -> None:
        for slow in [slow for slow in self._slow if slow.until < time.monotonic()]:
            self._slow.remove(slow)
            self._end(slow)

    def _end(self, slow: Slow) -> None:
        try:
            slow.connection.commit() if slow.commits else slow.connection.rollback()
        except DBAPIError:
            self.failed += 1
        finally:
            slow.connection.close()

    # Whom and what

    def _pick(self, mapping: Mapping) -> str:
        """Mostly what was entered lately: that is where things happen at once. What is older is left alone but now and
        then, or the next edit would soon hide that one was missed."""
        births = self._births[mapping.name]
        return self._chance.choice(births[-LATELY:] if self._chance.random() < 0.9 else births)

    def _bury(self, mapping: Mapping, birth: str) -> None:
        self._births[mapping.name].remove(birth)
        self._deleted[mapping.name].append(birth)

    def _some_values(self) -> dict[str, str]:
        return {field: self._value("V") for field in self._chance.sample(EDITED, self._chance.choice((1, 1, 1, 2)))}

    def _value(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"


def _other(side: str) -> str:
    return "right" if side == "left" else "left"
