"""What a reader asks for in an address: dimensions and codes, through a fixed list, never passed on.

A name nobody knows is refused, not ignored: a mistyped filter would show other figures than those
the reader believes to see.
"""

import re
from collections.abc import Iterable, Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published.structure import SEX, TIME, Structure, Unknown

# Parameters that pages and files have beside the dimensions, and marks that mailings add to links.
BESIDE = frozenset(
    {"by", "dataset", "format", "from", "lang", "limit", "offset", "page", "release", "to"}
)
MARKS = re.compile(r"utm_[a-z]+|fbclid|gclid|yclid")
PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?")
Codes = Mapping[str, list[str]]


def conditions_of(query: QueryDict, structure: Structure, beside: Iterable[str] = BESIDE) -> Codes:
    """Return dimension -> codes from parameters named as the dimensions (in any case).

    `from` and `to` limit the periods; a year stands for all of its months or quarters. Codes are
    divided by commas; empty parameters are no choice. `beside` are the names others read. Raises
    Unknown for any other name, for codes the structure lacks and where no period is left.
    """
    chosen: dict[str, list[str]] = {}
    for key in query:
        if key in beside or MARKS.fullmatch(key):
            continue
        name = _dimension(key, structure)
        if codes := [c for value in query.getlist(key) for c in value.split(",") if c]:
            chosen[name] = list(dict.fromkeys([*chosen.get(name, ()), *codes]))
    for name, codes in chosen.items():
        structure.require_codes(name, codes)
    if (periods := _between(query, structure)) is not None:
        chosen = {**chosen, **narrowed({TIME: periods}, {TIME: chosen.get(TIME, periods)})}
    return chosen


def dimensions_of(query: QueryDict, structure: Structure) -> list[str]:
    """Return the dimensions named in `by`, each once. Sex is in every answer, so it needs no place."""
    named = [n.strip().upper() for value in query.getlist("by") for n in value.split(",")]
    names = list(dict.fromkeys(filter(None, named)))
    if unknown := [name for name in names if name not in structure.by_name]:
        raise Unknown(
            _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
            % {"name": unknown[0][:40], "allowed": ", ".join(structure.names)},
            "by",
        )
    return [name for name in names if name != SEX]


def narrowed(fixed: Mapping[str, Iterable[str]], chosen: Codes) -> dict[str, list[str]]:
    """Return both conditions at once. Raises Unknown where they leave nothing of a dimension."""
    both = {name: list(codes) for name, codes in fixed.items()}
    for name, codes in chosen.items():
        allowed = both.get(name)
        both[name] = [code for code in codes if allowed is None or code in allowed]
        if not both[name]:
            raise Unknown(
                _("Nothing is left of “%(name)s”. Choose from: %(allowed)s.")
                % {"name": name, "allowed": ", ".join(allowed or ())},
                name.lower(),
            )
    return both


def _dimension(key: str, structure: Structure) -> str:
    name = key.upper()
    if name == SEX:
        raise Unknown(_("Sex is in every answer, as columns; it cannot be a condition."), "sex")
    structure.require_name(name)
    return name


def _between(query: QueryDict, structure: Structure) -> list[str] | None:
    """Return the periods between `from` and `to`, None where neither is given."""
    first, last = query.get("from", "").strip(), query.get("to", "").strip()
    if not first and not last:
        return None
    for name, value in (("from", first), ("to", last)):
        if value and not PERIOD.fullmatch(value):
            raise Unknown(
                _("“%(name)s” is a period such as 2026, 2026-Q3 or 2026-07, not “%(value)s”.")
                % {"name": name, "value": value[:40]},
                name,
            )
    known = [item.code for item in structure.by_name[TIME].items]
    found = [p for p in known if first <= p and (not last or p[: len(last)] <= last)]
    if not found:
        raise Unknown(
            _("No period lies between %(first)s and %(last)s. There are: %(known)s.")
            % {"first": first or "…", "last": last or "…", "known": ", ".join(known)},
            "from" if first else "to",
        )
    return found
