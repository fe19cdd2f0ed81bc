"""Each apply leaves a version of what it changed behind: by whom, through which door, and what was changed."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from couplings.configuration import history
from couplings.configuration.problems import ConfigurationRefused
from couplings.models import ConfigurationVersion
from jobs.services import configuration
from tests.jobs import configuration_files

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configuration_files.build(tmp_path)


def test_a_command_leaves_a_version_of_each_thing(folder: Path) -> None:
    configuration_files.apply(folder)

    names = set(ConfigurationVersion.objects.values_list("kind", "name", "what", "through"))
    assert names == {
        ("connection", "CRM", "added", "command"),
        ("connection", "ERP", "added", "command"),
        ("mapping", "CUSTOMER", "added", "command"),
    }


def test_only_what_changes_leaves_a_version_and_it_tells_the_settings(folder: Path) -> None:
    configuration_files.apply(folder)
    configuration_files.change(folder, "every: 30m", "every: 1h")
    ada = User.objects.create_user("ada")

    configuration.apply((folder / "sync.yaml").read_bytes(), user=ada)

    assert ConfigurationVersion.objects.count() == 4
    newest = history.versions("mapping", "CUSTOMER")[0]
    assert (newest.what, newest.by, newest.who, newest.through) == ("changed", ada, "ada", "page")
    assert [(one.setting, one.old, one.new) for one in history.details(newest)] == [("schedule.every", "30m", "1h")]
    assert newest.content == configuration.export("CUSTOMER")


def test_what_is_kept_can_be_applied_again(folder: Path) -> None:
    configuration_files.apply(folder)
    before = history.versions("mapping", "CUSTOMER")[0].content
    configuration_files.change(folder, "phone: telephone", "country: land")
    configuration_files.apply(folder)

    configuration.apply(before.encode())

    assert configuration.export("CUSTOMER") == before


def test_a_dry_run_a_refusal_and_an_apply_without_changes_leave_none(folder: Path) -> None:
    configuration_files.apply(folder, "--dry-run")
    assert not ConfigurationVersion.objects.exists()
    configuration_files.apply(folder)
    count = ConfigurationVersion.objects.count()

    configuration_files.apply(folder)
    configuration_files.change(folder, "phone: telephone", "phone: nowhere")
    with pytest.raises(ConfigurationRefused):
        configuration.apply((folder / "sync.yaml").read_bytes())

    assert ConfigurationVersion.objects.count() == count


def test_secrets_are_masked(folder: Path) -> None:
    configuration_files.apply(folder)
    url = f"sqlite:///{folder}/crm.sqlite3"
    (folder / "sync.yaml").write_text(
        f'connections:\n  CRM: {{kind: sql, url: "{url}", auth: {{username: ada, password: tops3cret}}}}\n'
    )

    configuration_files.apply(folder)

    newest = history.versions("connection", "CRM")[0]
    assert "tops3cret" not in f"{newest.content}{newest.changes}"
    assert "********" in newest.content
