"""Figures as people write them, in the active language."""

from django.template.defaultfilters import floatformat
from django.utils.formats import number_format


def count(number: int) -> str:
    """Return a count with the language's thousands separator."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def share(number: float) -> str:
    """Return a share in percent with one decimal."""
    return str(floatformat(number, "1g"))  # rounds; number_format cuts off
