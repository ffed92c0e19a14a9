"""The part of a form where roles, their ends and the instruments they cover are chosen; as it is shown and sent."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from agencies import access, authority, collection
from agencies.coverage import Duties
from agencies.http import SignedInRequest
from agencies.models import Agency, Person
from agencies.roles import ROLES, Permission, Role


def managed(request: SignedInRequest, code: str) -> Agency:
    """Return the agency whose people the person manages; 404 for any other."""
    return get_object_or_404(
        access.agencies(request.user, Permission.MANAGE_PEOPLE), code__iexact=code
    )


def whole_number(text: str) -> int:
    """Return an id as a form sends it; 404 for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) < 18):
        raise Http404
    return int(text)


def roles_named(codes: list[str]) -> list[Role]:
    """Return the roles with these codes, in the order of the table."""
    return [role for role in ROLES if role.value in codes]


@dataclass
class Choice:
    """What is chosen for a person in an agency. `like` is the colleague whose roles are copied."""

    agency: Agency
    roles: list[Role] = field(default_factory=list)
    duties: Duties = field(default_factory=Duties)
    ends: dict[Role, date | None] = field(default_factory=dict)
    names_instruments: bool = False  # whether the form asked for instruments
    like_person: Person | None = None

    @classmethod
    def of(cls, person: Person, agency: Agency) -> "Choice":
        """Return what a person holds now."""
        member = next((m for m in access.memberships(agency) if m.person == person), None)
        if member is None:
            return cls(agency)
        return cls(agency, member.roles, member.duties, dict(member.ends))

    @classmethod
    def like(cls, request: SignedInRequest, agency: Agency) -> "Choice":
        """Return the roles of the colleague whom the address names, or nothing; 404 for a stranger."""
        if not request.GET.get("like"):
            return cls(agency)
        colleague = get_object_or_404(Person, pk=whole_number(request.GET["like"]))
        choice = cls.of(colleague, agency)
        if not choice.roles:
            raise Http404
        choice.like_person, choice.ends = colleague, {}
        return choice

    @classmethod
    def posted(cls, request: SignedInRequest, agency: Agency) -> "Choice":
        """Return what a form sent. Raises BadRequest for a day that is none, Http404 for an id that is none."""
        roles = roles_named(request.POST.getlist("roles"))
        named = frozenset(whole_number(pk) for pk in request.POST.getlist("instruments"))
        return cls(
            agency,
            roles,
            Duties("ordinary" in request.POST, named),
            {role: _day(request.POST.get(f"ends_{role.value}", "")) for role in roles},
            "covers" in request.POST,
        )

    def context(self, by: Person) -> dict[str, Any]:
        """Return what agencies/_roles.html shows: roles to choose, instruments, colleagues to copy."""
        grantable = authority.grantable(by, self.agency)
        own = set(grantable) - authority.ADMINISTRATORS
        return {
            "roles": [
                {
                    "value": role.value,
                    "label": role.label,
                    "says": role.description,
                    "on": role in self.roles,
                    "ends": self.ends.get(role),
                }
                for role in grantable
            ],
            "others": [role.label for role in self.roles if role not in grantable],
            "ordinary": self.duties.ordinary,
            "instruments": [
                {"asked": i, "on": i.pk in self.duties.named}
                for i in (collection.instruments_of(self.agency) if own else [])
            ],
            "colleagues": [m.person for m in access.memberships(self.agency)] if own else [],
            "like": self.like_person,
        }


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise BadRequest(_("“%(text)s” is no date.") % {"text": text[:20]})
    return day
