"""Every address of the portal, present and future, as tests ask for them."""

import re

from django.urls import URLPattern, URLResolver

PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def routes(patterns, prefix=""):
    """Yield the address of each route, with its parameters as the URL conf writes them."""
    for entry in patterns:
        path = prefix + str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield path
