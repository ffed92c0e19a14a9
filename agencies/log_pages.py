"""Who did what: the event log as a page, and as a file."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from agencies import deeds, log
from agencies.http import SignedInRequest
from agencies.models import Event
from standards.translation import active_language

FIRST_LOOK = timedelta(days=7)  # what is shown to whoever was never here before
OBJECT = re.compile(r"[a-z]{1,20}:[\w:.-]{1,99}")


class Asked(forms.Form):
    """What the address of the log may say: filters, and the event before or after which the page stands."""

    who = forms.CharField(label=gettext_lazy("Person"), required=False, max_length=150)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    thing = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    agency = forms.ChoiceField(label=gettext_lazy("Agency"), required=False)
    first = forms.DateField(
        label=gettext_lazy("From the day"), required=False, input_formats=["%Y-%m-%d", "%d.%m.%Y"]
    )
    last = forms.DateField(
        label=gettext_lazy("To the day"), required=False, input_formats=["%Y-%m-%d", "%d.%m.%Y"]
    )
    about = forms.RegexField(OBJECT, label=gettext_lazy("Address"), required=False)
    before = forms.IntegerField(
        label=gettext_lazy("Address"), required=False, min_value=1, max_value=2**63 - 1
    )
    after = forms.IntegerField(
        label=gettext_lazy("Address"), required=False, min_value=1, max_value=2**63 - 1
    )

    def __init__(self, request: HttpRequest, reader: log.Reader) -> None:
        super().__init__(request.GET)
        self.given = dict(request.GET.lists())
        self.choices = {
            "kind": [(kind.value, kind.label) for kind in deeds.Kind],
            "thing": [(thing, _(label)) for thing, label in deeds.THINGS.items()],
            "agency": [(agency.code, f"{agency.code} – {agency}") for agency in reader.agencies],
        }
        for name, options in self.choices.items():
            self.fields[name].choices = [("", _("all")), *options]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse what the address says twice, or what nobody knows; and a span that ends before it begins."""
        if unknown := sorted(set(self.given) - set(self.fields)):
            raise forms.ValidationError(
                _("The log has no filter “%(name)s”.") % {"name": unknown[0][:40]}
            )
        if twice := [name for name, values in self.given.items() if len(values) > 1]:
            raise forms.ValidationError(_("“%(name)s” is said twice.") % {"name": twice[0]})
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = asked.get("first"), asked.get("last")
        if first and last and last < first:
            raise forms.ValidationError(_("The last day lies before the first."))
        if asked.get("before") and asked.get("after"):
            raise forms.ValidationError(_("Ask for what is before or after an event, not both."))
        return asked

    @property
    def filters(self) -> log.Filters:
        names = log.Filters.__dataclass_fields__
        return log.Filters(**{name: self.cleaned_data[name] for name in names})

    @property
    def refusals(self) -> list[str]:
        """What is wrong with the address, one sentence for each field."""
        of_fields = [
            f"{self[name].label}: {errors[0]}"
            for name, errors in self.errors.items()
            if name in self.fields
        ]
        return [*map(str, self.non_field_errors()), *of_fields]

    @property
    def selects(self) -> list[dict[str, Any]]:
        """The filters that are chosen from a list, as components/choices.html shows them."""
        return [
            {
                "name": name,
                "label": self.fields[name].label,
                "options": options,
                "chosen": self.data.get(name, ""),
            }
            for name, options in self.choices.items()
            if len(options) > 1
        ]


@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """What happened since the person was here last, by kind, each with the way to its events; and what she may do."""
    reader = log.Reader.of(request.user)
    last = log.last_time(request.user)
    since = timezone.localdate(last) if last else timezone.localdate() - FIRST_LOOK
    counted = log.counts(log.limited(reader.events(), log.Filters(first=since)))
    context = {
        "since": since,
        "is_first": last is None,
        "kinds": [(kind.value, kind.label, number) for kind, number in counted.items()],
        "total": sum(counted.values()),
        "everything": reader.everything,
        "agencies": reader.agencies,
    }
    return render(request, "agencies/overview.html", context)


@require_safe
def log_page(request: SignedInRequest) -> HttpResponse:
    """Who did, saw and took what, the newest first: of one's own agency, or of all for the auditor."""
    reader = log.Reader.of(request.user)
    asked = Asked(request, reader)
    context: dict[str, Any] = {"asked": asked, "filters": asked.selects}
    context["narrowed"] = any(request.GET.get(name) for name in log.Filters.__dataclass_fields__)
    if not asked.is_valid():
        return render(request, "agencies/log.html", context, status=400)
    events = log.limited(reader.events(), asked.filters)
    around = {name: _event(reader, asked.cleaned_data[name]) for name in ("before", "after")}
    if missing := [n for n in around if asked.cleaned_data[n] and around[n] is None]:
        asked.add_error(missing[0], _("There is no such event in what you may read."))
        return render(request, "agencies/log.html", context, status=404)
    found = log.page(events, reader, before=around["before"], after=around["after"])
    context |= {"page": found, "about": _about(asked.filters.about, found)}
    return render(request, "agencies/log.html", context)


@require_safe
def log_file(request: SignedInRequest) -> HttpResponseBase:
    """What the filters leave, as CSV; that it was taken stands in the log."""
    reader = log.Reader.of(request.user)
    asked = Asked(request, reader)
    if not asked.is_valid():
        text = " ".join(asked.refusals)
        return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
    events = log.limited(reader.events(), asked.filters)
    kept = {name: str(value) for name, value in asdict(asked.filters).items() if value}
    taken = request.method == "GET"  # HEAD asks for nothing
    rows = log.as_csv(events, reader, kept, active_language()) if taken else iter([""])
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="log.csv"'
    return response


def _event(reader: log.Reader, pk: int | None) -> Event | None:
    return reader.events().filter(pk=pk).first() if pk else None


def _about(subject: str, found: log.Page) -> str:
    """What the object is called to which the log is limited."""
    if not subject:
        return ""
    thing, _colon, number = subject.partition(":")
    return found.lines[0].what if found.lines else deeds.unnamed(thing, number)
