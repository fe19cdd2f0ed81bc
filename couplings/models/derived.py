"""What the store computes from an error's columns: the same expressions in its indexes and in the pages' queries."""

from django.db.models import BooleanField, Case, F, Func, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import MD5, Cast, Coalesce, Concat, Left, Upper

# What a long text is sorted by; more does not fit into an index.
SORTED = 100
_TEXT = TextField()
_EMPTY = Value("", output_field=_TEXT)
_SPACE = Value(" ", output_field=_TEXT)


class Strings(Func):
    """The texts among the values of a JSON column, without the names of its parameters."""

    template = """(jsonb_path_query_array(%(expressions)s, 'strict $.** ? (@.type() == "string")'))::text"""
    output_field = TextField()


def cause() -> MD5:
    """What several errors of a mapping have in common: the same message about the same fields of the same system, and
    where it is a limit, a value that a map does not have, or a parent that is not coupled, the same one. Other
    parameters differ from record to record."""
    own = Case(
        When(code="value_not_mapped", then=KeyTextTransform("value", "params")),
        When(code="parent_missing", then=KeyTextTransform("parent", "params")),
        default=_EMPTY,
        output_field=_TEXT,
    )
    named = [_param(name) for name in ("side", "deleted_side", "missing_side", "limit", "reason", "transform")]
    parts = [Cast("code", _TEXT), Cast("fields", _TEXT), *named, Coalesce(own, _EMPTY)]
    return MD5(Concat(*[piece for part in parts for piece in (part, _SPACE)], output_field=_TEXT))


def _param(name: str) -> Coalesce:
    return Coalesce(KeyTextTransform(name, "params"), _EMPTY)


def searched() -> Upper:
    """The record's name, its keys, the fields and what the message says of them, each after a space."""
    parts = [F("description"), F("left_key"), F("right_key"), Cast("fields", _TEXT), Strings(F("params"))]
    return Upper(Concat(*[piece for part in parts for piece in (_SPACE, Coalesce(part, _EMPTY))], output_field=_TEXT))


def described() -> Left:
    return Left("description", SORTED)


# What a record is coupled to is told from the side that is known: the left one, unless only the right one is.


def record_exists() -> Coalesce:
    of_known = Case(When(left_key__isnull=True, then=F("right_exists")), default=F("left_exists"))
    return Coalesce(of_known, Value(False), output_field=BooleanField())


def coupled_record_exists() -> Coalesce:
    of_other = Case(When(left_key__isnull=True, then=F("left_exists")), default=F("right_exists"))
    return Coalesce(of_other, Value(False), output_field=BooleanField())


def coupled_to() -> Case:
    right = Coalesce(Left("right_key", SORTED), _EMPTY)
    return Case(When(left_key__isnull=True, then=_EMPTY), default=right, output_field=_TEXT)
