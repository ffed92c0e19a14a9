"""What kind of page an address asks for: whose threads serve it, and what it costs."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from migdata.server.arrival import ASKS, Arrival


def room_of(arrival: Arrival) -> str:
    """Return the name of the pool that serves a stranger's request."""
    path = arrival.address_of_page
    if path == _address("healthz"):
        return "health"
    if arrival.method in ("GET", "HEAD") and _is_static(path):
        return "files"
    # Whoever signs in is a stranger still, but not one of the crowd that reads figures.
    return "entrance" if path.startswith(_entrance()) else "public"


def cost_of(arrival: Arrival) -> str:
    """Return the kind of request, as settings.REQUESTS_A_MINUTE names them."""
    if arrival.method not in ASKS:
        return "forms"
    path, figures = arrival.address_of_page, _address("reports:dashboard")
    if not path.startswith(figures) or path.startswith(f"{figures}charts/"):
        return "pages"  # a page asks for several drawings at once
    if arrival.query or path.startswith(f"{figures}api/v1/") or "." in path.rpartition("/")[2]:
        return "costly"
    return "pages"


def _is_static(path: str) -> bool:
    """Say whether WhiteNoise has the file; an invented name goes the way of all pages."""
    prefix = f"/{settings.STATIC_URL.lstrip('/')}"
    if not path.startswith(prefix) or "\x00" in path or ".." in path:
        return False
    return (Path(settings.STATIC_ROOT) / path.removeprefix(prefix)).is_file()


@cache
def _address(name: str) -> str:
    return reverse(name)


@cache
def _entrance() -> str:
    """The folder of the pages of signing in."""
    return reverse("account_login").removesuffix("login/")
