"""Statements that the people of both companies make, on one record each."""

from typing import Any

from psycopg2 import extensions, sql

KEYS = {
    "customer": "no",
    "contact": "no",
    "item": "no",
    "account": "account_id",
    "person": "person_id",
    "product": "product_id",
}


def change(cursor: extensions.cursor, table: str, key: str, column: str, value: Any) -> None:
    statement = sql.SQL("update {table} set {column} = %s where {key} = %s")
    cursor.execute(_named(statement, table, column=sql.Identifier(column)), [value, key])


def delete(cursor: extensions.cursor, table: str, key: str) -> None:
    cursor.execute(_named(sql.SQL("delete from {table} where {key} = %s"), table), [key])


def add(cursor: extensions.cursor, table: str, **values: Any) -> None:
    statement = sql.SQL("insert into {table} ({columns}) values ({values})")
    columns = sql.SQL(", ").join(map(sql.Identifier, values))
    places = sql.SQL(", ").join(sql.Placeholder() * len(values))
    cursor.execute(_named(statement, table, columns=columns, values=places), list(values.values()))


def count(cursor: extensions.cursor, table: str) -> int:
    cursor.execute(_named(sql.SQL("select count(*) from {table}"), table))
    return int(cursor.fetchone()[0])


def key_at(cursor: extensions.cursor, table: str, place: int) -> str:
    """The key of the record that stands at this place when all are put in the order of their keys."""
    cursor.execute(_named(sql.SQL("select {key} from {table} order by {key} offset %s limit 1"), table), [place])
    return str(cursor.fetchone()[0])


def _named(statement: sql.SQL, table: str, **parts: sql.Composable) -> sql.Composed:
    return statement.format(table=sql.Identifier(table), key=sql.Identifier(KEYS[table]), **parts)
