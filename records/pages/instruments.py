"""What is collected and why: of every instrument its variables, codes, rules, legal basis, readers and tables.

For everybody, without an account where figures are public: nothing here is delivered, everything is definition.
"""

import csv
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access
from agencies.models import Agency
from agencies.readers import open_like_figures
from agencies.roles import ROLES, Permission, Scope
from records.instruments.codebook import codebook, unreadable_cells
from records.instruments.spec import Spec, Variable
from records.instruments.terms import terms_of
from records.instruments.versions import current, current_of, spec_of
from records.models import Instrument, InstrumentVersion
from records.review import due_dates
from standards.languages import LANGUAGES, marked
from standards.translation import active_language, in_language

# Functions of the rooms above: code of an instrument -> (code, title, address) of the tables made from it.
tables_made_from: list[Callable[[str], list[tuple[str, str, str]]]] = []
FREQUENCIES = {
    "M": marked("every month"),
    "Q": marked("every quarter"),
    "S": marked("every half-year"),
    "A": marked("every year"),
}
UNITS = {
    "PS": marked("Persons"),
    "EVT": marked("Events"),
    "DOC": marked("Documents"),
    "TRF": marked("Transfers of money"),
    "USD": marked("US dollars"),
    "PT": marked("Per cent"),
}
CONCEPTS = {
    "ADM": marked("administrative count"),
    "NAT_LAW": marked("national legal definition"),
    "UN98": marked("UN recommendations 1998"),
    "UN21": marked("UN framework 2021"),
}


@open_like_figures
@require_safe
def instruments(request: HttpRequest) -> HttpResponse:
    """All instruments in their newest versions."""
    newest = current_of(Instrument.objects.all())
    versions = sorted(newest.values(), key=lambda version: version.instrument.code)
    listed = [(version, in_language(spec_of(version).purpose)) for version in versions]
    context = {"versions": listed, **tabs(request, "instruments")}
    return render(request, "records/instruments.html", context)


def tabs(request: HttpRequest, here: str) -> dict[str, Any]:
    """Return what the tabs of the pages on what is collected need: where one is, and which others one sees."""
    return {
        "here": here,
        "may_keep": access.may(request.user, Permission.ACCEPT),
        "sees_words": access.may(request.user, Permission.SEE_SUBMISSIONS),
    }


@open_like_figures
@require_safe
def instrument(request: HttpRequest, instrument_code: str) -> HttpResponse:
    """One instrument: everything that its definition says, and what is made of it."""
    version = current(get_object_or_404(Instrument, code=instrument_code))
    spec = spec_of(version)
    context = {
        "version": version,
        "spec": spec,
        "purpose": in_language(spec.purpose),
        "facts": _facts(version, spec),
        "unpublished": in_language(spec.unpublished),
        "may_say_terms": access.may(request.user, Permission.ACCEPT),
        "readers": readers(spec),
        "tables": [table for function in tables_made_from for table in function(spec.code)],
        "variables": [_variable(v) for v in spec.variables],
        "rules": [
            *(_rule(r.id, r.severity, r.message) for r in spec.rules),
            *(_rule(c.id, "warning", c.message) for c in spec.checks),
        ],
    }
    return render(request, "records/instrument.html", context)


@open_like_figures
@require_safe
def template(request: HttpRequest, instrument_code: str) -> HttpResponse:
    """An empty table with the headers in the person's language, to be filled in."""
    spec = spec_of(current(get_object_or_404(Instrument, code=instrument_code)))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{spec.code}.csv"'
    response.write("\ufeff")
    csv.writer(response, delimiter=";").writerow(
        in_language(v.label) for v in spec.variables if v.typed
    )
    return response


@open_like_figures
@require_safe
def codebook_file(request: HttpRequest, instrument_code: str) -> HttpResponse:
    """The instrument as DDI Codebook 2.5."""
    version = current(get_object_or_404(Instrument, code=instrument_code))
    spec = spec_of(version)
    content = codebook(
        spec,
        terms_of(spec),
        agencies={agency.code: agency.names["en"] for agency in _agencies(version)},
        published_on=version.published_at.date().isoformat(),
        access=_in_every_language(spec),
    )
    response = HttpResponse(content, content_type="application/xml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{spec.code}-ddi.xml"'
    return response


def readers(spec: Spec) -> list[str]:
    """Say who sees what of an instrument, from the table of roles, in the language of the page."""
    own = ", ".join(
        role.label
        for role in ROLES
        if Permission.SEE_RECORDS in role.permissions and role.scope is Scope.AGENCY
    )
    office = ", ".join(
        role.label
        for role in ROLES
        if role.scope is Scope.STATISTICS_OFFICE and Permission.SEE_SUBMISSIONS in role.permissions
    )
    sentences = [
        _("Records: people of the agency that delivered them, with these roles: %(roles)s.")
        % {"roles": own},
        _("Totals of a submission: the statistics office, with these roles: %(roles)s.")
        % {"roles": office},
    ]
    if spec.restricted:
        sentences.append(_("Only people to whom this instrument is given by name."))
    if spec.unpublished:
        sentences.append(_("Nothing of it is published."))
    elif settings.FIGURES_ARE_PUBLIC:
        sentences.append(_("Protected figures: everybody."))
    else:
        sentences.append(_("Protected figures: everybody who has an account."))
    return sentences


def _in_every_language(spec: Spec) -> dict[str, str]:
    texts = {}
    for language in LANGUAGES:
        with translation.override(language):
            texts[language] = " ".join(readers(spec))
    return texts


def _agencies(version: InstrumentVersion) -> list[Agency]:
    return list(version.instrument.agencies.order_by("code"))


def _facts(version: InstrumentVersion, spec: Spec) -> list[tuple[str, str]]:
    """What stands at the head of the page, as (label, text). What nobody has said yet says so."""
    unsaid, terms = _("not said yet"), terms_of(spec)
    years = terms.retention
    return [
        (_("Who delivers it"), ", ".join(str(agency) for agency in _agencies(version)) or unsaid),
        (_("How often"), _(FREQUENCIES[spec.frequency[0]])),
        (
            _("What a row is"),
            _("how many there are, or how much")
            if spec.is_counts
            else _("one person, event or document"),
        ),
        (_("What is counted"), _(UNITS[spec.unit])),
        (_("By whose definition"), _(CONCEPTS[spec.concept])),
        (
            _("What it tells"),
            _("what there is on the last day of a period")
            if spec.stock
            else _("what happened in a period"),
        ),
        (_("When it is due"), _due(spec)),
        (_("Legal basis"), in_language(terms.legal_basis) or unsaid),
        (
            _("How long records are kept"),
            ngettext("%(n)s year", "%(n)s years", years) % {"n": years} if years else unsaid,
        ),
        (_("Version"), str(spec.version)),
    ]


def _due(spec: Spec) -> str:
    """Say when it is due, where no agency has a rule of its own."""
    rule = due_dates.rule_of(spec.raw)
    if rule.counted == due_dates.WORKING:
        days = ngettext("%(n)s working day", "%(n)s working days", rule.days) % {"n": rule.days}
    else:
        days = ngettext("%(n)s calendar day", "%(n)s calendar days", rule.days) % {"n": rule.days}
    return _("%(days)s after the end of the period") % {"days": days}


def _variable(variable: Variable) -> dict[str, object]:
    language = active_language()
    return {
        "name": variable.name,
        "label": in_language(variable.label),
        "help": in_language(variable.help),
        "required": variable.required,
        "unreadable": in_language(unreadable_cells(variable)),
        "typed": variable.typed,
        "codes": [(c.code, c.label(language)) for c in variable.accepted],
        "list": variable.codelist,
    }


def _rule(rule_id: str, severity: str, message: Mapping[str, str]) -> dict[str, Any]:
    return {"id": rule_id, "severity": severity, "message": in_language(message)}
