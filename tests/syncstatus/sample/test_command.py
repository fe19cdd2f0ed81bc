import pytest
from django.core.management import CommandError, ManagementUtility, call_command

from couplings.models import Connection, SyncError
from jobs import sample
from syncstatus.sample import databases, incidents
from syncstatus.sample.databases import SampleError


@pytest.fixture
def away(sample_urls):
    """The sample's databases go with the test."""
    yield
    databases.drop()


def test_a_creation_that_was_cut_off_is_made_good(away, monkeypatch):
    def cut(world):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(incidents, "happen", cut)
        with pytest.raises(KeyboardInterrupt):
            call_command("sample", "create", verbosity=0)
    assert sample.is_wanted()
    call_command("sample", "create", verbosity=0)
    assert not sample.is_wanted()
    assert SyncError.objects.open().count() == sum(incidents.EXPECTED.values())


def test_it_is_wanted_by_an_empty_installation_only(sample_urls):
    assert sample.is_wanted()
    Connection.objects.create(name="SHOP", kind="sql", settings={"url": "postgresql://db.example.com/shop"})
    assert not sample.is_wanted()


def test_what_is_not_the_samples_is_left_alone(sample_urls):
    Connection.objects.create(name="ERP", kind="sql", settings={"url": "postgresql://db.example.com/erp"})
    with pytest.raises(SampleError, match="names ERP, which"):
        sample.create(lambda sentence: None)
    assert Connection.objects.get().settings == {"url": "postgresql://db.example.com/erp"}
    assert not databases.exists()


def test_the_colleague_needs_a_sample(sample_urls):
    with pytest.raises(CommandError, match="Create it with: manage"):
        call_command("sample", "edit", "--edits", "1")


def test_the_colleague_says_what_was_done(filled, capsys):
    databases.mark_complete()
    call_command("sample", "edit", "--edits", "3", "--rate", "1000", "--seed", "3")
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("option", ["--edits", "--seconds", "--rate"])
def test_the_colleague_wants_numbers_above_zero(option):
    with pytest.raises(CommandError, match=option):
        call_command("sample", "edit", option, "0")


@pytest.mark.parametrize(
    "command", [["run"], ["sample"], ["sample", "create"], ["sample", "edit"], ["sample", "settle"]]
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        ManagementUtility(["manage.py", *command, "--help"]).execute()
    assert capsys.readouterr().out.startswith(f"usage: manage.py {' '.join(command)}")
