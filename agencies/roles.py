"""The table of roles: what each is called, where it is given, how far it reaches, what it permits."""

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


class Scope(Enum):
    """Where a role is given, and which agencies it reaches."""

    AGENCY = "agency"  # given in any agency, reaches that agency
    STATISTICS_OFFICE = "statistics office"  # given there only, reaches every agency
    NATIONAL = "national"  # given by a command only (docs/deploy.md), reaches every agency


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
        {P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.ENTER},
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
        {P.MANAGE_PEOPLE, P.DECLARE_NUMBERING},
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
        {P.MANAGE_PEOPLE, P.MANAGE_AGENCIES},
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
