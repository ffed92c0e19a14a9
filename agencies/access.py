"""Who may do what, for which agency: the only module that asks django-guardian."""

from collections.abc import Iterable
from typing import Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from agencies.models import Agency, AgencyPermission, Person
from agencies.roles import GRANTS, NATIONAL, Permission, Role

Anyone = Person | AnonymousUser


class Denied(PermissionDenied):
    """The person lacks the permission; Django answers 403 with this sentence."""


def _holding(person: Anyone, roles: Iterable[Role]) -> models.QuerySet[Agency]:
    wanted = [f"agencies.{role.value}" for role in roles]
    if not wanted or not person.is_authenticated:
        return Agency.objects.none()
    found: models.QuerySet[Agency] = get_objects_for_user(
        person,
        wanted,
        Agency,
        any_perm=True,
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    return found


def agencies(person: Anyone, *permissions: Permission) -> models.QuerySet[Agency]:
    """Return the agencies for which the person holds any of the permissions (of all, if none is named).

    Lists, single checks, buttons, pages and the API are all made from this answer, so what a
    person sees and what a person can do cannot drift apart.
    """
    asked = frozenset(permissions or Permission)
    roles = [role for role, held in GRANTS.items() if held & asked]
    if _holding(person, [role for role in roles if role in NATIONAL]).exists():
        return Agency.objects.all()
    return _holding(person, [role for role in roles if role not in NATIONAL])


def may(person: Anyone, permission: Permission, agency: Agency | None = None) -> bool:
    """Say whether the person holds the permission for the agency, or for any agency."""
    reach = agencies(person, permission)
    return (reach if agency is None else reach.filter(pk=agency.pk)).exists()


def require(person: Anyone, permission: Permission, agency: Agency | None = None) -> None:
    """Raise Denied unless `may` says yes."""
    if not may(person, permission, agency):
        raise Denied(_("Your roles do not include this. Ask the administrator of your agency."))


def roles(person: Person, agency: Agency) -> list[Role]:
    """Return the roles the person holds in this very agency, in the order of Role."""
    held = set(
        AgencyPermission.objects.filter(user=person, content_object=agency).values_list(
            "permission__codename", flat=True
        )
    )
    return [role for role in Role if role.value in held]


def holdings(person: Person) -> dict[Agency, list[Role]]:
    """Return the roles the person holds, by agency; of a person who may not sign in, too."""
    found = AgencyPermission.objects.filter(user=person).select_related("content_object")
    return {grant.content_object: roles(person, grant.content_object) for grant in found}


def is_national(person: Anyone) -> bool:
    """Say whether the person holds a role that reaches every agency."""
    return _holding(person, NATIONAL).exists()


def home_agency(person: Person) -> Agency | None:
    """Return the agency in which the person holds a role, the first by code if several."""
    return _holding(person, Role).first()


def grant(person: Person, role: Role, agency: Agency) -> None:
    """Give the role. Who may give it is decided in `agencies.accounts`."""
    assign_perm(f"agencies.{role.value}", person, agency)


def revoke(person: Person, role: Role, agency: Agency) -> None:
    """Take the role back."""
    remove_perm(f"agencies.{role.value}", person, agency)


Row = TypeVar("Row", bound=models.Model)


class AgencyScoped(models.QuerySet[Row]):
    """A queryset of rows that belong to an agency.

    A model names in `scope_permission` what a person needs to see its rows.
    """

    def visible_to(self, person: Anyone) -> Self:
        return self.filter(agency__in=agencies(person, self.model.scope_permission))  # type: ignore[attr-defined]
