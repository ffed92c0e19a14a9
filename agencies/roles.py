"""Roles and what each permits."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy


class Permission(StrEnum):
    SEE_RECORDS = "see_records"
    SEE_SUBMISSIONS = "see_submissions"
    ENTER = "enter"
    SIGN = "sign"
    ACCEPT = "accept"
    TABULATE = "tabulate"
    PUBLISH = "publish"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_AGENCIES = "manage_agencies"


class Role(models.TextChoices):
    """The values are guardian's permission codenames on Agency."""

    CLERK = "clerk", gettext_lazy("Clerk")
    REVIEWER = "reviewer", gettext_lazy("Reviewer")
    AGENCY_ADMIN = "agency_admin", gettext_lazy("Agency administrator")
    STATISTICIAN = "statistician", gettext_lazy("Statistician")
    PUBLISHER = "publisher", gettext_lazy("Publisher")
    VIEWER = "viewer", gettext_lazy("Viewer")
    NATIONAL_ADMIN = "national_admin", gettext_lazy("National administrator")


P = Permission
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: frozenset({P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.ENTER}),
    Role.REVIEWER: frozenset({P.SEE_RECORDS, P.SEE_SUBMISSIONS, P.SIGN}),
    Role.AGENCY_ADMIN: frozenset({P.MANAGE_PEOPLE}),
    Role.STATISTICIAN: frozenset({P.SEE_SUBMISSIONS, P.ACCEPT, P.TABULATE}),
    Role.PUBLISHER: frozenset({P.SEE_SUBMISSIONS, P.PUBLISH}),
    Role.VIEWER: frozenset(),
    Role.NATIONAL_ADMIN: frozenset({P.MANAGE_PEOPLE, P.MANAGE_AGENCIES}),
}
DESCRIPTIONS = {
    Role.CLERK: gettext_lazy("types, uploads, corrects, submits"),
    Role.REVIEWER: gettext_lazy("signs what a clerk submitted, never their own"),
    Role.AGENCY_ADMIN: gettext_lazy("accounts only, sees no records"),
    Role.STATISTICIAN: gettext_lazy("accepts submissions, makes exact tables"),
    Role.PUBLISHER: gettext_lazy("builds, releases and withdraws figures"),
    Role.VIEWER: gettext_lazy("reads published figures"),
    Role.NATIONAL_ADMIN: gettext_lazy("agencies and their administrators, sees no records"),
}
# These roles reach every agency, wherever they are held.
NATIONAL = frozenset({Role.STATISTICIAN, Role.PUBLISHER, Role.NATIONAL_ADMIN})
# Only the statistics office can give these.
STATISTICAL = frozenset({Role.STATISTICIAN, Role.PUBLISHER})
