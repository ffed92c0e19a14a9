"""Saying by which law an instrument is collected and for how long its records are kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Person
from agencies.roles import Permission
from records.codelists import changes, editions
from records.codelists.changes import Problem, Wrong
from records.instruments.terms import TERMS
from records.models import Instrument, ListEdition
from standards.editions import Edition
from standards.languages import LANGUAGES

LONGEST = 500  # characters of a legal basis
MOST_YEARS = 100


@transaction.atomic
def set_terms(
    instrument: Instrument, typed: Mapping[str, str], *, base: int, reason: str, by: Person
) -> ListEdition:
    """Say the terms of one instrument, as the next edition of the terms of all.

    typed: the legal basis in each language by its code, and `retention` in whole years; empty fields take
    back what was said. base: the number of the edition that the person had before her. Raises `Denied`,
    `Overtaken`, `Wrong` with every problem by its field, and `Refused` where nothing is changed.
    """
    access.require(by, Permission.ACCEPT)
    typed = {name: changes.plain(text) for name, text in typed.items()}
    if problems := list(_problems(instrument.code, typed)):
        raise Wrong(problems)
    changes.require_latest(TERMS, base)
    texts = {language: typed[language] for language in LANGUAGES if typed[language]}
    years = int(typed["retention"]) if typed["retention"] else None
    said: dict[str, Any] = {"legal_basis": texts, "retention": years}
    others = {k: v for k, v in editions.current(TERMS).codes.items() if k != instrument.code}
    codes = {**others, instrument.code: said} if texts or years else others
    edition = Edition(base + 1, codes)
    return changes.append(TERMS, edition, reason=reason, by=by, setting=instrument.code)


def _problems(code: str, typed: Mapping[str, str]) -> Iterator[Problem]:
    missing = [language for language in LANGUAGES if not typed[language]]
    if 0 < len(missing) < len(LANGUAGES):
        for language in missing:
            yield Problem(
                code, language, _("Say it in this language too: everybody reads their own.")
            )
    for language in LANGUAGES:
        if len(typed[language]) > LONGEST:
            yield Problem(
                code, language, _("It is too long: at most %(n)s characters.") % {"n": LONGEST}
            )
    years = typed["retention"]
    if years and not (
        years.isascii() and years.isdecimal() and len(years) < 4 and 0 < int(years) <= MOST_YEARS
    ):
        yield Problem(
            code, "retention", _("Type whole years, from 1 to %(n)s.") % {"n": MOST_YEARS}
        )
