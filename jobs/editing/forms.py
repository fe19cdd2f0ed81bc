"""What the forms of a draft have in common."""

from django import forms


class DraftForm(forms.Form):
    """A form whose fields are offered what the tables and the other mappings have."""

    def choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
