"""The product speaks French as completely as English, on machines without the gettext tools as well."""

import re
import shutil
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.management import call_command

from tests import servers

ROOT = Path(settings.BASE_DIR)
FRENCH = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
PLACES = re.compile(r"%\(\w+\)s|%%|\{\w+\}|</?strong>")

# Captions users know, word for word.
CAPTIONS = {
    "Coupled Data Synchronization Errors": "Erreurs de synchronisation des données couplées",
    "Remove Coupling": "Supprimer le couplage",
    "Retry": "Réessayer",
    "Retry All": "Réessayer tout",
    "Synchronize": "Synchroniser",
    "Restore Records": "Restaurer des enregistrements",
    "Delete Records": "Supprimer des enregistrements",
    "Find for Deleted": "Rechercher des suppressions",
    "Synchronization Log": "Journal de synchronisation",
    "Set Up Coupling": "Configurer le couplage",
    "Integration Table Mappings": "Mappages de table d'intégration",
    "Integration Field Mappings": "Mappages de champ d'intégration",
    "Integration Synchronization Jobs": "Tâches de synchronisation de l'intégration",
    "Match-Based Coupling": "Couplage par correspondance",
    "Synchronize Modified Records": "Synchroniser les enregistrements modifiés",
    "Run Full Synchronization": "Exécuter la synchronisation complète",
    "Bidirectional": "Bidirectionnel",
    "Broken couplings": "Couplages rompus",
    "Table": "Table",
    "Description": "Description",
    "Record Exists": "L'enregistrement existe",
    "Coupled To": "Couplé à",
    "Coupled Record Exists": "L'enregistrement couplé existe",
    "Error Message": "Message d'erreur",
    "Failed On": "Échec le",
    "Inserted": "Inséré",
    "Modified": "Modifié",
    "Deleted": "Supprimé",
    "Unchanged": "Inchangé",
    "Skipped": "Ignoré",
    "Failed": "Échec",
    "Ready": "Prêt",
    "In Process": "En cours",
    "Error": "Erreur",
    "On Hold": "Suspendu",
    "Finished": "Terminé",
    "Tell me what you want to do": "Dites-moi ce que vous voulez faire",
}


@pytest.fixture(scope="module")
def french() -> polib.POFile:
    return polib.pofile(str(FRENCH))


def test_every_sentence_is_translated(french: polib.POFile) -> None:
    assert [entry.msgid for entry in french.untranslated_entries() + french.fuzzy_entries()] == []


def test_captions_are_the_ones_users_know(french: polib.POFile) -> None:
    translated = {entry.msgid: entry.msgstr for entry in french}

    assert {caption: translated.get(caption) for caption in CAPTIONS} == CAPTIONS


def test_a_job_is_not_called_a_project(french: polib.POFile) -> None:
    assert not [entry.msgid for entry in french if re.search(r"\bprojets?\b", entry.msgstr)]


def test_translations_fill_the_same_places(french: polib.POFile) -> None:
    for entry in french:
        pairs = [(entry.msgid, entry.msgstr)]
        if entry.msgid_plural:
            # French may count in the singular where English does not, and the other way round.
            pairs = [(entry.msgid_plural, entry.msgstr_plural[1])]
        for english, translated in pairs:
            assert set(PLACES.findall(translated)) == set(PLACES.findall(english)), entry.msgid


def test_the_compiled_file_is_in_step(french: polib.POFile) -> None:
    """It is kept in the repository, so that a fresh machine needs no gettext tools."""
    compiled = polib.mofile(str(FRENCH.with_suffix(".mo")))

    def texts(file: list[polib.MOEntry]) -> dict[str, object]:
        return {entry.msgid: entry.msgstr_plural or entry.msgstr for entry in file}

    assert texts(compiled) == texts(french)


def test_no_sentence_is_missing_or_left_over(
    french: polib.POFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("xgettext"):
        servers.skip_or_fail("The gettext tools are not installed: apt-get install gettext")
    for name in ("couplings", "jobs", "syncstatus", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (tmp_path / "locale").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])

    call_command("makemessages", locale=["fr"], no_location=True, verbosity=0)

    collected = polib.pofile(str(tmp_path / "locale" / "fr" / "LC_MESSAGES" / "django.po"))
    assert {(entry.msgid, entry.msgid_plural) for entry in collected} == {
        (entry.msgid, entry.msgid_plural) for entry in french
    }
