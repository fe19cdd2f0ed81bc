import pytest

from couplings.models import Connection
from tests import given
from tests.jobs.worlds import World


def test_check_now_asks_the_system(world: World) -> None:
    Connection.objects.update(healthy=False)
    berta = given.signed_in(given.person("berta", "operator"))

    page = berta.post(f"/connections/{world.mapping.left_connection_id}/check/", follow=True).content.decode()

    assert "ERP answers." in page
    assert Connection.objects.get(name="ERP").healthy


@pytest.mark.django_db
def test_a_system_that_does_not_answer_is_said() -> None:
    broken = given.connection("CRM", settings={"url": "postgresql://nobody@127.0.0.1:1/none"})
    berta = given.signed_in(given.person("berta", "operator"))

    page = berta.post(f"/connections/{broken.pk}/check/", follow=True).content.decode()

    assert "CRM does not answer as it should." in page
    assert "CRM could not be reached" in page


@pytest.mark.django_db
def test_a_viewer_checks_nothing() -> None:
    erp = given.connection("ERP")

    assert given.signed_in(given.person("carl", "viewer")).post(f"/connections/{erp.pk}/check/").status_code == 403
