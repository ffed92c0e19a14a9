"""The years that a page of one dataset can be limited to, each as a link that keeps what else is chosen."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.pages.filters import PageQuestion
from reports.pages.public_releases import state_of_year
from reports.published.structure import TIME, Dimension, Structure
from standards.periods import FREQUENCIES, period_name
from standards.translation import active_language

PERIODS = ("from", "to", "time_period", "month", "quarter", "year", "period")
YEAR = "YEAR"


@dataclass(frozen=True)
class YearChoice:
    """A year to choose, or all of them. state: provisional or final, in words; address: parameters of the page."""

    label: str
    address: str
    current: bool
    state: str = ""


def choices(reading: PageQuestion) -> list[YearChoice]:
    """Return all years, then each from the newest, then those that another release has; empty where periods lie in
    no years."""
    structure = reading.edition.structure
    dimension = dimension_of_years(structure)
    if dimension is None:
        return []
    query = QueryDict(reading.query, mutable=True)
    chosen = _periods(query)
    for key in [key for key in query if key.lower() in PERIODS]:
        del query[key]
    rest, name = query.urlencode(), parameter(structure)
    years = [_("All years"), *(item.code for item in reversed(dimension.items))]
    states = {year.code: state_of_year(year) for year in structure.years}
    found = []
    for k, code in enumerate(years):
        own = {name: code} if k else {}
        address = "&".join(filter(None, [f"dataset={structure.dataset}", *_pairs(own), rest]))
        label = period_name(code, active_language()) if k else code
        found.append(YearChoice(label, address, chosen == own, states.get(code, "")))
    return [*found, *_elsewhere(structure, name)]


def chosen_year(reading: PageQuestion) -> str:
    """Return the year that the page is limited to by its own parameter; empty for none."""
    structure = reading.edition.structure
    asked = _periods(QueryDict(reading.query)).get(parameter(structure), "")
    dimension = dimension_of_years(structure)
    return asked if dimension and asked in dimension.by_code else ""


def parameter(structure: Structure) -> str:
    """Return the parameter by which a year is asked for."""
    return "year" if YEAR in structure.by_name or structure.frequency == "A" else TIME.lower()


def dimension_of_years(structure: Structure) -> Dimension | None:
    """Return the dimension whose codes are years; periods of academic years are years too."""
    if YEAR in structure.by_name:
        return structure.by_name[YEAR]
    return structure.by_name[TIME] if FREQUENCIES[structure.frequency].months == 12 else None


def _periods(query: QueryDict) -> dict[str, str]:
    """Return what limits the periods: parameter -> its values, as one text."""
    named = {key: ",".join(filter(None, query.getlist(key))) for key in query}
    return {key.lower(): text for key, text in named.items() if text and key.lower() in PERIODS}


def _elsewhere(structure: Structure, name: str) -> Iterator[YearChoice]:
    for code, release in sorted(structure.elsewhere.items(), reverse=True):
        label = _("%(year)s in %(release)s") % {
            "year": period_name(code, active_language()),
            "release": release,
        }
        yield YearChoice(
            label, f"dataset={structure.dataset}&{name}={code}&release={release}", False
        )


def _pairs(parameters: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in parameters.items()]
