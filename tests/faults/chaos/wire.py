"""What lies between the product and a business database: it passes everything on, and loses an answer when told to.

It speaks PostgreSQL's own protocol on a Unix socket. It knows one message, the COMMIT of a transaction that wrote;
reading transactions of the product roll back.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import URL

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
SOCKET = ".s.PGSQL.5432"
CHUNK = 65_536


class Loss(Enum):
    ANSWER = "the answer to a write is lost"
    REQUEST = "a write is lost on its way"


class Wire:
    """One database's wire; ``lose`` breaks the next connection that commits, once."""

    def __init__(self, folder: Path, server: URL) -> None:
        self.folder = folder
        self._server = server
        self._loss: Loss | None = None
        self._passing = 0
        self.lost = threading.Event()

    @property
    def path(self) -> Path:
        return self.folder / SOCKET

    def lose(self, loss: Loss, seconds: float, *, passing: int = 0) -> bool:
        """Whether somebody committed within ``seconds`` and never heard of it; ``passing`` commits are let through."""
        self.lost.clear()
        self._passing, self._loss = passing, loss
        happened = self.lost.wait(seconds)
        self._loss = None
        return happened

    async def serve(self) -> None:
        self.folder.mkdir()
        server = await asyncio.start_unix_server(self._connected, str(self.path))
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._reach()
        except OSError:
            writer.close()
            return
        pumps = [self._requests(reader, far_writer, writer), _pump(far_reader, writer)]
        tasks = [asyncio.ensure_future(pump) for pump in pumps]
        with suppress(asyncio.CancelledError):  # the run ends; a task that says so would be reported as broken
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for end in (writer, far_writer):
            end.transport.abort()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._server.query.get("host", self._server.host), self._server.port or 5432
        if isinstance(host, str) and host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(str(host), port)

    async def _requests(
        self, near: asyncio.StreamReader, far_writer: asyncio.StreamWriter, near_writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await near.read(CHUNK):
            if self._loss is not None and chunk.endswith(COMMIT) and self._is_next():
                loss, self._loss = self._loss, None
                near_writer.transport.abort()  # nothing that the database says reaches anybody any more
                if loss is Loss.ANSWER:
                    far_writer.write(chunk)
                    await far_writer.drain()
                self.lost.set()
                await asyncio.sleep(0.2 if loss is Loss.ANSWER else 0)  # until it has committed
                return
            far_writer.write(chunk)
            await far_writer.drain()

    def _is_next(self) -> bool:
        self._passing -= 1
        return self._passing < 0


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # the transports close their sockets in the loop's next round


class Wires:
    """Runs the wires in a thread, for the time of a ``with``."""

    def __init__(self, *wires: Wire) -> None:
        self._wires = wires
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="wires", daemon=True)

    def __enter__(self) -> "Wires":
        self._thread.start()
        for wire in self._wires:
            self._submit(wire.serve())
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
