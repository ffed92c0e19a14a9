"""The country of the portal, as definitions name it, so that no rule says which country it is."""

import os
from collections.abc import Iterable

from standards import codelists, editions

SITE = "site"  # the settings of the site, kept in editions as lists are
SETTING = "home_country"

HOME = "home"  # the country itself
HOME_REGIONS = "home_regions"  # its regions, without the code for what is not stated


def delivered() -> str:
    """Return the country where the site says nothing: of the environment, or of the file home.yaml."""
    return os.environ.get("COUNTRY") or str(codelists.standard("home")["country"])


def country() -> str:
    """Return the country that the figures are about: ISO 3166-1 alpha-3."""
    kept = editions.in_force(SITE).codes.get(SETTING, {})
    return str(kept.get("code") or delivered())


def expanded(codes: Iterable[str]) -> list[str]:
    """Return the codes, each once, with the codes of the country and its regions in place of `home` and `home_regions`."""
    return list(dict.fromkeys(code for word in codes for code in _meaning(word)))


def _meaning(word: str) -> list[str]:
    if word == HOME:
        return [country()]
    if word == HOME_REGIONS:
        stated = codelists.NOT_STATED
        return [c.code for c in codelists.load("regions").codes if not c.code.endswith(stated)]
    return [word]
