"""Table of contents of the portal."""

from django.urls import include, path

from migdata import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("allauth.urls")),
    path("people/", include("agencies.urls")),
    path("", include("reports.urls")),
    path("", include("records.urls")),
]
