"""The names of SDMX time periods: 2026, 2026-Q3 and 2026-10 as people say them."""

from datetime import date

from babel.dates import format_date


def name(period: str, language: str) -> str:
    """Return the period in words: `October 2026`, `Q3 2026`; what is no period stays as it is."""
    return _said(period, language, month="LLLL y", quarter="QQQ y")


def short(period: str, language: str) -> str:
    """Return the period as the axis of a chart has room for: `Oct 26`, `Q3 26`."""
    return _said(period, language, month="LLL yy", quarter="QQQ yy").replace(".", "")


def _said(period: str, language: str, *, month: str, quarter: str) -> str:
    year, _dash, part = period.partition("-")
    if not year.isdigit() or not part:
        return period
    if part.startswith("Q") and part[1:] in ("1", "2", "3", "4"):
        first = date(int(year), 3 * int(part[1:]) - 2, 1)
        return str(format_date(first, quarter, locale=language))
    if part.isdigit() and 1 <= int(part) <= 12:
        said = str(format_date(date(int(year), int(part), 1), month, locale=language))
        return said[:1].upper() + said[1:]
    return period
