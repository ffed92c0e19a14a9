"""Reading distinct texts: dates in all the ways they are written, numbers, yes and no, parts of cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.validation import number_marks
from records.validation.personal import MASK
from standards import codelists
from standards.spelling import fold, normalise, reference
from standards.written_periods import months

Array = np.ndarray[Any, Any]
EPOCH = date(1970, 1, 1)
EXCEL_EPOCH = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
ROMAN = {
    numeral: number
    for number, numeral in enumerate(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1
    )
}
CYRILLIC_NUMERALS = str.maketrans("іх", "ix")
# 1927 to 2064, with the time of day behind the point.
SERIAL = re.compile(r"^(?:[1-5]\d{4}(?:[.,]\d*)?|60000(?:[.,]0*)?)$")
NUMBERS = re.compile(
    r"^(\d{1,4})[.,/\-](\d{1,2})[.,/\-](\d{1,4})(?:[ t]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?$"
)
# Day and month may be exchanged, where both are small: somebody has to say which comes first.
SLASHED = re.compile(r"^\s*(\d{1,2})[/\-](\d{1,2})[/\-](\d{2,4})\s*$")
# Digits alone: 20251231, and as they are typed 311225 or 31122025.
YEAR_FIRST = re.compile(r"^((?:1[89]|2[01])\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")
DAY_FIRST = re.compile(r"^\s*(\d\d)(\d\d)(\d{4}|\d\d)\s*$")
WORDS = re.compile(  # 5 мая 2026, 5-nji maý 2026, 12мая2026, 12-may-26
    r"^(\d{1,2})(?:-?(?:nji|njy|е|го|th|st|nd|rd))?[ .\-]*([^\W\d_]+)(?: arslan)?[ .,\-]*(\d{4}|\d{2})$"
)
NUMERALS = re.compile(r"^(\d{1,2})[ .\-/]+([ivxіх]+)[ .,\-/]+(\d{4}|\d{2})$")  # 12.V.2026
DAYS = re.compile(r"^(\d+)\s*(?:дн|дня|дней|день|сут|суток|gün|day|days)\.?$", re.IGNORECASE)
YEAR_ONLY = re.compile(r"^(?:(?:0{1,2}|_{1,2}|x{1,2})[./\-]){0,2}(\d{4})$")
YEAR_SUFFIX = re.compile(r"[ ]*(?:ý|г|г\.?[ ]?р|год|года|ýyl|ýylyň|y)\.?$")
# How pieces of a composite cell are cut out ("22.06.1981, Türkiýe/İskenderun").
PARTS = {"first": r"(?s)^\s*([^,;]*).*$", "place": r"(?s)^[^,;]*[,;]?\s*([^,;/(]*).*$"}
LONGEST_BLANK = 40  # characters of a text that states nothing
BLANK = frozenset(  # as `normalise` leaves them: “..” and “…” are nothing at all
    [
        "-",
        "–",
        "—",
        "?",
        "n/a",
        "na",
        "null",
        "none",
        "nan",
        "н/д",
        "нет данных",
        "не указ",
        "не указан",
        "не указано",
        "неизв",
        "неизвестно",
        "näbelli",
        "görkezilmedik",
        "unknown",
        "not stated",
        *("--", "---", "*", "***", "n/d", "s/d", "s/i", "n/r", "blank"),
        *(
            "not available",
            "not applicable",
            "not known",
            "not specified",
            "unspecified",
            "missing",
            "no data",
        ),
        *(
            "не указана",
            "не указаны",
            "неизвестна",
            "неизвестен",
            "не известно",
            "не установлено",
            "отсутствует",
            "б/д",
        ),
        *("maglumat ýok", "belli däl", "anyklanmadyk", "bilinmiyor", "belirtilmemiş"),
        *(
            "sin dato",
            "sin datos",
            "sin información",
            "no especificado",
            "no especificada",
            "no informa",
            "no informado",
        ),
        *(
            "desconocido",
            "desconocida",
            "não informado",
            "sem informação",
            "non précisé",
            "inconnu",
            "okänd",
            "uppgift saknas",
        ),
    ]
)
# What stands where somebody made a text unreadable: (b)(6), (b) (7)(C), [redacted], a black bar.
REDACTED = re.compile(
    r"(?:\(b\)\s?\(\d\)(?:\s?\([a-f]\))?[\s,;]*)+|\[?redacted\]?|█+", re.IGNORECASE
)
DOTTED = re.compile(r"([^\W\d_])\.\s?([^\W\d_])\.?")
# Days that forms are filled in with where nothing is known: 99.99.9999, 00/00/00, any of the year 9999; 00.00.99 says a year.
NO_YEAR = "(?:0000|8888|9999)"
NO_DAY = re.compile(
    rf"(?:\d{{1,2}}[./\- ]){{2}}{NO_YEAR}|{NO_YEAR}(?:[./\- ]\d{{1,2}}){{2}}|(00|88|99)(?:[./\- ]\1){{2}}|{NO_YEAR}"
)
# What a spreadsheet program leaves where a formula failed, in English and Russian.
CELL_ERRORS = frozenset(
    [
        *("#ref!", "#value!", "#n/a", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!"),
        *("#ссылка!", "#знач!", "#н/д", "#дел/0!", "#имя?", "#пусто!", "#число!"),
    ]
)
YES = frozenset({"1", "yes", "y", "true", "да", "д", "hawa", "+"})
NO = frozenset({"0", "no", "n", "false", "нет", "н", "ýok", "yok", "-"})


@dataclass(frozen=True)
class Day:
    """A read date: `precision` D for a day, Y where only the year is known (the day is then 1 January)."""

    day: date | None
    precision: str = "D"
    problem: str = ""  # "", "not_a_date", "ambiguous"


NOT_A_DATE = Day(None, problem="not_a_date")
AMBIGUOUS = Day(None, problem="ambiguous")


def is_blank(text: str) -> bool:
    """Say whether the text states nothing: empty, a dash, "not stated" in any language, made unreadable."""
    key = normalise(text)
    return not key or key in BLANK or is_made_unreadable(text)


def is_dotted_blank(text: str) -> bool:
    """Say whether a text is a short form of “not stated” with points: S.D., N.A.; a list may know its letters as a code."""
    letters = DOTTED.fullmatch(text.strip())
    return letters is not None and normalise("/".join(letters.groups())) in BLANK


def is_made_unreadable(text: str) -> bool:
    """Say whether somebody blacked a text out: (b)(6) is no sixth code."""
    return REDACTED.fullmatch(text.strip()) is not None


def is_cell_error(text: str) -> bool:
    """Say whether the text is the error of a spreadsheet formula: somebody has to correct it."""
    return text.lstrip().startswith("#") and normalise(text) in CELL_ERRORS


def says_nothing(text: str, kind: str) -> bool:
    """Say whether a text states nothing for a variable of this kind; a dash is an answer to yes or no."""
    if kind in ("date", "birth") and NO_DAY.fullmatch(text.strip()):
        return True
    return is_blank(text) and not (kind == "boolean" and parse_boolean(text) is not None)


def parse_date(
    text: str, *, day_first: bool | None, date1904: bool = False, pivot: int, birth: bool = False
) -> Day:
    """Read one date: in numbers (20251231, too), with the month as a word or Roman numeral, or as a spreadsheet's serial.

    `day_first` None means nobody has said: with slashes, a day and month that could be exchanged
    are then ambiguous, never guessed. `pivot` is the current year: a two-digit year above it is of
    the last century for births. Year-only dates are read for births only.
    """
    key = YEAR_SUFFIX.sub("", text.strip().lower().replace("\u00a0", " ")).rstrip(".")
    if SERIAL.match(key):
        return _serial(int(key[:5]), date1904)
    if year_first := YEAR_FIRST.match(key):  # the middle could be no month: no text means two days
        return _day(int(year_first[1]), int(year_first[2]), int(year_first[3]))
    if birth and (year := YEAR_ONLY.match(key)):
        return _day(int(year[1]), 1, 1, "Y")
    if numbers := NUMBERS.match(key):
        return _numbers(numbers, key, day_first, pivot, birth)
    parts, month = WORDS.match(key), None
    if parts:
        month = months().get(fold(parts[2]))
    if month is None and (parts := NUMERALS.match(key)):
        month = ROMAN.get(parts[2].translate(CYRILLIC_NUMERALS))
    if parts is None or month is None:
        return NOT_A_DATE
    return _day(_year(parts[3], pivot, birth), month, int(parts[1]))


def is_ambiguous_day(text: str) -> bool:
    """Say whether a text is a date with slashes whose day and month could be exchanged."""
    return bool(SLASHED.match(text)) and parse_date(text, day_first=None, pivot=2100) == AMBIGUOUS


def with_points(text: str) -> str:
    """Return a day that is typed in digits alone, 311225 or 31122025, with points; other texts as they are.

    For what a person types: in a file such digits may be a number of anything. Six digits are day, month, year.
    """
    return text if YEAR_FIRST.match(text.strip()) else DAY_FIRST.sub(r"\1.\2.\3", text)


def parse_number(text: str, roles: number_marks.Roles | None = None) -> float | None:
    """Read a number with any thousands space. None where it is none.

    `roles` say what points and commas mean in its column; without them, as far as the text itself proves it. What could
    be read in two ways (`number_marks.is_doubtful`) is for the caller to ask about: here the mark is decimal.
    """
    decimal = {mark: number_marks.DECIMAL for mark in number_marks.MARKS if mark in text}
    return number_marks.read(text, roles or number_marks.proven([text]) or decimal)


def parse_integer(text: str, roles: number_marks.Roles | None = None) -> int | None:
    """Read a whole number; 12.0, which spreadsheets write, is one."""
    number = parse_number(text, roles)
    return (
        int(number)
        if number is not None and number == int(number) and abs(number) < 2**31
        else None
    )


def whole_number(text: str, roles: number_marks.Roles | None = None) -> int | None:
    """Read a number by which a table is recognised or its totals are compared: 1,000 is a thousand. None where it is none.

    `roles` say what points and commas mean in its column (`number_marks.of_whole`). Without them a mark before
    three digits groups: of whole numbers nobody writes three decimals. What becomes a value is asked about instead.
    """
    if not roles and number_marks.is_doubtful(text):
        roles = dict.fromkeys(number_marks.MARKS, number_marks.GROUPS)
    return parse_integer(text, roles)


def whole_numbers(texts: Sequence[str]) -> list[int | None]:
    """Return the whole numbers of one column, read by what its texts prove of their marks; None where there is none."""
    roles = number_marks.of_whole(texts)
    return [whole_number(text, roles) for text in texts]


def parse_days(text: str, roles: number_marks.Roles | None = None) -> int | None:
    """Read a number of days, with or without the word for days."""
    days = DAYS.match(text.strip())
    return parse_integer(days[1] if days else text, roles)


def parse_boolean(text: str) -> bool | None:
    """Read yes or no in three languages."""
    key = text.strip().lower()
    return True if key in YES else False if key in NO else None


def part_of(cells: pa.Array, part: str, codes: str = "") -> pa.Array:
    """Cut a part out of composite cells: `first`, `place`, or `known`.

    `known` is the longest beginning that the code list knows; of an address nothing else is kept.
    """
    if not part:
        return cells
    if part in PARTS:
        return pc.replace_substring_regex(cells, PARTS[part], r"\1")
    coded = cells.dictionary_encode()
    starts = [_known_start(text, codelists.load(codes)) for text in coded.dictionary.to_pylist()]
    return pa.array(starts, pa.string()).take(coded.indices)


def _known_start(text: str, codes: codelists.CodeList) -> str:
    words = re.split(r"[,;]", text, maxsplit=1)[0].split()
    starts = [" ".join(words[:k]) for k in range(min(len(words), 4), 0, -1)]
    known = (s for s, m in zip(starts, codes.match(starts), strict=True) if m.code is not None)
    return next(known, MASK if text.strip() else "")


def completed_years(birth: Array, event: Array, exact: Array) -> Array:
    """Age in completed years, from days since 1970; without an exact birth date, the difference of years."""
    years = year_of(event) - year_of(birth)
    before = day_of_year(event) < day_of_year(birth)
    return np.asarray(years - (before & exact))


def year_of(days: Array) -> Array:
    return days.astype("M8[D]").astype("M8[Y]").astype(int) + 1970


def day_of_year(days: Array) -> Array:
    """Month and day as one number that orders within a year; 0 is 1 January."""
    dates = days.astype("M8[D]")
    months = dates.astype("M8[M]")
    return (months.astype(int) % 12) * 32 + (dates - months).astype(int)


def _serial(number: int, date1904: bool) -> Day:
    return Day(EXCEL_EPOCH[date1904] + timedelta(days=number))


def _numbers(
    numbers: re.Match[str], key: str, day_first: bool | None, pivot: int, birth: bool
) -> Day:
    first, second, third = numbers[1], numbers[2], numbers[3]
    if len(first) == 4:  # ISO: year, month, day
        return _day(int(first), int(second), int(third)) if len(third) <= 2 else NOT_A_DATE
    if len(first) > 2 or len(third) not in (2, 4):
        return NOT_A_DATE
    one, two, year = int(first), int(second), _year(third, pivot, birth)
    # 03.02.2025 is day first wherever points are written, or the comma beside the digits for them.
    dotted = not {".", ","}.isdisjoint(key.split(" ")[0])
    if dotted or day_first:
        return _day(year, two, one)
    if day_first is False:
        return _day(year, one, two)
    if one == two or one > 12:
        return _day(year, two, one)
    return _day(year, one, two) if two > 12 else AMBIGUOUS


def _year(text: str, pivot: int, birth: bool) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return 1900 + year if birth and year > pivot % 100 else 2000 + year


def _day(year: int, month: int, day: int, precision: str = "D") -> Day:
    if not 1800 <= year <= 2200:
        return NOT_A_DATE
    try:
        return Day(date(year, month, day), precision)
    except ValueError:
        return NOT_A_DATE


def references(texts: pa.Array) -> pa.Array:
    """Return the (n,) record numbers in the one form in which they are stored and compared.

    Plain ASCII without spaces is in it already: only other texts are looked at, each once.
    """
    odd = pc.match_substring_regex(texts, r"[^\x21-\x7e]")
    if not pc.any(odd).as_py():
        return texts
    coded = texts.filter(odd).dictionary_encode()
    written = pa.array([reference(text) for text in coded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(texts, odd, written.take(coded.indices))
