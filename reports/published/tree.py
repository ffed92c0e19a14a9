"""From which table of the family a question is answered, and why some questions are not."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from reports.published.structure import ROLL_UPS, SEX, TIME, PublishedTable, Structure, Unknown
from standards.translation import in_language

Where = Mapping[str, Sequence[str]]


class NotTogether(Unknown):
    """A reader asks for columns that no table has together; the message names what can be had.

    parts: the largest parts of them that one table has.
    """

    def __init__(self, message: str, parameter: str, parts: list[list[str]]) -> None:
        super().__init__(message, parameter)
        self.parts = parts


def holding(
    structure: Structure, names: Iterable[str], where: Where
) -> tuple[PublishedTable, Where]:
    """Return the smallest table that has all columns of a question, and the conditions in its columns.

    Any table that has them gives the same figures. Raises NotTogether; Unknown for what the release lacks.
    """
    conditions = {name: codes for name, codes in where.items() if name != TIME}
    if TIME in where:
        time, codes = coarsest(structure, where[TIME])
        conditions[time] = codes
    wanted = list(dict.fromkeys([*names, *conditions]))
    for name in wanted:
        structure.require_name(name)
    tables = [t for t in structure.tables if all(has(t, name) for name in wanted)]
    if not tables:
        parts = together(structure, wanted)
        raise NotTogether(_refusal(structure, wanted, parts), "by", parts)
    return min(tables, key=lambda table: table.cells), conditions


def can_be_had(structure: Structure, names: Iterable[str]) -> bool:
    """Say whether a release has a table of these columns."""
    wanted = list(names)
    return all(name in structure.by_name for name in wanted) and any(
        all(has(table, name) for name in wanted) for table in structure.tables
    )


def has(table: PublishedTable, name: str) -> bool:
    """Say whether a table tells a column: it has it, or adds it up from its periods."""
    return name == SEX or name in table.columns or (name in ROLL_UPS and TIME in table.columns)


def coarsest(structure: Structure, periods: Sequence[str]) -> tuple[str, list[str]]:
    """Return chosen periods as whole years or quarters where they are that (of those in the release)."""
    chosen = set(periods)
    for longer in reversed(structure.roll_ups):
        codes = list(dict.fromkeys(structure.part_of(longer.name, period) for period in periods))
        inside = {p for p in structure.periods if structure.part_of(longer.name, p) in set(codes)}
        if inside == chosen:
            return longer.name, codes
    return TIME, list(periods)


def together(structure: Structure, wanted: Sequence[str]) -> list[list[str]]:
    """Return the largest parts of the wanted columns that one table has, in their order."""
    parts = {tuple(name for name in wanted if has(table, name)) for table in structure.tables}
    largest = [part for part in parts if not any({*part} < {*other} for other in parts)]
    return sorted(map(list, largest), key=lambda part: [wanted.index(name) for name in part])


def against(structure: Structure, chosen: Iterable[str]) -> dict[str, list[str]]:
    """Return for every further column which of the chosen ones it cannot be crossed with; none: it can be added.

    The tables of a family lie on the lines of a tree, so a column goes with several where it goes with each.
    """
    wanted = [name for name in dict.fromkeys(chosen) if name != SEX]

    def goes(*names: str) -> bool:
        return any(all(has(table, name) for name in names) for table in structure.tables)

    found = {}
    for name in structure.by_name:
        if name in wanted or name == SEX:
            continue
        hinder = [other for other in wanted if not goes(name, other)]
        found[name] = hinder or ([] if goes(name, *wanted) else wanted)
    return found


def _refusal(structure: Structure, wanted: Sequence[str], parts: Sequence[Sequence[str]]) -> str:
    def labels(names: Iterable[str]) -> str:
        return ", ".join(in_language(structure.by_name[name].labels) for name in names)

    return _(
        "These cannot be combined, so that nobody can be recognised: %(wanted)s. Together can be had: %(parts)s."
    ) % {
        "wanted": labels(wanted),
        "parts": "; ".join(labels(part) for part in parts),
    }
