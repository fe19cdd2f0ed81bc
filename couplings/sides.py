"""What the two sides are called where records of several mappings stand together."""

from collections.abc import Iterable

from couplings.models import TableMapping


def of(mappings: Iterable[TableMapping], name: str = "") -> dict[str, str]:
    """The names of the left and the right side of all ``mappings`` (or the one called ``name``).

    Empty when the same system stands on the left in one mapping and on the right in another: then "the data of ERP"
    would be two different things, and the reader has to pick a mapping first.
    """
    wanted = [mapping for mapping in mappings if name in ("", mapping.name)]
    left = {mapping.side_name("left") for mapping in wanted}
    right = {mapping.side_name("right") for mapping in wanted}
    if not wanted or left & right:
        return {}
    return {"left": " / ".join(sorted(left)), "right": " / ".join(sorted(right))}
