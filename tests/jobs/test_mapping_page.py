"""What the page of a mapping shows of both systems, and what can be done with all of its records."""

from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from couplings.models import ConfigurationVersion, Coupling, TableMapping, UncoupledRecord
from tests import given
from tests.jobs.worlds import World

URL = "/mappings/CUSTOMER/"


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_records_of_both_sides_are_counted(ada: Client, world: World) -> None:
    for name in ("Adatum", "Contoso", "Fabrikam"):
        world.left.add(name=name, phone="1")
    world.set(left_filter={"name": ["Adatum", "Contoso"]})

    page = text(ada, f"{URL}counts/")

    assert "name = Adatum, Contoso" in page
    assert "2 of 3 records" in page
    assert "0 records" in page
    part = text(ada, f"{URL}counts/", HX_Request="true")
    assert "2 of 3 records" in part
    assert "<html" not in part


def test_a_real_record_shows_what_would_be_written_each_way(ada: Client, world: World) -> None:
    world.mapping.fields.filter(left="phone").update(transforms=["trim", {"prefix": "+"}])
    world.mapping.fields.filter(left="fax").update(values={"map": {"a": "b"}})
    world.mapping.fields.filter(left="amount").update(direction="left_to_right")
    world.left.add(name="Adatum", phone=" 45", fax="z", amount=7)

    page = text(ada, f"{URL}example/")

    assert "Adatum" in page
    assert "no partner" in page
    assert "+45" in page
    assert "“z” is not in the value map of fax." in page


def test_a_pair_is_shown_before_a_record_alone_and_any_record_by_its_key(ada: Client, world: World) -> None:
    _left, right = world.pair(name="Adatum", phone="1")
    alone = world.left.add(name="Zeta", phone="2")

    assert "Adatum" in text(ada, f"{URL}example/")
    assert "Zeta" in text(ada, f"{URL}example/?side=left&key={alone}")
    assert "Adatum" in text(ada, f"{URL}example/?side=right&key={right}")
    assert "There is no record 999 in ERP." in text(ada, f"{URL}example/?side=left&key=999")


def test_empty_tables_and_a_system_that_is_away_are_told(ada: Client, world: World) -> None:
    assert "Neither table holds a record" in text(ada, f"{URL}example/")
    world.mapping.right_connection.settings = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    world.mapping.right_connection.save()

    assert "CRM" in text(ada, f"{URL}example/")
    assert "presence unknown" in text(ada, f"{URL}counts/")


@pytest.mark.django_db
def test_the_page_itself_asks_no_system_and_few_questions(ada: Client) -> None:
    mapping = given.mapping()  # behind which there is no system at all
    for number in range(8):
        given.job(mapping)
        ConfigurationVersion.objects.create(
            kind="mapping", name="CUSTOMER", what="changed", content="", through="page", who=f"ada {number}"
        )
    text(ada, URL)

    with CaptureQueriesContext(connection) as queries:
        page = text(ada, URL)

    # session, user, mapping, fields, parents, jobs, jobs on hold, errors, changed tables, couplings, versions, draft,
    # permissions of the user and of the groups, their circuit
    assert len(queries) <= 15
    assert "ada 7" in page
    assert "ada 2" not in page
    assert "All changes" in page


@pytest.mark.django_db
def test_a_mapping_is_exported_alone(ada: Client) -> None:
    given.mapping("PRICES (EU)")
    given.mapping()

    answer = ada.get("/mappings/PRICES (EU)/export/")

    content = answer.content.decode()
    assert answer["Content-Disposition"] == 'attachment; filename="PRICES (EU).yaml"'
    assert content.startswith("mappings:\n")
    assert "CUSTOMER" not in content


def test_all_couplings_are_removed_once_the_number_was_read(ada: Client, world: World) -> None:
    world.pairs(3)

    assert "<strong>3</strong> pairs of records in <strong>ERP</strong>" in text(ada, f"{URL}remove-couplings/")
    ada.post(f"{URL}remove-couplings/", {"confirmed": "2"})
    assert Coupling.objects.count() == 3
    page = ada.post(f"{URL}remove-couplings/", {"confirmed": "3"}, follow=True).content.decode()

    assert "3 couplings were removed." in page
    assert not Coupling.objects.exists()
    assert UncoupledRecord.objects.count() == 6
    world.sync()
    assert len(world.right.keys()) == 3


def test_many_couplings_are_removed_in_steps(world: World) -> None:
    from jobs.services import mappings

    world.pairs(3)

    assert mappings.remove_couplings(world.mapping, user=None, most=2) == (2, 1)
    assert mappings.remove_couplings(world.mapping, user=None, most=2) == (1, 0)


@pytest.mark.django_db
def test_who_sees_and_does_what() -> None:
    mapping = given.mapping()
    given.coupling(mapping, 1)
    carl = given.signed_in(given.person("carl", "viewer"))
    berta = given.signed_in(given.person("berta", "operator"))

    assert carl.get(f"{URL}remove-couplings/").status_code == 403
    assert carl.post(f"{URL}remove-couplings/", {"confirmed": "9"}).status_code == 403
    assert "Remove Couplings" not in text(carl, URL)
    assert "Remove Couplings" in text(berta, URL)
    for url in (URL, f"{URL}history/", f"{URL}export/"):
        assert carl.get(url).status_code == 200
    assert TableMapping.objects.get().couplings.exists()


@pytest.mark.django_db
def test_versions_are_paged_and_one_tells_everything(ada: Client) -> None:
    given.mapping()
    details = [{"what": "changed", "setting": "schedule.every", "old": "30m", "new": "1h"}]
    for _number in range(26):
        version = ConfigurationVersion.objects.create(
            kind="mapping", name="CUSTOMER", what="changed", content="mappings: {}", changes=details, through="command"
        )

    page = text(ada, f"{URL}history/")
    assert 'rel="next"' in page
    assert "<strong>schedule.every</strong>" in page
    assert "mappings: {}" in text(ada, f"{URL}history/{version.pk}/")
    assert ada.get(f"{URL}history/{version.pk + 1}/").status_code == 404
