"""The years of a dataset: what is out of each, and what a new release does with it.

A year is drawn by itself. Its periods are added as they come, later ones after earlier ones, and stay as they are
published; corrections wait. Once it may be drawn again as a whole, from what is accepted then: its second version,
and the last. A year that was published with another tree stays in the release that has it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from records.models import Submission
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.designs.family import longest_time
from reports.exact.residence import FOLLOWED_MONTHS
from reports.models import Build, Release, Slice
from reports.published.structure import Structure
from standards.periods import Period, periods_between


@dataclass(frozen=True)
class Step:
    """One rounding of a year: in which release, up to which period, by which draw."""

    release: int
    until: str
    sweeps: int = 0
    draw: int = 0


@dataclass(frozen=True)
class Year:
    """A year of a release. periods: those published of it, oldest first; steps: how it came to be.

    is_over: no period can be added. is_final: it is not drawn again.
    """

    code: str
    version: int
    periods: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    is_over: bool = False
    is_final: bool = False

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Year":
        steps = tuple(Step(**step) for step in content["steps"])
        return cls(**{**content, "periods": tuple(content["periods"]), "steps": steps})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def takes(self, period: str) -> bool:
        """Say whether a period can be added; what comes too late waits until the year is drawn again."""
        return period > self.periods[-1] and not (self.is_over or self.is_final)


@dataclass(frozen=True)
class Published:
    """What readers have had of a dataset: the latest state of every year, and the years of other trees.

    source: the build whose private tables have them. pieces: the slices that each year was counted from.
    elsewhere: {year: name of the release that has it}.
    """

    years: Mapping[str, Year] = field(default_factory=dict)
    source: Build | None = None
    pieces: Mapping[str, Sequence[Slice]] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a new release does with a year.

    pieces: the slices that are counted. new: the periods that are added to `before`, what is out of it; all of
    them where it is drawn anew (`before` is None).
    """

    code: str
    pieces: tuple[Slice, ...]
    new: tuple[str, ...]
    version: int = 1
    before: Year | None = None
    is_over: bool = False
    is_final: bool = False

    @property
    def periods(self) -> tuple[str, ...]:
        return (*(self.before.periods if self.before else ()), *self.new)

    @property
    def closes(self) -> bool:
        """Say whether the year is drawn to its end now: also what waits for its last period."""
        return self.is_over and not (self.before and self.before.is_over)

    @property
    def stays(self) -> bool:
        """Say whether the tables of the year are those that are out already."""
        return self.before is not None and not self.new and self.is_over == self.before.is_over

    def year(self, steps: Iterable[Step] = ()) -> Year:
        """Return the year as the release has it."""
        earlier = self.before.steps if self.before else ()
        return Year(
            self.code,
            self.version,
            self.periods,
            (*earlier, *steps),
            is_over=self.is_over,
            is_final=self.is_final,
        )


@dataclass(frozen=True)
class Waiting:
    """What was accepted since the latest release was out, in submissions.

    new: those of later periods, which the next release adds. late: {year: those that correct what is out or come
    after later periods}, which wait until the year is drawn again. over: the years that may be made final.
    unsettled: {year that is over: the period up to which all has to be accepted before all of it is certain}.
    """

    new: int
    late: Mapping[str, int]
    over: tuple[str, ...]
    unsettled: Mapping[str, str] = field(default_factory=dict)


def waiting(dataset: Dataset) -> Waiting:
    """Return what the next release of a dataset could take in, of what is accepted now."""
    accepted = Submission.objects.filter(
        instrument__code__in=dataset.instruments, accepted_version__isnull=False
    ).values_list("pk", "accepted_version", "period")
    periods = sorted({period for _pk, _version, period in accepted})
    structure, known = dataset.structure(periods), published(dataset)
    longest = longest_time(structure.frequency)
    pinned = {(p.submission_id, p.version) for pieces in known.pieces.values() for p in pieces}
    new, late = 0, Counter[str]()
    for pk, version, period in accepted:
        year = structure.part_of(longest, period)
        out = known.years.get(year)
        if out is None:
            new += year not in known.elsewhere
        elif out.takes(period):
            new += 1
        elif not out.is_final:
            late[year] += (pk, version) not in pinned
    over = tuple(
        code
        for code, year in sorted(known.years.items())
        if not year.is_final and (year.is_over or _has_ended(structure, code, periods))
    )
    settled = {year: _settled_with(year, structure) for year in over} if dataset.residence else {}
    unsettled = {
        year: last
        for year, last in settled.items()
        if not {*periods_between(known.years[year].periods[-1], last)} <= {*periods}
    }
    return Waiting(new, +late, over, unsettled)


def _settled_with(year: str, structure: Structure) -> str:
    """Return the period with which it is known of every crossing of a year whether it changed the residence."""
    last = Period.of(Period.parse(year).last_day, "M").next(FOLLOWED_MONTHS)
    return str(Period.of(last.last_day, structure.frequency))


def _has_ended(structure: Structure, year: str, periods: Sequence[str]) -> bool:
    """Say whether the last period of a year, or a later one, is accepted."""
    longest = longest_time(structure.frequency)
    return structure.part_of(longest, structure.next_period(periods[-1])) > year


def published(dataset: Dataset) -> Published:
    """Return what readers have had, of every release that was ever out; withdrawn ones included."""
    names = [dataset.code, *_former_names(dataset)]
    seen = list(
        Build.objects.filter(release__dataset__in=names, release__released_at__isnull=False)
        .select_related("release")
        .order_by("pk")
    )
    latest = latest_build(dataset.code, dataset.tree)
    elsewhere: dict[str, str] = {}
    # The newest release that is in force names a year; one that was withdrawn only where there is no other.
    for build in sorted(seen, key=lambda b: b.release.state == Release.State.RELEASED):
        if (build.release.dataset, build.tree) != (dataset.code, dataset.tree):
            elsewhere |= dict.fromkeys(_years_of(build), str(build.release))
    if latest is None:
        return Published(elsewhere=elsewhere)
    years = {content["code"]: Year.from_json(content) for content in latest.years}
    pinned = {piece["slice"]: piece["year"] for piece in latest.inputs}
    pieces: dict[str, list[Slice]] = {}
    for piece in (
        Slice.objects.filter(pk__in=pinned).select_related("submission__agency").order_by("pk")
    ):
        pieces.setdefault(pinned[piece.pk], []).append(piece)
    return Published(years, latest, pieces, {y: n for y, n in elsewhere.items() if y not in years})


def _former_names(dataset: Dataset) -> list[str]:
    """Return the codes of datasets that are gone and had records of the same instrument: a dataset that was renamed
    has its years out under the old name."""
    gone = Build.objects.filter(release__released_at__isnull=False).exclude(
        release__dataset__in=datasets.datasets()
    )
    own = Submission.objects.filter(instrument__code__in=dataset.instruments)
    pinned = {
        build.release.dataset: {piece["submission"] for piece in build.inputs}
        for build in gone.select_related("release")
    }
    return [name for name, pks in pinned.items() if own.filter(pk__in=pks).exists()]


def latest_build(dataset: str, tree: str, *, beside: Release | None = None) -> Build | None:
    """Return the build of the latest release of a tree that was ever out; withdrawn ones included, `beside` left out."""
    out = Build.objects.filter(
        release__dataset=dataset, release__released_at__isnull=False, tree=tree
    )
    if beside:
        out = out.exclude(release=beside)
    return out.select_related("release").order_by("pk").last()


def _years_of(build: Build) -> list[str]:
    structure = Structure.from_json(build.release.structure)
    longest = longest_time(structure.frequency)
    return sorted({structure.part_of(longest, period) for period in structure.periods})


def plans(
    structure: Structure,
    known: Published,
    in_force: Sequence[Slice],
    *,
    redrawn: Collection[str] = (),
    finished: Collection[str] = (),
) -> Iterator[Plan]:
    """Yield what a release does with each year, oldest first.

    redrawn: the years that are drawn again, from what is in force; finished: those that are final from now on.
    """
    longest = longest_time(structure.frequency)
    current: dict[str, list[Slice]] = {}
    for piece in in_force:
        current.setdefault(structure.part_of(longest, piece.submission.period), []).append(piece)
    codes = sorted({*current, *known.years} - set(known.elsewhere))
    for code in codes:
        pieces, earlier = current.get(code, []), known.years.get(code)
        before = None if code in redrawn else earlier
        added = [p for p in pieces if before is None or before.takes(p.submission.period)]
        new = sorted({piece.submission.period for piece in added})
        end = max([*(before.periods if before else ()), *new])
        ended = structure.part_of(longest, structure.next_period(end)) != code
        yield Plan(
            code,
            (*(known.pieces.get(code, ()) if before else ()), *added),
            tuple(new),
            version=earlier.version + (before is None) if earlier else 1,
            before=before,
            is_over=ended or code != codes[-1] or bool(before and before.is_over),
            is_final=code in finished or bool(earlier and earlier.is_final),
        )
