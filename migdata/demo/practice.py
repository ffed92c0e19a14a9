"""Files to practise with: what an agency would send, of few rows, with mistakes planted in them.

Drawn by the makers of the demonstration, the same each day of a month, for whoever asks.
"""

from datetime import date
from functools import cache

from django.utils import timezone

from agencies import practice
from migdata.demo import files
from migdata.demo.country import Columns
from migdata.demo.deliveries import Delivery, deliveries, periods
from migdata.demo.registers import registers
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import Instrument
from records.practice import File

FIRST = frozenset({"SMS-BCR", "SMS-WPF", "STA-SLP"})  # drawn by makers of their own
ROWS = 40
CROSSINGS = 60  # a month: a small border is enough to draw from
MOST = 50  # files that are kept in memory
NO_DAY = "-02-31"
NUMBERS = {files.SEX["en"]["M"]: "1", files.SEX["en"]["F"]: "2"}  # nobody may guess which is which


def instruments() -> frozenset[str]:
    """Return the codes of the instruments of which there are files to try: of single records that come as files."""
    fit = {
        register.instrument
        for register in registers()
        if not register.is_counts
        and not register.content.get("typed")
        and register.content["rows"] >= ROWS
    }
    return frozenset(fit | FIRST)


def make(code: str, language: str) -> list[File]:
    """Return the files to try, of an instrument by its code: one with mistakes, one that has to be asked about."""
    instrument = Instrument.objects.filter(code=code).first()
    if instrument is None or code not in instruments():
        return []
    delivery = _deliveries()[code]
    spec = versions.spec_of(versions.current(instrument))
    return list(_made(delivery, spec, language, timezone.localdate()))


@cache
def _deliveries() -> dict[str, Delivery]:
    """One delivery for each instrument."""
    first: dict[str, Delivery] = {}
    for delivery in deliveries(CROSSINGS):
        first.setdefault(delivery.instrument, delivery)
    return first


_kept: dict[tuple[str, int, str, date], tuple[File, ...]] = {}


def _made(delivery: Delivery, spec: Spec, language: str, today: date) -> tuple[File, ...]:
    key = spec.code, spec.version, language, today
    if key not in _kept:
        if len(_kept) > MOST:
            _kept.clear()
        _kept[key] = _drawn(delivery, spec, language)
    return _kept[key]


def _drawn(delivery: Delivery, spec: Spec, language: str) -> tuple[File, ...]:
    """Draw the last two periods that ended: mistakes in the last one, a question in the one before."""
    before, last = periods(spec.frequency, 48)[-2:]
    mistakes = _few(delivery.draw(spec, last[1], last[2]))
    question = _few(delivery.draw(spec, before[1], before[2]))
    _plant(mistakes)
    sheet = files.table(mistakes, spec, language)
    with_numbers = _with_numbers(files.table(question, spec, "en"), spec)
    return (
        File(f"practice-{last[0]}-mistakes.xlsx", files.as_xlsx(sheet, language)),
        File(
            f"practice-{before[0]}-question.csv",
            files.as_csv(with_numbers, delimiter=";", encoding="utf-8"),
        ),
    )


def _with_numbers(rows: list[list[str]], spec: Spec) -> list[list[str]]:
    """Return an English table in which the sexes are numbers."""
    place = rows[0].index(spec.variable("sex").label["en"])
    return [
        [NUMBERS.get(cell, cell) if k == place else cell for k, cell in enumerate(row)]
        for row in rows
    ]


def _few(columns: Columns) -> Columns:
    """Return the first rows without the slips of the demonstration, with numbers that no other agency takes in."""
    slips = zip(columns.get("valid_from", ()), columns.get("valid_to", ()), strict=True)
    slipped = {row for row, (start, end) in enumerate(slips) if end < start}
    slipped |= {row for row, day in enumerate(columns["birth_date"]) if day.endswith(NO_DAY)}
    rows = [row for row in range(len(columns["record_ref"])) if row not in slipped][:ROWS]
    few = {name: [values[row] for row in rows] for name, values in columns.items()}
    return {**few, "record_ref": [f"{practice.NUMBER}{number}" for number in few["record_ref"]]}


def _plant(columns: Columns) -> None:
    """Plant mistakes: three days that are none, two people whose sex is not stated."""
    for row in (2, 11, 17):
        columns["event_date"][row] = columns["event_date"][row][:4] + NO_DAY
    for row in (5, 23):
        columns["sex"][row] = "_U"
