"""What a search tells apart in texts."""

from typing import NamedTuple


class Likeness(NamedTuple):
    """Whether a search tells upper from lower case, and letters with accents from those without."""

    case_sensitive: bool = True
    accent_sensitive: bool = True
