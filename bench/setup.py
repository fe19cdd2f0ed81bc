"""A store of the benchmark's own: embedded servers in a temporary folder, unless the environment names others."""

import atexit
import os
import tempfile
from pathlib import Path


def start() -> None:
    """Set Django up on an empty, migrated store. A child process finds its parent's through the environment."""
    if "DATA_DIR" not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="syncstatus-bench-"))
        folder.chmod(0o711)  # the embedded servers of root run as another account, which has to pass through
        os.environ["DATA_DIR"] = str(folder)
        atexit.register(_remove, folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syncstatus.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")

    import syncstatus.celery  # noqa: F401  (starts the servers)
    from syncstatus import embedded

    embedded.migrate()
    import django

    django.setup()


def _remove(folder: Path) -> None:
    from syncstatus import embedded
    from syncstatus.embedded import homes

    embedded.leave()
    homes.remove(folder)
