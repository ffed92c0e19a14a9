"""The table of roles: what each is called, where it is given, what it permits, what it excludes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from django.utils.translation import gettext

from standards.languages import marked


class Permission(StrEnum):
    """One thing a person may do. Pages, verbs and row-level security ask for these, never for roles."""

    SEE_RECORDS = "see_records"
    SEE_SUBMISSIONS = "see_submissions"
    ENTER = "enter"
    SIGN = "sign"
    ACCEPT = "accept"
    TABULATE = "tabulate"
    PUBLISH = "publish"
    MANAGE_PEOPLE = "manage_people"
    DECLARE_NUMBERING = "declare_numbering"
    MANAGE_AGENCIES = "manage_agencies"
    SEE_LOG = "see_log"
    SEE_TOKENS = "see_tokens"  # sees and revokes them; who enters records makes them


class Scope(Enum):
    """Where a role is given, and which agencies it reaches."""

    AGENCY = "agency"  # given in any agency, reaches that agency
    STATISTICS_OFFICE = "statistics office"  # given there only, reaches every agency
    NATIONAL = "national"  # given by two who hold it, or by a command; reaches every agency


P = Permission


class Role(StrEnum):
    """The roles. A new one is one entry here, and the migration that `makemigrations` writes.

    An entry is: code (its guardian permission on Agency), label, description, scope, permissions.
    """

    _value_: str
    _texts: tuple[str, str]  # label and description, marked for the translators
    scope: Scope
    permissions: frozenset[Permission]

    CLERK = (
        "clerk",
        marked("Clerk"),
        marked("types, uploads, corrects, submits"),
        Scope.AGENCY,
        {P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.ENTER, P.SEE_TOKENS},
    )
    REVIEWER = (
        "reviewer",
        marked("Reviewer"),
        marked("signs what a clerk submitted, never their own"),
        Scope.AGENCY,
        {P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.SIGN},
    )
    AGENCY_ADMIN = (
        "agency_admin",
        marked("Agency administrator"),
        marked("accounts only, sees no records"),
        Scope.AGENCY,
        {P.MANAGE_PEOPLE, P.DECLARE_NUMBERING, P.SEE_LOG, P.SEE_TOKENS},
    )
    STATISTICIAN = (
        "statistician",
        marked("Statistician"),
        marked("accepts submissions, makes exact tables"),
        Scope.STATISTICS_OFFICE,
        {P.SEE_SUBMISSIONS, P.ACCEPT, P.TABULATE},
    )
    PUBLISHER = (
        "publisher",
        marked("Publisher"),
        marked("builds, releases and withdraws figures"),
        Scope.STATISTICS_OFFICE,
        {P.SEE_SUBMISSIONS, P.PUBLISH},
    )
    VIEWER = (
        "viewer",
        marked("Viewer"),
        marked("reads published figures"),
        Scope.AGENCY,
        set[Permission](),
    )
    NATIONAL_ADMIN = (
        "national_admin",
        marked("National administrator"),
        marked("agencies and their administrators, sees no records"),
        Scope.NATIONAL,
        {P.MANAGE_PEOPLE, P.MANAGE_AGENCIES, P.SEE_TOKENS},
    )
    AUDITOR = (
        "auditor",
        marked("Auditor"),
        marked(
            "reads who did what in every agency, sees no records and no figures that are not public"
        ),
        Scope.NATIONAL,
        {P.SEE_LOG},
    )

    def __new__(
        cls, code: str, label: str, description: str, scope: Scope, permissions: set[Permission]
    ) -> "Role":
        role = str.__new__(cls, code)
        role._value_ = code
        role._texts = (label, description)
        role.scope = scope
        role.permissions = frozenset(permissions)
        return role

    @property
    def label(self) -> str:
        """What people call the role, in the language of the page."""
        return gettext(self._texts[0])

    @property
    def description(self) -> str:
        """What the role is for, in the language of the page."""
        return gettext(self._texts[1])

    @property
    def reaches_every_agency(self) -> bool:
        return self.scope is not Scope.AGENCY

    def is_given_in(self, *, statistics_office: bool) -> bool:
        """Say whether an administrator of such an agency can give the role there."""
        return self.scope is Scope.AGENCY or (
            self.scope is Scope.STATISTICS_OFFICE and statistics_office
        )

    @classmethod
    def model_permissions(cls) -> list[tuple[str, str]]:
        """Return the guardian permissions of Agency, as (code, English label)."""
        return [(role.value, role._texts[0]) for role in cls]


ROLES = tuple(Role)


def _with(*permissions: Permission) -> frozenset[Role]:
    """Return the roles that hold any of the permissions."""
    return frozenset(role for role in Role if role.permissions & set(permissions))


FOR_ALL_AGENCIES = (P.ACCEPT, P.TABULATE, P.PUBLISH)
OF_DELIVERIES = (P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.ENTER, P.SIGN, *FOR_ALL_AGENCIES)


@dataclass(frozen=True)
class Exclusion:
    """One person never holds a role of the one side and a role of the other, in whatever agencies."""

    one: frozenset[Role]
    other: frozenset[Role]
    text: str  # the reason, marked for the translators
    elsewhere: bool = False  # only where the two are held in different agencies

    @property
    def reason(self) -> str:
        """Why, in the language of the page."""
        return gettext(self.text)


# A clerk may be a reviewer, and an administrator of a small agency may be either: who signs must not
# have had the rows in hand, which is asked of each submission.
EXCLUSIONS = (
    Exclusion(
        frozenset({Role.NATIONAL_ADMIN}),
        _with(*OF_DELIVERIES) | {Role.AGENCY_ADMIN},
        marked("A national administrator has nothing to do with what agencies deliver."),
    ),
    Exclusion(
        frozenset({Role.AUDITOR}),
        _with(*OF_DELIVERIES, P.MANAGE_PEOPLE, P.MANAGE_AGENCIES),
        marked(
            "An auditor reads what others did, so she delivers, accepts and administers nothing."
        ),
    ),
    Exclusion(
        frozenset({Role.AGENCY_ADMIN}),
        _with(*FOR_ALL_AGENCIES),
        marked("Who accepts or publishes for all agencies makes no accounts for others."),
    ),
    Exclusion(
        _with(*FOR_ALL_AGENCIES),
        _with(P.SEE_RECORDS),
        marked("Who accepts or publishes for all agencies does not work for another one of them."),
        elsewhere=True,
    ),
)


def excluded(held: Iterable[tuple[int, Role]]) -> list[Exclusion]:
    """Return what is broken by one person who holds these roles, each with the id of its agency."""
    roles = set(held)
    return [
        exclusion
        for exclusion in EXCLUSIONS
        if any(
            here != there or not exclusion.elsewhere
            for here, role in roles
            if role in exclusion.one
            for there, other in roles
            if other in exclusion.other
        )
    ]


def excluded_pairs() -> list[tuple[str, str, bool]]:
    """Return the table in both directions as (role, other role, only elsewhere), for the database."""
    pairs = {
        (role.value, other.value): exclusion.elsewhere
        for exclusion in reversed(EXCLUSIONS)
        for one in exclusion.one
        for two in exclusion.other
        for role, other in ((one, two), (two, one))
    }
    return sorted((role, other, elsewhere) for (role, other), elsewhere in pairs.items())
