"""The form in which the statistics office says the legal basis of an instrument and how long it keeps records."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import editions
from records.codelists.changes import Wrong
from records.codelists.terms import LONGEST, MOST_YEARS, set_terms
from records.instruments.terms import TERMS, terms_of
from records.instruments.versions import current, spec_of
from records.models import Instrument
from records.pages.history import Difference, Entry
from standards.languages import LANGUAGES
from standards.translation import in_language


class _Form(forms.Form):
    en = forms.CharField(label=gettext_lazy("Legal basis in English"), required=False)
    ru = forms.CharField(label=gettext_lazy("Legal basis in Russian"), required=False)
    tk = forms.CharField(label=gettext_lazy("Legal basis in Turkmen"), required=False)
    retention = forms.CharField(
        label=gettext_lazy("Years for which records are kept"),
        required=False,
        widget=forms.TextInput({"inputmode": "numeric", "maxlength": len(str(MOST_YEARS))}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("It stands in the history of these terms."),
    )
    base = forms.IntegerField(min_value=1, max_value=10**9, widget=forms.HiddenInput)

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
        for language in LANGUAGES:
            self.fields[language].widget.attrs.update({"lang": language, "maxlength": LONGEST})


@takes_forms
def terms(request: SignedInRequest, instrument_code: str) -> HttpResponse:
    """Say by which law an instrument is collected and for how long its records are kept."""
    access.require(request.user, Permission.ACCEPT)
    instrument = get_object_or_404(Instrument, code=instrument_code)
    form = _Form(request.POST or None, initial=_initial(instrument))
    if request.method == "POST" and form.is_valid() and _save(form, instrument, request):
        messages.success(request, _("Saved."))
        return redirect("records:instrument", instrument.code)
    context = {"version": current(instrument), "form": form, "became": _entries(instrument)}
    return render(request, "records/terms.html", context, status=422 if form.errors else 200)


def _initial(instrument: Instrument) -> dict[str, object]:
    terms = terms_of(spec_of(current(instrument)))
    base = editions.current(TERMS).number
    return {**terms.legal_basis, "retention": terms.retention or "", "base": base}


def _save(form: _Form, instrument: Instrument, request: SignedInRequest) -> bool:
    """Save what was typed; what is wrong with it stands beside its field."""
    typed = {name: form.cleaned_data[name] for name in (*LANGUAGES, "retention")}
    base, reason = form.cleaned_data["base"], form.cleaned_data["reason"]
    try:
        set_terms(instrument, typed, base=base, reason=reason, by=request.user)
    except Wrong as wrong:
        for problem in wrong.problems:
            form.add_error(problem.field, problem.text)
    except Refused as refusal:
        form.add_error(None, str(refusal))
    return not form.errors


def _entries(instrument: Instrument) -> list[Entry]:
    """What was said of this instrument before, the newest first."""
    entries = []
    for row, before in editions.history(TERMS):
        old, new = before.get(instrument.code, {}), row.codes.get(instrument.code, {})
        if old == new:
            continue
        differences = (
            Difference(_("Legal basis"), *(in_language(t.get("legal_basis", {})) for t in (old, new))),
            Difference(_("Years for which records are kept"), *(str(t.get("retention") or "") for t in (old, new))),
        )  # fmt: skip
        who = str(row.by)
        changed = tuple(one for one in differences if one.before != one.after)
        entries.append(Entry(row.at, who, _("Terms"), row.reason, changed))
    return entries
