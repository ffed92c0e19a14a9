"""How periods, shares and quotations are written in the language of the page."""

from django.template import Library
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from standards.periods import period_in_text as name_in_text
from standards.periods import period_name
from standards.translation import active_language

register = Library()


@register.filter
def period(value: str) -> str:
    """Return the name of an SDMX time period: October 2026."""
    return period_name(str(value), active_language())


@register.filter
def period_in_text(value: str) -> str:
    """Return the name of a time period within a sentence: за октябрь 2026."""
    return name_in_text(str(value), active_language())


@register.filter
def percent(value: float) -> str:
    """Return a share with one decimal and its sign: 37.7%, in Russian and Turkmen 37,7 %."""
    return _("%(share)s%%") % {"share": floatformat(value, "1g")}


@register.filter
def signed(value: float) -> str:
    """Return a difference with one decimal and its sign: +3.1, −0.4, 0.0."""
    sign = "+" if round(value, 1) > 0 else "−" if round(value, 1) < 0 else ""
    return sign + floatformat(abs(value), "1g")


@register.filter
def quoted(value: object) -> str:
    """Return a text in the quotation marks of the language."""
    return _("“%(text)s”") % {"text": value}
