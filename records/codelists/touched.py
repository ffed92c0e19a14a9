"""What a code list touches: instruments, rules, records, words of agencies, datasets."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Person
from agencies.roles import Permission
from records.codelists.stated import stated
from records.instruments.spec import Check, Spec, Variable
from records.instruments.versions import current_of, spec_of
from records.models import Instrument, InstrumentVersion, LearnedWord
from standards import codelists
from standards.translation import in_language

# Functions of the rooms above: names of lists and codes -> (code, title) of the datasets that name one of the codes;
# without codes, of those that have a dimension of one of the lists.
datasets_with: list[Callable[[Collection[str], Collection[str]], list[tuple[str, str]]]] = []


# An instrument that asks for a list: its newest version, what that says, and the variables.
AskingFor = tuple[InstrumentVersion, Spec, tuple[Variable, ...]]


@dataclass(frozen=True)
class Use:
    """How far a code is used: in how many records, by the id of their instrument, and which datasets and rules name it."""

    records: dict[int, int] = field(default_factory=dict)
    named_by: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.records.values())

    @property
    def is_used(self) -> bool:
        """Say whether anything was recorded with the code, or is published by its name."""
        return bool(self.total or self.named_by)

    def sentence(self) -> str:
        """Say why the code cannot be retired without a successor. Without a number: of some records it may not be told."""
        return _("The code is in use: records state it. Name its successor.")


@dataclass(frozen=True)
class Asking:
    """An instrument that asks for codes of a list: its version, the variables, and rules that name one of the codes."""

    version: InstrumentVersion
    variables: tuple[Variable, ...]
    rules: tuple[str, ...]
    records: int = 0
    narrowed: tuple[Variable, ...] = ()  # variables that accept only codes that they name

    @property
    def labels(self) -> str:
        return ", ".join(in_language(variable.label) for variable in self.variables)


@dataclass(frozen=True)
class Touched:
    """What a change of some codes touches, as far as the person may see it.

    is_elsewhere: whether instruments ask for the list that her duties do not cover; of these no number is told.
    words: words that agencies have taught.
    """

    instruments: tuple[Asking, ...]
    datasets: tuple[tuple[str, str], ...]
    records: int
    is_elsewhere: bool
    words: int


def lists_with(name: str) -> frozenset[str]:
    """Return the names of the lists that hold the codes of a list: itself, and those that are made of it."""
    wholes = (whole for whole, parts in codelists.PARTS.items() if name in parts)
    return frozenset([name, *wholes])


def variables_of(name: str) -> list[Variable]:
    """Return the variables of all instruments, in their newest versions, that take codes of a list."""
    return [v for _version, _spec, variables in _asking(name) for v in variables]


def _asking(name: str) -> Iterator[AskingFor]:
    lists = lists_with(name)
    versions = current_of(Instrument.objects.all()).values()
    for version in sorted(versions, key=lambda v: v.instrument.code):
        spec = spec_of(version)
        if variables := tuple(v for v in spec.variables if v.codelist in lists):
            yield version, spec, variables


def use_of(name: str, codes: Collection[str]) -> dict[str, Use]:
    """Return how far codes of a list are used, of all agencies: as many queries for all codes as for one."""
    asking = list(_asking(name))
    counts = stated([(version.instrument_id, vs) for version, _spec, vs in asking], codes)
    return {code: Use(counts.get(code, {}), tuple(_naming(name, asking, code))) for code in codes}


def _naming(name: str, asking: Iterable[AskingFor], code: str) -> Iterator[str]:
    """Yield the datasets and the rules of instruments that name a code."""
    yield from (dataset for dataset, _title in _datasets(name, [code]))
    for version, spec, variables in asking:
        names = {v.name for v in variables}
        # As they were written: a rule about all regions of the country is about those there are.
        for rule in _rules_with(spec.raw["rules"], spec.checks, names, [code]):
            yield f"{version.instrument.code} {rule}"


def _datasets(name: str, codes: Collection[str]) -> list[tuple[str, str]]:
    lists = lists_with(name)
    return [dataset for function in datasets_with for dataset in function(lists, codes)]


def touched(name: str, codes: Collection[str], person: Person) -> Touched:
    """Return what a change of these codes of a list touches, for the eyes of a person."""
    seen = access.coverage(person, Permission.SEE_SUBMISSIONS)
    asking = list(_asking(name))
    counts = stated([(version.instrument_id, vs) for version, _spec, vs in asking], codes)
    by_instrument: dict[int, int] = {}
    for of_code in counts.values():
        for instrument, count in of_code.items():
            by_instrument[instrument] = by_instrument.get(instrument, 0) + count
    shown = [a for a in asking if seen.reaches(a[0].instrument_id)]
    instruments = tuple(
        Asking(
            version,
            variables,
            tuple(
                _rules_with(
                    [{"id": rule.id, "when": rule.when} for rule in spec.rules],
                    spec.checks,
                    {v.name for v in variables},
                    codes,
                )
            ),
            by_instrument.get(version.instrument_id, 0),
            tuple(v for v in variables if v.codes),
        )
        for version, spec, variables in shown
    )
    names = {v.name for _version, _spec, vs in asking for v in vs}
    words = LearnedWord.objects.visible_to(person).filter(variable__in=names, code__in=codes)
    return Touched(
        instruments,
        tuple(_datasets(name, ())),
        records=sum(a.records for a in instruments),
        is_elsewhere=len(shown) < len(asking),
        words=words.filter(is_revoked=False).count(),
    )


def _rules_with(
    rules: Iterable[Mapping[str, Any]],
    checks: Iterable[Check],
    variables: Collection[str],
    codes: Collection[str],
) -> Iterator[str]:
    """Yield the ids of rules and checks that name one of the codes of these variables."""
    for rule in rules:
        named = (
            code
            for condition in rule["when"]
            if condition.get("var") in variables
            for key in ("in", "not_in")
            for code in condition.get(key, ())
        )
        if not set(named).isdisjoint(codes):
            yield rule["id"]
    for check in checks:
        if check.variable in variables and not set(check.codes).isdisjoint(codes):
            yield check.id
