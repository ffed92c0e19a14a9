"""Groups of codes that a reader makes: sums of protected figures, with all other codes as one more group.

    group=CITIZENSHIP:Neighbours=KAZ+UZB+AFG+IRN     one group of the reader's own; further ones follow
    group=CITIZENSHIP:M49                            the regions of the United Nations, of a list of countries

A sum of published figures tells no more than these do, so any group may be made; and since the rest stays in
the table, its totals stay too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from reports.published.figures import Row, Table, add_figures
from reports.published.structure import (
    OTHERS,
    ROLL_UPS,
    SEX,
    TIME,
    Dimension,
    Item,
    Structure,
    Unknown,
    with_code,
)
from standards import codelists
from standards.languages import LANGUAGES

PARAMETER = "group"
WORLD = "M49"
COUNTRIES = 100  # codes of countries from which on a dimension is a list of countries
LONGEST, MOST = 40, 30  # letters of a name, groups of a question
FORM = re.compile(r"([A-Za-z0-9_]{1,40}):(?:(M49)|([^=:]+)=(.*))", re.DOTALL)
SEPARATORS = re.compile(r"[+\s,]+")


@dataclass(frozen=True)
class Group:
    """Codes of a dimension under one name. `item` is its code and labels in the table."""

    item: Item
    codes: frozenset[str]


@dataclass(frozen=True)
class Grouping:
    """How the codes of one dimension are put together; `texts`: as it stands in an address."""

    dimension: str
    groups: tuple[Group, ...]
    texts: tuple[str, ...]

    def code_of(self, code: str) -> str:
        """Return the code of the group that holds a code."""
        return next((group.item.code for group in self.groups if code in group.codes), OTHERS)

    def of(self, dimension: Dimension) -> Dimension:
        """Return the dimension with the groups before its codes, which still have their labels."""
        kept = tuple(item for item in dimension.items if item.code != OTHERS)
        made = replace(dimension, items=tuple(group.item for group in self.groups))
        made = with_code(made, OTHERS)
        return replace(made, items=(*made.items, *kept))


Groupings = Mapping[str, Grouping]


def groupings_of(query: QueryDict, structure: Structure) -> dict[str, Grouping]:
    """Return dimension -> how it is grouped. Raises Unknown for a group that cannot be made."""
    texts = [text for text in query.getlist(PARAMETER) if text.strip()]
    if len(texts) > MOST:
        raise _refused(_("“group” can be given %(most)s times at most.") % {"most": MOST})
    found: dict[str, Grouping] = {}
    for text in texts:
        match = FORM.fullmatch(text.strip())
        if match is None:
            raise _refused(
                _(
                    "“group” names a dimension, a group and its codes, such as "
                    "CITIZENSHIP:Neighbours=KAZ+UZB+AFG+IRN; it is not “%(value)s”."
                )
                % {"value": text[:60]}
            )
        dimension = _dimension(match[1].upper(), structure)
        before = found.get(dimension.name, Grouping(dimension.name, (), ()))
        made = _of_the_world(dimension) if match[2] else _own(dimension, match[3], match[4], before)
        found[dimension.name] = _with(before, made)
    return found


def is_of_countries(dimension: Dimension) -> bool:
    """Say whether the codes of a dimension are countries, which have regions of M49."""
    known = codelists.regions_of_countries()
    return sum(item.code in known for item in dimension.items) >= COUNTRIES


def text_of(dimension: str, name: str, codes: Iterable[str]) -> str:
    """Return a group as it stands in an address."""
    return f"{dimension}:{name}={' '.join(codes)}"


def grouped(table: Table, groupings: Groupings) -> Table:
    """Return the table with the groups in place of the codes, in the order of the groups; its total stays."""
    places = {k: groupings[name] for k, name in enumerate(table.by) if name in groupings}
    if not places:
        return table
    parts: dict[tuple[str, ...], list[Row]] = {}
    for row in table.rows:
        codes = tuple(
            places[k].code_of(code) if k in places else code for k, code in enumerate(row.codes)
        )
        parts.setdefault(codes, []).append(row)
    structure = _with_groups(table.edition.structure, groupings)
    order = [
        {item.code: k for k, item in enumerate(structure.by_name[name].items)} for name in table.by
    ]
    rows = [
        Row(codes, add_figures((row.figures for row in inside), structure.base), inside[0].status)
        for codes, inside in sorted(
            parts.items(), key=lambda part: [o[c] for o, c in zip(order, part[0], strict=True)]
        )
    ]
    return Table(replace(table.edition, structure=structure), table.by, rows, table.where)


def _with_groups(structure: Structure, groupings: Groupings) -> Structure:
    dimensions = tuple(
        groupings[d.name].of(d) if d.name in groupings else d for d in structure.dimensions
    )
    return replace(structure, dimensions=dimensions)


def _dimension(name: str, structure: Structure) -> Dimension:
    if name == SEX or structure.time_name(name) in (TIME, *ROLL_UPS):
        raise _refused(_("Sex and periods are not grouped: choose years or quarters instead."))
    if name not in structure.by_name:
        allowed = ", ".join(n for n in structure.names if n not in (SEX, TIME))
        raise _refused(
            _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
            % {"name": name[:40], "allowed": allowed}
        )
    return structure.by_name[name]


def _own(dimension: Dimension, name: str, text: str, before: Grouping) -> Grouping:
    """Return one group that a reader made."""
    name, codes = " ".join(name.split()), [c for c in SEPARATORS.split(text.strip()) if c]
    if not name or len(name) > LONGEST or not name.isprintable():
        raise _refused(
            _("The name of a group has 1 to %(most)s letters, not “%(name)s”.")
            % {"most": LONGEST, "name": name[:40]}
        )
    for code in codes:
        if code not in dimension.by_code:
            raise _refused(
                _("“%(name)s” has no code “%(code)s”, which the group “%(group)s” names.")
                % {"name": dimension.name, "code": code[:40], "group": name}
            )
    if not codes:
        raise _refused(_("The group “%(group)s” has no codes.") % {"group": name})
    item = Item(f"_G{len(before.groups) + 1}", dict.fromkeys(LANGUAGES, name))
    codes = list(dict.fromkeys(codes))
    group = Group(item, frozenset(codes))
    return Grouping(dimension.name, (group,), (text_of(dimension.name, name, codes),))


def _of_the_world(dimension: Dimension) -> Grouping:
    if not is_of_countries(dimension):
        raise _refused(
            _("“%(name)s” has no regions of M49: it is no list of countries.")
            % {"name": dimension.name}
        )
    known = {item.code for item in dimension.items}
    groups = tuple(
        Group(Item(code, labels), frozenset(codes & known))
        for code, labels, codes in _regions()
        if codes & known
    )
    return Grouping(dimension.name, groups, (f"{dimension.name}:{WORLD}",))


@codelists.by_edition
def _regions() -> tuple[tuple[str, dict[str, str], frozenset[str]], ...]:
    """Return code, labels and countries of the sub-regions of M49, in the order of the list."""
    regions = codelists.load("world_regions")
    found: dict[str, set[str]] = {}
    for country, region in codelists.regions_of_countries().items():
        found.setdefault(region, set()).add(country)
    return tuple(
        (code.code, dict(code.labels), frozenset(found[code.code]))
        for code in regions.codes
        if code.code in found
    )


def _with(before: Grouping, made: Grouping) -> Grouping:
    """Return both together. Raises Unknown where a code would be counted twice, or two names are the same."""
    for group in made.groups:
        for other in before.groups:
            if group.item.labels == other.item.labels:
                text = _("Two groups have the name “%(group)s”.")
                raise _refused(text % {"group": group.item.labels["en"]})
            if twice := sorted(group.codes & other.codes):
                raise _refused(
                    _("“%(code)s” of “%(name)s” is in two groups; it would be counted twice.")
                    % {"code": twice[0], "name": before.dimension}
                )
    return Grouping(before.dimension, (*before.groups, *made.groups), (*before.texts, *made.texts))


def _refused(message: str) -> Unknown:
    return Unknown(message, PARAMETER)
