"""Expressions for what no other step does, in a language without loops, attributes or ways out.

Only operators and the functions below are there: no attributes, so no methods; no powers, shifts or formats, so that
neither time nor memory grows beyond what the length of the expression allows.
"""

import ast
import operator
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from simpleeval import InvalidExpression, SimpleEval, safe_add

from syncstatus.engine.convert import written
from syncstatus.engine.transforms.numbers import as_decimal, rounded
from syncstatus.engine.transforms.step import (
    Nature,
    Option,
    RecordFunction,
    StepInvalid,
    Transformation,
    TransformFailed,
)
from syncstatus.engine.values import Unreadable

Options = Mapping[str, Any]
VALUE: Final = "value"
_LONGEST_TEXT: Final = 100_000
_DIGITS: Final = 1_000


def _number(value: Any) -> Any:
    """Numbers are exact: 0.1 in an expression is a tenth."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def _arithmetic(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculate(one: Any, other: Any) -> Any:
        for value in (one, other):
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
                raise TypeError("no number")
        result = function(Decimal(_number(one)), Decimal(_number(other)))
        if abs(result.adjusted()) > _DIGITS:
            raise ValueError("too large")
        return result

    return calculate


def _text(value: Any) -> str:
    return "" if value is None else written(value)


def _replace(text: Any, old: str, new: str) -> str:
    result = _text(text).replace(old, new) if old else _text(text)
    if len(result) > _LONGEST_TEXT:
        raise ValueError("too long")
    return result


def _part(text: Any, start: int, length: int | None = None) -> str:
    return _text(text)[start - 1 : None if length is None else start - 1 + length]


def _filled(*values: Any) -> Any:
    """The first value that is not empty."""
    return next((value for value in values if value not in (None, "")), None)


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "upper": lambda text: _text(text).upper(),
    "lower": lambda text: _text(text).lower(),
    "trim": lambda text: _text(text).strip(),
    "length": lambda text: len(_text(text)),
    "text": _text,
    "number": as_decimal,
    "part": _part,
    "replace": _replace,
    "startswith": lambda text, start: _text(text).startswith(start),
    "endswith": lambda text, end: _text(text).endswith(end),
    "contains": lambda text, part: part in _text(text),
    "round": lambda number, digits=0: rounded(as_decimal(number), int(digits)),
    "abs": abs,
    "min": min,
    "max": max,
    "filled": _filled,
}

_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: lambda one, other: safe_add(one, other) if isinstance(one, str) else _arithmetic(operator.add)(one, other),
    ast.Sub: _arithmetic(operator.sub),
    ast.Mult: _arithmetic(operator.mul),
    ast.Div: _arithmetic(operator.truediv),
    ast.FloorDiv: _arithmetic(operator.floordiv),
    ast.Mod: _arithmetic(operator.mod),
    ast.USub: operator.neg,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Not: operator.not_,
    ast.In: lambda part, text: part in _text(text),
    ast.NotIn: lambda part, text: part not in _text(text),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_KNOWN: Final = (ast.Expr, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Constant, ast.Name)
_CONSTANTS: Final = {"True": True, "False": False, "None": None}


class _Evaluators(threading.local):
    """One for each thread, because it holds the names while it evaluates: a run decides on one page while it remembers
    the page before."""

    def __init__(self) -> None:
        self.own = SimpleEval(operators=dict(_OPERATORS), functions=dict(FUNCTIONS))
        self.own.nodes = {node: handler for node, handler in self.own.nodes.items() if node in _KNOWN}


_evaluators: Final = _Evaluators()


def _parsed(text: str) -> ast.expr:
    """Raises ``StepInvalid`` with what is wrong, also for what only this language refuses."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StepInvalid("transform_expression", detail=str(error.args[0] if error.args else "")) from None
    for node in ast.walk(tree):
        _check(node)
    return tree


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
        if not known:
            name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
            raise StepInvalid("transform_function", function=name, known=", ".join(FUNCTIONS))
    elif isinstance(node, ast.operator | ast.unaryop | ast.cmpop):
        if type(node) not in _OPERATORS:
            raise StepInvalid("transform_expression", detail=type(node).__name__)
    elif not isinstance(node, (*_KNOWN, ast.boolop, ast.expr_context)):
        raise StepInvalid("transform_expression", detail=type(node).__name__)


def names(options: Options) -> frozenset[str]:
    """The fields of the record that the expression names, besides the value itself."""
    tree = _parsed(options["text"])
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
    return frozenset(found - {VALUE, *_CONSTANTS})


def _build(options: Options) -> RecordFunction:
    tree, read, text = _parsed(options["text"]), names(options), options["text"]

    def evaluate(value: Any, record: Mapping[str, Any]) -> Any:
        known = {VALUE: value, **{name: record[name] for name in read}}
        if any(isinstance(one, Unreadable) for one in known.values()):
            raise TransformFailed
        evaluator = _evaluators.own
        evaluator.names = {**known, **_CONSTANTS}
        try:
            return evaluator.eval(text, previously_parsed=tree)
        except (InvalidExpression, ArithmeticError, TypeError, ValueError, RecursionError):
            raise TransformFailed from None

    return evaluate


EXPRESSIONS: Final = (
    Transformation(
        "expression",
        Nature.ONE_WAY,
        {"text": Option(str, required=True)},
        record=_build,
        reads=names,
        takes=None,
        gives=None,
        fills=True,
    ),
)
