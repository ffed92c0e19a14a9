"""Table of contents of the portal."""

from allauth.account import urls as account
from django.urls import include, path

from agencies import pages
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
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("i18n/setlang/", pages.set_language, name="set_language"),
    path("accounts/", include([page for page in account.urlpatterns if page.name in ACCOUNT])),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("people/", include("agencies.urls")),
    path("", include("reports.urls")),
    path("", include("records.urls")),
]
