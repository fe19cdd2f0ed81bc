"""Who uses the embedded servers: programs come and go, the first starts what is missing, the last stops everything."""

import atexit
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from syncstatus import environment
from syncstatus.embedded import homes
from syncstatus.embedded.homes import Home
from syncstatus.embedded.locks import Share, exclusive
from syncstatus.embedded.postgresql import PostgreSQL
from syncstatus.embedded.valkey import Valkey

DEFAULT_DATA_DIR = Path(__file__).resolve().parents[2] / ".data"
# Tells the programs that this one starts which home their URLs lead to, so that they count as its users, too.
HOME_VARIABLE = "EMBEDDED_HOME"


@dataclass
class Use:
    """This program's use of one home. A forked child is not this program: it must not stop its parent's servers."""

    home: Home
    share: Share
    has_database: bool
    program: int


_current: Use | None = None


def use() -> None:
    """Start the servers that are not given by DATABASE_URL and REDIS_URL, or join those that run already.

    Fills in both variables, and SECRET_KEY and ENCRYPTION_KEY when the database is an embedded one. A second call does
    nothing. Raises EmbeddedError when a server cannot be had.
    """
    global _current
    if _current:
        return
    missing = {name for name in ("DATABASE_URL", "REDIS_URL") if not environment.text(name)}
    joined = os.environ.get(HOME_VARIABLE)
    if missing:
        _current = _start(missing)
    elif joined and Path(joined).is_dir():
        _current = _join(Path(joined))
    if _current:
        atexit.register(leave)


def leave() -> None:
    """Stop the servers, unless another program still uses them."""
    global _current
    if not _current or _current.program != os.getpid():
        return
    home, share, _current = _current.home, _current.share, None
    with exclusive(home, "start.lock"):
        if share.is_last():
            Valkey(home).stop()
            PostgreSQL(home).stop()
        share.close()


def migrate() -> None:
    """Apply the migrations that the embedded store lacks; a store that was given is left to `manage.py migrate`."""
    if not _current or not _current.has_database:
        return
    import django
    from django.core.management import call_command

    django.setup()
    stamp, digest = _current.home.folder / "migrated", _migrations()
    with exclusive(_current.home, "migrate.lock"):
        if not stamp.exists() or stamp.read_text() != digest:
            call_command("migrate", interactive=False, verbosity=0)
            stamp.write_text(digest)


def _start(missing: set[str]) -> Use:
    data_dir = Path(environment.text("DATA_DIR", str(DEFAULT_DATA_DIR))).absolute()
    home = homes.find(data_dir)
    with exclusive(home, "start.lock"):
        if "DATABASE_URL" in missing:
            os.environ["DATABASE_URL"] = _started(PostgreSQL(home))
            _provide_keys(data_dir)
        if "REDIS_URL" in missing:
            os.environ["REDIS_URL"] = _started(Valkey(home))
        share = Share(home)
    os.environ |= {HOME_VARIABLE: str(home.folder), "DATA_DIR": str(data_dir)}
    return Use(home, share, has_database="DATABASE_URL" in missing, program=os.getpid())


def _started(server: PostgreSQL | Valkey) -> str:
    server.start()
    return server.url


def _join(folder: Path) -> Use:
    home = homes.owned(folder)
    with exclusive(home, "start.lock"):
        return Use(home, Share(home), has_database=False, program=os.getpid())


def _provide_keys(data_dir: Path) -> None:
    from cryptography.fernet import Fernet

    makers = {"SECRET_KEY": lambda: secrets.token_urlsafe(50), "ENCRYPTION_KEY": lambda: Fernet.generate_key().decode()}
    for name, make in makers.items():
        if not environment.text(name):
            os.environ[name] = homes.kept(data_dir / name.lower(), make)


def _migrations() -> str:
    from django.apps import apps

    files = sorted(f"{app.label}/{file.name}" for app in apps.get_app_configs() for file in _files(Path(app.path)))
    return hashlib.sha256("\n".join(files).encode()).hexdigest()


def _files(app: Path) -> list[Path]:
    return list((app / "migrations").glob("[0-9]*.py"))
