"""Everybody who works for an agency, as its administrator sees them: found, sorted, reviewed once a year."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, accounts, audit, authority, collection
from agencies.access import Denied
from agencies.models import AccessReview, Agency, Person
from agencies.refusal import Refused
from agencies.roles import Role
from standards.languages import marked
from standards.spelling import fold

YEAR = timedelta(days=365)
QUIET = timedelta(days=90)  # without a sign-in
STATES = {
    "active": marked("active"),
    "quiet": marked("quiet for 90 days"),
    "invited": marked("has no password yet"),
    "no_factor": marked("second factor is lacking"),
    "ends": marked("with an end date"),
    "limited": marked("limited to instruments"),
    "review": marked("to be reviewed"),
    "stopped": marked("deactivated"),
}
SORTS = {
    "name": marked("Name"),
    "last": marked("Last signed in"),
    "roles": marked("Roles"),
    "review": marked("Last reviewed"),
}


@dataclass(frozen=True)
class Account:
    """One line of the list: the person, the roles in this agency, what they cover, and how the account stands."""

    person: Person
    ends: dict[Role, date | None]
    covers: list[str]  # titles of the instruments that are named
    ordinary: bool
    has_factor: bool
    reviewed_at: datetime | None

    @property
    def roles(self) -> list[Role]:
        return list(self.ends)

    @property
    def is_limited(self) -> bool:
        return not self.ordinary

    @property
    def lacks_factor(self) -> bool:
        needs = any(role.reaches_every_agency for role in self.ends)
        return settings.REQUIRE_SECOND_FACTOR and needs and not self.has_factor

    @property
    def is_quiet(self) -> bool:
        seen = self.person.last_login
        return seen is not None and seen < timezone.now() - QUIET

    @property
    def to_review(self) -> bool:
        """Whether nobody has looked at the roles within a year."""
        return (self.reviewed_at or self.person.joined_at) < timezone.now() - YEAR

    @property
    def state(self) -> str:
        """How the account stands: a key of STATES."""
        if not self.person.is_active:
            return "stopped"
        if not self.person.has_usable_password():
            return "invited"
        if self.lacks_factor:
            return "no_factor"
        return "quiet" if self.is_quiet else "active"

    def is_in(self, state: str) -> bool:
        """Say whether the account is in a state that the list can be limited to."""
        more = {
            "ends": any(self.ends.values()),
            "limited": self.is_limited,
            "review": self.to_review,
        }
        return bool(more[state]) if state in more else self.state == state


def accounts_of(agency: Agency) -> list[Account]:
    """Return everybody who holds a role in the agency, ordered by name: in six queries at most."""
    members = access.memberships(agency)
    people = [member.person for member in members]
    factors = set(Authenticator.objects.filter(user__in=people).values_list("user_id", flat=True))
    titles = {i.pk: i.title for i in collection.instruments_of(agency)}
    reviewed = dict(
        AccessReview.objects.filter(agency=agency, person__in=people)
        .order_by()
        .values_list("person")
        .annotate(Max("at"))
    )
    return [
        Account(
            member.person,
            {role: member.ends[role] for role in member.roles},
            sorted(titles[pk] for pk in member.duties.named if pk in titles),
            member.duties.ordinary,
            member.person.pk in factors,
            reviewed.get(member.person.pk),
        )
        for member in members
    ]


def chosen(
    everybody: Iterable[Account], *, text: str = "", role: str = "", state: str = "", sort: str = ""
) -> list[Account]:
    """Return those that fit: whose name or address has the text, who hold the role, are in the state; sorted."""
    wanted = fold(text.strip().casefold())
    found = [
        account
        for account in everybody
        if (
            not wanted or wanted in fold(f"{account.person.name} {account.person.email}".casefold())
        )
        and (not role or role in [held.value for held in account.roles])
        and (not state or account.is_in(state))
    ]
    never = datetime.min.replace(tzinfo=UTC)
    keys: dict[str, Callable[[Account], Any]] = {
        "name": lambda a: fold(str(a.person).casefold()),
        "last": lambda a: a.person.last_login or never,
        "roles": lambda a: [list(Role).index(held) for held in a.roles],
        "review": lambda a: a.reviewed_at or never,
    }
    return sorted(found, key=keys[sort or "name"])


def reviewable(by: Person, agency: Agency) -> set[Role]:
    """Return the roles a person decides on in a review: those of national administrators end on the server."""
    return set(authority.grantable(by, agency)) - {Role.NATIONAL_ADMIN}


@transaction.atomic
def review(
    agency: Agency, keep: dict[int, set[Role]], *, by: Person, link_base: str
) -> tuple[int, int]:
    """Sign a review: of each person, by id, the roles that stay; the others are taken at once.

    One's own roles another administrator reviews, and roles that are not one's to give stay as they
    are. Returns how many people were reviewed and how many roles taken. Raises `Denied`, `Refused`.
    """
    may = reviewable(by, agency)
    if not may:
        raise Denied(_("You do not manage the people of this agency."))
    members = {m.person.pk: m for m in access.memberships(agency) if m.person != by}
    if not keep or keep.keys() - members.keys():
        raise Refused(_("Somebody on this list was changed meanwhile. Look at it again."))
    leaving = {pk: set(members[pk].roles) & may - kept for pk, kept in keep.items()}
    admins = [members[pk].person for pk, taken in leaving.items() if Role.AGENCY_ADMIN in taken]
    if admins:  # asked before anything is taken: what is logged has happened
        authority.refuse_last_admin(admins[0], agency, *admins[1:])
    number = 0
    for pk, taken in leaving.items():
        member = members[pk]
        if taken:
            stay = set(member.roles) & set(authority.grantable(by, agency)) - taken
            accounts.change_roles(member.person, stay, agency=agency, by=by, link_base=link_base)
        AccessReview.objects.create(
            agency=agency,
            person=member.person,
            by=by,
            kept=sorted(set(member.roles) - taken),
            taken=sorted(taken),
        )
        number += len(taken)
    of = {"people": len(keep), "taken": number}
    audit.record("review", f"agency:{agency.pk}", name=agency.code, by=by, agency=agency, **of)
    return len(keep), number
