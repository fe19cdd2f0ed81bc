"""Where the embedded servers live, and as whom.

The home is `embedded` in DATA_DIR. PostgreSQL refuses to run as root, so root hands both servers to another account;
when that account cannot reach DATA_DIR (a clone below /root, say), `embedded` is a link to a folder it can reach.
The owner of the home is always the account the servers run as.
"""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncstatus.embedded.errors import EmbeddedError

# For homes that root has to keep outside DATA_DIR. Only root may write here, so nobody can prepare a trap.
ELSEWHERE = Path("/var/lib/syncstatus")
# For sockets that cannot lie in the home. Anybody may write here, so what is found is checked before it is used.
SHORT = Path("/tmp")  # noqa: S108
ACCOUNTS = ("postgres", "nobody")
# The kernel's limit for the path of a Unix socket.
SOCKET_PATH_BYTES = 107
# Commas, blanks, percent signs and the like mean something else in one of the URLs or settings that name the socket.
PLAIN_PATH = re.compile(r"[\w/.-]+", re.ASCII)
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Home:
    """The folder of the embedded servers; `uid` and `gid` own it and run them."""

    folder: Path
    uid: int
    gid: int

    @property
    def account(self) -> dict[str, Any]:
        """Arguments for `subprocess` that run a program as the servers' account."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program of the servers to its end, out of the terminal's reach, and capture what it says."""
        return subprocess.run(
            [str(argument) for argument in arguments],
            env=ENVIRONMENT,
            cwd=self.folder,
            start_new_session=True,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **self.account,
            **options,
        )

    def own(self, path: Path) -> None:
        """Give a file that this program made to the servers' account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def sockets(self) -> Path:
        """The private folder of the servers' sockets, made if need be."""
        folder = self._sockets()
        self._make_private(folder)
        return folder

    def remove(self) -> None:
        """Delete everything the servers, which must not run, have left."""
        shutil.rmtree(self._sockets(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _sockets(self) -> Path:
        folder = self.folder / "sockets"
        if len(os.fsencode(folder / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(str(folder)):
            return folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()
        return SHORT / f"syncstatus-{digest[:16]}"

    def password(self, name: str) -> str:
        """The password of this name, made at the first call and then kept in a file that others cannot read."""
        return kept(self.folder / name, lambda: secrets.token_urlsafe(24), self)

    def _make_private(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.uid or status.st_mode & 0o077:
                raise EmbeddedError(
                    f"{folder} is not a private folder of the account that runs the embedded servers. "
                    "Remove it, or set DATA_DIR to another folder."
                ) from None
        else:
            self.own(folder)


def find(data_dir: Path) -> Home:
    """The home in this data folder, made if need be.

    Raises EmbeddedError when the folder cannot be written or there is no account to run the servers as.
    """
    try:
        # Root's servers run as somebody else, who has to pass through here; every file inside has its own mode.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        folder = data_dir / "embedded"
        if not folder.exists():
            _make(folder)
        return owned(folder.resolve())
    except OSError as error:
        raise EmbeddedError(
            f"The data folder {data_dir} cannot be used: {error.strerror}. Set DATA_DIR to a folder of your own."
        ) from error


def kept(path: Path, make: Callable[[], str], home: Home | None = None) -> str:
    """The text in a file, which `make` provides when there is none yet."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(0o600)
        draft.write_text(make())
        if home:
            home.own(draft)
        draft.rename(path)
    return path.read_text()


def remove(data_dir: Path) -> None:
    """Delete the data folder with all that the embedded servers, which must not run, keep in it or elsewhere."""
    folder = data_dir / "embedded"
    if folder.exists():
        owned(folder.resolve()).remove()
    shutil.rmtree(data_dir, ignore_errors=True)


def owned(folder: Path) -> Home:
    """The home in this folder, which exists."""
    status = folder.stat()
    return Home(folder, status.st_uid, status.st_gid)


def _make(folder: Path) -> None:
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, exist_ok=True)
        return
    home = _hand_over(_draft(folder.parent))
    if home.run("test", "-w", home.folder, "-a", "-x", home.folder).returncode == 0:
        _put_in_place(home.folder, folder)
        return
    home.folder.rmdir()
    ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
    _link(_hand_over(_draft(ELSEWHERE)).folder, folder)


def _draft(parent: Path) -> Path:
    folder = parent / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    return folder


def _put_in_place(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # Another program was faster, and its home is no longer empty.
        draft.rmdir()


def _link(home: Path, folder: Path) -> None:
    try:
        folder.symlink_to(home)
    except FileExistsError:
        home.rmdir()


def _hand_over(folder: Path) -> Home:
    account = _account()
    os.chown(folder, account.pw_uid, account.pw_gid)
    return Home(folder, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd:
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and there is no account {' or '.join(ACCOUNTS)} to run it as. "
        "Start Syncstatus as another user, or set DATABASE_URL."
    )
