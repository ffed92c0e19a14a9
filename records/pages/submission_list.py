"""The list of submissions: filters and orders; and signing or accepting all that a filter finds."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import versions
from records.instruments.versions import spec_of
from records.models import ReviewStep, Submission
from records.review import bulk, volumes
from records.review.steps import STEPS
from standards import sex
from standards.periods import Period, period_name
from standards.translation import active_language

PER_PAGE = 40
FIELDS = {
    "state": "state",
    "instrument": "instrument__code",
    "agency": "agency__code",
    "period": "period",
}
# A submission as the page of confirmation showed it: its id, and that of its last step; 0 where it has none.
SEEN = re.compile(r"([0-9]{1,18}):([0-9]{1,18})")
LAST_STEP = Coalesce(
    Subquery(ReviewStep.objects.filter(submission=OuterRef("pk")).order_by("-pk").values("pk")[:1]),
    0,
)
NEEDS = {"sign": Permission.SIGN, "accept": Permission.ACCEPT}
ODD = {"1": Q(odd__gte=1), "3": Q(odd__gte=3), "5": Q(odd__gte=5)}
LATE = {"late": Q(days_late__gt=0), "in_time": Q(days_late__lte=0)}
NUMBERS = {"odd": ODD, "late": LATE}
# The last month of a period, as it sorts: 2026-09 of 2026-Q3, 2026-08 of the academic year 2025-A1.
ENDS = RawSQL(
    """
    CASE substr(records_submission.period, 6, 1)
         WHEN 'Q' THEN left(records_submission.period, 4)
              || '-' || lpad((right(records_submission.period, 1)::int * 3)::text, 2, '0')
         WHEN 'S' THEN left(records_submission.period, 4)
              || '-' || lpad((right(records_submission.period, 1)::int * 6)::text, 2, '0')
         WHEN 'A' THEN (left(records_submission.period, 4)::int + 1) || '-08'
         WHEN '' THEN records_submission.period || '-12'
         ELSE records_submission.period END
    """,
    [],
    output_field=CharField(),
)
NEWEST = "-ends", "-period", "instrument__code", "agency__code"
ORDERS: Mapping[str, tuple[Any, ...]] = {
    "": NEWEST,
    "odd": (F("odd").desc(nulls_last=True), *NEWEST),
    "late": (F("days_late").desc(nulls_last=True), *NEWEST),
    "state": ("state", *NEWEST),
    "agency": ("agency__code", *NEWEST),
    "instrument": ("instrument__code", "-ends", "agency__code"),
}


@require_safe
def submissions(request: SignedInRequest) -> HttpResponse:
    """Submissions that the person sees, limited and ordered as the address says."""
    access.require(request.user, Permission.SEE_SUBMISSIONS)
    seen = _seen(request)
    chosen = _chosen(request, seen)
    filters = [*(_filter(request, seen, name) for name in FIELDS), *_of_numbers(request, seen)]
    page = Paginator(chosen.values_list("pk", flat=True), PER_PAGE).get_page(
        request.GET.get("page")
    )
    by_pk = seen.in_bulk(list(page.object_list))  # only what is shown is read whole
    shown = [by_pk[pk] for pk in page.object_list if pk in by_pk]  # one may just have gone
    context = {
        "page": page,
        "rows": [(s, _sum(s), _asks_sex(s)) for s in shown],
        "filters": filters,
        "filtered": any(f["chosen"] for f in filters if f["name"] != "order"),
        "together": [
            (reverse(f"records:{verb}_many"), label)
            for verb, label in (
                ("sign", _("Sign all of these")),
                ("accept", _("Accept all of these")),
            )
            if access.may(request.user, NEEDS[verb])
        ],
    }
    return render(request, "records/submissions.html", context)


def _sum(submission: Submission) -> sex.Figures | None:
    """Return who was counted when it was submitted; None while it is open."""
    if submission.is_open or "sex" not in submission.profile:
        return None
    return sex.of_codes(submission.profile["sex"])


def _asks_sex(submission: Submission) -> bool:
    """Say whether its instrument asks for a sex: of amounts between offices there is none."""
    return "sex" in spec_of(submission.instrument_version).by_name


@require_http_methods(["GET", "HEAD", "POST"])
def together(request: SignedInRequest, verb: str) -> HttpResponse:
    """Sign or accept what a filter finds: first how many, of whom, and which not; then it is done."""
    access.require(request.user, NEEDS[verb])
    seen = _seen(request).annotate(last_step=LAST_STEP)
    if request.method != "POST":
        chosen = _chosen(request, seen).filter(state__in=list(STEPS[verb].needs))
        return _confirm(request, chosen, verb)
    matches = [SEEN.fullmatch(text) for text in request.POST.getlist("submission")]
    looked_at = {int(match[1]): int(match[2]) for match in matches if match}
    rows = list(seen.filter(pk__in=looked_at))
    if None in matches or len(rows) != len(looked_at):
        raise Http404
    try:
        outcome = bulk.advance_all(rows, verb, looked_at, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("records:submissions")
    return _tell(request, outcome, verb)


def _confirm(request: SignedInRequest, chosen: QuerySet[Submission], verb: str) -> HttpResponse:
    listed = list(chosen[: bulk.MOST + 1])
    too_many = len(listed) > bulk.MOST
    outcome = bulk.offered(listed[: bulk.MOST], verb, by=request.user)
    agencies = Counter(submission.agency.code for submission in outcome.able)
    volume = volumes.volumes(outcome.able)
    context = {
        "verb": verb,
        "label": STEPS[verb].label,
        "able": outcome.able,
        "lines": [_line(submission, volume.get(submission.pk)) for submission in outcome.able],
        "refused": outcome.refused,
        "agencies": sorted(agencies.items()),
        "odd": sum(bool(submission.odd) for submission in outcome.able),  # type: ignore[attr-defined]
        "too_many": bulk.MOST if too_many else 0,
    }
    return render(request, "records/together.html", context)


def _line(submission: Submission, volume: volumes.Volume | None) -> dict[str, Any]:
    """Return what one reads of a submission before it is signed or accepted with others."""
    findings = submission.profile.get("findings", [])
    records = sum(submission.profile.get("sex", {}).values())
    before = volume.before if volume else None
    return {
        "submission": submission,
        "records": records,
        "women": sex.of_codes(submission.profile.get("sex", {})).female_share
        if _asks_sex(submission)
        else None,
        "kinds_of_warning": sum(finding["severity"] == "warning" for finding in findings),
        "held": submission.profile.get("held", 0),
        "before": before,
        "change": None if not before else 100 * (records - before) / before,
        "is_odd": bool(volume and volume.is_odd),
    }


def _tell(request: SignedInRequest, outcome: bulk.Outcome, verb: str) -> HttpResponse:
    done, n = str(STEPS[verb].done), len(outcome.able)
    text = ngettext("%(n)s submission: %(done)s.", "%(n)s submissions: %(done)s.", n)
    if n:
        messages.success(request, text % {"n": n, "done": done})
    for submission, why in outcome.refused:
        messages.error(request, f"{submission}: {why}")
    return redirect("records:submissions")


def _seen(request: SignedInRequest) -> QuerySet[Submission]:
    """Return what the person sees, each with how odd and how late it was when it was submitted."""
    related = "agency", "instrument", "instrument_version"
    seen = Submission.objects.visible_to(request.user).select_related(*related)
    return seen.annotate(odd=F("counts__odd"), days_late=F("counts__days_late"), ends=ENDS)


def _chosen(request: SignedInRequest, seen: QuerySet[Submission]) -> QuerySet[Submission]:
    """Return what the address chooses, in its order. Unknown words for numbers and orders are nowhere."""
    order = request.GET.get("order", "")
    if order not in ORDERS:
        raise Http404
    return seen.filter(_conditions(request)).order_by(*ORDERS[order], "pk")


def _conditions(request: SignedInRequest, but: str = "") -> Q:
    """Return what the filters of the address ask for together; `but`: one that is left out."""
    asked = Q()
    for name, field in FIELDS.items():
        if name != but and request.GET.get(name):
            asked &= Q(**{field: request.GET[name]})
    for name, conditions in NUMBERS.items():
        word = request.GET.get(name)
        if word and word not in conditions:
            raise Http404
        if word and name != but:
            asked &= conditions[word]
    return asked


def _filter(request: SignedInRequest, seen: QuerySet[Submission], name: str) -> dict[str, Any]:
    """One filter of the list: its label, the values that occur, the chosen one.

    Beside each value stands how many the list would have with it and the other filters: one query for each filter.
    """
    fitting = Count("pk", filter=_conditions(request, but=name))
    occurring = dict(seen.order_by().values_list(FIELDS[name]).annotate(n=fitting))
    values = sorted(occurring)
    if name == "period":
        values.sort(key=lambda period: Period.parse(period).last_day, reverse=True)
    words: dict[str, Callable[[list[str]], Mapping[str, str]]] = {
        "state": lambda states: {state: str(Submission.State(state).label) for state in states},
        "period": lambda periods: {p: period_name(p, active_language()) for p in periods},
        "instrument": _titles,
        "agency": lambda codes: {
            agency.code: f"{agency.code} – {agency}"
            for agency in Agency.objects.filter(code__in=codes)
        },
    }
    label = {
        "state": _("State"),
        "instrument": _("Instrument"),
        "agency": _("Agency"),
        "period": _("Period"),
    }[name]
    labels = words[name](values)
    options = [(v, _counted(labels.get(v, v), occurring[v])) for v in values]
    return {"name": name, "label": label, "options": options, "chosen": request.GET.get(name, "")}


def _counted(label: str, number: int) -> str:
    """Return a value of a filter with how many submissions have it."""
    return f"{label} ({number})"


def _titles(codes: list[str]) -> dict[str, str]:
    """Return what instruments are called, by code, in one query."""
    return {code: f"{code} – {title}" for code, title in versions.titles(codes).items()}


def _of_numbers(request: SignedInRequest, seen: QuerySet[Submission]) -> list[dict[str, Any]]:
    """The filters by oddness and lateness with how many fit, in one query, and the order."""
    fitting = {
        f"{name}_{word}": Count("pk", filter=_conditions(request, but=name) & condition)
        for name, conditions in NUMBERS.items()
        for word, condition in conditions.items()
    }
    numbers = seen.order_by().aggregate(**fitting)

    def counted(name: str, options: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(word, _counted(label, numbers[f"{name}_{word}"])) for word, label in options]

    odd = [("1", _("1 or more")), ("3", _("3 or more")), ("5", _("5 or more"))]
    late = [("late", _("late")), ("in_time", _("in time"))]
    orders = [
        ("odd", _("most odd first")),
        ("late", _("most days late first")),
        ("state", _("by state")),
        ("agency", _("by agency")),
        ("instrument", _("by instrument")),
    ]
    filters = (
        ("odd", _("Odd measures"), counted("odd", odd), ""),
        ("late", _("Submitted"), counted("late", late), ""),
        ("order", _("Order"), orders, _("newest first")),
    )
    return [
        {
            "name": name,
            "label": label,
            "options": options,
            "chosen": request.GET.get(name, ""),
            "default": default,
        }
        for name, label, options, default in filters
    ]
