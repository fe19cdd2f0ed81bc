"""``python -m tests.faults.chaos [--seed N] [--kills N] [--minutes N] [--report FILE]``, as `make chaos` calls it."""

import argparse
import os
import random
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet
from rich.console import Console


def main() -> int:
    options = _options()
    # Whoever stops it leaves nothing running.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    _environment()
    import syncstatus.celery  # noqa: F401  (starts the servers)
    from syncstatus import embedded
    from tests.faults.chaos import places

    try:
        with places.made() as made:
            os.environ |= {"DATABASE_URL": made.url("store"), "REDIS_URL": made.broker.server.url}
            from tests.faults.chaos.run import Run

            report = Run(made, options.seed, options.kills, options.minutes * 60, options.pause).go()
    finally:
        embedded.leave()
    report.write(options.report)
    report.print(Console(width=120))
    return 0 if report.is_good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="the same edits and faults again")
    parser.add_argument("--kills", type=int, default=500, help="so many processes die")
    parser.add_argument("--minutes", type=float, default=60, help="or so long, whichever comes first")
    parser.add_argument("--pause", type=float, default=0.7, help="seconds between two faults, on average")
    parser.add_argument("--report", type=Path, default=Path("chaos.json"), help="where the figures go")
    return parser.parse_args()


def _environment() -> None:
    """As tests/conftest.py has it: servers of the run's own unless others are given."""
    if "DATA_DIR" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="chaos-data-"))
        folder.chmod(0o711)
        os.environ["DATA_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("ENCRYPTION_KEY", Fernet.generate_key().decode())


if __name__ == "__main__":
    sys.exit(main())
