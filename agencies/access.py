"""Who may do what, for which agency: the only module that reads the grants of django-guardian.

The grants of a person are read once for each person object, that is once for each request or job;
`grant` and `revoke` make the object they are given read them again.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, remove_perm

from agencies.models import Agency, AgencyPermission, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Exclusion, Permission, Role, excluded

Anyone = Person | AnonymousUser


class Denied(PermissionDenied):
    """The person lacks the permission; Django answers 403 with this sentence."""


def agencies(person: Anyone, *permissions: Permission) -> models.QuerySet[Agency]:
    """Return the agencies for which the person holds any of the permissions (of all, if none is named).

    Lists, single checks, buttons, pages and the API are all made from this answer, so what a
    person sees and what a person can do cannot drift apart.
    """
    reach = _reach(person, frozenset(permissions or Permission))
    return Agency.objects.all() if reach is None else Agency.objects.filter(pk__in=reach)


def agency_ids(person: Anyone, *permissions: Permission) -> list[int]:
    """Return the ids of `agencies(person, *permissions)`."""
    reach = _reach(person, frozenset(permissions or Permission))
    return list(Agency.objects.values_list("pk", flat=True)) if reach is None else sorted(reach)


def may(person: Anyone, permission: Permission, agency: Agency | None = None) -> bool:
    """Say whether the person holds the permission for the agency, or for any agency."""
    reach = _reach(person, frozenset({permission}))
    if reach is None:
        return True
    return bool(reach) if agency is None else agency.pk in reach


def reaches_all(person: Anyone, permission: Permission) -> bool:
    """Say whether the person holds the permission for every agency, present and to come."""
    return _reach(person, frozenset({permission})) is None


def require(person: Anyone, permission: Permission, agency: Agency | None = None) -> None:
    """Raise Denied unless `may` says yes."""
    if not may(person, permission, agency):
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

        checked.permission_for_files = permission  # type: ignore[attr-defined]
        return checked

    return mark


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
        read_holdings([person])
    return dict(person.holdings or {})


def read_holdings(people: Iterable[Person]) -> None:
    """Read the roles of all these people with one question, for `holdings`."""
    by_person = {person.pk: person for person in people}
    held: dict[int, dict[Agency, list[Role]]] = {pk: {} for pk in by_person}
    grants = AgencyPermission.objects.filter(user__in=by_person).select_related("content_object")
    for grant, role in _with_roles(grants.order_by("content_object__code")):
        held[grant.user_id].setdefault(grant.content_object, []).append(role)
    for pk, person in by_person.items():
        person.holdings = {agency: _in_order(roles) for agency, roles in held[pk].items()}


def is_national(person: Anyone) -> bool:
    """Say whether the person holds a role that reaches every agency."""
    return any(role.reaches_every_agency for held in holdings(person).values() for role in held)


def members(agency: Agency) -> list[tuple[Person, list[Role]]]:
    """Return the people who hold a role in the agency with their roles, ordered by name."""
    grants = AgencyPermission.objects.filter(content_object=agency).select_related("user")
    by_person: dict[Person, list[Role]] = {}
    for grant, role in _with_roles(grants.order_by("user__name", "user__email")):
        by_person.setdefault(grant.user, []).append(role)
    return [(person, _in_order(held)) for person, held in by_person.items()]


def holders(*roles: Role) -> dict[Agency, list[Person]]:
    """Return the people who hold any of the roles and may sign in, by agency, ordered by name."""
    grants = AgencyPermission.objects.filter(
        permission__codename__in=[role.value for role in roles], user__is_active=True
    )
    by_agency: dict[Agency, list[Person]] = {}
    for grant in grants.select_related("user", "content_object").order_by(
        "user__name", "user__email"
    ):
        people = by_agency.setdefault(grant.content_object, [])
        if grant.user not in people:
            people.append(grant.user)
    return by_agency


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


def grant(person: Person, role: Role, agency: Agency) -> None:
    """Give the role. Who may give it is decided in `agencies.authority`.

    Raises `Refused` where the person holds a role that excludes it. The database refuses it as well
    (a trigger, migration 0007), also where two are given at the same moment.
    """
    person.holdings = None
    for exclusion in conflicts(person, role, agency=agency):
        raise Refused(exclusion.reason)
    assign_perm(f"agencies.{role.value}", person, agency)
    person.holdings = None


def revoke(person: Person, role: Role, agency: Agency) -> None:
    """Take the role back."""
    remove_perm(f"agencies.{role.value}", person, agency)
    person.holdings = None


def _reach(person: Anyone, permissions: frozenset[Permission]) -> set[int] | None:
    """Return the ids of the agencies for which the person holds any of the permissions; None: all."""
    reach = set()
    for agency, held in holdings(person).items():
        for role in held:
            if role.permissions & permissions:
                if role.reaches_every_agency:
                    return None
                reach.add(agency.pk)
    return reach


def _with_roles(
    grants: models.QuerySet[AgencyPermission],
) -> Iterator[tuple[AgencyPermission, Role]]:
    """Give each grant with its role. A grant of a role that is no longer in the table permits nothing."""
    known = {role.value: role for role in ROLES}
    for grant in grants.select_related("permission"):
        if grant.permission.codename in known:
            yield grant, known[grant.permission.codename]


def _in_order(held: list[Role]) -> list[Role]:
    return [role for role in ROLES if role in held]


Row = TypeVar("Row", bound=models.Model)


class AgencyScoped(models.QuerySet[Row]):
    """A queryset of rows that belong to an agency.

    A model names in `scope_permission` what a person needs to see its rows.
    """

    def visible_to(self, person: Anyone) -> Self:
        return self.filter(agency__in=agencies(person, self.model.scope_permission))  # type: ignore[attr-defined]
