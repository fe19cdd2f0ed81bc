"""What is wrong with a mapping, at the fields in which a person can put it right."""

from collections.abc import Callable, Iterable, Sequence

from django import forms

from couplings.configuration.problems import Path, Problem
from couplings.configuration.sentences import render

Place = Callable[[Path], str | None]


def show(form: forms.Form, problems: Iterable[Problem], prefixes: Sequence[Path], place: Place) -> None:
    """Add those of ``problems`` that lie under one of ``prefixes`` to ``form``. ``place`` names the form's field for
    the rest of a path behind ``mappings`` and the name, None where there is none."""
    for problem in problems:
        path = problem.path[2:]
        if any(path[: len(prefix)] == prefix for prefix in prefixes):
            name = place(path)
            form.add_error(name if name in form.fields else None, render(problem))


def elsewhere(problems: Iterable[Problem], prefixes: Sequence[Path]) -> list[Problem]:
    """The ones that no form with ``prefixes`` shows."""
    return [one for one in problems if not any(one.path[2:][: len(prefix)] == prefix for prefix in prefixes)]
