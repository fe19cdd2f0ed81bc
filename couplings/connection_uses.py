"""What uses a connection."""

from couplings.models import TableMapping


def users() -> dict[int, list[str]]:
    """The names of the mappings that use each connection, by the connection's id; one query."""
    found: dict[int, list[str]] = {}
    sides = TableMapping.objects.order_by("name").values_list("name", "left_connection", "right_connection")
    for name, *ids in sides:
        for used in set(ids):
            found.setdefault(used, []).append(name)
    return found
