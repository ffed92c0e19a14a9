"""Sets of indicators (SDG, GCM) beside what the portal has of them now."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.designs.datasets import datasets
from reports.designs.frameworks import Entry, IndicatorSet
from reports.designs.indicators import Indicator, indicators
from reports.indicators import words
from reports.indicators.series import of_latest, usual_time, work_out
from reports.published.editions import Edition, current_editions
from standards.periods import period_in_text
from standards.translation import active_language, in_language


@dataclass(frozen=True)
class Answer:
    """An indicator of ours that answers an entry: its newest value in words, empty where it has none yet."""

    indicator: Indicator
    name: str
    value: str
    counted: str


@dataclass(frozen=True)
class SetLine:
    """An entry of a set: what answers it now, and the instruments that do not stand yet."""

    entry: Entry
    name: str
    why: str
    answers: list[Answer]
    lacking: list[str]


def lines(one: IndicatorSet) -> list[SetLine]:
    """Return the entries of a set in its order."""
    released = {edition.dataset: edition for edition in current_editions()}
    standing = {dataset.instrument for dataset in datasets().values()}
    ours = indicators()
    return [
        SetLine(
            entry,
            in_language(entry.name),
            in_language(entry.why),
            [_answer(ours[code], released) for code in entry.indicators],
            [instrument for instrument in entry.needs if instrument not in standing],
        )
        for entry in one.entries
    ]


def _answer(one: Indicator, released: Mapping[str, Edition]) -> Answer:
    name = in_language(one.name)
    for design in one.series:
        edition = released.get(design.dataset)
        time = usual_time(edition.structure, design) if edition else ""
        if edition is None or not time:
            continue
        series, latest = work_out(one, design, edition, time), of_latest(one, design, edition)
        if latest:
            period = period_in_text(latest.period, active_language())
            return Answer(
                one, name, f"{words.brief(series, latest)}, {period}", words.counted(series)
            )
    return Answer(one, name, "", "")
