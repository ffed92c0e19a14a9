"""Who reads the figures: everybody, or whoever has signed in (settings.FIGURES_ARE_PUBLIC). Said here alone.

The public pages, files and endpoints of figures are those of `reports` that need no account. On a shared site they
ask for one; a new page of figures does so without saying anything.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest

View = TypeVar("View", bound=Callable[..., Any])
FIGURES = "reports"  # the namespace of their addresses


def always_open(view: View) -> View:
    """Mark a page of `reports` that tells no figure, so that it is open on a shared site too."""
    view.login_required = False  # type: ignore[attr-defined]
    view.always_open = True  # type: ignore[attr-defined]
    return view


def open_like_figures(view: View) -> View:
    """Mark a page outside `reports` for whoever may read the figures: it tells none, but what they are made of."""
    view.login_required = False  # type: ignore[attr-defined]
    view.like_figures = True  # type: ignore[attr-defined]
    return view


def asks_for_sign_in(request: HttpRequest, view: Callable[..., Any]) -> bool:
    """Say whether the page that a request came to is only for people who have signed in."""
    if getattr(view, "login_required", True):
        return True
    like_figures = _is_of_figures(request, view) or getattr(view, "like_figures", False)
    return not settings.FIGURES_ARE_PUBLIC and like_figures


def may_be_stored(request: HttpRequest) -> bool:
    """Say whether caches may keep the answer to a visitor: it is one of figures that everybody may read."""
    place = request.resolver_match
    if place is None or getattr(place.func, "login_required", True):
        return False
    return settings.FIGURES_ARE_PUBLIC and _is_of_figures(request, place.func)


def _is_of_figures(request: HttpRequest, view: Callable[..., Any]) -> bool:
    place = request.resolver_match
    in_reports = place is not None and place.namespace == FIGURES
    return in_reports and not getattr(view, "always_open", False)
