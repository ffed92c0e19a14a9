"""The register of releases: all that were ever out, which stood on a day, which were withdrawn and why.

A withdrawn release is gone (410) and says what stands in its place. What was never out, or is not yet, is answered
exactly as what never was (404).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.models import Release
from reports.published import editions
from reports.published.editions import CODE, NUMBER, Edition, public_role
from reports.published.structure import Unknown
from reports.published.unavailable import Withheld
from standards.languages import Labels

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def out_since(path: str = "") -> Greatest:
    """Return the expression of the moment from which readers could have a release: the end of its embargo, if it has one.

    path: how the query at hand reaches the release, such as `release__`. For releases that were released only.
    """
    released_at = F(f"{path}released_at")
    return Greatest(released_at, Coalesce(F(f"{path}embargo_at"), released_at))


OUT = out_since()


class NotReleased(Unknown):
    """A reader cites a release that does not exist, or that nobody may see."""

    status = 404


@dataclass(frozen=True)
class Withdrawal:
    """A release that was out and is gone. reason: in the words of who withdrew it."""

    dataset: str
    number: int
    title: Labels
    released_at: datetime
    withdrawn_at: datetime
    reason: str

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.number}"


class Withdrawn(NotReleased):
    """A reader asks for a release that was withdrawn. in_force: the newest of its dataset, if there is one."""

    status = 410

    def __init__(self, withdrawal: Withdrawal) -> None:
        self.withdrawal = withdrawal
        self.in_force = _in_force(withdrawal.dataset)
        stands = _("In force now: %(name)s.") if self.in_force else _("None is in force now.")
        text = _("Release %(name)s was withdrawn on %(when)s: %(reason)s") % {
            "name": withdrawal.name,
            "when": on(withdrawal.withdrawn_at),
            "reason": withdrawal.reason,
        }
        place = {"name": self.in_force.name if self.in_force else ""}
        super().__init__(f"{text} {stands % place}", "release")


def _in_force(dataset: str) -> Edition | None:
    try:
        return editions.latest(dataset)
    except Withheld:
        return None


def on(moment: datetime) -> str:
    """Return the day of a moment in words."""
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def cited(name: str) -> Edition:
    """Return the release of this name, in any case. Raises NotReleased, Withdrawn, Withheld."""
    name = name.strip().upper()
    if edition := editions.cited(name):
        return edition
    dataset, _dash, number = name.rpartition("-")
    if NUMBER.fullmatch(number) and CODE.fullmatch(dataset):
        found = withdrawals(Release.objects.filter(dataset=dataset, number=int(number)))
        if found:
            raise Withdrawn(found[0])
    raise NotReleased(_("There is no such release."), "release")


def withdrawals(releases: QuerySet[Release]) -> list[Withdrawal]:
    """Return those of some releases that were out and were withdrawn, the latest first."""
    found = releases.filter(state=Release.State.WITHDRAWN)
    with public_role():
        return [_withdrawal(release) for release in found.annotate(out=OUT).order_by("-out")]


def _withdrawal(release: Release) -> Withdrawal:
    return Withdrawal(
        release.dataset,
        release.number,
        release.structure["title"],
        release.out,  # type: ignore[attr-defined]
        release.withdrawn_at,  # type: ignore[arg-type]  # whatever is withdrawn has it
        release.withdrawn_because,
    )


def day_of(text: str) -> date:
    """Read a day, 2026-03-31. Raises Unknown; NotReleased for a day that is not in the calendar, or has not come."""
    if not DAY.fullmatch(text):
        raise Unknown(
            _("“%(name)s” is a day such as 2026-03-31, not “%(value)s”.")
            % {"name": "as_of", "value": text[:40]},
            "as_of",
        )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotReleased(
            _("There is no day %(day)s in the calendar.") % {"day": text}, "as_of"
        ) from None
    if day > timezone.localdate():
        raise NotReleased(_("%(day)s has not come yet.") % {"day": text}, "as_of")
    return day


def standing(dataset: str, day: date) -> Edition | None:
    """Return the release of a dataset that stood at the end of a day, None where none of it was ever out.

    Raises NotReleased where none stood then, Withdrawn where that one was withdrawn since, Withheld.
    """
    with public_role():
        every = Release.objects.filter(dataset=dataset, released_at__isnull=False)
        rows = list(
            every.annotate(out=OUT).order_by("-number").values_list("number", "out", "withdrawn_at")
        )
    if not rows:
        return None
    for number, out, gone in rows:
        if timezone.localdate(out) <= day and (gone is None or timezone.localdate(gone) > day):
            return cited(f"{dataset}-{number}")
    raise NotReleased(
        _("No release of %(dataset)s stood on %(day)s. The first came on %(first)s.")
        % {
            "dataset": dataset,
            "day": day.isoformat(),
            "first": on(min(out for _number, out, _gone in rows)),
        },
        "as_of",
    )


def entries(dataset: str = "") -> Sequence[tuple[int, datetime]]:
    """Return (id, since when it could be read) of all releases that were ever out, the newest first."""
    found = Release.objects.filter(released_at__isnull=False)
    if dataset:
        found = found.filter(dataset=dataset)
    with public_role():
        return list(found.annotate(out=OUT).order_by("-out", "-pk").values_list("pk", "out"))


def first_out() -> datetime | None:
    """Return when the first release of all could be read, None where none was ever out."""
    out = [since for _pk, since in entries()]
    return localtime(min(out)) if out else None


def read(ids: Iterable[int]) -> list[Edition | Withdrawal]:
    """Return these releases in their order; not one that is withheld."""
    ids = list(ids)
    releases = Release.objects.filter(pk__in=ids)
    found: dict[int, Edition | Withdrawal] = {e.id: e for e in editions.of(releases)}
    gone = releases.filter(state=Release.State.WITHDRAWN)
    with public_role():
        found |= {r.pk: _withdrawal(r) for r in gone.annotate(out=OUT)}
    return [found[pk] for pk in ids if pk in found]


def before(edition: Edition) -> Edition | None:
    """Return the release of the same dataset that readers had before this one, if it still stands."""
    older = (e for e in editions.history(edition.dataset) if e.number < edition.number)
    return next(older, None)


def withdrawn_between(first: Edition | None, second: Edition) -> list[Withdrawal]:
    """Return what was withdrawn of a dataset between two of its releases, by number."""
    least = first.number if first else 0
    found = Release.objects.filter(
        dataset=second.dataset, number__gt=least, number__lt=second.number
    )
    return withdrawals(found)
