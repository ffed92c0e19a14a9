"""The settings of the site that are kept in editions, as code lists are: the home country."""

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes
from records.models import ListEdition
from standards import codelists
from standards.editions import Edition
from standards.home import SETTING, SITE


@transaction.atomic
def set_home_country(code: str, *, base: int, reason: str, by: Person) -> ListEdition:
    """Say which country the figures are about, as the next edition of the settings of the site.

    base: the number of the edition that the person had before her. Rules of instruments and groups of datasets that
    say “home” mean the country from then on; what is published stays. Raises `Denied`, `Overtaken`, and `Refused` for
    what is no country.
    """
    access.require(by, Permission.ACCEPT)
    item = codelists.load("countries").by_code.get(code)
    if item is None or not item.parent:  # what has no region of the world is no country
        raise Refused(_("Choose a country of the list."))
    changes.require_latest(SITE, base)
    edition = Edition(base + 1, {SETTING: {"code": code}})
    return changes.append(SITE, edition, reason=reason, by=by)
