"""The embedded broker: Valkey, which speaks the Redis protocol, on a Unix socket with a password.

It keeps nothing on disk: the broker is only the bell (DESIGN R13).
"""

import time
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from syncstatus.embedded import programs
from syncstatus.embedded.errors import EmbeddedError
from syncstatus.embedded.homes import Home
from syncstatus.embedded.processes import end_left_overs, wait_for_end

START_SECONDS = 30
STOP_SECONDS = 10


class Valkey:
    def __init__(self, home: Home) -> None:
        self.home = home
        self.log = home.folder / "valkey.log"
        self.socket = home.sockets() / "valkey.sock"
        self.password = home.password("valkey.password")

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        return f"unix://:{quote(self.password)}@{quote(str(self.socket))}?db=0"

    def start(self) -> None:
        """Make sure that it answers. Whoever calls holds `start.lock`. Raises EmbeddedError when it does not start."""
        if self.pid():
            return
        # One that a killed program was just starting would lose its socket to the new one and run on for ever.
        end_left_overs(self.home.folder, "valkey-server")
        self.log.unlink(missing_ok=True)
        # The password travels through standard input, as others can read a program's arguments.
        done = self.home.run(programs.valkey(self.home), "-", input=self._configuration())
        deadline = time.monotonic() + START_SECONDS
        while done.returncode == 0 and time.monotonic() < deadline:
            if self.pid():
                return
            time.sleep(0.01)
        raise EmbeddedError(f"The embedded Redis does not start; see {self.log}. {done.stdout}{done.stderr}")

    def stop(self) -> None:
        """Stop it. Whoever calls holds `start.lock`."""
        pid = self.pid()
        if not pid:
            return
        with self._client() as client:
            client.shutdown(nosave=True)
        wait_for_end(pid, STOP_SECONDS)

    def pid(self) -> int | None:
        """The process that answers on the socket, if any."""
        try:
            with self._client() as client:
                return int(client.info("server")["process_id"])
        except redis.RedisError:
            return None

    def _client(self) -> redis.Redis:
        # Without retries: that nobody answers is an answer here, and the default waits for seconds before giving it.
        return redis.Redis(
            unix_socket_path=str(self.socket), password=self.password, socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )

    def _configuration(self) -> str:
        settings = {
            "port": "0",
            "unixsocket": _quoted(str(self.socket)),
            "unixsocketperm": "700",
            "requirepass": _quoted(self.password),
            "dir": _quoted(str(self.home.folder)),
            "pidfile": _quoted(str(self.home.folder / "valkey.pid")),
            "logfile": _quoted(str(self.log)),
            "save": '""',
            "appendonly": "no",
            "daemonize": "yes",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
