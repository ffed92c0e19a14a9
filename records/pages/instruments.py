"""What is collected: every variable, code and rule of an instrument, for everyone who delivers it."""

import csv

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from agencies.http import SignedInRequest
from records.instruments.spec import Variable
from records.instruments.versions import current, current_of, spec_of
from records.models import Instrument
from standards.translation import active_language, in_language


@require_safe
def instruments(request: SignedInRequest) -> HttpResponse:
    newest = current_of(Instrument.objects.all())
    versions = sorted(newest.values(), key=lambda version: version.instrument.code)
    return render(request, "records/instruments.html", {"versions": versions})


@require_safe
def instrument(request: SignedInRequest, instrument_code: str) -> HttpResponse:
    version = current(get_object_or_404(Instrument, code=instrument_code))
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


@require_safe
def template(request: SignedInRequest, instrument_code: str) -> HttpResponse:
    """An empty table with the headers in the person's language, to be filled in."""
    spec = spec_of(current(get_object_or_404(Instrument, code=instrument_code)))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{spec.code}.csv"'
    response.write("\ufeff")
    csv.writer(response, delimiter=";").writerow(
        in_language(v.label) for v in spec.variables if v.typed
    )
    return response


def _variable(variable: Variable) -> dict[str, object]:
    language = active_language()
    return {
        "name": variable.name,
        "label": in_language(variable.label),
        "help": in_language(variable.help),
        "required": variable.required,
        "codes": [(c.code, c.label(language)) for c in variable.accepted],
    }


def _rule(rule_id: str, severity: str, message: dict[str, str]) -> dict[str, str]:
    return {"id": rule_id, "severity": severity, "message": in_language(message)}
