"""Random tests repeat themselves exactly; HYPOTHESIS_PROFILE=thorough searches further and differently every time."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, database=None, deadline=None)
settings.register_profile(
    "thorough",
    max_examples=1000,
    stateful_step_count=80,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
