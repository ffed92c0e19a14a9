"""Figures as people write them, in the active language."""

from decimal import ROUND_HALF_UP, Decimal

from django.template.defaultfilters import floatformat
from django.utils.formats import number_format


def count(number: int) -> str:
    """Return a count with the language's thousands separator."""
    return str(number_format(number, use_l10n=True, force_grouping=True))


def rounded(number: float) -> float:
    """Return a share with one decimal, halves away from zero: as pages write it, so are files."""
    return float(Decimal(repr(number)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def share(number: float) -> str:
    """Return a share in percent with one decimal."""
    return str(floatformat(number, "1g"))  # rounds; number_format cuts off
