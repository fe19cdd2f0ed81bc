"""What all jobs add up to, also those that are deleted by now: the counters of /metrics and the bars of the home page.

No end of a job writes them. A statement folds in, exactly once, every job that has ended and is not ``counted`` yet;
beat calls it every few seconds and retention before it deletes. So no place that ends a job can forget it.
"""

from django.conf import settings
from django.db import connection

from jobs.models import ENDED, OUTCOMES

# Upper bounds in seconds: a click on one record takes less than the first, a first synchronization may take hours.
WITHIN = (1, 5, 15, 60, 300, 900, 3600, 14400)

_FIGURES = ", ".join(
    [
        "('jobs', 1::float)",
        "('seconds', seconds)",
        *(f"('{outcome}', {outcome}::float)" for outcome in OUTCOMES),
        *(f"('within_{bound}', (seconds <= {bound})::int::float)" for bound in WITHIN),
    ]
)
_OUTCOMES = ", ".join(f"('{outcome}', {outcome})" for outcome in OUTCOMES)
_FOLD = f"""
    WITH ended AS (
        UPDATE jobs_syncjob SET counted = true WHERE NOT counted AND state = ANY(%s)
        RETURNING mapping_id, kind, state, finished, {", ".join(OUTCOMES)},
            coalesce(extract(epoch FROM finished - started)::float, 0) AS seconds),
    days AS (
        INSERT INTO jobs_daytotal (day, name, value)
        SELECT (coalesce(finished, now()) AT TIME ZONE %s)::date AS day, name, sum(value)
        FROM ended CROSS JOIN LATERAL (VALUES {_OUTCOMES}) AS figure (name, value)
        WHERE kind <> 'preview'
        GROUP BY day, name HAVING sum(value) <> 0
        ORDER BY day, name
        ON CONFLICT (day, name) DO UPDATE SET value = jobs_daytotal.value + excluded.value)
    INSERT INTO jobs_total (mapping_id, kind, state, name, value)
    SELECT mapping_id, kind, state, name, sum(value)
    FROM ended CROSS JOIN LATERAL (VALUES {_FIGURES}) AS figure (name, value)
    GROUP BY mapping_id, kind, state, name HAVING sum(value) <> 0
    ORDER BY mapping_id, kind, state, name
    ON CONFLICT (mapping_id, kind, state, name) DO UPDATE SET value = jobs_total.value + excluded.value
"""  # noqa: S608  (put together from constants; sorted, so that two at once wait for each other in order)


def fold() -> None:
    """Add every job that has ended since the last call to its totals."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [[state.value for state in ENDED], settings.TIME_ZONE])
