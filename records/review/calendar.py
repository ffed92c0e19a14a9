"""What agencies owe: agency × instrument × period, each with its dates and how it stands.

An expected submission has no row before somebody begins it, so it is worked out here: from the
instruments of an agency, the first period it owes, the rules and the holidays. An agency owes from
the period that statistics staff named; else from the first it delivered; else from the one that had
ended last when the instrument was first published.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone

from agencies import access
from agencies.coverage import Coverage
from agencies.models import Agency, Person
from agencies.roles import Permission
from records.instruments import versions
from records.models import (
    DueRule,
    Extension,
    Holiday,
    Instrument,
    InstrumentVersion,
    RestDay,
    ReviewStep,
    Submission,
)
from records.review.due_dates import Dates, Rule, WorkingDays, dates_of, rule_of
from standards.periods import Period

Pair = tuple[int, int]  # ids of agency and instrument
AT_WORK = Permission.ENTER, Permission.SIGN, Permission.ACCEPT


class Standing(StrEnum):
    """How an expected submission stands on a day."""

    UPCOMING = "upcoming"  # its period runs, or it may not be submitted yet
    DUE = "due"
    LATE = "late"
    RETURNED = "returned"
    REOPENED = "reopened"
    WITH_OTHERS = "with others"  # submitted or signed
    DONE = "done"


OPEN = frozenset({Standing.DUE, Standing.LATE, Standing.RETURNED, Standing.REOPENED})


@dataclass(frozen=True)
class Begun:
    """What is known of a submission that has a row."""

    pk: int
    state: str
    version: int


@dataclass(frozen=True)
class Expected:
    """One submission that an agency owes, begun or not. `first_on`: the day it was first submitted."""

    agency: Agency
    version: InstrumentVersion
    period: str
    dates: Dates
    extended: bool = False
    begun: Begun | None = None
    first_on: date | None = None

    @property
    def instrument(self) -> Instrument:
        return self.version.instrument

    @property
    def title(self) -> str:
        return self.version.title

    def standing(self, today: date) -> Standing:
        """Return how it stands on a day; a returned or reopened one was delivered and is not late."""
        if self.begun and self.begun.state != Submission.State.DRAFT:
            return {
                Submission.State.RETURNED: Standing.RETURNED,
                Submission.State.ACCEPTED: Standing.DONE,
            }.get(Submission.State(self.begun.state), Standing.WITH_OTHERS)
        if self.begun and self.begun.version > 1:
            return Standing.REOPENED
        if today > self.dates.late_after:
            return Standing.LATE
        return Standing.DUE if today >= self.dates.opens else Standing.UPCOMING


def working_days() -> WorkingDays:
    """Return the days of rest and the holidays of the country, in two queries."""
    return WorkingDays(
        frozenset(RestDay.objects.values_list("weekday", flat=True)),
        frozenset(Holiday.objects.values_list("year", "month", "day")),
    )


@dataclass
class Owing:
    """What a set of agencies owes, read at once: in as many queries for two hundred as for one."""

    pairs: list[tuple[Agency, InstrumentVersion]]
    rules: dict[Pair, DueRule]
    first: dict[Pair, str]  # the first period a pair delivered
    published: dict[int, date]  # since when an instrument is asked for
    days: WorkingDays

    def __post_init__(self) -> None:
        self._dates: dict[tuple[str, int], tuple[Rule, Dates]] = {}
        self._rules: dict[int, Rule] = {}

    def rule(self, agency: int, version: InstrumentVersion) -> Rule:
        """Return the rule of the instrument with what differs for the agency."""
        own = self.rules.get((agency, version.instrument_id))
        if version.pk not in self._rules:
            self._rules[version.pk] = rule_of(version.content)
        return rule_with(self._rules[version.pk], own)

    def owed_from(self, agency: int, version: InstrumentVersion) -> str:
        """Return the first period that the agency owes."""
        pair = agency, version.instrument_id
        own = self.rules.get(pair)
        if said := (own.first_period if own else "") or self.first.get(pair):
            return said
        since = self.published[version.instrument_id]
        return str(Period.of(since, version.content["frequency"]).next(-1))

    def dates(self, period: str, rule: Rule, until: date | None = None) -> Dates:
        """Return the dates of a period; each is worked out once."""
        if until:
            return dates_of(Period.parse(period), rule, self.days, until)
        key = period, id(rule)  # hashing a rule would take longer than all the rest
        if key not in self._dates:  # the rule is kept with its dates, so that its id stays its own
            self._dates[key] = rule, dates_of(Period.parse(period), rule, self.days)
        return self._dates[key][1]


def rule_with(rule: Rule, own: DueRule | None) -> Rule:
    """Return the rule with what an agency's own one says instead."""
    if own is None:
        return rule
    said: dict[str, Any] = {"days": own.days, "counted": own.counted or None, "grace": own.grace}
    return replace(rule, **{key: value for key, value in said.items() if value is not None})


def owing(
    agencies: Iterable[int],
    only: Collection[Pair] | None = None,
    covered: Coverage | None = None,
) -> Owing:
    """Read what the agencies deliver and by which rules. `only` limits it to some pairs, `covered` to duties."""
    given = Instrument.agencies.through.objects.filter(
        agency_id__in=list(agencies), agency__is_active=True
    )
    links = given.order_by("agency__code", "instrument__code").select_related("agency")
    chosen = [
        link
        for link in links
        if (only is None or (link.agency_id, link.instrument_id) in only)
        and (covered is None or covered.covers(link.agency_id, link.instrument_id))
    ]
    instruments = Instrument.objects.filter(pk__in={link.instrument_id for link in chosen})
    newest = versions.current_of(instruments)
    ids = {link.agency_id for link in chosen}
    rules = DueRule.objects.filter(agency__in=ids)
    delivered = Submission.objects.filter(agency__in=ids).order_by()
    firsts = delivered.values_list("agency_id", "instrument_id").annotate(Min("period"))
    since = InstrumentVersion.objects.filter(instrument__in=newest).order_by()
    return Owing(
        pairs=[(link.agency, newest[link.instrument_id]) for link in chosen],
        rules={(rule.agency_id, rule.instrument_id): rule for rule in rules},
        first={(agency, instrument): period for agency, instrument, period in firsts},
        published={
            pk: timezone.localdate(at)
            for pk, at in since.values_list("instrument_id").annotate(Min("published_at"))
        },
        days=working_days(),
    )


def expected(
    agencies: Iterable[int],
    today: date,
    *,
    back: int,
    ahead: int = 0,
    only: Collection[Pair] | None = None,
    covered: Coverage | None = None,
    delivered: bool = False,
) -> list[Expected]:
    """Return what the agencies owe for the last `back` periods that ended and `ahead` later ones.

    Ordered by due date. `delivered` reads when each was first submitted, which costs a query more.
    """
    owed = owing(agencies, only, covered)
    wanted = list(_periods(owed, today, back, ahead))
    within = {
        "agency__in": {agency.pk for agency, _version in owed.pairs},
        "instrument__in": {version.instrument_id for _agency, version in owed.pairs},
        "period__in": {period for _agency, _version, period, _rule in wanted},
    }
    begun = _begun(within)
    until = dict(_extensions(within))
    first_on = _first_on(within) if delivered else {}
    entries = []
    for agency, version, period, rule in wanted:
        key = agency.pk, version.instrument_id, period
        later, row = until.get(key), begun.get(key)
        dates = owed.dates(period, rule, later)
        on = first_on.get(row.pk) if row else None
        entries.append(Expected(agency, version, period, dates, later is not None, row, on))
    return sorted(entries, key=lambda e: (e.dates.due, e.agency.code, e.version.instrument_id))


def expected_at(person: Person, today: date, *, back: int, ahead: int) -> list[Expected]:
    """Return what concerns the work of a person: of agencies and instruments that her duties cover."""
    ids, covered = access.agency_ids(person, *AT_WORK), access.coverage(person, *AT_WORK)
    return expected(ids, today, back=back, ahead=ahead, covered=covered)


def one(agency: Agency, instrument: Instrument, period: Period) -> Expected:
    """Return one expected submission with its dates, owed or not."""
    owed = owing([agency.pk], {(agency.pk, instrument.pk)})
    version = versions.current(instrument)
    within = {"agency": agency.pk, "instrument": instrument.pk, "period": str(period)}
    key = agency.pk, instrument.pk, str(period)
    until = dict(_extensions(within)).get(key)
    dates = owed.dates(str(period), owed.rule(agency.pk, version), until)
    row = _begun(within).get(key)
    on = _first_on(within).get(row.pk) if row else None
    return Expected(agency, version, str(period), dates, until is not None, row, on)


def deliveries(agency: Agency, instrument: Instrument, last: Period, count: int) -> list[Expected]:
    """Return what was owed for the `count` periods up to `last`, oldest first, with the days of delivery.

    An agency that is closed, or no longer delivers the instrument, owes nothing: what it began is returned.
    """
    owed, version = owing([agency.pk], {(agency.pk, instrument.pk)}), versions.current(instrument)
    rule = owed.rule(agency.pk, version)
    begins = owed.owed_from(agency.pk, version) if owed.pairs else ""
    periods = [str(last.next(-step)) for step in reversed(range(count))]
    within = {"agency": agency.pk, "instrument": instrument.pk, "period__in": periods}
    until, begun, first_on = dict(_extensions(within)), _begun(within), _first_on(within)
    entries = []
    for period in periods:
        key = agency.pk, instrument.pk, period
        if (begins and period >= begins) or key in begun:
            row, later = begun.get(key), until.get(key)
            dates = owed.dates(period, rule, later)
            on = first_on.get(row.pk) if row else None
            entries.append(Expected(agency, version, period, dates, bool(later), row, on))
    return entries


def _periods(
    owed: Owing, today: date, back: int, ahead: int
) -> Iterator[tuple[Agency, InstrumentVersion, str, Rule]]:
    """Yield what is owed with its rule; periods of one frequency have the order of their texts."""
    running: dict[str, list[str]] = {}
    for agency, version in owed.pairs:
        frequency = version.content["frequency"]
        if frequency not in running:
            now = Period.of(today, frequency)
            running[frequency] = [str(now.next(step)) for step in range(-back, ahead)]
        begins, rule = owed.owed_from(agency.pk, version), owed.rule(agency.pk, version)
        for period in running[frequency]:
            if period >= begins:
                yield agency, version, period, rule


def _begun(within: dict[str, Any]) -> dict[tuple[int, int, str], Begun]:
    rows = Submission.objects.filter(**within).order_by()
    return {
        (agency, instrument, period): Begun(pk, state, version)
        for agency, instrument, period, pk, state, version in rows.values_list(
            "agency_id", "instrument_id", "period", "pk", "state", "version"
        )
    }


def _extensions(within: dict[str, Any]) -> Iterator[tuple[tuple[int, int, str], date]]:
    latest = Extension.objects.filter(**within).order_by()
    fields = "agency_id", "instrument_id", "period"
    for agency, instrument, period, until in latest.values_list(*fields).annotate(Max("until")):
        yield (agency, instrument, period), until


def _first_on(within: dict[str, Any]) -> dict[int, date]:
    """Return when each submission was first submitted, by its id: what came back was delivered."""
    of = Submission.objects.filter(**within)
    steps = ReviewStep.objects.filter(verb="submit", submission__in=of).order_by()
    firsts = steps.values_list("submission_id").annotate(Min("at"))
    return {pk: timezone.localdate(at) for pk, at in firsts}
