"""Lookups: children that refer to a record of another mapping, on two real databases (SCENARIOS T19)."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from couplings.causes import causes
from couplings.filters import ErrorFilter
from couplings.models import Coupling, MovedParent, SyncError, TableMapping
from jobs import queue
from jobs.models import JobState, Kind, SyncJob, Trigger
from jobs.runner import runner
from jobs.services import actions, jobs
from tests.given import person, signed_in
from tests.jobs.command_line import run
from tests.jobs.families import Family, add_contacts, add_field, refer_back, waiting
from tests.jobs.worlds import World, told

MakeWorld = Callable[..., World]


@pytest.fixture
def family(make_world: MakeWorld) -> Family:
    return add_contacts(make_world())


def test_a_reference_travels_as_the_partners_key_in_both_directions(family: Family) -> None:
    customer = family.parents.left.add(name="Adatum")
    account = family.parents.right.add(name="Fabrikam")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    person = family.right.add(name="Bo", customer_id=account)
    family.sync()
    partner = family.parents.coupling(customer).right_key
    assert family.account_of(family.partner(contact)) == partner
    created = Coupling.objects.get(mapping=family.world.mapping, right_key=person).left_key
    owner = Coupling.objects.get(mapping=family.parents.mapping, right_key=account).left_key
    assert family.left.get(created, "customer_id") == (int(owner),)
    family.assert_quiet()


def test_another_parent_travels_like_any_change(family: Family) -> None:
    customers = [family.parents.left.add(name=name) for name in ("Adatum", "Fabrikam")]
    contact = family.left.add(name="Ada", customer_id=int(customers[0]))
    family.sync()
    person = family.partner(contact)
    accounts = [family.parents.coupling(key).right_key for key in customers]
    family.left.edit(contact, customer_id=int(customers[1]))
    assert told(family.world.sync()) == {"modified": 1}
    assert family.account_of(person) == accounts[1]
    family.right.edit(person, customer_id=accounts[0])
    assert told(family.world.sync()) == {"modified": 1}
    assert family.left.get(contact, "customer_id") == (int(customers[0]),)
    family.right.edit(person, customer_id=None)
    assert told(family.world.sync()) == {"modified": 1}
    assert family.left.get(contact, "customer_id") == (None,)
    family.assert_quiet()


def test_two_different_parents_are_a_conflict(family: Family) -> None:
    customers = [family.parents.left.add(name=name) for name in ("Adatum", "Fabrikam", "Contoso")]
    contact = family.left.add(name="Ada", customer_id=int(customers[0]))
    family.sync()
    family.left.edit(contact, customer_id=int(customers[1]))
    family.right.edit(family.partner(contact), customer_id=family.parents.coupling(customers[2]).right_key)
    assert told(family.world.sync()) == {"failed": 1}
    assert family.world.error().fields == ["customer_id"]
    family.right.edit(family.partner(contact), customer_id=family.parents.coupling(customers[1]).right_key)
    family.world.sync()
    assert family.world.errors() == []


def test_t19_a_child_waits_for_its_parent_and_goes_without_a_person(family: Family) -> None:
    """The parent is excluded for now; the child names it, uses no attempt, and goes when the filter lets it in."""
    family.parents.set(left_filter={"region": "EU"})
    customer = family.parents.left.add(name="Adatum", region="US")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    (error,) = waiting(family.world.mapping)
    assert (error.kind, error.code, error.waits_key, error.attempts) == ("dependency", "parent_missing", customer, 1)
    for _ in range(3):
        assert told(family.world.sync())["waiting"] == 1
    (error,) = waiting(family.world.mapping)
    assert error.attempts == 1
    family.parents.left.edit(customer, region="EU")
    family.sync()
    assert family.account_of(family.partner(contact)) == family.parents.coupling(customer).right_key
    assert family.world.errors() == []
    family.assert_quiet()


def test_the_parents_own_job_wakes_its_children_and_rings_for_them(family: Family) -> None:
    """With workers, nobody waits for the schedule of the children's mapping."""
    family.parents.set(left_filter={"region": "EU"})
    customer = family.parents.left.add(name="Adatum", region="US")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    family.parents.left.edit(customer, region="EU")
    family.parents.mapping.refresh_from_db()
    job, rung = queue.enqueue(family.parents.mapping, Kind.MODIFIED, Trigger.SCHEDULE), []
    runner.run(job.pk, ring=rung.append)
    (error,) = SyncError.objects.open()
    assert (error.state, error.attempts) == ("retrying", 0)
    for called in rung:
        assert told(runner.run(called, ring=rung.append) or job) == {"inserted": 1}
    assert len(rung) == 1
    assert family.account_of(family.partner(contact)) is not None
    assert family.world.errors() == []


def test_pairs_that_are_there_already_wait_for_their_parents(make_world: MakeWorld) -> None:
    """Whether links that must not be empty are the same, only the parents' coupling tells: it is no conflict."""
    family = add_contacts(make_world(match=["name"]))
    family.world.mapping.fields.filter(left="name").update(match=1)
    family.lookup(required=True)
    customer, account = family.parents.left.add(name="Adatum"), family.parents.right.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.right.add(name="Ada", customer_id=account)
    family.parents.set(only_coupled=True, left_filter={"region": "EU"})
    assert told(jobs.preview(family.world.mapping, Kind.MODIFIED)) == told(family.world.sync()) == {"waiting": 1}
    family.parents.left.edit(customer, region="EU")
    family.sync()
    assert family.account_of(family.partner(contact)) == account
    assert SyncError.objects.open().count() == 0
    family.assert_quiet()


def test_a_preview_says_that_a_run_brings_the_parents(family: Family) -> None:
    """It writes nothing, so that nothing can be coupled first."""
    family.left.add(name="Ada", customer_id=int(family.parents.left.add(name="Adatum")))
    said = run("sync", "CONTACT", "--preview").said.splitlines()
    assert [said[0].split()[0], said[1].split(",")[0]] == [
        "waiting",
        "A run synchronizes first what these records wait for",
    ]
    family.world.sync()
    assert (len(family.right.keys()), family.world.errors()) == (1, [])


def test_links_that_differ_are_told_apart_from_other_conflicts(make_world: MakeWorld) -> None:
    family = add_contacts(make_world(match=["name"]))
    family.world.mapping.fields.filter(left="name").update(match=1)
    add_field(family.world.mapping, "boss_id", lookup=["CUSTOMER"])
    family.lookup(required=True)
    customers = [family.parents.left.add(name=name) for name in ("Adatum", "Contoso")]
    family.parents.sync()
    accounts = [family.parents.coupling(key).right_key for key in customers]
    family.parents.set(only_coupled=True)
    other = family.parents.left.add(name="Nobody couples it")
    family.left.add(name="Ada", customer_id=int(other), boss_id=int(customers[0]))
    family.right.add(name="Ada", customer_id=accounts[0], boss=accounts[1])
    family.world.sync()
    assert [(error.kind, error.fields) for error in family.world.errors()] == [("conflict", ["boss_id"])]


def test_a_parent_that_may_be_created_is_synchronized_first(family: Family) -> None:
    """Only the contacts' mapping is run, and its parents' mapping has never been."""
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    other = family.parents.left.add(name="Nobody asks for it")
    family.world.sync()
    assert family.account_of(family.partner(contact)) == family.parents.coupling(customer).right_key
    assert not Coupling.objects.filter(mapping=family.parents.mapping, left_key=other).exists()
    assert family.world.errors() == []
    assert not SyncJob.objects.exclude(state=JobState.FINISHED).exists()
    family.world.assert_quiet()


def test_a_thousand_children_of_one_parent_have_one_cause_and_one_error_there(family: Family) -> None:
    family.parents.set(left_filter={"region": "EU"})
    customer = family.parents.left.add(name="Adatum", region="US")
    family.left.execute(
        "INSERT INTO contact (name, customer_id) SELECT 'Contact ' || n, :parent FROM generate_series(1, 1000) n",
        parent=int(customer),
    )
    family.sync()
    assert len(waiting(family.world.mapping)) == 1_000
    (cause,) = causes(ErrorFilter({"mapping": family.world.mapping.name}))
    assert cause.count == 1_000
    error = SyncError.objects.open().get(mapping=family.parents.mapping)
    assert (error.code, error.left_key, error.params["children"]) == ("children_wait", customer, 1_000)
    assert error.params["reason"] == "excluded"
    family.parents.left.edit(customer, region="EU")
    family.sync()
    assert family.world.errors() == []
    assert len(family.right.keys()) == 1_000


def test_an_error_at_the_parent_closes_when_nobody_waits_any_more(family: Family) -> None:
    family.parents.set(only_coupled=True)
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    family.sync(Kind.FULL)
    assert {error.code for error in family.world.errors()} == {"parent_missing", "children_wait"}
    family.left.edit(contact, customer_id=None)
    family.sync()
    assert family.world.errors() == []


def test_a_parent_that_is_not_there_is_told_as_well(family: Family) -> None:
    family.left.add(name="Ada", customer_id=4711)
    family.sync()
    error = SyncError.objects.open().get(mapping=family.parents.mapping)
    assert (error.code, error.params["reason"], error.left_key) == ("children_wait", "absent", "4711")
    family.sync()
    assert len(family.world.errors()) == 2


def test_a_failing_parent_keeps_its_own_error(family: Family) -> None:
    customer = family.parents.left.add(name="x" * 80)
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    assert {(e.mapping.name, e.code) for e in family.world.errors() if e.mapping} == {
        ("CUSTOMER", "text_too_long"),
        ("CONTACT", "parent_missing"),
    }
    family.parents.left.edit(customer, name="Adatum")
    family.parents.sync(Kind.RECORDS, keys=[customer], side="left")
    family.world.sync()
    assert family.world.errors() == []
    assert family.account_of(family.partner(contact)) is not None


@pytest.mark.parametrize("if_missing", ["clear", "keep"])
def test_a_child_that_need_not_wait_gets_its_link_when_the_parent_is_coupled(family: Family, if_missing: str) -> None:
    family.lookup(if_missing=if_missing)
    family.parents.set(left_filter={"region": "EU"})
    customer = family.parents.left.add(name="Adatum", region="US")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    assert family.world.errors() == []
    assert family.account_of(family.partner(contact)) is None
    assert family.left.get(contact, "customer_id") == (int(customer),)
    family.assert_quiet()
    family.parents.left.edit(customer, region="EU")
    family.sync()
    assert family.account_of(family.partner(contact)) == family.parents.coupling(customer).right_key
    family.assert_quiet()


def test_a_link_that_is_kept_stays_while_its_parent_is_missing(family: Family) -> None:
    family.parents.set(left_filter={"region": "EU"})
    known, unknown = (family.parents.left.add(name=name, region=name) for name in ("EU", "US"))
    contact = family.left.add(name="Ada", customer_id=int(known))
    family.sync()
    account = family.parents.coupling(known).right_key
    for if_missing, expected in (("keep", account), ("clear", None)):
        family.lookup(if_missing=if_missing)
        family.left.edit(contact, customer_id=int(unknown), name=f"Ada {if_missing}")
        family.sync()
        assert family.right.get(family.partner(contact), "name") == (f"Ada {if_missing}",)
        assert family.account_of(family.partner(contact)) == expected
    assert family.world.errors() == []


def test_children_of_a_restored_parent_point_to_its_new_key(family: Family) -> None:
    """Nothing of the children was changed, and the new account has another key than the deleted one."""
    family.parents.set(deletion_conflict="restore")
    customer = family.parents.left.add(name="Adatum")
    contacts = [family.left.add(name=name, customer_id=int(customer)) for name in ("Ada", "Bo")]
    family.sync()
    before = family.parents.coupling(customer).right_key
    family.parents.right.delete(before)
    family.sync()
    after = family.parents.coupling(customer).right_key
    assert after != before
    assert [family.account_of(family.partner(key)) for key in contacts] == [after, after]
    assert not MovedParent.objects.exists()
    family.assert_quiet()


def test_links_that_the_system_emptied_with_the_parent_come_back_with_it(family: Family) -> None:
    family.parents.set(deletion_conflict="restore")
    family.right.execute("ALTER TABLE person ADD FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE SET NULL")
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    family.parents.right.delete(family.parents.coupling(customer).right_key)
    family.sync()
    assert family.account_of(family.partner(contact)) == family.parents.coupling(customer).right_key
    assert family.left.get(contact, "customer_id") == (int(customer),)
    family.assert_quiet()


def test_links_that_are_empty_because_the_parent_was_deleted_wait_for_what_becomes_of_it(family: Family) -> None:
    """The contacts may be run before anybody knows of the deletion, and a person takes time to decide about it."""
    family.right.execute("ALTER TABLE person ADD FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE SET NULL")
    customer = family.parents.left.add(name="Adatum")
    contact, other = (family.left.add(name=name, customer_id=int(customer)) for name in ("Ada", "Bo"))
    family.sync()
    family.parents.right.delete(family.parents.coupling(customer).right_key)
    family.left.edit(contact, name="Ada Lovelace")
    for _ in range(2):
        family.world.sync(Kind.FULL)
        family.sync()
    assert family.right.get(family.partner(contact), "name") == ("Ada Lovelace",)
    assert family.left.get(other, "customer_id") == (int(customer),)
    actions.request(SyncError.objects.open(), "restore", user=None, queue=False)
    family.sync()
    restored = family.parents.coupling(customer).right_key
    assert [family.account_of(family.partner(key)) for key in (contact, other)] == [restored, restored]
    assert family.left.get(other, "customer_id") == (int(customer),)
    family.assert_quiet()


def test_parents_are_deleted_after_their_children(family: Family) -> None:
    """The other system refuses to delete a record that others refer to; so the parent's deletion comes once more."""
    family.right.execute("ALTER TABLE person ADD FOREIGN KEY (account_id) REFERENCES account (id)")
    for mapping in (family.parents, family.world):
        mapping.set(deletion_conflict="delete")
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    family.left.delete(contact)
    family.parents.left.delete(customer)
    family.parents.sync()
    family.world.sync()
    error = family.world.error()
    assert (error.kind, error.code, error.state) == ("transient", "referenced", "retrying")
    assert family.right.keys() == []
    assert run("sync", "--all").code == 0
    assert family.parents.right.keys() == []
    assert family.world.errors() == []


def test_on_the_left_side_links_follow_as_well(family: Family) -> None:
    family.parents.set(deletion_conflict="restore")
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    account = family.parents.coupling(customer).right_key
    family.parents.left.delete(customer)
    family.sync()
    restored = Coupling.objects.get(mapping=family.parents.mapping, right_key=account).left_key
    assert restored != customer
    assert family.left.get(contact, "customer_id") == (int(restored),)
    family.assert_quiet()


def test_mappings_that_refer_to_each_other_leave_no_error(family: Family) -> None:
    refer_back(family)
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.parents.left.edit(customer, main_contact=int(contact))
    family.sync()
    family.parents.sync()
    account, person = family.parents.coupling(customer).right_key, family.partner(contact)
    assert family.account_of(person) == account
    assert [str(key) for key in family.parents.right.get(account, "main_contact") or ()] == [person]
    assert family.world.errors() == []
    family.assert_quiet()


def test_a_mapping_may_refer_to_itself(family: Family) -> None:
    """The boss of the boss comes last in the table."""
    add_field(family.world.mapping, "boss_id", lookup=["CONTACT"])
    for key, boss in ((1, 2), (2, 3), (3, None), (4, 4)):
        family.left.add(id=key, name=f"Name {key}", boss_id=boss)
    family.world.sync()
    assert family.world.errors() == []
    bosses = {str(key): family.right.get(family.partner(str(key)), "boss_id") for key in (1, 2, 3, 4)}
    partners = {key: family.partner(key) for key in bosses}
    assert {key: str(boss[0]) if boss and boss[0] else None for key, boss in bosses.items()} == {
        "1": partners["2"],
        "2": partners["3"],
        "3": None,
        "4": partners["4"],
    }
    family.world.assert_quiet()


def test_who_needs_its_boss_comes_after_him_in_the_same_run(family: Family) -> None:
    add_field(family.world.mapping, "boss_id", lookup=["CONTACT"])
    family.right.execute("ALTER TABLE person ADD CHECK (boss IS NOT NULL OR fullname = 'Top')")
    family.right.execute("ALTER TABLE person ALTER boss SET DEFAULT NULL")
    TableMapping.objects.filter(name="CONTACT").update(update_conflict="left")
    family.left.add(id=3, name="Top")
    family.world.sync()
    family.left.add(id=1, name="Name 1", boss_id=3)
    assert told(family.world.sync()) == {"inserted": 1}


def test_pages_name_the_parent_and_lead_to_it(family: Family) -> None:
    customer = family.parents.left.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    parent = family.parents.coupling(customer)
    client = signed_in(person("ada", "viewer"))
    page = client.get(reverse("jobs:coupling", args=[family.world.coupling(contact).pk])).content.decode()
    assert page.count(f'href="{reverse("jobs:coupling", args=[parent.pk])}">Adatum<') == 2
    assert "changed since both agreed" not in page
    family.left.edit(contact, customer_id=4711)
    family.sync()
    (error,) = waiting(family.world.mapping)
    page = client.get(reverse("jobs:error", args=[error.pk])).content.decode()
    assert "customer_id / account_id refers to the record 4711 of ERP, which the mapping CUSTOMER" in page
    assert "not coupled" in page


def test_parents_that_two_mappings_share_are_found_in_either(family: Family) -> None:
    """Two mappings of the same tables, told apart by a filter."""
    family.parents.set(left_filter={"region": "EU"})
    second = TableMapping.objects.get(pk=family.parents.mapping.pk)
    fields = list(second.fields.all())
    second.pk, second.name, second.left_filter = None, "OTHERS", {"region": "US"}
    second.save()
    for field in fields:
        field.pk, field.mapping = None, second
        field.save()
    others = World(family.parents.left, family.parents.right, second)
    family.lookup(lookup=["CUSTOMER", "OTHERS"])
    customers = [family.parents.left.add(name=region, region=region) for region in ("EU", "US")]
    contacts = [family.left.add(name=f"C {key}", customer_id=int(key)) for key in customers]
    family.world.sync()
    assert family.world.errors() == []
    owners = [family.parents.coupling(customers[0]).right_key, others.coupling(customers[1]).right_key]
    assert [family.account_of(family.partner(key)) for key in contacts] == owners


def test_a_parent_that_was_coupled_by_hand_wakes_its_children_with_the_next_run(family: Family) -> None:
    from jobs.services import couplings

    family.parents.set(only_coupled=True)
    customer, account = family.parents.left.add(name="Adatum"), family.parents.right.add(name="Adatum")
    contact = family.left.add(name="Ada", customer_id=int(customer))
    family.sync()
    couplings.add(family.parents.mapping, customer, account, user=None)
    family.world.sync()
    assert family.account_of(family.partner(contact)) == account
    family.parents.sync()
    assert family.world.errors() == []
