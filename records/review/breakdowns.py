"""A submission by sex and every main dimension beside the same period last year, with what changed most first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from records.instruments.spec import Spec
from records.instruments.versions import spec_of
from records.models import Submission, SubmissionCounts
from records.review.counting import AGE, AGE_LABELS, NOT_STATED, BySex
from records.review.split import ByCode, Change, Split, changes, joined, kitagawa
from standards import codelists
from standards.periods import FREQUENCIES, Period
from standards.translation import active_language, in_language

SHOWN = 12  # codes of a breakdown; what changed less is added up


@dataclass(frozen=True)
class NamedChange:
    """A code that changed, with its name; and the codes that are counted as it: those retired, too."""

    label: str
    change: Change
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Breakdown:
    """One dimension in both periods: its codes, largest changes first; how many more there are; the split.

    counted_as: the names of retired codes of either period, each with that of the code it is counted as.
    """

    name: str
    label: str
    lines: Sequence[NamedChange]
    more: int
    split: Split | None
    counted_as: Sequence[tuple[str, str]] = ()

    @property
    def moved(self) -> int:
        """How many records lie in another code than if all had stayed as they were: what orders the dimensions."""
        return sum(abs(line.change.difference) for line in self.lines)


def year_before(period: str) -> str:
    """Return the same period a year before."""
    this = Period.parse(period)
    return str(this.next(-FREQUENCIES[this.frequency].parts))


def breakdowns(submission: Submission, now: BySex) -> tuple[str, list[Breakdown]]:
    """Return the period that is compared with, and the breakdowns; "" and none where nothing is known of it.

    It is the same period a year before; where that was not delivered, the nearest period before. One query.
    """
    before_period, before = _before(submission)
    if not before_period:
        return "", []
    spec = spec_of(submission.instrument_version)
    compared = [
        _breakdown(spec, name, now.get(name, {}), before[name]) for name in now if name in before
    ]
    return before_period, sorted(compared, key=lambda b: (-b.moved, b.name))


def _before(submission: Submission) -> tuple[str, BySex]:
    wanted = year_before(submission.period)
    earlier = SubmissionCounts.objects.filter(
        submission__agency=submission.agency_id,
        submission__instrument=submission.instrument_id,
        submission__period__lt=submission.period,
    ).exclude(by_sex={})
    earlier = earlier.order_by("-submission__period")
    periods = dict(earlier.values_list("submission__period", "pk"))
    if not periods:
        return "", {}
    chosen = wanted if wanted in periods else next(iter(periods))
    return chosen, SubmissionCounts.objects.get(pk=periods[chosen]).by_sex


def _breakdown(spec: Spec, name: str, now: ByCode, before: ByCode) -> Breakdown:
    successors = successors_of(spec, name, {**now, **before})
    now, before = joined(now, successors), joined(before, successors)
    listed = changes(now, before)
    lines = [
        NamedChange(
            label_of(spec, name, change.code),
            change,
            (change.code, *(old for old, new in successors.items() if new == change.code)),
        )
        for change in listed[:SHOWN]
    ]
    return Breakdown(
        name,
        label_of_dimension(spec, name),
        lines,
        max(len(listed) - SHOWN, 0),
        kitagawa(now, before),
        [(label_of(spec, name, old), label_of(spec, name, new)) for old, new in successors.items()],
    )


def successors_of(spec: Spec, name: str, codes: Iterable[str]) -> dict[str, str]:
    """Return those of these codes that are retired and have a successor, each with the code that stands for it now."""
    variable = spec.by_name.get(name)
    if variable is None or not variable.codelist:
        return {}
    codelist = codelists.load(variable.codelist)
    meant = {code: codelist.meant(code) for code in codes if code in codelist.by_code}
    return {code: new for code, new in sorted(meant.items()) if new and new != code}


def label_of_dimension(spec: Spec, name: str) -> str:
    """Return what a breakdown is called, in the language of the reader."""
    known = spec.by_name.get("age" if name == AGE else name) or spec.by_name.get("birth_date")
    return in_language(known.label) if known else name


def label_of(spec: Spec, name: str, code: str) -> str:
    """Return the name of a code of a breakdown, in the language of the reader; the code where it has none."""
    if code == NOT_STATED:
        return in_language(codelists.standard("labels")["not_stated"])
    if name == AGE:
        return AGE_LABELS.get(code, code)
    variable = spec.by_name.get(name)
    if variable is None or not variable.codelist:
        return code
    return codelists.load(variable.codelist).label(code, active_language())
