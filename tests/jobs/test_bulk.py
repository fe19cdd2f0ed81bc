"""How far an action on many errors is, and Cancel."""

import pytest
from django.test import Client

from couplings import bulk
from couplings.models import BulkRequest, Coupling, ErrorRequest, SyncError
from jobs.models import Kind, SyncJob
from jobs.services import actions
from jobs.services import bulk as service
from tests import given
from tests.jobs.worlds import World

PAGE, PROGRESS = "/errors/", "/errors/progress/"


@pytest.fixture
def conflicts(world: World) -> World:
    """Five customers whose phone was changed on both sides."""
    for number in range(5):
        left, right = world.pair(name=f"Adatum {number}", phone="1")
        world.left.edit(left, phone="2")
        world.right.edit(right, phone="3")
    world.sync()
    return world


@pytest.mark.django_db
def test_the_page_says_how_far_it_is_and_that_it_is_done() -> None:
    ada = given.person("ada", "administrator")
    client, mapping = given.signed_in(ada), given.mapping()
    errors = [given.error(mapping, number) for number in range(3)]
    actions.request(SyncError.objects.all(), "retry", user=ada)
    ErrorRequest.objects.filter(error=errors[0]).delete()

    page = client.get(PAGE).content.decode()
    assert "3 are being retried (1 done)." in page
    assert "ada" in page
    assert 'hx-get="/errors/progress/"' in client.get(PROGRESS).content.decode()

    ErrorRequest.objects.all().delete()
    ended = client.get(PROGRESS).content.decode()
    assert "What was asked for is done." in ended
    assert "hx-get" not in ended
    assert "being retried" not in client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_a_wish_for_one_error_needs_no_progress() -> None:
    given.error(given.mapping(), 1)

    actions.request(SyncError.objects.all(), "retry", user=None)

    assert bulk.running() == []


@pytest.mark.django_db
def test_cancel_takes_back_what_has_not_begun_and_says_how_many() -> None:
    ada = given.person("ada", "administrator")
    mapping = given.mapping()
    errors = [given.error(mapping, number) for number in range(4)]
    actions.request(SyncError.objects.filter(pk__in=[error.pk for error in errors[:3]]), "retry", user=ada)
    actions.request(SyncError.objects.filter(pk=errors[3].pk), "retry", user=ada)
    ErrorRequest.objects.filter(error=errors[0]).delete()

    [running] = bulk.running()
    answer = given.signed_in(ada).post(f"/errors/cancel/{running.bulk.pk}/", follow=True)

    assert [str(message) for message in answer.context["messages"]] == [
        "2 errors were not begun yet and stay as they are. What has begun is finished."
    ]
    assert list(ErrorRequest.objects.values_list("error", flat=True)) == [errors[3].pk]
    assert BulkRequest.objects.get().cancelled == 2
    assert bulk.running() == []


@pytest.mark.django_db
def test_who_may_cancel() -> None:
    given.error(given.mapping(), 1)
    made = BulkRequest.objects.create(request="retry", requested_at="2026-01-01T00:00Z", asked=2)

    codes = {
        role: given.signed_in(given.person(role, role)).post(f"/errors/cancel/{made.pk}/").status_code
        for role in ("viewer", "operator", "administrator")
    }

    assert codes == {"viewer": 403, "operator": 302, "administrator": 302}
    assert Client().post(f"/errors/cancel/{made.pk}/")["Location"].startswith("/accounts/login/")


def test_a_job_leaves_alone_what_was_taken_back(conflicts: World) -> None:
    actions.request(SyncError.objects.open(), "synchronize", user=None, use=None)
    actions.request(SyncError.objects.open(), "retry", user=None)
    attempts = list(SyncError.objects.values_list("attempts", flat=True))
    service.cancel(BulkRequest.objects.get())

    conflicts.sync(Kind.RETRY)

    assert list(SyncError.objects.values_list("attempts", flat=True)) == attempts
    assert SyncJob.objects.latest("pk").read == 0


def test_many_couplings_are_removed_by_a_job(conflicts: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 4)
    before = conflicts.left.versions(), conflicts.right.versions()

    done = actions.request(SyncError.objects.open(), "uncouple", user=None)
    assert (done.accepted, len(done.jobs)) == (5, 1)
    assert "5 are being uncoupled (0 done)." in [one.sentence for one in bulk.running()]
    conflicts.sync(Kind.RETRY)

    assert not Coupling.objects.exists()
    assert set(SyncError.objects.values_list("resolution", flat=True)) == {"uncoupled"}
    conflicts.sync(Kind.FULL)
    assert not Coupling.objects.exists()
    assert (conflicts.left.versions(), conflicts.right.versions()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 5])
def test_progress_costs_two_queries(count: int, django_assert_num_queries: object) -> None:
    for number in range(count):
        mapping = given.mapping(f"M{number}")
        errors = [given.error(mapping, number).pk for number in range(2)]
        actions.request(SyncError.objects.filter(pk__in=errors), "retry", user=None)

    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(bulk.running()) == count
