"""PostgreSQL and Redis for trying, testing and small installations, started when no other servers are given.

    use()       a program comes: start what is not given, or share what already runs, and tell Django and Celery where
    migrate()   bring the schema of the embedded store up to date
    leave()     a program goes: the last one stops the servers

    DATABASE_URL, REDIS_URL    what happens
    both given                 nothing is started
    one given                  the other is embedded
    none given                 both are embedded; missing keys are made once and kept

The servers' programs come from PyPI wheels (requirements-embedded.txt) and are run as they are; the wheels' own Python
code is not used, because as root it adds accounts and changes the mode of folders up to `/`. The servers listen on Unix
sockets in a private folder only. They run in sessions of their own, so that Ctrl-C in a terminal reaches the program
alone, which then leaves in good order.
"""

from syncstatus.embedded.errors import EmbeddedError
from syncstatus.embedded.store import leave, migrate, use

__all__ = ["EmbeddedError", "leave", "migrate", "use"]
