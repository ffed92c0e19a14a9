"""Who may do what, for which agency: the only module that reads the grants of django-guardian.

The grants of a person are read once for each person object, that is once for each request or job;
`grant` and `revoke` make the object they are given read them again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from agencies import held_roles
from agencies.coverage import Coverage, Duties
from agencies.models import Agency, AgencyPermission, Duty, Person, RestrictedInstrument
from agencies.refusal import Refused
from agencies.roles import Exclusion, Permission, Role, excluded

Anyone = Person | AnonymousUser


class Denied(PermissionDenied):
    """The person lacks the permission; Django answers 403 with this sentence."""


def agencies(person: Anyone, *permissions: Permission) -> models.QuerySet[Agency]:
    """Return the agencies for which the person holds any of the permissions (of all, if none is named).

    Lists, single checks, buttons, pages and the API are all made from this answer, so what a
    person sees and what a person can do cannot drift apart.
    """
    reach = _reach(person, frozenset(permissions or Permission))
    return Agency.objects.all() if reach is None else Agency.everywhere.filter(pk__in=reach)


def agency_ids(person: Anyone, *permissions: Permission) -> list[int]:
    """Return the ids of `agencies(person, *permissions)`."""
    reach = _reach(person, frozenset(permissions or Permission))
    return list(Agency.objects.values_list("pk", flat=True)) if reach is None else sorted(reach)


def may(
    person: Anyone,
    permission: Permission,
    agency: Agency | None = None,
    instrument: int | None = None,
) -> bool:
    """Say whether the person holds the permission for the agency, or for any agency.

    With `instrument`, the id of one, the roles must cover it as well. What a role permits for every
    agency it does not permit for those of practice.
    """
    if agency is not None and agency.practice and agency not in holdings(person):
        return False
    if instrument is not None:
        covered = coverage(person, permission)
        if agency is None:
            return covered.reaches(instrument)
        return covered.covers(agency.pk, instrument)
    reach = _reach(person, frozenset({permission}))
    if reach is None:
        return True
    return bool(reach) if agency is None else agency.pk in reach


def coverage(person: Anyone, *permissions: Permission) -> Coverage:
    """Return for which agencies and instruments the person holds any of the permissions."""
    wanted, duties = _lent(person, frozenset(permissions or Permission)), {}
    for agency, held in holdings(person).items():
        theirs = [role for role in held if role.permissions & wanted]
        own = (getattr(person, "duties", None) or {}).get(agency.pk, Duties())
        for role in theirs:
            duties[None if role.reaches_every_agency else agency.pk] = own
    return Coverage(duties, getattr(person, "restricted", frozenset()))


def covered(
    person: Anyone, *permissions: Permission, agency: str = "agency", instrument: str = "instrument"
) -> models.Q:
    """Return `coverage` as a condition on rows; `agency` and `instrument` are the paths to them."""
    reach = coverage(person, *permissions)
    rows = models.Q(pk__in=[])
    if reach.ordinary:
        places = _everywhere(agency) if None in reach.ordinary else _in(agency, reach.ordinary)
        restricted = RestrictedInstrument.objects.values("pk")
        rows |= places & ~models.Q(**{f"{instrument}__in": restricted})
    for place, own in reach.duties.items():
        if own.named:
            here = _everywhere(agency) if place is None else _in(agency, [place])
            rows |= here & _in(instrument, sorted(own.named))
    return rows


def covering(people: Iterable[Person], agency: Agency, instrument: int) -> list[Person]:
    """Return those of the people whose roles in the agency itself cover an instrument, in two queries."""
    rows = Duty.objects.filter(agency=agency).values_list("person_id", "ordinary", "instruments")
    own = {person: Duties(ordinary, frozenset(named)) for person, ordinary, named in rows}
    restricted = restricted_instruments()
    return [p for p in people if own.get(p.pk, Duties()).cover(instrument, restricted)]


def duties(person: Person, agency: Agency) -> Duties:
    """Return what the roles of the person in this very agency cover."""
    holdings(person)
    return (person.duties or {}).get(agency.pk, Duties())


def limit(person: Person, agency: Agency, wanted: Duties) -> None:
    """Say what the roles of the person in the agency cover. Who may say so: `agencies.authority`."""
    Duty.objects.update_or_create(
        person=person,
        agency=agency,
        defaults={"ordinary": wanted.ordinary, "instruments": sorted(wanted.named)},
    )
    person.holdings = person.duties = None


def restrict(restricted: Mapping[int, bool]) -> None:
    """Say of instruments, by their ids, whether they are covered only where they are named: in two queries."""
    free = [pk for pk, is_restricted in restricted.items() if not is_restricted]
    RestrictedInstrument.objects.filter(pk__in=free).delete()
    rows = [RestrictedInstrument(pk=pk) for pk in restricted if pk not in free]
    RestrictedInstrument.objects.bulk_create(rows, ignore_conflicts=True)


def restricted_instruments() -> frozenset[int]:
    """Return the ids of the instruments that are covered only where they are named."""
    return frozenset(RestrictedInstrument.objects.values_list("pk", flat=True))


def _everywhere(path: str) -> models.Q:
    """Return the condition for rows of all agencies, to which those of practice do not belong."""
    return models.Q(**{f"{path}__practice": False})


def _in(path: str, ids: Iterable[int | None]) -> models.Q:
    return models.Q(**{f"{path}__in": list(ids)})


def reaches_all(person: Anyone, permission: Permission) -> bool:
    """Say whether the person holds the permission for every agency, present and to come."""
    return _reach(person, frozenset({permission})) is None


def require(
    person: Anyone,
    permission: Permission,
    agency: Agency | None = None,
    instrument: int | None = None,
) -> None:
    """Raise Denied unless `may` says yes."""
    if not may(person, permission, agency, instrument):
        raise Denied(_("Your roles do not include this. Ask the administrator of your agency."))


View = Callable[..., HttpResponse]


def takes_files(permission: Permission) -> Callable[[View], View]:
    """Mark a page to which files are sent, by people who hold the permission; others are refused.

    The server reads the mark as well: it asks before it receives a file, not afterwards.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
            require(request.user, permission)
            return view(request, *arguments, **keywords)

        return receives_files(checked, permission)

    return mark


def receives_files(view: View, permission: Permission) -> View:
    """Mark a view that refuses by itself, but to which files are sent by those who hold the permission."""
    view.permission_for_files = permission  # type: ignore[attr-defined]
    return view


def permission_for_files(view: View) -> Permission | None:
    """Return what a person needs to send files to the page; None: it takes none."""
    return getattr(view, "permission_for_files", None)


def roles(person: Anyone, agency: Agency) -> list[Role]:
    """Return the roles the person holds in this very agency, in the order of the table."""
    return list(holdings(person).get(agency, ()))


def holdings(person: Anyone) -> dict[Agency, list[Role]]:
    """Return the roles the person holds, by agency; of a person who may not sign in, too."""
    if isinstance(person, AnonymousUser):
        return {}
    if person.holdings is None:
        held_roles.read([person])
    return dict(person.holdings or {})


def _with_duties(grants: models.QuerySet[AgencyPermission]) -> models.QuerySet[AgencyPermission]:
    """Have each grant bring what it covers: no question more."""
    theirs = Duty.objects.filter(
        person=models.OuterRef("user"), agency=models.OuterRef("content_object")
    )
    one = theirs.values(duty=JSONObject(ordinary="ordinary", instruments="instruments"))
    return grants.annotate(
        duty=models.Subquery(one, output_field=models.JSONField()),
    )


def is_national(person: Anyone) -> bool:
    """Say whether the person holds a role that reaches every agency."""
    return any(role.reaches_every_agency for held in holdings(person).values() for role in held)


@dataclass(frozen=True)
class Member:
    """Who holds roles in an agency: each with the day from which it is held no longer, and what they cover."""

    person: Person
    ends: dict[Role, date | None]
    duties: Duties

    @property
    def roles(self) -> list[Role]:
        return held_roles.in_order(list(self.ends))


def memberships(agency: Agency) -> list[Member]:
    """Return everybody who holds a role in the agency, ordered by name: in one query."""
    grants = AgencyPermission.objects.filter(content_object=agency).select_related("user")
    found: dict[int, Member] = {}
    for grant, role in _with_roles(_with_duties(grants).order_by("user__name", "user__email")):
        duty = grant.duty  # type: ignore[attr-defined]
        own = Duties(duty["ordinary"], frozenset(duty["instruments"])) if duty else Duties()
        member = found.setdefault(grant.user_id, Member(grant.user, {}, own))
        member.ends[role] = grant.ends_on
    return list(found.values())


def end(person: Person, role: Role, agency: Agency, ends_on: date | None) -> None:
    """Say from which day on a role is held no longer; None: until it is taken."""
    grants = AgencyPermission.objects.filter(user=person, content_object=agency)
    grants.filter(permission__codename=role.value).update(ends_on=ends_on)
    person.holdings = None


def ended() -> list[tuple[Person, Agency, Role]]:
    """Return the roles that have ended and still lie in the table: they permit nothing any more."""
    rows = AgencyPermission.objects.exclude(_in_force())
    known = held_roles.ROLES_BY_CODE
    return [
        (grant.user, grant.content_object, known[grant.permission.codename])
        for grant in rows.select_related("user", "content_object", "permission")
        if grant.permission.codename in known
    ]


def members(agency: Agency) -> list[tuple[Person, list[Role]]]:
    """Return the people who hold a role in the agency with their roles, ordered by name."""
    grants = AgencyPermission.objects.filter(content_object=agency).select_related("user")
    by_person: dict[Person, list[Role]] = {}
    for grant, role in _with_roles(grants.order_by("user__name", "user__email")):
        by_person.setdefault(grant.user, []).append(role)
    return [(person, held_roles.in_order(held)) for person, held in by_person.items()]


def holders(*roles: Role, of: models.Q | None = None) -> dict[Agency, list[Person]]:
    """Return the people who hold any of the roles and may sign in, by agency, ordered by name.

    of: a condition on grants, where only some agencies are asked for.
    """
    grants = AgencyPermission.objects.filter(
        _in_force(),
        of or models.Q(),
        permission__codename__in=[role.value for role in roles],
        user__is_active=True,
    )
    by_agency: dict[Agency, dict[Person, None]] = {}
    for grant in grants.select_related("user", "content_object").order_by(
        "user__name", "user__email"
    ):
        by_agency.setdefault(grant.content_object, {})[grant.user] = None
    return {agency: list(people) for agency, people in by_agency.items()}


def conflicts(person: Anyone, *roles: Role, agency: Agency | None = None) -> list[Exclusion]:
    """Return what would exclude each other if the person held the roles in the agency too."""
    held = [(place.pk, role) for place, given in holdings(person).items() for role in given]
    return excluded([*held, *((agency.pk, role) for role in roles if agency)])


def held_at(email: str) -> list[tuple[int, Role]]:
    """Return the roles held by whoever has this address, each with the id of its agency.

    One query, whether or not somebody has it: how long it takes tells nothing.
    """
    grants = AgencyPermission.objects.filter(user__email__iexact=email)
    return [(grant.content_object_id, role) for grant, role in _with_roles(grants)]


def agencies_of(email: str) -> list[Agency]:
    """Return the agencies, two at most, in which whoever has this address holds a role; in one query, as `held_at`."""
    held = Agency.objects.filter(agencypermission__user__email__iexact=email)
    return list(held.distinct()[:2])


def in_conflict() -> dict[Person, list[Exclusion]]:
    """Return the people who hold roles that exclude each other since before that was so."""
    people: dict[Person, list[tuple[int, Role]]] = {}
    for grant, role in _with_roles(AgencyPermission.objects.select_related("user")):
        people.setdefault(grant.user, []).append((grant.content_object_id, role))
    return {person: broken for person, held in people.items() if (broken := excluded(held))}


def grant(person: Person, role: Role, agency: Agency, ends_on: date | None = None) -> None:
    """Give the role; with `ends_on`, until the day before it. Who may give it is decided in `agencies.authority`.

    Raises `Refused` where the person holds a role that excludes it. The database refuses it as well
    (a trigger, migration 0007), also where two are given at the same moment.
    """
    person.holdings = None
    for exclusion in conflicts(person, role, agency=agency):
        raise Refused(exclusion.reason)
    ended = AgencyPermission.objects.filter(user=person).exclude(_in_force())
    ended.delete()  # one that has ended would still exclude others in the database
    assign_perm(f"agencies.{role.value}", person, agency)
    given = AgencyPermission.objects.filter(user=person, content_object=agency)
    given.filter(permission__codename=role.value).update(ends_on=ends_on)
    person.holdings = None


def revoke(person: Person, role: Role, agency: Agency) -> None:
    """Take the role back."""
    remove_perm(f"agencies.{role.value}", person, agency)
    person.holdings = None
    if not AgencyPermission.objects.filter(user=person, content_object=agency).exists():
        Duty.objects.filter(person=person, agency=agency).delete()


def _reach(person: Anyone, permissions: frozenset[Permission]) -> set[int] | None:
    """Return the ids of the agencies for which the person holds any of the permissions; None: all."""
    reach, wanted = set(), _lent(person, permissions)
    for agency, held in holdings(person).items():
        for role in held:
            if role.permissions & wanted:
                if role.reaches_every_agency:
                    return None
                reach.add(agency.pk)
    return reach


def _lent(person: Anyone, permissions: frozenset[Permission]) -> frozenset[Permission]:
    """Return those of the permissions that the person can use: a program only those that its token lends."""
    lent = getattr(person, "lent", None)
    return permissions if lent is None else permissions & lent.permissions


def _with_roles(
    grants: models.QuerySet[AgencyPermission],
) -> Iterator[tuple[AgencyPermission, Role]]:
    """Give each grant with its role. One that has ended, or whose role is no longer in the table, permits nothing."""
    for grant in grants.filter(_in_force()).select_related("permission"):
        if grant.permission.codename in held_roles.ROLES_BY_CODE:
            yield grant, held_roles.ROLES_BY_CODE[grant.permission.codename]


def _in_force() -> models.Q:
    """Return the condition for grants that have not ended."""
    return models.Q(ends_on=None) | models.Q(ends_on__gt=timezone.localdate())


Row = TypeVar("Row", bound=models.Model)


class AgencyScoped(models.QuerySet[Row]):
    """A queryset of rows that belong to an agency and come from an instrument.

    A model names in `scope_permission` what a person needs to see its rows, and in
    `instrument_path`, where it is not a field of its own, how the instrument is reached.
    """

    def visible_to(self, person: Anyone) -> Self:
        permission: Permission = self.model.scope_permission  # type: ignore[attr-defined]
        path = getattr(self.model, "instrument_path", "instrument")
        return self.filter(covered(person, permission, instrument=path))
