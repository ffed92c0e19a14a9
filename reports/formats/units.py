"""What a release counts, in words: its unit, and by whose definition."""

from django.utils.translation import gettext as _

from reports.published.structure import Structure


def unit(structure: Structure) -> str:
    """Return what is counted, in words (SDMX UNIT_MEASURE)."""
    words = {
        "PS": _("persons"),
        "EVT": _("events"),
        "DOC": _("documents"),
        "TRF": _("transfers of money"),
        "USD": _("US dollars"),
        "PT": _("per cent"),
    }
    return words.get(structure.unit, structure.unit)


def concept(structure: Structure) -> str:
    """Return by whose definition it is counted, in words."""
    words = {
        "ADM": _("administrative count"),
        "NAT_LAW": _("national legal definition"),
        "UN98": _("UN recommendations 1998"),
        "UN21": _("UN framework 2021"),
    }
    return words.get(structure.concept, structure.concept)
