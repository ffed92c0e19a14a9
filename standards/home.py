"""The country of the portal, as definitions name it, so that no rule says which country it is."""

import os
from collections.abc import Iterable

from standards import codelists

COUNTRY = os.environ.get("COUNTRY", "TKM")  # that the figures are about: ISO 3166-1 alpha-3

HOME = "home"  # the country itself
HOME_REGIONS = "home_regions"  # its regions, without the code for what is not stated


def expanded(codes: Iterable[str]) -> list[str]:
    """Return the codes with `home` and `home_regions` put in words: ["home", "XXA"] -> ["TKM", "XXA"]."""
    return [code for word in codes for code in _meaning(word)]


def _meaning(word: str) -> list[str]:
    if word == HOME:
        return [COUNTRY]
    if word == HOME_REGIONS:
        return [c.code for c in codelists.load("regions").codes if not c.code.endswith("_U")]
    return [word]
