"""A business application that throttles, over a real protocol: the kind of connection ``throttled``.

It is the SQL connector with a gate in front: every call asks a local HTTP server first, whose answer may be 429 or 503
with Retry-After, as services in front of databases do. The address of the gate stands in the connection's URL
(``postgresql://…?gate=PORT``); with ``&batch=100`` writes go a hundred at a time, each with a question of its own.
``install`` makes the kind known to any process whose PYTHONPATH names the folder.
"""

import http.client
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import make_url

from syncstatus.connectors import retry_after
from syncstatus.connectors.errors import Throttled, Unreachable
from syncstatus.connectors.ports import Endpoint, Health, Outcome, Source, TableInfo, TableName, WriteResult
from syncstatus.connectors.sql.connector import SqlConnector
from syncstatus.connectors.sql.connector import connect as connect_sql

KIND = "throttled"
BUSY = (429, 503)


def install(folder: Path) -> None:
    """Write into ``folder`` what pip leaves behind of an installed package that brings the kind."""
    package = folder / "throttled_connector-1.0.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: throttled-connector\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[syncstatus.connectors]\n{KIND} = tests.faults.throttled:connect\n")


def connect(settings: Mapping[str, Any]) -> "ThrottledConnector":
    url = make_url(settings["url"])
    port, batch = int(str(url.query["gate"])), int(str(url.query.get("batch", 0)))
    plain = url.difference_update_query(["gate", "batch"]).render_as_string(hide_password=False)
    return ThrottledConnector(connect_sql({**settings, "url": plain}), port, batch)


class ThrottledConnector:
    """Implements ``ports.Connector``."""

    def __init__(self, inner: SqlConnector, port: int, batch: int) -> None:
        self._inner, self._port, self._batch = inner, port, batch

    def check(self) -> Health:
        ask(self._port, "check")
        return self._inner.check()

    def tables(self) -> list[TableName]:
        ask(self._port, "tables")
        return self._inner.tables()

    def describe(self, table: str, schema: str | None = None) -> TableInfo:
        ask(self._port, "describe")
        return self._inner.describe(table, schema)

    def open(self, source: Source) -> Endpoint:
        ask(self._port, "open")
        return ThrottledEndpoint(self._inner.open(source), self._port, self._batch)  # type: ignore[return-value]

    def close(self) -> None:
        self._inner.close()


class ThrottledEndpoint:
    """Implements ``ports.Endpoint``: each method asks the gate, then the database."""

    def __init__(self, inner: Endpoint, port: int, batch: int) -> None:
        self._inner, self._port, self._batch = inner, port, batch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        if self._batch and name in ("create", "update", "delete"):
            return partial(self._in_batches, name, found)

        def call(*arguments: Any, **options: Any) -> Any:
            ask(self._port, name)
            return found(*arguments, **options)

        return call

    def _in_batches(self, name: str, write: Any, operations: Sequence[Any]) -> list[WriteResult]:
        """What was done before the gate closes is told; the others are left undone (``ports.Endpoint``)."""
        results: list[WriteResult] = []
        for start in range(0, len(operations), self._batch):
            try:
                ask(self._port, name)
            except Throttled as error:
                if not results:
                    raise
                params = {"retry_after": error.retry_after}
                rest = [
                    WriteResult(Outcome.TRANSIENT, one.key, code="throttled", params=params)
                    for one in operations[start:]
                ]
                return results + rest
            results += write(operations[start : start + self._batch])
        return results


def ask(port: int, what: str) -> None:
    """Raises ``Throttled`` when the gate refuses the call, ``Unreachable`` when it is gone."""
    gate = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        gate.request("GET", f"/{what}")
        answer = gate.getresponse()
        words = answer.read().decode()
    except OSError as error:
        raise Unreachable(str(error)) from error
    finally:
        gate.close()
    if answer.status in BUSY:
        wait = retry_after.seconds(answer.getheader("Retry-After"), datetime.now(UTC))
        raise Throttled(words, retry_after=wait)


@dataclass(frozen=True)
class Question:
    at: float  # time.time()
    what: str
    status: int


class Gate:
    """The HTTP server, in a thread; use it in a ``with``. What was asked stands in ``asked``, refusals included."""

    def __init__(self) -> None:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, header = gate.answer(self.path.strip("/"))
                words = b"" if status == 200 else b"too many requests"
                self.send_response(status)
                if header is not None:
                    self.send_header("Retry-After", header)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *arguments: Any) -> None:
                """Nothing: the questions are kept."""

        self.asked: list[Question] = []
        self._lock = threading.Lock()
        self._pass = 0
        self._refuse = 0
        self._status = 429
        self._named: float | None = None
        self._as_date = False
        self._only: str | None = None
        self._closed_until = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> "Gate":
        threading.Thread(target=self._server.serve_forever, name="gate", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, business: str) -> str:
        """The URL of a connection to the database ``business`` behind this gate."""
        with_gate = make_url(business).update_query_dict({"gate": str(self.port)})
        return with_gate.render_as_string(hide_password=False)

    def refuse(
        self,
        calls: int = 1,
        *,
        after: int = 0,
        only: str | None = None,
        retry_after: float | None = None,
        as_date: bool = False,
        status: int = 429,
    ) -> None:
        """Refuse ``calls`` calls after letting ``after`` more pass; ``only`` counts and refuses calls of this name.

        ``retry_after`` seconds are named in the answer, ``as_date`` as a date (full seconds, rounded up).
        """
        with self._lock:
            self._pass, self._refuse, self._status, self._only = after, calls, status, only
            self._named, self._as_date = retry_after, as_date

    def close_for(self, seconds: float, *, status: int = 429) -> None:
        """Refuse everything for so long, each time naming the time that remains (in full seconds, rounded up)."""
        with self._lock:
            self._closed_until, self._status = time.time() + seconds, status

    def answer(self, what: str) -> tuple[int, str | None]:
        """Status and Retry-After of one call."""
        now = time.time()
        with self._lock:
            status, header = self._decide(what, now)
            self.asked.append(Question(now, what, status))
        return status, header

    def _decide(self, what: str, now: float) -> tuple[int, str | None]:
        if now < self._closed_until:
            return self._status, str(int(self._closed_until - now) + 1)
        if self._only not in (None, what):
            return 200, None
        if self._pass:
            self._pass -= 1
        elif self._refuse:
            self._refuse -= 1
            return self._status, self._retry_after()
        return 200, None

    def _retry_after(self) -> str | None:
        if self._named is None or not self._as_date:
            return None if self._named is None else str(self._named)
        then = (datetime.now(UTC) + timedelta(seconds=self._named + 1)).replace(microsecond=0)
        return format_datetime(then, usegmt=True)

    def refused(self) -> list[Question]:
        return [question for question in self.asked if question.status != 200]
