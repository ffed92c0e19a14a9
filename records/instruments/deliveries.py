"""Who fills what: which agencies deliver which instruments, and which of them a person works on."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agencies import access, changes, collection, scope
from agencies.changes import Content
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments import versions
from records.models import Instrument, Submission, Upload


def offered_to(person: Person) -> list[tuple[Agency, Instrument]]:
    """Return what the person may enter for, by agency and instrument: in two queries."""
    covered = access.coverage(person, Permission.ENTER)
    agencies = access.agencies(person, Permission.ENTER).prefetch_related("instruments")
    return [
        (agency, instrument)
        for agency in agencies
        for instrument in agency.instruments.all()
        if covered.covers(agency.pk, instrument.pk)
    ]


def entered_by(person: Person, agency: Agency) -> QuerySet[Instrument]:
    """Return the instruments of the agency that the person may enter for."""
    covered = access.coverage(person, Permission.ENTER)
    ids = agency.instruments.values_list("pk", flat=True)
    return agency.instruments.filter(pk__in=[pk for pk in ids if covered.covers(agency.pk, pk)])


def require(person: Person, permission: Permission, code: str) -> None:
    """Raise Denied unless the person holds the permission for an instrument, by its code, in any agency.

    For what is done to the records of all agencies together: exact tables, designs, releases.
    """
    access.require(person, permission)
    if instrument := Instrument.objects.filter(code=code).first():
        access.require(person, permission, instrument=instrument.pk)


def closed_to(person: Person, permission: Permission) -> set[str]:
    """Return the codes of the instruments for which the person holds the permission in no agency."""
    covered = access.coverage(person, permission)
    return {
        code for pk, code in Instrument.objects.values_list("pk", "code") if not covered.reaches(pk)
    }


def told(agency: Agency | None) -> list[collection.Instrument]:
    """Return the instruments of an agency, or of all, as the pages of people name them: in three queries."""
    instruments = list(agency.instruments.all() if agency else Instrument.objects.all())
    newest = versions.current_of(instruments)
    restricted = access.restricted_instruments()
    return [
        collection.Instrument(i.pk, i.code, newest[i.pk].title, i.pk in restricted)
        for i in instruments
        if i.pk in newest
    ]


def _giving(agency: Agency, content: Content) -> list[str]:
    """Say what giving an instrument would do. Raises `Refused`."""
    instrument = _named(content)
    if not agency.is_active:
        raise Refused(_("This agency is closed."))
    if agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s delivers it already.") % {"agency": agency})
    facts = {"agency": agency, "title": versions.current(instrument).title}
    lines = [_("%(agency)s delivers “%(title)s” from now on.") % facts]
    if instrument.pk in access.restricted_instruments():
        lines.append(_("It is specially protected: its administrator names who sees it."))
    return lines


def _give(agency: Agency, content: Content) -> None:
    agency.instruments.add(_named(content))


def _taking(agency: Agency, content: Content) -> list[str]:
    """Say what taking an instrument would do. Raises `Refused` while something of it is open."""
    instrument = _named(content)
    if not agency.instruments.filter(pk=instrument.pk).exists():
        raise Refused(_("%(agency)s does not deliver this instrument.") % {"agency": agency})
    accepted = _refuse_open(agency, [instrument.pk])
    facts = {"agency": agency, "title": versions.current(instrument).title, "n": accepted}
    return [
        _("%(agency)s delivers “%(title)s” no longer.") % facts,
        _("What was accepted of it stays. Submissions: %(n)s.") % facts,
    ]


def _take(agency: Agency, content: Content) -> None:
    agency.instruments.remove(_named(content))


def _moving(agency: Agency, content: Content) -> list[str]:
    """Say which instruments another agency takes over in a merger. Raises `Refused` while something is open."""
    _refuse_open(agency, None)
    titles = [v.title for v in versions.current_of(agency.instruments.all()).values()]
    other = Agency.objects.get(code=content["agency"])
    facts = {"other": other, "titles": ", ".join(sorted(titles)) or "–"}
    return [_("%(other)s delivers its instruments from now on: %(titles)s.") % facts]


def _move(agency: Agency, content: Content) -> None:
    other = Agency.objects.get(code=content["agency"])
    other.instruments.add(*agency.instruments.all())
    agency.instruments.clear()


def _named(content: Content) -> Instrument:
    found = Instrument.objects.filter(code=content.get("instrument", "")).first()
    if found is None:
        raise Refused(_("There is no such instrument."))
    return found


def _refuse_open(agency: Agency, instruments: list[int] | None) -> int:
    """Return how many submissions are accepted. Raises `Refused` where others, or files, are not finished.

    National administrators see no submissions, so they are counted outside of the scope of the person.
    """
    with scope.widened([agency.pk]):
        rows = Submission.objects.filter(agency=agency)
        files = Upload.objects.filter(
            agency=agency, state__in=[Upload.State.RECEIVED, Upload.State.NEEDS_ANSWERS]
        )
        if instruments is not None:
            rows = rows.filter(instrument__in=instruments)
            files = files.filter(instrument__in=instruments)
        open_rows = list(rows.exclude(state=Submission.State.ACCEPTED).select_related("instrument"))
        waiting, accepted = files.count(), rows.count() - len(open_rows)
    if open_rows or waiting:
        periods = ", ".join(f"{row.instrument.code} {row.period}" for row in open_rows[:5])
        raise Refused(
            _(
                "Not while something is open. Submissions not accepted yet: %(n)s (%(periods)s). "
                "Files that wait: %(files)s. Finish them first."
            )
            % {"n": len(open_rows), "periods": periods or "–", "files": waiting}
        )
    return accepted


def settle_changes() -> None:
    """Say, at the start, what the changes of agencies do that are about instruments."""
    changes.decide(changes.Kind.GIVE, changes.Deciding(_giving, _give))
    changes.decide(changes.Kind.TAKE, changes.Deciding(_taking, _take))
    changes.with_merging(changes.Deciding(_moving, _move))
