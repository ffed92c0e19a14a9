"""The form of a search: what there is to choose from, of the agency and instrument that are searched."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.models import Person
from records.collection.names import shown_name
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current_of
from records.models import Submission, Upload
from records.review import rows_behind
from records.review.breakdowns import label_of
from records.review.counting import NOT_STATED, asked_of_every_row
from records.search import asked
from records.search.asked import BY_NUMBER, NEWEST, OLDEST, TYPED, Search
from records.search.columns import header_of
from standards import codelists
from standards.periods import period_name
from standards.translation import active_language, in_language

Options = list[tuple[str, str]]
LONG = 100  # codes: of a longer list one is chosen by a link only, or each page would bring all of them
UPLOADS = 50  # that are offered, the newest first
FIRST = ("sex", "citizenship")  # what is searched for most; the others stand behind “More”
ORDERS = {
    NEWEST: gettext_lazy("Newest day first"),
    OLDEST: gettext_lazy("Oldest day first"),
    BY_NUMBER: gettext_lazy("By number"),
}


def of_places(person: Person, chosen: Search | None = None) -> dict[str, Any]:
    """Return agencies and instruments to choose from: of several agencies each is named."""
    pairs = asked.places(person)
    newest = current_of(instrument for _agency, instrument in pairs)
    several = len({agency.pk for agency, _instrument in pairs}) > 1
    options = [
        (
            f"{a.code}/{i.code}",
            f"{newest[i.pk].title} ({a.code})" if several else newest[i.pk].title,
        )
        for a, i in pairs
    ]
    return {"of": _select("of", _("Instrument"), options, chosen.place if chosen else "")}


def of(search: Search, person: Person) -> dict[str, Any]:
    """Return the fields of the form, with what is chosen in each."""
    spec = search.spec
    coded = [_coded(v, search) for v in spec.variables if _is_offered(v, search)]
    more = [*(f for f in coded if f["variable"] not in FIRST), *_of_rows(search, person)]
    # What only links lead to stays while the form is sent anew.
    hidden = [("person", str(search.person))] if search.person else []
    return {
        **of_places(person, search),
        "period": _period(search),
        "first_fields": [f for f in coded if f["variable"] in FIRST],
        "more_fields": more,
        "more_chosen": sum(1 for f in more if f["chosen"]),
        "hidden": [*hidden, *_bands(search)],
        "order": _select("order", _("Order"), list(ORDERS.items()), search.order),
        "columns": [(v.name, header_of(v), v in search.shown) for v in asked.columns_of(spec)],
    }


def _select(
    name: str, label: str, options: Iterable[tuple[str, Any]], chosen: str = "", variable: str = ""
) -> dict[str, Any]:
    """A field to choose in; of several fields of one name each has a key of its own."""
    listed = [{"code": value, "label": text} for value, text in options]
    told = {"name": name, "label": label, "options": listed, "chosen": chosen}
    return told | {"variable": variable, "key": f"{name}-{variable}" if variable else name}


def _period(search: Search) -> dict[str, Any]:
    own = Submission.objects.filter(agency=search.agency, instrument=search.instrument)
    language = active_language()
    listed = own.order_by("-period").values_list("period", flat=True)
    options = [(period, period_name(period, language)) for period in listed]
    return _select("period", _("Period"), options, search.period)


def _coded(variable: Variable, search: Search) -> dict[str, Any]:
    """A coded variable: one of its codes, or several that a link has chosen together."""
    codes, language = search.codes.get(variable.name, ()), active_language()
    options = [(f"{variable.name}:{c.code}", c.label(language)) for c in _codes(variable)]
    if not any(value == f"{variable.name}:{NOT_STATED}" for value, _label in options):
        options.append((f"{variable.name}:{NOT_STATED}", _("not stated")))
    chosen = f"{variable.name}:{','.join(codes)}" if codes else ""
    if chosen and not any(value == chosen for value, _label in options):
        labels = dict.fromkeys(label_of(search.spec, variable.name, code) for code in codes)
        options.append((chosen, ", ".join(labels)))
    return _select("is", in_language(variable.label), options, chosen, variable.name)


def _is_offered(variable: Variable, search: Search) -> bool:
    if variable.kind != "code":
        return False
    return variable.name in (*FIRST, *search.codes) or len(_codes(variable)) <= LONG


def _codes(variable: Variable) -> Sequence[codelists.Code]:
    return (*variable.accepted, *variable.retired)


def _bands(search: Search) -> list[tuple[str, str]]:
    """Codes of what is no variable (bands of ages), as the address has them."""
    names = [name for name in search.codes if name not in search.spec.by_name]
    return [("is", f"{name}:{','.join(search.codes[name])}") for name in names]


def _of_rows(search: Search, person: Person) -> list[dict[str, Any]]:
    """What is limited by rules, by what is missing, by the file that brought a record."""
    missing, rules = _missing(search.spec), _rules(search.spec)
    uploads = Upload.objects.filter(agency=search.agency, instrument=search.instrument)
    newest = (
        uploads.filter(state=Upload.State.COMMITTED).select_related("instrument").defer("report")
    )
    files = [(str(u.pk), shown_name(u, person)) for u in newest[:UPLOADS]]
    if search.upload not in ("", TYPED, *(value for value, _name in files)):
        files.append((search.upload, _("file %(number)s") % {"number": search.upload}))
    return [
        _select("behind", _("Not stated"), missing, _first(search, missing)) | {"key": "missing"},
        _select("behind", _("Rule or warning"), rules, _first(search, rules)),
        _select("upload", _("File"), [(TYPED, _("typed, not from a file")), *files], search.upload),
    ]


def _first(search: Search, options: Options) -> str:
    return next((word for word, _label in options if word in search.behind), "")


def _missing(spec: Spec) -> Options:
    asked_of = [v for v in spec.variables if v.name == "sex"] + asked_of_every_row(spec)
    required = {v.name for v in asked_of}
    others = [v for v in spec.variables if v.name not in required and v.kind not in ("ref", "key")]
    return [(f"missing:{v.name}", in_language(v.label)) for v in (*asked_of, *others)]


def _rules(spec: Spec) -> Options:
    """Warnings that can be asked of records that are kept, and what the scorecard counts."""
    words = ["repeated", "heaped", "typed_once", "differed"]
    words += [f"rule:{r.id}" for r in spec.rules if r.severity == "warning"]
    words += [f"rule:{check.id}" for check in spec.checks]
    named = {word: rows_behind.behind(word, spec) for word in words}
    options = [(word, behind.label) for word, behind in named.items() if behind]
    return options[4:] + options[:4]
