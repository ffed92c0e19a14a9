"""Indicators as data: formulas over the published figures of datasets (YAML)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from reports.designs import indicator_schema as schema
from reports.designs.datasets import Dataset, datasets, state, where_problems
from reports.published.structure import SEX, TIME
from standards import definitions
from standards.codelists import by_edition
from standards.definitions import Problem, choose, unknown
from standards.languages import LANGUAGES, Labels

DIRECTORY = Path(__file__).parent / "data" / "indicators"
UNSEEN = Path(__file__).parent / "data" / "unseen.yaml"
ALWAYS = frozenset({"measure", "period"})  # gaps of every reading
# What else the sentence of a kind may name; `coverage` is in all of them, and is never left out of a ratio.
GAPS: dict[str, frozenset[str]] = {
    "ratio": frozenset({"value", "coverage"}),
    "parity": frozenset({"value", "adjusted", "coverage"}),
    "shares": frozenset({"high", "most", "low", "least", "coverage"}),
    "dissimilarity": frozenset({"value", "coverage"}),
    "rates": frozenset({"value", "rate_women", "rate_men", "coverage"}),
    "incidence": frozenset({"value", "incidence_women", "incidence_men", "coverage"}),
    "averages": frozenset({"value", "average_women", "average_men", "coverage"}),
    "change": frozenset({"value", "mix", "within", "before", "coverage"}),
    "ages": frozenset({"women", "men", "coverage"}),
    "gap": frozenset({"value", "coverage"}),
}
PER = frozenset({"incidence", "averages"})  # kinds that relate one dataset to another
OVER = frozenset(
    {"shares", "dissimilarity", "rates", "change", "ages", "gap"}
)  # kinds that compare codes


@dataclass(frozen=True)
class Calculation:
    """How an indicator is worked out; numerator and denominator only of a ratio, codes and among of rates.

    times: of a ratio and of incidence.
    """

    kind: str
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    times: int = 1
    codes: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SeriesDesign:
    """One series of an indicator: a dataset, the codes that are compared, and what is counted. One object a text.

    per: the dataset that counts the people among whom cases are counted.
    """

    name: str
    dataset: str
    over: str = ""
    per: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Return the datasets that must be released before the series says anything."""
        return (self.dataset, self.per) if self.per else (self.dataset,)


@dataclass(frozen=True)
class Need:
    """Why an indicator cannot be worked out yet."""

    instrument: str
    why: Labels


@dataclass(frozen=True, eq=False)
class Indicator:
    """An indicator; one object for each text of its file. `least`: no value from a denominator below so many. Without `series` it needs something."""

    code: str
    name: Labels
    unit: str
    formula: Labels
    caveat: Labels
    least: int
    reading: Labels = field(default_factory=dict)
    calculation: Calculation | None = None
    series: tuple[SeriesDesign, ...] = ()
    needs: tuple[Need, ...] = ()

    @property
    def by_name(self) -> dict[str, SeriesDesign]:
        return {series.name: series for series in self.series}


def indicators(directory: Path | None = None) -> dict[str, Indicator]:
    """Return the indicators of a folder by code, G2 before G10. Raises InvalidDefinition."""
    folder = directory or DIRECTORY
    return dict(_of_folder(folder, definitions.state_of(folder), state()))


@by_edition
def _of_folder(folder: Path, *_states: definitions.State) -> dict[str, Indicator]:
    by_file = {path: read(path) for path in sorted(folder.glob("*.yaml"))}
    times = Counter(indicator.code for indicator in by_file.values())
    published = datasets()
    for path, indicator in by_file.items():
        definitions.refuse(path, _problems(indicator, times[indicator.code], published))
    ordered = sorted(by_file.values(), key=lambda one: (len(one.code), one.code))
    return {indicator.code: indicator for indicator in ordered}


def read(path: Path) -> Indicator:
    """Read one indicator, not yet compared with its datasets. Raises InvalidDefinition."""
    return _read(path, definitions.text_of(path))


def unseen(path: Path = UNSEEN) -> dict[str, Labels]:
    """Return who cannot be seen, by dataset. Raises InvalidDefinition."""
    content: dict[str, Labels] = definitions.read(path, schema.unseen())
    return content


@cache
def _read(path: Path, _text: str) -> Indicator:
    content = definitions.read(path, schema.indicator())
    definitions.refuse(path, _of_content(content))
    calculation = content.get("calculation")
    series = (
        SeriesDesign(**{**one, "where": {k: tuple(v) for k, v in one.get("where", {}).items()}})
        for one in content.get("series", ())
    )
    parts: dict[str, Any] = {
        "calculation": _calculation(calculation) if calculation else None,
        "series": tuple(series),
        "needs": tuple(Need(**need) for need in content.get("needs", ())),
    }
    return Indicator(**{**content, **parts})


def _calculation(content: Mapping[str, Any]) -> Calculation:
    lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
    return Calculation(**{**content, **lists})


def _of_content(content: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what no schema can say of an indicator by itself."""
    if "series" not in content:
        if "needs" not in content:
            yield Problem((), "an indicator has series, or says what it needs")
        return
    yield from _of_calculation(content["calculation"])
    kind = content["calculation"]["kind"]
    yield from _of_reading(content["reading"], kind)
    for series in content["series"]:
        if ("over" in series) != (kind in OVER):
            text = "missing key: over" if kind in OVER else f"the kind {kind} has no over"
            yield Problem(("series", series["name"]), text)
        if ("per" in series) != (kind in PER):
            text = "missing key: per" if kind in PER else f"the kind {kind} has no per"
            yield Problem(("series", series["name"]), text)
    for name, count in Counter(series["name"] for series in content["series"]).items():
        if count > 1:
            yield Problem(("series", name), f"{name} stands twice")


def _of_calculation(content: Mapping[str, Any]) -> Iterator[Problem]:
    kind, path = content["kind"], ("calculation",)
    own = schema.OWN_KEYS.get(kind, ())
    yield from (Problem(path, f"missing key: {key}") for key in own if key not in content)
    for key in sorted(set(content) - {"kind", *own}):
        yield Problem((*path, key), f"a calculation of the kind {kind} has no {key}")
    numerator, denominator = (set(content.get(k, ())) for k in ("numerator", "denominator"))
    if numerator & denominator and not numerator < denominator:
        text = "the numerator is a part of the denominator, or has nothing in common with it"
        yield Problem((*path, "numerator"), text)
    if not set(content.get("codes", ())) <= set(content.get("among", ())):
        yield Problem((*path, "codes"), "the codes are some of those they are counted among")


def _of_reading(reading: Labels, kind: str) -> Iterator[Problem]:
    """The sentence has the gaps of its kind, in every language the same, and always says the coverage of sex."""
    first = _gaps(reading[LANGUAGES[0]])
    if not first >= ALWAYS | {"coverage"}:
        yield Problem(("reading",), "the sentence names measure, period and coverage")
    for gap in sorted(first - ALWAYS - GAPS[kind]):
        yield Problem(("reading",), choose(gap, ALWAYS | GAPS[kind], "gap"))
    for language in LANGUAGES[1:]:
        if _gaps(reading[language]) != first:
            yield Problem(("reading", language), "the gaps must be those of the English text")


def _gaps(text: str) -> set[str]:
    return {gap for _text, gap, _form, _conversion in Formatter().parse(text) if gap}


def _problems(
    indicator: Indicator, times: int, published: Mapping[str, Dataset]
) -> Iterator[Problem]:
    if times > 1:
        yield Problem(("code",), "another file has this code")
    for series in indicator.series:
        path = ("series", series.name)
        dataset = published.get(series.dataset)
        if dataset is None:
            yield Problem((*path, "dataset"), choose(series.dataset, published, "dataset"))
            continue
        if series.per:
            yield from _of_people(series, dataset, published)
        own = [name for name in dataset.names if name not in (SEX, TIME)]
        if series.over and series.over not in own:
            yield Problem((*path, "over"), choose(series.over, own, "dimension"))
            continue
        if indicator.calculation and indicator.calculation.kind == "gap":
            amounts = [d.name for d in dataset.dimensions if d.amounts]
            yield from unknown([series.over], amounts, "dimension of amounts", (*path, "over"))
        where = series.where or (dataset.headline.where if dataset.headline else {})
        among = indicator.calculation.among if indicator.calculation else ()
        compared = {series.over: among} if among else {}
        wrong = [*where_problems(dataset, series.where), *where_problems(dataset, compared)]
        yield from (Problem((*path, *problem.path), problem.text) for problem in wrong)
        asked = {dataset.times[-1], *((series.over,) if series.over else ()), *where}
        if not wrong and dataset.family.holding(sorted(asked)) is None:
            text = f"no table of the family of {dataset.code} has these together"
            yield Problem((*path, "over"), text)


def _of_people(
    series: SeriesDesign, dataset: Dataset, published: Mapping[str, Dataset]
) -> Iterator[Problem]:
    """Yield why the people of another dataset cannot be those among whom the cases of this one are counted."""
    path, people = ("series", series.name, "per"), published.get(series.per)
    if people is None:
        yield Problem(path, choose(series.per, published, "dataset"))
    elif people.frequency != dataset.frequency:
        yield Problem(path, f"{people.code} and {dataset.code} have periods of different length")
    else:
        wrong = list(where_problems(people, series.where))
        yield from (Problem((*path, *problem.path), problem.text) for problem in wrong)
        if not wrong and people.family.holding(sorted({people.times[-1], *series.where})) is None:
            yield Problem(path, f"no table of the family of {people.code} has these together")
