"""What is collected: every variable, code and rule of an instrument, for everyone who delivers it."""

import csv

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language

from agencies.http import SignedInRequest
from agencies.models import in_language
from records import codelist
from records.instrument import current, spec_of
from records.models import Instrument
from records.spec import Variable


def instruments(request: SignedInRequest) -> HttpResponse:
    versions = [current(i) for i in Instrument.objects.all()]
    return render(request, "records/instruments.html", {"versions": versions})


def instrument(request: SignedInRequest, instrument: str) -> HttpResponse:
    version = current(get_object_or_404(Instrument, code=instrument))
    spec = spec_of(version)
    context = {
        "version": version,
        "spec": spec,
        "purpose": in_language(spec.purpose),
        "variables": [_variable(v) for v in spec.variables if v.typed],
        "rules": [
            *(_rule(r.id, r.severity, r.message) for r in spec.rules),
            *(_rule(c.id, "warning", c.message) for c in spec.checks),
        ],
    }
    return render(request, "records/instrument.html", context)


def template(request: SignedInRequest, instrument: str) -> HttpResponse:
    """An empty table with the headers in the person's language, to be filled in."""
    spec = spec_of(current(get_object_or_404(Instrument, code=instrument)))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{spec.code}.csv"'
    response.write("\ufeff")
    csv.writer(response, delimiter=";").writerow(
        in_language(v.label) for v in spec.variables if v.typed
    )
    return response


def _variable(variable: Variable) -> dict[str, object]:
    codes = codelist.load(variable.codelist).codes if variable.codelist else ()
    language = (get_language() or "en")[:2]
    return {
        "name": variable.name,
        "label": in_language(variable.label),
        "help": in_language(variable.help),
        "required": variable.required,
        "codes": [(c.code, c.label(language)) for c in codes],
    }


def _rule(rule_id: str, severity: str, message: dict[str, str]) -> dict[str, str]:
    return {"id": rule_id, "severity": severity, "message": in_language(message)}
