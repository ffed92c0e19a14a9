"""What the agencies of the demonstration send: of which instrument, for how many months, in which file or by hand."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial

from django.utils import timezone

from migdata.demo import files
from migdata.demo.country import Columns, Country
from migdata.demo.registers import Register, registers
from migdata.demo.travellers import Travellers
from records.instruments.spec import Spec
from standards.periods import FREQUENCIES, Period, last_periods

MONTHS = 24
MONTHS_OF_CROSSINGS = (
    36  # a year before, for where people lived, and a year after, for where they stayed
)
# So many months hold two years of quarters, and three calendar or academic years, whatever the month is.
MONTHS_BY_LENGTH = {1: MONTHS, 3: 26, 6: 29, 12: 47}
CROSSINGS = 1800  # a month
MANY_CROSSINGS = 31_500  # a month: more than a million in all
RECENT, TOGETHER = 6, 3  # months that have a file of their own, and older ones in a file


@dataclass(frozen=True)
class Delivery:
    """What an agency sends for an instrument: `draw` returns the columns of a period, `write` the file of its rows.

    typed: the rows are typed one by one. skips: the last period is not there yet.
    """

    agency: str
    instrument: str
    language: str
    draw: Callable[[Spec, date, date], Columns]
    write: Callable[[list[list[str]]], bytes]
    suffix: str
    months: int = 0
    typed: bool = False
    skips: bool = False

    def periods(self, frequency: str) -> list[tuple[str, date, date]]:
        """Return the periods that are delivered, oldest first: (period, first day, last day)."""
        months = self.months or MONTHS_BY_LENGTH[FREQUENCIES[frequency].months]
        ended = periods(frequency, months)
        return ended[:-1] if self.skips else ended

    def files(self, frequency: str) -> list[list[tuple[str, date, date]]]:
        """Return the periods of each file, oldest first: months of long ago came three in a file, as they were found."""
        ended = self.periods(frequency)
        if FREQUENCIES[frequency].months > 1:
            return [[period] for period in ended]
        old, recent = ended[:-RECENT], ended[-RECENT:]
        together = [old[k : k + TOGETHER] for k in range(0, len(old), TOGETHER)]
        return [*together, *([period] for period in recent)]


def periods(frequency: str, months: int) -> list[tuple[str, date, date]]:
    """Return the last full months, or the longer periods in them: (period, first day, last day)."""
    today = timezone.localdate()
    oldest = Period.parse(last_periods("M", today, months)[0]).first_day
    ended = map(Period.parse, last_periods(frequency, today, months))
    return [(str(p), p.first_day, p.last_day) for p in ended if p.first_day >= oldest]


def season(last: date) -> float:
    """How busy a period is: summers more than winters, and more from year to year."""
    summer = math.cos((last.month - 7) / 6 * math.pi)
    return 1 + 0.16 * summer + 0.01 * (12 * (last.year - 2025) + last.month - 11)


@cache
def travellers(crossings: int = CROSSINGS) -> Travellers:
    """The people who cross the border in the months of the demonstration; crossings: of a usual month."""
    months = periods("M", MONTHS_OF_CROSSINGS)
    return Travellers(months[0][1], months[-1][2], lambda month: crossings * season(month))


def deliveries(crossings: int = CROSSINGS) -> Iterator[Delivery]:
    """Yield all deliveries: of the first three instruments, then of the other registers."""
    people, country = travellers(crossings), Country()
    yield Delivery(
        "SMS",
        "SMS-BCR",
        "ru",
        lambda _spec, first, last: people.crossings(first, last),
        partial(files.as_csv, delimiter=";", encoding="cp1251"),
        "csv",
        MONTHS_OF_CROSSINGS,
    )
    for agency, language, rows in (("SMS", "tk", 320), ("MLSP", "en", 270)):
        yield Delivery(
            agency,
            "SMS-WPF",
            language,
            partial(_permits, country, people if agency == "SMS" else None, rows),
            *_file("xlsx" if agency == "SMS" else "csv;utf-8", language),
        )
    yield Delivery(
        "SCS", "STA-SLP", "tk", partial(_slips, country), *_file("csv;cp1250", "tk"), months=MONTHS
    )
    for register in registers():
        yield Delivery(
            register.agency,
            register.instrument,
            register.language,
            partial(_of_register, register, people),
            *_file(register.content["file"], register.language),
            typed=register.content.get("typed", False),
            skips=register.content.get("skips", False),
        )


def _permits(
    country: Country, people: Travellers | None, rows: int, _spec: Spec, first: date, last: date
) -> Columns:
    """Work permits; of the migration service, of people who cross the border: the same documents and birth dates."""
    columns = country.work_permits(first, last, round(rows * season(last)))
    return people.with_documents(columns) if people else columns


def _slips(country: Country, _spec: Spec, first: date, last: date) -> Columns:
    return country.slips(first, last, round(1250 * season(last)))


def _of_register(
    register: Register, people: Travellers, spec: Spec, first: date, last: date
) -> Columns:
    rows = register.rows(last, timezone.localdate())
    seasonal = FREQUENCIES[spec.frequency].months < 12
    return register.draw(spec, first, last, round(rows * (season(last) if seasonal else 1)), people)


def _file(kind: str, language: str) -> tuple[Callable[[list[list[str]]], bytes], str]:
    """Return the writer of a kind of file (`xlsx`, `csv;cp1251`), and its suffix."""
    suffix, _, encoding = kind.partition(";")
    if suffix == "xlsx":
        return partial(files.as_xlsx, language=language), suffix
    delimiter = "," if encoding == "utf-8" else ";"
    return partial(files.as_csv, delimiter=delimiter, encoding=encoding), suffix
