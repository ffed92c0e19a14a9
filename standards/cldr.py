"""Names of countries in Unicode CLDR, as the installed Babel holds them."""

from collections.abc import Iterable

from standards.languages import LANGUAGES


def country_names(alpha2: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return ISO 3166 alpha-2 code -> its names in the languages of the portal, each once."""
    from babel import Locale  # here: most processes never look at a country

    territories = [Locale(language).territories for language in LANGUAGES]
    return {
        code: tuple(dict.fromkeys(names[code] for names in territories if code in names))
        for code in alpha2
    }
