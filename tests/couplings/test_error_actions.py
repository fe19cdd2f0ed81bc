"""The page's buttons and the statement that carries an action out go by the same rules."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from couplings import error_actions
from couplings.error_actions import Features
from couplings.models import ErrorRequest, SyncError
from couplings.models.error import State
from tests import given

pytestmark = pytest.mark.django_db

NOW = timezone.now()
SEEN = {"first_seen": NOW, "last_seen": NOW}


def errors_of_every_kind() -> Iterator[dict[str, Any]]:
    """Each combination of what the rules look at; keys differ, as a record has one open error at most."""
    features = itertools.product(
        State,
        ("conflict", "unknown_outcome"),
        (True, False, None),
        (True, False, None),
        (True, False),
        ("", "retry"),
    )
    for number, (state, kind, left, right, coupled, request) in enumerate(features):
        yield {
            "state": state,
            "kind": kind,
            "code": kind,
            "left_key": None if left is None else f"l-{number}",
            "right_key": None if right is None else f"r-{number}",
            "left_exists": left,
            "right_exists": right,
            "request": request,
            "coupled": coupled,
            "resolved_at": NOW if state == State.RESOLVED else None,
            "ignored_until": NOW if state == State.IGNORED else None,
        }


@pytest.mark.parametrize("direction", ["bidirectional", "left_to_right", "right_to_left"])
def test_a_row_offers_what_the_statement_takes(direction: str) -> None:
    mapping = given.mapping(direction=direction)
    one = given.coupling(mapping, 1)
    rows, asked = [], []
    for values in errors_of_every_kind():
        coupled, request = values.pop("coupled"), values.pop("request")
        about_record = values["left_key"] or values["right_key"]
        if about_record:
            rows.append(SyncError(mapping=mapping, coupling=one if coupled else None, **values, **SEEN))
            asked += [rows[-1]] if request and rows[-1].is_open else []
    SyncError.objects.bulk_create(rows)
    ErrorRequest.objects.bulk_create(
        ErrorRequest(error=error, mapping=mapping, request="retry", at=NOW) for error in asked
    )
    SyncError.objects.create(
        connection=mapping.left_connection, kind="connection", code="unreachable", state=State.RETRYING, **SEEN
    )
    everything = SyncError.objects.all()

    for action in error_actions.RULES:
        taken = set(everything.filter(error_actions.condition(action)).values_list("pk", flat=True))
        rows_read = everything.select_related("mapping", "requested")
        offered = {error.pk for error in rows_read if action in error_actions.applying(error)}
        reckoned = error_actions.reckon(everything, action)
        assert taken == offered, action
        assert reckoned.fitting == len(taken), action
        assert reckoned.asked == len(rows) + 1
        assert reckoned.asked == reckoned.fitting + sum(reckoned.refused.values()), action
        possible = everything.filter(error_actions.possible(action))
        assert taken - set(possible.values_list("pk", flat=True)) == set(), action
        already = reckoned.refused.get("already_requested", 0)
        assert error_actions.reckon_possible(everything, action).fitting == possible.count() == len(taken) + already


CONFLICT = Features("skipped", "conflict", True, True, True, True, True, False, "bidirectional")
DELETED = CONFLICT._replace(kind="deleted", right_exists=False)
NEW = Features("skipped", "validation", True, None, True, False, False, False, "bidirectional")
ALWAYS = {"assign", "comment"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(CONFLICT, {"retry", "synchronize", "use_left", "use_right", "uncouple", "ignore"}, id="conflict"),
        pytest.param(
            CONFLICT._replace(direction="left_to_right"),
            {"retry", "synchronize", "use_left", "uncouple", "ignore"},
            id="one way",
        ),
        pytest.param(CONFLICT._replace(requested=True), {"uncouple"}, id="asked for"),
        pytest.param(
            CONFLICT._replace(state="ignored"),
            {"retry", "synchronize", "use_left", "use_right", "uncouple", "ignore", "unignore"},
            id="ignored",
        ),
        pytest.param(DELETED, {"retry", "restore", "delete", "uncouple", "ignore"}, id="deleted"),
        pytest.param(
            DELETED._replace(direction="left_to_right"), {"retry", "restore", "uncouple", "ignore"}, id="no write left"
        ),
        pytest.param(
            DELETED._replace(direction="right_to_left"), {"retry", "delete", "uncouple", "ignore"}, id="no write right"
        ),
        pytest.param(
            DELETED._replace(coupled=False), {"retry", "restore", "delete", "ignore"}, id="deleted, never coupled"
        ),
        pytest.param(
            DELETED._replace(coupled=False, right_known=False), {"retry", "restore", "ignore"}, id="deleted, one known"
        ),
        pytest.param(DELETED._replace(state="held"), {"restore", "delete", "uncouple"}, id="held"),
        pytest.param(NEW, {"retry", "synchronize", "use_left", "ignore"}, id="refused create"),
        pytest.param(
            NEW._replace(kind="unknown_outcome"),
            {"retry", "synchronize", "use_left", "create_again", "ignore"},
            id="lost answer",
        ),
        pytest.param(
            CONFLICT._replace(state="waiting"),
            {"retry", "synchronize", "use_left", "use_right", "uncouple"},
            id="waiting",
        ),
    ],
)
def test_what_applies(found: Features, expected: set[str]) -> None:
    offered = {action for action, steps in error_actions.RULES.items() if all(step.holds(found) for step in steps)}

    assert offered - ALWAYS == expected


def test_the_first_step_that_fails_is_the_reason() -> None:
    mapping = given.mapping(direction="left_to_right")
    given.error(mapping, 1)
    given.deleted(mapping, 2, "left")
    given.deleted(mapping, 3, "right")
    given.deleted(mapping, 4, "right", request="restore")

    reckoned = error_actions.reckon(SyncError.objects.all(), error_actions.RESTORE)

    assert (reckoned.asked, reckoned.fitting) == (4, 1)
    assert reckoned.refused == {"nothing_deleted": 1, "not_written_there": 1, "already_requested": 1}
