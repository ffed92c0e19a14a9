"""The settings of the site that are kept in editions, as code lists are: the home country."""

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes
from records.instruments.spec import CODE_LISTS
from records.instruments.versions import current_of
from records.models import Instrument, InstrumentVersion, ListEdition
from standards import codelists
from standards.editions import Edition
from standards.home import HOME, HOME_REGIONS, SETTING, SITE, country


def require_country(code: str) -> None:
    """Raise `Refused` for what is no other country than the one that is home."""
    item = codelists.load("countries").by_code.get(code)
    if item is None or not item.parent:  # what has no region of the world is no country
        raise Refused(_("Choose a country of the list."))
    if code == country():
        raise Refused(_("Nothing is changed."))


def instruments_of_home() -> list[tuple[InstrumentVersion, int]]:
    """Return the newest versions of the instruments whose rules say “home”, each with how many of them do."""
    newest = current_of(Instrument.objects.all()).values()
    counted = [(version, _rules_of_home(version)) for version in newest]
    return sorted((pair for pair in counted if pair[1]), key=lambda pair: pair[0].instrument.code)


def _rules_of_home(version: InstrumentVersion) -> int:
    return sum(
        any({HOME, HOME_REGIONS} & set(part.get(key, ())) for part in rule["when"] for key in CODE_LISTS)
        for rule in version.content["rules"]
    )  # fmt: skip


@transaction.atomic
def set_home_country(code: str, *, base: int, reason: str, by: Person) -> ListEdition:
    """Say which country the figures are about, as the next edition of the settings of the site.

    base: the number of the edition that the person had before her. Rules of instruments and groups of datasets that
    say “home” mean the country from then on; what is published stays. Raises `Denied`, `Overtaken`, and `Refused` for
    what is no country.
    """
    access.require(by, Permission.ACCEPT)
    require_country(code)
    changes.require_latest(SITE, base)
    edition = Edition(base + 1, {SETTING: {"code": code}})
    return changes.append(SITE, edition, reason=reason, by=by, setting=code)
