"""The cover of a submission: its scorecard and its breakdowns by sex, as the page shows them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest
from agencies.roles import Permission
from records.instruments.spec import Spec
from records.instruments.versions import spec_of
from records.models import Submission, WarningAnswer
from records.pages.instruments import UNITS
from records.review import answers, breakdowns, counting, profile, rows_behind, scorecard
from records.review.answers import Warned
from records.review.counting import Counted
from records.review.scorecard import Line
from records.search.asked import address
from records.search.asked import by_sex as rows_by_sex
from standards.periods import short_period_name
from standards.templatetags.words import percent, signed
from standards.translation import active_language, in_language

# Functions of the rooms above: what they tell beside a submission, by the name that the template has for it.
told_beside: list[Callable[[SignedInRequest, Submission], dict[str, Any]]] = []
OF_UNITS = ("Q4", "Q10")  # measures of what an instrument counts: transfers, not dollars
LEAST_CHANGE = 0.5  # points; below, nothing is said of where a change comes from


def visible(request: SignedInRequest, pk: int) -> Submission:
    """Return a submission that the person sees; 404 otherwise."""
    related = "agency", "instrument", "instrument_version"
    submissions = Submission.objects.visible_to(request.user).select_related(*related)
    return get_object_or_404(submissions, pk=pk)


def sees_records(request: SignedInRequest, submission: Submission) -> bool:
    """Say whether the person sees the rows of the submission."""
    agency, instrument = submission.agency, submission.instrument_id
    return access.may(request.user, Permission.SEE_RECORDS, agency, instrument)


def numbers_of(request: SignedInRequest, submission: Submission) -> Mapping[str, Any]:
    """Return its numbers: counted now where it is open and seen, else as it was submitted last.

    Of what was returned or reopened, whoever sees no records still reads what was submitted before; of what never
    came, nothing.
    """
    if submission.is_open and sees_records(request, submission):
        return profile.count(submission)
    numbers: Mapping[str, Any] = submission.profile
    return numbers


def counted(submission: Submission, numbers: Any, *, live: bool) -> Counted | None:
    """Return what the submission holds: counted now where it is open and seen, else as it was submitted last."""
    return counting.count(submission, numbers) if live else counting.kept(submission)


def scorecard_of(submission: Submission, of: Counted | None, *, sees: bool) -> dict[str, Any]:
    """Return what the template of the scorecard needs; nothing where nothing was counted."""
    if of is None:
        return {}
    lines = scorecard.scorecard(submission, of.facts)
    language = active_language()
    spec = spec_of(submission.instrument_version)
    given = answers.of(submission)
    heads = [short_period_name(period, language) for period, _value in lines[0].history]
    return {
        "levels": [
            (level.label, [_row(submission, line, given, sees=sees) for line in level.lines])
            for level in scorecard.by_level(lines)
            if level.lines
        ],
        "heads": heads,
        "histories": [
            (
                line.label,
                [
                    (head, _written(line, v))
                    for head, (_p, v) in zip(heads, line.history, strict=True)
                ],
            )
            for line in lines
        ],
        "looks": scorecard.out_of_limits(lines),
        "missing": [
            {
                "label": in_language(spec.variable(name).label),
                "count": missing,
                "share": share,
                "url": _url(submission, f"missing:{name}") if sees else "",
            }
            for name, missing, share in scorecard.missing_lines(of.facts, spec)
        ],
    }


def _row(
    submission: Submission, line: Line, given: Mapping[Warned, WarningAnswer], *, sees: bool
) -> dict[str, Any]:
    """Return a measure with the way to its rows, and what the agency said where it is out of its limits."""
    spec = spec_of(submission.instrument_version)
    about = in_language(spec.variable(line.about).label) if line.about else ""
    if line.measure.code in OF_UNITS:
        about = _(UNITS[spec.unit]).lower()
    answer = given.get((line.rule, ""))
    return {
        "code": line.measure.code,
        "label": line.label,
        "hint": line.hint,
        "about": about,
        "now": _written(line, line.value),
        "year_before": _written(line, line.year_before),
        "trend": line.trend,
        "judged": line.judged,
        "url": _url(submission, line.rows) if line.rows and (sees or line.rows == "by_sex") else "",
        "says": line.rule
        and {
            "rule": line.rule,
            "variable": "",
            "answer": answer,
            "asks_again": answer is None or answers.is_due_again(answer, line.excess),
            "ask": _("Say what is behind it"),
            "again": _("It is further off now."),
        },
    }


def warned_of(request: SignedInRequest, submission: Submission) -> dict[Warned, answers.Finding]:
    """Return what the agency can answer: the warnings of a submission, and its measures that are out of their limits.

    Of a measure the number is how far off it is: the answer is asked for again where that grows.
    """
    numbers = numbers_of(request, submission)
    warned = {
        (f["rule"], f["variable"]): f["count"]
        for f in numbers.get("findings", ())
        if f["severity"] == "warning"
    }
    of = counted(submission, numbers, live=submission.is_open)
    lines = scorecard.scorecard(submission, of.facts) if of else []
    warned |= {(line.rule, ""): line.excess for line in lines if line.rule}
    return {place: answers.Finding(*place, count=count) for place, count in warned.items()}


def _url(submission: Submission, rows: str) -> str:
    """Return the page of the rows behind a number."""
    if rows == "held":
        return reverse("records:held", args=[submission.pk])
    if rows == "by_sex":
        return reverse("records:by_sex", args=[submission.pk])
    return address(submission, behind=rows) if rows != "all" else submission.records_url


def _written(line: Line, value: float | None) -> str:
    if value is None:
        return "…"
    if line.measure.unit == "percent":
        return percent(value)
    if line.measure.unit == "days":
        days = int(value)
        signed = f"−{-days}" if days < 0 else str(days)
        return ngettext("%(n)s day", "%(n)s days", abs(days)) % {"n": signed}
    number = floatformat(value, "1g")
    return _("%(n)s points") % {"n": number} if line.measure.unit == "points" else number


@require_safe
def by_sex(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The submission by sex and every main dimension, beside the same period last year."""
    submission = visible(request, submission_id)
    live = submission.is_open and sees_records(request, submission)
    of = counted(submission, numbers_of(request, submission), live=live)
    sees = sees_records(request, submission)
    return render(request, "records/by_sex.html", breakdowns_of(submission, of, sees=sees))


def findings_of(submission: Submission, numbers: Mapping[str, Any], *, sees: bool) -> list[Any]:
    """Return the findings with their texts, the way to their rows, and what the agency said to warnings."""
    given, spec = answers.of(submission), spec_of(submission.instrument_version)
    listed = []
    for finding in numbers.get("findings", []):
        answer = given.get((finding["rule"], finding["variable"]))
        listed.append(
            {
                **finding,
                "text": in_language(finding["message"]),
                "rows": _rows_of(finding, submission, spec) if sees else "",
                "answer": answer,
                "asks_again": answer is None or answers.is_due_again(answer, finding["count"]),
                "ask": _("Answer this warning"),
                "again": _("It is about more rows now."),
            }
        )
    return listed


def _rows_of(finding: Mapping[str, Any], submission: Submission, spec: Spec) -> str:
    """Return the page of the rows of a finding, held or kept; "" where those that are kept cannot be asked for."""
    if finding["severity"] == "error":
        return reverse("records:held", args=[submission.pk], query={"rule": finding["rule"]})
    word = rows_behind.word_for(finding["rule"], spec)
    return address(submission, behind=word) if word else ""


def breakdowns_of(submission: Submission, of: Counted | None, *, sees: bool) -> dict[str, Any]:
    """Return what the templates of breakdowns need; who sees records is led from each number to its rows."""
    before, compared = breakdowns.breakdowns(submission, of.by_sex) if of else ("", [])
    return {
        "submission": submission,
        "before": before,
        "is_a_year_before": before == breakdowns.year_before(submission.period),
        "breakdowns": [_breakdown(b, submission if sees else None) for b in compared],
    }


def _breakdown(breakdown: breakdowns.Breakdown, of: Submission | None) -> dict[str, Any]:
    split = breakdown.split
    return {
        "label": breakdown.label,
        "more": breakdown.more,
        "counted_as": breakdown.counted_as,
        "lines": [
            _changed(line)
            | {"rows": rows_by_sex(of, f"{breakdown.name}:{','.join(line.codes)}") if of else {}}
            for line in breakdown.lines
        ],
        "split": split
        and {
            "before": float(100 * split.before),
            "now": float(100 * split.now),
            "change": signed(float(100 * split.change)),
            "mix": signed(float(100 * split.mix)),
            "rate": signed(float(100 * split.rate)),
            "mainly": _mainly(float(100 * split.mix), float(100 * split.rate)),
        },
    }


def _changed(line: breakdowns.NamedChange) -> dict[str, Any]:
    """Return a code by sex, now and before."""
    change = line.change
    women, men = change.now.get("F", 0), change.now.get("M", 0)
    sign = "+" if change.difference > 0 else "−" if change.difference else ""
    return {
        "label": line.label,
        "women": women,
        "men": men,
        "other": change.total - women - men,
        "total": change.total,
        "before": change.total_before,
        "difference": sign + floatformat(abs(change.difference), "g"),
        "share": change.share,
        "share_before": change.share_before,
    }


def _mainly(mix: float, rate: float) -> str:
    """Say what the change comes from."""
    if max(abs(mix), abs(rate)) < LEAST_CHANGE:
        return _("The share of women hardly changed.")
    if abs(mix) > 2 * abs(rate):
        return _("It comes from who is in the submission: the groups have other sizes.")
    if abs(rate) > 2 * abs(mix):
        return _("It comes from within the groups: the share of women in them changed.")
    return _("It comes from both: other sizes of the groups, and other shares within them.")
