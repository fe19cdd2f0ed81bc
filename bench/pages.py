"""What pages cost with a million errors, with a thousand, and in Django's admin: side by side, through one gunicorn
worker each, over connections that are kept open."""

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from html import unescape
from statistics import median
from time import perf_counter

from rich.table import Table

from bench import tables
from bench.workers import until

FEW = 1_000
LOG = 5  # log entries for each error
TIMES, WARM = 11, 2

# What is measured: a name, the path, what the admin calls the same, and how many times its time with few errors it may
# take with many.
PAGES: list[tuple[str, str, str, float]] = [
    ("errors, first view", "/errors/", "", 1.5),
    ("filter: table", "/errors/?mapping=TABLE_07", "mapping__id__exact=7", 1.5),
    ("filter: kind", "/errors/?kind=deleted", "kind__exact=deleted", 1.5),
    ("filter: who acts", "/errors/?state=by_itself", "state__in=retrying,waiting", 1.5),
    ("filter: held", "/errors/?state=held", "state__exact=held", 1.5),
    ("filter: cause", "/errors/?mapping=TABLE_07&cause={cause}", "", 1.5),
    ("filter: nobody's", "/errors/?assigned=nobody", "", 1.5),
    ("filter: age", "/errors/?age=week", "", 1.5),
    # The kind of which most errors are: with a thousand, a table has but 25, and a rare kind fills no page to compare.
    (
        "filter: table and kind",
        "/errors/?mapping=TABLE_07&kind=validation",
        "mapping__id__exact=7&kind__exact=validation",
        1.5,
    ),
    ("a page far away", "/errors/?{far}", "p=1000", 1.5),
    ("by table", "/errors/?sort=table", "o=1", 1.5),
    ("by description", "/errors/?sort=description", "o=2", 1.5),
    ("by existence", "/errors/?sort=record_exists", "o=3", 1.5),
    ("by coupled to", "/errors/?sort=coupled_to", "o=4", 1.5),
    ("by existence of the other", "/errors/?sort=coupled_record_exists", "o=5", 1.5),
    ("by message", "/errors/?sort=message", "o=6", 1.5),
    ("by kind", "/errors/?sort=kind", "o=8", 1.5),
    ("by attempts", "/errors/?sort=-attempts", "o=-10", 1.5),
    ("by age", "/errors/?sort=age", "o=12", 1.5),
    ("search: one record", "/errors/?q=bikes+{one}", "q=bikes+{one}", 3),
    ("search: a common word", "/errors/?q=adatum", "q=adatum", 3),
    ("search: a key", "/errors/?q=C0000{one}", "q=C0000{one}", 3),
    ("search: nothing found", "/errors/?q=nowhere", "q=nowhere", 3),
    ("a filter nobody is in", "/errors/?state=ignored&assigned=nobody", "", 1.5),
    ("Tell Me: a page", "/search/?q=errors", "", 3),
    ("Tell Me: a key", "/search/?q=C0000{one}", "", 3),
    ("Tell Me: a text of errors", "/search/?q=bikes+{one}", "", 3),
    ("held deletions", "/held/", "", 1.5),
    ("home", "/", "", 1.5),
    ("records", "/couplings/", "", 1.5),
    ("records of a table", "/couplings/?mapping=TABLE_07", "", 1.5),
    ("jobs", "/jobs/", "", 1.5),
    ("a job and its log", "/jobs/7/", "", 1.5),
    ("mappings", "/mappings/", "", 1.5),
]
ADMIN = "/admin/couplings/syncerror/?"


@dataclass(frozen=True)
class Store:
    """A database filled for the pages, a session of its administrator, and a cause of its errors."""

    url: str
    session: str
    cause: str


def run(rows: int) -> Table:
    few, many = (_store(f"bench_pages_{size}", size) for size in (min(FEW, rows), rows))
    with ExitStack() as stack:
        sites = [stack.enter_context(_site(store)) for store in (few, many)]
        admin = stack.enter_context(_site(many, "bench.admin_settings"))
        table = Table("page", f"{FEW:,} errors", f"{rows:,}", "ratio", "aim", "admin", "share of it", title="Pages, ms")
        for row in _rows(sites[0], sites[1], admin):
            table.add_row(*row)
        for row in _retry_all(many, sites[1]):
            table.add_row(*row)
    return table


def _rows(few: "Site", many: "Site", admin: "Site") -> Iterator[list[str]]:
    for name, path, same, aim in PAGES:
        asked = [few.placed(path), many.placed(path)]
        compared = bool(same) or path == "/errors/"
        taken = _side_by_side([few, many, *[admin][:compared]], [*asked, ADMIN + many.placed(same)])
        told = [f"{1000 * seconds:.0f}" for seconds in taken]
        share = [f"{taken[1] / taken[2]:.2f}"] if compared else []
        yield [name, *told[:2], f"{taken[1] / taken[0]:.2f}", f"at most {aim}", *told[2:], *share]


def _side_by_side(sites: list["Site"], paths: list[str]) -> list[float]:
    """The median of each in seconds. They take turns, so that whatever else the machine does is shared among them."""
    taken: list[list[float]] = [[] for _ in sites]
    for turn in range(-WARM, TIMES):
        for site, path, seconds in zip(sites, paths, taken, strict=False):
            started = perf_counter()
            site.get(path)
            if turn >= 0:
                seconds.append(perf_counter() - started)
    return list(map(median, taken))


BY_HAND = """
    INSERT INTO couplings_errorrequest (error_id, mapping_id, request, choices, by_id, at)
    SELECT id, mapping_id, 'retry', '{}', (SELECT min(id) FROM auth_user), now() FROM couplings_syncerror
    WHERE state NOT IN ('resolved', 'ignored', 'held') AND (left_key IS NOT NULL OR right_key IS NOT NULL)
    FOR NO KEY UPDATE OF couplings_syncerror ON CONFLICT DO NOTHING
"""


def _retry_all(store: Store, site: "Site") -> Iterator[list[str]]:
    """All errors, by the page's button and by the same statement, once before and once after it and each taken back: so
    all three find the tables alike. Nothing works the retries off, as no worker runs here."""
    answer = site.prepared("/errors/actions/", "action=retry_all&confirm=on&confirmed=100000000")
    before = _by_hand(store)
    started = perf_counter()
    answer()
    taken = perf_counter() - started
    tables.execute(store.url, "DELETE FROM couplings_errorrequest", "VACUUM couplings_errorrequest")
    by_hand = (before + _by_hand(store)) / 2
    yield ["Retry All", "", f"{1000 * taken:,.0f}", "", "", "", ""]
    more = f"{taken - by_hand:+.2f} s"
    yield ["  the same statement by hand", "", f"{1000 * by_hand:,.0f}", more, "1 s more", "", ""]


def _by_hand(store: Store) -> float:
    started = perf_counter()
    tables.execute(store.url, f"BEGIN; {BY_HAND}; ROLLBACK")
    taken = perf_counter() - started
    tables.execute(store.url, "VACUUM couplings_errorrequest")
    return taken


def _store(name: str, rows: int) -> Store:
    url = tables.database(name).replace("postgresql+psycopg2", "postgresql")
    command = [sys.executable, "-m", "bench.page_data", str(rows), str(LOG * rows)]
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True, env=environment)
    filled = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    session, cause = filled.stdout.split()[-2:]
    return Store(url.replace("postgresql:", "postgresql+psycopg2:", 1), session, cause)


class Site:
    """One gunicorn worker, asked over one connection."""

    def __init__(self, port: int, store: Store) -> None:
        self.store = store
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1_200)

    def get(self, path: str) -> str:
        return self._ask("GET", path)

    def prepared(self, path: str, body: str) -> Callable[[], str]:
        """A form, ready to be sent."""
        token = self._found("/errors/", r'name="csrfmiddlewaretoken" value="([^"]+)"')
        cookie = {"Cookie": f"csrftoken={token[:64]}; "}
        return partial(self._ask, "POST", path, f"{body}&csrfmiddlewaretoken={token}", cookie)

    def placed(self, path: str) -> str:
        """With a cause, the mark of a page, and the number of a record."""
        if "{far}" in path:
            path = path.replace("{far}", "after=" + self._found("/errors/", r'href="\?[^"]*after=([^"&]+)'))
        return path.replace("{one}", "777").replace("{cause}", self.store.cause)

    def _found(self, path: str, pattern: str) -> str:
        match = re.search(pattern, self.get(path))
        assert match, f"{pattern} is not on {path}"
        return unescape(match[1])

    def _ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> str:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        sent["Cookie"] = sent.get("Cookie", "") + f"sessionid={self.store.session}"
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 302), (path, answer.status, text[:2000])
        assert "/accounts/login/" not in answer.headers.get("Location", ""), path
        return text


@contextmanager
def _site(store: Store, settings: str = "syncstatus.settings") -> Iterator[Site]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--bind 127.0.0.1:{port} --workers 1 --threads 2 --timeout 1200 --keep-alive 600 --log-level error"
    command = [sys.executable, "-m", "gunicorn", *options.split(), "--no-control-socket", "syncstatus.wsgi:application"]
    url = store.url.replace("postgresql+psycopg2", "postgresql")
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings})
    try:
        until(lambda: _answers(port))
        yield Site(port, store)
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
