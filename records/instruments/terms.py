"""By which law an instrument is collected, and for how long its records are kept.

Both differ from country to country, so no delivered instrument says them: the statistics office does
(`records.codelists.terms`), in a list of settings that is kept in editions as code lists are.
"""

from dataclasses import dataclass, field

from records.instruments.spec import Spec
from standards import editions
from standards.languages import Labels

TERMS = "terms"  # the list of settings: by code of an instrument, `legal_basis` and `retention`


@dataclass(frozen=True)
class Terms:
    """The legal basis by language, empty where nobody has said it, and how many years records are kept."""

    legal_basis: Labels = field(default_factory=dict)
    retention: int | None = None


def terms_of(spec: Spec) -> Terms:
    """Return the terms of an instrument: what this country says, else what its definition does."""
    said = editions.in_force(TERMS).codes.get(spec.code, {})
    return Terms(
        said.get("legal_basis") or spec.legal_basis, said.get("retention") or spec.retention
    )
