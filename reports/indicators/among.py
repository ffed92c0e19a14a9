"""Kinds of indicator that relate one dataset to another that counts by the same codes (`per`)."""

from reports.indicators import intervals
from reports.indicators.readings import NONE, UNSTATED, Asked, Reading, reading, too_few, whole_of


def incidence(asked: Asked) -> list[Reading]:
    """Work out how many cases there are per so many (`times`) people: of all, of women, of men."""
    whole, people = whole_of(asked.cells), asked.people or whole_of(())
    pairs = [
        ("value", whole.stated + whole.other, people.stated + people.other),
        ("incidence_women", whole.women, people.women),
        ("incidence_men", whole.men, people.men),
    ]
    return [
        too_few("", measure, among, asked.least)
        or reading(
            *("", measure, among, cases.published / among.published),
            *(intervals.quotient(cases, among), asked.calculation.times),
        )
        for measure, cases, among in pairs
    ]


def averages(asked: Asked) -> list[Reading]:
    """Work out the average amount of women and of men, and how many times as much the women's is as the men's.

    The cells are amounts, `people` counts what they are amounts of. Where the sex of fewer than half is stated
    nothing is told: who states it may differ from who does not.
    """
    amounts, counted = whole_of(asked.cells), asked.people or whole_of(())
    measures = ("value", "average_women", "average_men")
    fewer = min(counted.women, counted.men, key=lambda count: count.published)
    few = [gap for measure in measures if (gap := too_few("", measure, fewer, asked.least))]
    if few:
        return few
    if counted.stated.published < counted.other.published:
        return [Reading("", measure, fewer.published, why=UNSTATED) for measure in measures]
    of_women = amounts.women.published / counted.women.published
    of_men = amounts.men.published / counted.men.published
    women = intervals.quotient(amounts.women, counted.women)
    men = intervals.quotient(amounts.men, counted.men)
    averages_by_sex = [
        reading("", "average_women", counted.women, of_women, women, 1),
        reading("", "average_men", counted.men, of_men, men, 1),
    ]
    if not of_men:
        return [Reading("", "value", 0, why=NONE), *averages_by_sex]
    ends = intervals.divided(women, men)
    return [reading("", "value", fewer, of_women / of_men, ends, 1), *averages_by_sex]
