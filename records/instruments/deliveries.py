"""Who fills what: which agencies deliver which instruments, and which of them a person works on."""

from django.db.models import QuerySet

from agencies import access, collection
from agencies.models import Agency, Person
from agencies.roles import Permission
from records.instruments import versions
from records.models import Instrument


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
