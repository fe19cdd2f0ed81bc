"""Times and numbers as readers see them, in both languages."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from couplings import shown
from couplings.paging import Count


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (1, "just now", "à l'instant"),
        (59, "just now", "à l'instant"),
        (61, "1 min ago", "il y a 1 min"),
        (12 * 60 + 5, "12 min ago", "il y a 12 min"),
        (3 * 3600 + 60, "3 h ago", "il y a 3 h"),
        (86_400 + 60, "1 day ago", "il y a 1 jour"),
        (2 * 86_400 + 60, "2 days ago", "il y a 2 jours"),
        (-30, "in a moment", "dans un instant"),
        (-12 * 60 - 5, "in 12 min", "dans 12 min"),
    ],
)
def test_how_long_ago(seconds: int, english: str, french: str) -> None:
    moment = timezone.now() - timedelta(seconds=seconds)

    assert shown.ago(moment).endswith(f">{english}</time>")
    with override("fr"):
        assert shown.ago(moment).endswith((f">{french}</time>", f">{french.replace(chr(39), '&#x27;')}</time>"))


def test_a_time_is_exact_on_hover() -> None:
    moment = timezone.now().replace(year=2024, month=2, day=29, hour=14, minute=2)

    text = shown.ago(moment)

    assert 'title="Feb. 29, 2024, 2:02 p.m."' in text
    assert 'datetime="2024-02-29T14:02' in text
    assert ">02/29/2024<" in text
    with override("fr"):
        assert 'title="29 février 2024 14:02"' in shown.ago(moment)


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (1, "every second", "toutes les secondes"),
        (45, "every 45 s", "toutes les 45 s"),
        (60, "every minute", "toutes les minutes"),
        (1_800, "every 30 min", "toutes les 30 min"),
        (3_600, "every hour", "toutes les heures"),
        (5_400, "every 90 min", "toutes les 90 min"),
        (7_200, "every 2 h", "toutes les 2 h"),
        (86_400, "every day", "tous les jours"),
        (2 * 86_400, "every 2 days", "tous les 2 jours"),
    ],
)
def test_how_often(seconds: int, english: str, french: str) -> None:
    assert shown.every(seconds) == english
    with override("fr"):
        assert shown.every(seconds) == french


def test_what_is_late_is_due() -> None:
    assert ">due now<" in shown.due(timezone.now() - timedelta(minutes=3))
    assert ">in 5 min<" in shown.due(timezone.now() + timedelta(minutes=5, seconds=9))
    assert shown.due(None) == shown.ago(None) == shown.age(None) == "—"


def test_how_long_it_took() -> None:
    start = timezone.now()

    assert shown.duration(None, None) == "—"
    assert shown.duration(start, start + timedelta(seconds=0.34)) == "0.3 s"
    assert shown.duration(start, start + timedelta(seconds=95)) == "1 min"
    assert shown.duration(start + timedelta(seconds=5), start) == "0.0 s"


def test_numbers_and_bounds() -> None:
    assert shown.number(1234567) == "1,234,567"
    assert shown.number(Count(10_000, exact=False)) == "10,000+"
    with override("fr"):
        assert shown.number(1234567) == "1\xa0234\xa0567"


def test_values_are_text_and_empty_ones_are_said() -> None:
    assert "empty" in shown.value(None)
    assert "empty" in shown.value("")
    assert shown.value(0) == "0"
    assert shown.value(False) == "No"
    assert not hasattr(shown.value("<b>"), "__html__")


def test_a_caption_needs_no_plural() -> None:
    assert shown.counted(1200, "Skipped") == "1,200 Skipped"
    with override("fr"):
        assert shown.counted(3, "Ignoré") == "Ignoré\u00a0: 3"
