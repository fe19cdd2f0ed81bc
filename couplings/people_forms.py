"""The forms about people."""

from typing import Any

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm, SetPasswordForm
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from couplings import roles

ROLES = (
    (roles.VIEWER, _("viewer: looks at everything, changes nothing")),
    (roles.OPERATOR, _("operator: synchronizes, retries, couples and uncouples records")),
    (roles.ADMINISTRATOR, _("administrator: connects systems, edits mappings, manages people")),
)
NAMES = {"first_name": _("First name"), "last_name": _("Last name"), "email": _("E-mail")}


# Django's own is a list of four lines; all of them are said when they are not kept to.
PASSWORD_HELP = _("Choose at least 8 characters that are neither a common word nor the name.")


class RoleFields(forms.Form):
    """What a person may do."""

    role = forms.ChoiceField(choices=ROLES, widget=forms.RadioSelect, label=_("Role"), initial=roles.VIEWER)
    may_delete = forms.BooleanField(
        required=False,
        label=_("May delete records in the business applications"),
        help_text=_("Administrators always may; viewers need to be operators for it."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("role") == roles.VIEWER and cleaned.get("may_delete"):
            self.add_error("may_delete", _("A viewer changes nothing. Make them an operator first."))
        return cleaned


class PersonForm(RoleFields, forms.ModelForm):
    """A person who is there already."""

    is_active = forms.BooleanField(
        required=False,
        label=_("May sign in"),
        help_text=_("Without it they are signed out at once. What they did stays in the logs under their name."),
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]
        labels = NAMES


class NewPersonForm(RoleFields, BaseUserCreationForm):
    """A new person with a first password, which they can change when they have signed in."""

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email"]
        labels = {"username": _("User name"), **NAMES}
        help_texts = {"username": _("Letters, digits and @ . + - _; it stays as it is.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password1"].help_text = PASSWORD_HELP


class NewPasswordForm(SetPasswordForm):
    """A new password for somebody else."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["new_password1"].help_text = PASSWORD_HELP
