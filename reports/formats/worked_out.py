"""What a named table says beside its counts, in words: the titles of its columns, and how its numbers come about."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from reports.indicators import rounding
from reports.published.figures import Table
from reports.published.quantiles import LEAST_BASES
from reports.published.views import (
    MEDIAN,
    PAY_GAP,
    SHARE,
    STATED,
    Balance,
    Medians,
    More,
    Shares,
)
from standards.languages import marked
from standards.sex import SHARE_FROM, Differences
from standards.translation import in_language

# Column -> its title; %(unit)s is that of the amounts, %(name)s what their dimension is called.
TITLES = {
    STATED: marked("%(name)s stated in %(unit)s"),
    f"{MEDIAN}_F": marked("Median of women, %(unit)s"),
    f"{MEDIAN}_M": marked("Median of men, %(unit)s"),
    f"{MEDIAN}_T": marked("Median of all, %(unit)s"),
    PAY_GAP: marked("Women's median below men's, %%"),
    f"{SHARE}_F": marked("Share among women, %%"),
    f"{SHARE}_M": marked("Share among men, %%"),
    f"{SHARE}_T": marked("Share among all, %%"),
    MEDIAN: marked("Median, %(unit)s"),
    SHARE: marked("Share, %%"),
}


def title(column: More | str, table: Table) -> str:
    """Return what a column (or in the tidy form a measure) is called, in the active language."""
    name = column if isinstance(column, str) else column.name
    shown = table.view.worked_out if table.view else None
    words = {"unit": "", "name": ""}
    if isinstance(shown, Medians):
        dimension = table.edition.structure.by_name[shown.of]
        words = {"unit": shown.unit(table.edition), "name": in_language(dimension.labels)}
    return _(TITLES[name]) % words


def notes(table: Table) -> Iterator[str]:
    """Yield what readers have to know of a named table: its own note, and of what is worked out."""
    if table.view is None:
        return
    if table.view.note:
        yield in_language(table.view.note)
    shown = table.view.worked_out
    if isinstance(shown, Medians) and table.more:
        yield _of_medians(table, shown)
    elif isinstance(shown, Balance) and _balances(table):
        yield _(
            "%(balance)s is a difference of published figures, so its error is the sum of theirs: of each sex it is "
            "at most %(most)s from the true one in this table. It has no shares, and the total leaves it out."
        ) % {"balance": in_language(shown.item.labels), "most": error_of(table, shown)}
    elif isinstance(shown, Shares) and table.more:
        yield _(
            "Shares are of those of whom it is stated; there is none of fewer than %(least)s."
        ) % {"least": SHARE_FROM}


def _of_medians(table: Table, shown: Medians) -> str:
    structure = table.edition.structure
    return _(
        "%(name)s: medians are worked out from the published counts by band, evenly inside a band, so each can be "
        "some percent off. There is none of fewer than %(least)s with an amount, nor where more than a tenth is not "
        "broken down. What is stated in another currency is not converted and not in the medians. The gap is "
        "100 · (men − women) / men; it mixes pay with who does which work. No sums and no means are published. "
        "Counts by band are in the table builder."
    ) % {
        "name": in_language(structure.by_name[shown.of].labels),
        "least": LEAST_BASES * structure.base,
    }


def _balances(table: Table) -> bool:
    return any(isinstance(row.figures, Differences) for row in table.rows)


def error_of(table: Table, shown: Balance) -> int:
    """Return how far the balance of a sex can be from the true one in any row: the errors of its parts together."""
    reached = rounding.reach(table.edition, table.by, table.where)
    place, most = table.by.index(shown.of), 0
    for row in table.rows:
        if not isinstance(row.figures, Differences):
            continue
        ends = [
            reached.get(codes) or rounding.nothing(table.edition, table.by, table.where, codes)
            for code in shown.codes
            for codes in [(*row.codes[:place], code, *row.codes[place + 1 :])]
        ]
        signs = [code in shown.plus for code in shown.codes]
        for sex in rounding.SEXES:
            for above in (0, 1):  # as far as it goes up, and down
                parts = (
                    end[sex][above if added else 1 - above]
                    for end, added in zip(ends, signs, strict=True)
                )
                most = max(most, sum(parts))
    return most
