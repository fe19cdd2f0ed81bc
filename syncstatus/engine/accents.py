"""Letters without their accents, the same way here and in the databases that fold them themselves."""

import re
import unicodedata
from typing import Final

ACCENTS: Final = "[\u0300-\u036f]"
"""The marks of Latin, Greek and Cyrillic letters, as a regular expression. In other scripts marks spell vowels."""

_ACCENTS: Final = re.compile(ACCENTS)


def without_accents(text: str) -> str:
    """In compatibility form (NFKD) without accents: é is e, ﬁ is fi. Letters of their own (ø, ß, đ) stay."""
    return text if text.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
