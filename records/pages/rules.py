"""The page of a rule: what it means, why it is there, how to put it right, which variables it looks at."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from agencies.readers import open_like_figures
from records.collection.explanations import explained
from records.instruments.spec import Spec, Variable
from records.instruments.versions import spec_of
from records.models import Instrument
from records.workbooks.choices import not_stated
from standards.translation import active_language, in_language


@open_like_figures
@require_safe
def rule(request: HttpRequest, instrument_code: str, rule: str) -> HttpResponse:
    """One rule, of an instrument or of the portal itself, by the id that its findings show."""
    instrument = get_object_or_404(Instrument, code=instrument_code)
    # A finding may be of an earlier version, whose rules the newest one no longer has.
    specs = ((version, spec_of(version)) for version in instrument.versions.all())
    versions = ((v, spec, known) for v, spec in specs if (known := explained(spec, rule)))
    found = next(versions, None)
    if found is None:
        raise Http404
    version, spec, known = found
    context = {
        "version": version,
        "rule": known,
        "message": in_language(known.message),
        "why": in_language(known.why),
        "example": in_language(known.example),
        "variables": [_variable(variable, spec) for variable in known.variables],
    }
    return render(request, "records/rule.html", context)


def _variable(variable: Variable, spec: Spec) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": in_language(variable.label),
        "help": in_language(variable.help),
        "required": variable.required,
        "not_stated": not_stated(variable, spec, active_language()),
    }
