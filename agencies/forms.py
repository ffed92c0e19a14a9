"""Fields of the pages of people and agencies, and of the sign-in."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy


class SignIn(LoginForm):  # type: ignore[misc]
    """allauth's sign-in with our words, and no grey text that repeats the labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = gettext_lazy("E-mail")
        self.fields["password"].label = gettext_lazy("Password")
        self.fields["password"].help_text = ""  # the link stands beside the button
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ForgottenPassword(ResetPasswordForm):  # type: ignore[misc]
    """allauth's form. Its letter to an address without an account would send people to sign up."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        if self.users:
            return str(super().save(request, **kwargs))
        address: str = self.cleaned_data["email"]
        get_adapter().send_mail("account/email/unknown_account", address, {})
        return address


class InviteForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    email = forms.EmailField(label=gettext_lazy("E-mail"))
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("Of the invitation, and of the pages at first."),
        choices=settings.LANGUAGES,
    )


class AgencyForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("Capital letters and digits, as in MLSP."),
        max_length=12,
        validators=[RegexValidator(r"^[A-Z0-9]+$")],
    )
    en = forms.CharField(label=gettext_lazy("Name in English"), max_length=200)
    ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=200, required=False)
    tk = forms.CharField(label=gettext_lazy("Name in Turkmen"), max_length=200, required=False)
    statistics_office = forms.BooleanField(
        label=gettext_lazy("Statistics office"),
        help_text=gettext_lazy("Accepts what all agencies deliver and publishes. There is one."),
        required=False,
    )
