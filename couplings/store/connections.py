"""What is asked of a connection's row before every call to its system."""

from couplings.store.copying import open_cursor


def asked_to_wait(connection: int) -> float | None:
    """The seconds for which the system of ``connection`` has asked to be left alone; None when it may be asked."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM open_until - clock_timestamp())::float8 FROM couplings_connection"
            " WHERE id = %s AND asked_to_wait AND open_until > clock_timestamp()",
            (connection,),
        )
        row = cursor.fetchone()
    return row[0] if row else None
