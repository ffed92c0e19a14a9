"""What the demonstration has loaded, counted: of everything, and of each instrument."""

from collections import Counter
from typing import Any

from django.db.models import Count, Q

from agencies import scope
from agencies.models import Agency
from records.instruments import versions
from records.models import HeldRow, Instrument, Record, Submission, Upload
from reports.designs import datasets, tables
from reports.models import Release, Slice

ACCEPTED = Q(accepted_version__isnull=False)


def counted() -> dict[str, Any]:
    """Return numbers of records, held rows, uploads, submissions, slices, releases and public tables.

    `instruments`: by its code, of each instrument: variables, rules and checks of its current version;
    findings (how often a rule or a check said something of the rows of a file), records, held rows,
    submissions, accepted ones, slices, public tables.
    """
    every = list(Agency.objects.values_list("pk", flat=True))
    with scope.working(every):
        by_instrument = _by_instrument()
        return {
            **{name: sum(own[name] for own in by_instrument.values()) for name in _ADDED_UP},
            "uploads": Upload.objects.count(),
            "releases": Release.objects.filter(state=Release.State.RELEASED).count(),
            "instruments": by_instrument,
        }


_ADDED_UP = ("records", "held", "submissions", "slices", "tables")


def _by_instrument() -> dict[str, dict[str, int]]:
    counts = {
        "findings": _findings(),
        "records": _numbers(Record.objects.values_list("submission__instrument__code")),
        "held": _numbers(HeldRow.open_rows.values_list("instrument__code")),
        "submissions": _numbers(Submission.objects.values_list("instrument__code")),
        "accepted": _numbers(Submission.objects.filter(ACCEPTED).values_list("instrument__code")),
        "slices": _numbers(Slice.objects.values_list("submission__instrument__code")),
        "tables": _tables(),
    }
    return {
        code: {**asked, **{name: numbers.get(code, 0) for name, numbers in counts.items()}}
        for code, asked in _asked().items()
    }


def _asked() -> dict[str, dict[str, int]]:
    """Return how much each instrument that agencies deliver asks, and checks."""
    delivered = Instrument.objects.exclude(agencies=None).distinct()
    return {
        spec.code: {
            "variables": len(spec.variables),
            "rules": len(spec.rules),
            "checks": len(spec.checks),
        }
        for spec in map(versions.spec_of, versions.current_of(delivered).values())
    }


def _numbers(codes: Any) -> dict[str, int]:
    """Return how many rows there are of each code of an instrument; codes: a query of one column."""
    return dict(codes.order_by().annotate(number=Count("pk")))


def _findings() -> dict[str, int]:
    numbers: Counter[str] = Counter()
    for code, findings in Upload.objects.values_list("instrument__code", "report__findings"):
        numbers[code] += sum(finding["count"] for finding in findings or ())
    return numbers


def _tables() -> dict[str, int]:
    """Return how many public tables there are of what each instrument collects."""
    public, designs = _released(), datasets.datasets()
    released = (table.dataset for table in tables.tables().values() if table.dataset in public)
    return Counter(designs[dataset].instrument for dataset in released)


def _released() -> set[str]:
    released = Release.objects.filter(state=Release.State.RELEASED)
    return set(released.values_list("dataset", flat=True))
