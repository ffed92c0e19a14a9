"""`{{ submission.period|period }}`: a time period in the language of the page."""

from django.template import Library
from django.utils.translation import get_language

from migdata import periods

register = Library()


@register.filter
def period(value: str) -> str:
    """Return the name of an SDMX time period."""
    return periods.name(str(value), (get_language() or "en")[:2])
