"""What the form of the table builder sends, and how one question is made from another.

A form sends each choice under a name of its own (`at-purpose=rows`); `settled` turns them into an address that
people can read (`rows=PURPOSE`), which is the saved question.
"""

from collections.abc import Sequence

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published import groups
from reports.published.addresses import in_order, text_of
from reports.published.editions import Edition
from reports.published.pivot_query import NAMES, TIMES, read, sides_of
from reports.published.query import PERIODS, Options, conditions_of
from reports.published.structure import SEX, TIME, Structure, Unknown
from reports.published.tree import coarsest

# `at-DIMENSION` says where it stands, `every` which kind of period, `make` and `called` a new group.
AT, EVERY, MAKE, CALLED = "at-", "every", "make", "called"
PERIOD = "period"  # stands for whichever kind of period is chosen


def part_of(query: QueryDict, structure: Structure, names: Sequence[str]) -> str:
    """Return the address of a question with these columns only: what can be had of one that cannot be answered."""
    result = query.copy()
    rows, cols = sides_of(query, structure)
    result["rows"] = ",".join(name for name in rows if name in names)
    result["cols"] = ",".join(name for name in cols if name in names)
    for key in query:
        name = structure.time_name(key.upper())
        if name in structure.by_name and name not in (*names, *TIMES):
            del result[key]
    where = conditions_of(query, structure, Options(NAMES))
    if TIME in where and coarsest(structure, where[TIME])[0] not in names:
        for key in (*PERIODS, *(k for k in query if structure.time_name(k.upper()) in TIMES)):
            result.pop(key, None)
    kept = [t for t in query.getlist("group") if t.partition(":")[0].upper() in (*rows, *cols)]
    result.setlist("group", [t for t in kept if t.partition(":")[0].upper() in names])
    result.pop("sort", None)
    return text_of(in_order(result))


def instead(query: QueryDict, structure: Structure, name: str, hinders: Sequence[str]) -> str:
    """Return the address with a column in the place of those that it cannot be crossed with."""
    _rows, cols = sides_of(query, structure)
    kept = QueryDict(part_of(query, structure, [n for n in structure.by_name if n not in hinders]))
    result = kept.copy()
    side = "cols" if any(other in cols for other in hinders) else "rows"
    result[side] = ",".join([*filter(None, [result.get(side, "")]), name])
    result["rows"] = result.get("rows", "")
    return text_of(in_order(result))


def in_rows(query: QueryDict, structure: Structure) -> QueryDict:
    """Return a question with its columns in the rows, so that it fits a page however many there are."""
    rows, cols = sides_of(query, structure)
    result = query.copy()
    result["rows"], result["cols"] = ",".join((*rows, *cols)), ""
    result.pop("sort", None)
    return in_order(result)


def of_form(query: QueryDict) -> bool:
    """Say whether parameters come from the form of the builder, so that there is a better address."""
    return any(key.startswith(AT) or key in (EVERY, MAKE, CALLED) for key in query)


def settled(query: QueryDict, structure: Structure) -> QueryDict:
    """Return what a form sent as an address that can be read. Raises Unknown for what no form sends."""
    rows, cols = _placed(query, structure)
    result = QueryDict(mutable=True)
    texts = [t for t in query.getlist("group") if t.partition(":")[0].upper() in (*rows, *cols)]
    made = query.get(MAKE, "").upper()
    if made:
        codes = [c for v in query.getlist(made.lower()) for c in v.split(",") if c]
        texts.append(groups.text_of(made, query.get(CALLED, ""), codes))
    for key in query:
        if key.startswith(AT) or key in (EVERY, MAKE, CALLED, "rows", "cols", "group"):
            continue
        values = [value for value in query.getlist(key) if value]
        if values and key != made.lower():
            result[key] = ",".join(values)
    result["rows"], result["cols"] = ",".join(rows), ",".join(cols)
    result.setlist("group", texts)
    return in_order(result)


def sorted_still(query: QueryDict, edition: Edition) -> QueryDict:
    """Return the parameters of a form without `sort` where its column is gone: nobody question for that."""
    if "sort" in query:
        try:
            read(query, edition).answer()
        except Unknown as unknown:
            if unknown.parameter == "sort":
                del query["sort"]
    return query


def _placed(query: QueryDict, structure: Structure) -> tuple[list[str], list[str]]:
    """Return where a form puts the dimensions: those that stay keep their order, further ones follow."""
    sides: dict[str, list[str]] = {}
    every = query.get(EVERY, "").upper()
    places = {}
    for key in query:
        if key.startswith(AT):
            name = key.removeprefix(AT)
            name = every if name == PERIOD else name.upper()
            if name and name not in structure.by_name:
                allowed = ", ".join(n for n in structure.by_name if n != SEX)
                raise Unknown(
                    _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
                    % {"name": name[:40], "allowed": allowed},
                    key[:40],
                )
            places[name] = query.get(key)
    for side in ("rows", "cols"):
        before = [n for value in query.getlist(side) for n in value.upper().split(",") if n]
        here = [name for name in before if places.get(name, side) == side]
        if every and every not in here and any(name in TIMES for name in here):
            here = [every if name in TIMES else name for name in here]
        here = [n for n in here if not (n in TIMES and every and places.get(every) != side)]
        new = [name for name, place in places.items() if place == side and name not in here]
        sides[side] = list(dict.fromkeys([*here, *new]))
    return sides["rows"], sides["cols"]
