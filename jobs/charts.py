"""The charts of the home page as SVG, in the reader's language; their figures stand beside them as tables.

They are images of their own: no script, one style sheet inside, and the colours follow the scheme of the page.
"""

import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

import pygal
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from pygal.style import Style

from couplings.log import OUTCOMES
from couplings.shown import number
from jobs.history import DAYS, Day, Level

# The library looks for maps by a hook of a form that Python no longer supports; here are none, and every import of
# anything would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

# What a day is told by: what was written, and what could not be. Most records are found unchanged by most jobs, and
# those that are left out are left out again by each; they would hide everything else.
DRAWN = ("inserted", "modified", "deleted", "coupled", "uncoupled", "failed")
LIGHT = ("#2e7d4f", "#2f6fcb", "#b7791f", "#2a8c94", "#7a8594", "#c2323f")
DARK = ("#63c48a", "#7fb0f5", "#e0b25a", "#63c5cd", "#98a4b3", "#f0848d")
WIDTH, HEIGHT = 760, 280
LEAST = 4  # the top of a scale on which nothing happened
FEW = 3  # of which no line would be seen
LINE = 5  # open errors have the colour of what failed
SCHEMES = """inline:
  :root {{ color-scheme: light dark; --text: #1a202a; --soft: #556070; --guide: #dde1e7; {light} }}
  @media (prefers-color-scheme: dark) {{
    :root {{ --text: #e6eaf0; --soft: #a5b0be; --guide: #2f3946; {dark} }}
  }}
  .axis text, .axis text.major {{ fill: var(--soft); }}
  .axis .guide.line, .axis .major.guide.line {{ stroke: var(--guide); stroke-dasharray: none; }}
  .axis .line, .axis .major.line {{ stroke: var(--guide); }}
  rect.reactive {{ fill-opacity: 1; stroke: none; }}
  path.reactive {{ stroke-width: 2.5; stroke-opacity: 1; }}
"""
FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'
SVG = "{http://www.w3.org/2000/svg}"


def captions() -> list[str]:
    """What ``DRAWN`` are called, in their order."""
    return [str(OUTCOMES[name]) for name in DRAWN]


def outcomes(days: Sequence[Day], *, narrow: bool = False) -> str:
    """Stacked bars, a day each, of what jobs did to records; ``narrow`` for a screen on which the letters of the wide
    chart would be too small."""
    highest = max(sum(day.outcomes.get(name, 0) for name in DRAWN) for day in days)
    chart = pygal.StackedBar(**_options(range(len(DRAWN)), highest, narrow), show_minor_x_labels=False)
    chart.x_labels = [_short(day.day) for day in days]
    chart.x_labels_major = chart.x_labels[:: -4 if narrow else -2]
    for name, caption in zip(DRAWN, captions(), strict=True):
        chart.add(caption, [day.outcomes.get(name, 0) for day in days])
    return _svg(chart)


def errors(levels: Sequence[Level], until: datetime, *, narrow: bool = False) -> str:
    """A line of how many errors were open in the days up to ``until``; ``narrow`` as for ``outcomes``."""
    highest = max((level.count for level in levels), default=0)
    chart = pygal.XY(**_options([LINE], highest, narrow), show_legend=False, show_dots=len(levels) < FEW)
    marked = (until.date() - timedelta(days=back) for back in range(0, DAYS, 4 if narrow else 2))
    chart.xrange = ((until - timedelta(days=DAYS)).timestamp(), until.timestamp())
    chart.x_labels = [_midnight(day).timestamp() for day in marked]
    chart.x_value_formatter = _day_of
    chart.add(_("Open errors"), [(level.at.timestamp(), level.count) for level in levels])
    return _svg(chart)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day_of(stamp: float) -> str:
    return _short(datetime.fromtimestamp(stamp, timezone.get_current_timezone()).date())


def _short(day: date) -> str:
    # Translators: a day and a month, as short as they are read; the letters are those of Django's date filter
    return date_format(day, pgettext("date format", "M j"))


def _whole(value: float) -> str:
    """Records are counted, so a line between two whole numbers has no name."""
    return number(round(value)) if value == round(value) else ""


def _options(colours: Sequence[int], highest: int, narrow: bool) -> dict[str, Any]:
    css = SCHEMES.format(light=_palette(LIGHT), dark=_palette(DARK))
    return {
        "style": Style(
            background="transparent",
            plot_background="transparent",
            foreground="var(--soft)",
            foreground_strong="var(--text)",
            foreground_subtle="var(--guide)",
            font_family=FONT,
            label_font_size=13,
            major_label_font_size=13,
            legend_font_size=13,
            colors=tuple(f"var(--c{index})" for index in colours),
        ),
        "css": ["file://style.css", "file://graph.css", css],
        "js": [],
        "no_prefix": True,
        "width": WIDTH // 2 if narrow else WIDTH,
        "height": HEIGHT,
        "margin": 8,
        "disable_xml_declaration": True,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": len(DRAWN) // 2 if narrow else len(DRAWN),
        "truncate_legend": -1,
        "truncate_label": -1,
        "value_formatter": _whole,
        "range": (0, max(highest, LEAST)),
        "max_scale": 6,
        "print_values": False,
    }


def _palette(colours: Sequence[str]) -> str:
    return " ".join(f"--c{index}: {colour};" for index, colour in enumerate(colours))


def _svg(chart: Any) -> str:
    """Without the library's script, which only serves to hover, and which no browser runs in an image."""
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for script in parent.findall("script") + parent.findall(f"{SVG}script"):
            parent.remove(script)
    return ElementTree.tostring(tree, encoding="unicode")
