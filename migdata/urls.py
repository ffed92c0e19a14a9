"""Table of contents of the portal."""

from allauth.account import urls as account
from allauth.mfa import urls as second_factor
from django.urls import URLPattern, URLResolver, include, path

from agencies import pages
from agencies.http import takes_forms
from migdata import health

# Of allauth's pages only these: an account is made by invitation and keeps its address, so nobody
# signs up, adds an address or confirms one.
ACCOUNT = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

handler500 = "migdata.unavailable.server_error"


def of_account(*patterns: URLPattern | URLResolver) -> list[URLPattern | URLResolver]:
    """Return pages of allauth, which take forms and no other method: theirs would answer a PUT as a POST."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            of_account(*pattern.url_patterns)
        else:
            pattern.callback = takes_forms(pattern.callback)
    return list(patterns)


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("i18n/setlang/", pages.set_language, name="set_language"),
    path(
        "accounts/",
        include(of_account(*(page for page in account.urlpatterns if page.name in ACCOUNT))),
    ),
    path("accounts/2fa/", include(of_account(*second_factor.urlpatterns))),
    path("people/", include("agencies.urls")),
    path("api/v1/", include("records.api.urls")),
    path("", include("reports.urls")),
    path("", include("records.urls")),
]
