"""The body of a table, put together at once.

A page of errors is 600 cells. Through a template, with what django-tables2 asks of each cell, they took half the time
of the whole page; what does not change from row to row is asked for once here.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django_tables2 import Table
from django_tables2.columns.base import BoundColumn
from django_tables2.rows import BoundRow
from django_tables2.utils import A, AttributeDict, signature

Cell = Callable[[Any], Any]


def body(table: Table, records: list[Any]) -> SafeString:
    """The rows of ``table`` as HTML, each cell labelled for screens on which a row becomes a card."""
    columns = [(_opening(column), _cell(table, column)) for column in table.columns]
    rows = []
    for record in records:
        cells = "".join(f"{opening}{conditional_escape(cell(record))}</td>" for opening, cell in columns)
        rows.append(f"<tr {_attributes(table, record)}>{cells}</tr>")
    return mark_safe("\n".join(rows))  # noqa: S308  (of escaped parts)


def _opening(column: BoundColumn) -> SafeString:
    attributes = column.attrs["td"].as_html()
    return format_html('<td data-label="{}"{}{}>', column.header, " " if attributes else "", attributes)


def _attributes(table: Table, record: Any) -> SafeString:
    """Those of Meta.row_attrs, whose functions take the record."""
    named = {name: value(record) if callable(value) else value for name, value in (table.row_attrs or {}).items()}
    return AttributeDict(named).as_html()


def _cell(table: Table, column: BoundColumn) -> Cell:
    """What a column shows of a record. One that renders the record itself is called straight away."""
    wanted, takes_all = signature(column.render)
    if takes_all or column.link or "record" not in wanted:
        return lambda record: BoundRow(record, table).get_cell(column.name)
    render, empty, default = column.render, column.column.empty_values, column.default
    value = _value(column)
    known: dict[str, Any] = {"table": table, "column": column.column, "bound_column": column}
    fixed = {name: known[name] for name in wanted if name in known}
    takes_value = "value" in wanted

    def cell(record: Any) -> Any:
        found = value(record) if empty or takes_value else None
        if found in empty:
            return default
        return render(record=record, **fixed, **({"value": found} if takes_value else {}))

    return cell


def _value(column: BoundColumn) -> Cell:
    name = str(column.accessor)
    if "." in name or "__" in name:
        accessor = A(name)
        return lambda record: accessor.resolve(record, safe=True)
    return lambda record: getattr(record, name, None) if isinstance(record, Model) else record.get(name)
