"""A search in words: for the person who searches, for whoever she sends it to, and for the log."""

from collections.abc import Mapping

from django.utils import formats, translation
from django.utils.translation import gettext as _

from records.review.breakdowns import label_of, label_of_dimension
from records.search.asked import TYPED, Search, behind_of
from standards.languages import LANGUAGES
from standards.periods import period_in_text
from standards.translation import active_language, in_language


def limits(search: Search) -> list[str]:
    """Return the limits of a search in the active language. A record number is not words: the log has none."""
    words = [period_in_text(search.period, active_language())] if search.period else []
    if search.first:
        words.append(_("from %(day)s") % {"day": _written(search.first)})
    if search.last:
        words.append(_("until %(day)s") % {"day": _written(search.last)})
    words += [_of_codes(name, codes, search) for name, codes in search.codes.items()]
    words += [behind.label for behind in behind_of(search)]
    if search.number:
        words.append(_("a record number"))
    if search.upload == TYPED:
        words.append(_("typed, not from a file"))
    elif search.upload:
        words.append(_("from file %(number)s") % {"number": search.upload})
    if search.person:
        words.append(_("the same person as in one record"))
    return words


def in_every_language(search: Search) -> Mapping[str, str]:
    """Return a search as the log keeps it."""
    texts = {}
    for language in LANGUAGES:
        with translation.override(language):
            texts[language] = "; ".join(limits(search)) or _("all records")
    return texts


def _of_codes(name: str, codes: tuple[str, ...], search: Search) -> str:
    variable = search.spec.by_name.get(name)
    label = in_language(variable.label) if variable else label_of_dimension(search.spec, name)
    labels = dict.fromkeys(label_of(search.spec, name, code) for code in codes)
    return f"{label}: {', '.join(labels)}"


def _written(day: object) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")  # type: ignore[arg-type]
