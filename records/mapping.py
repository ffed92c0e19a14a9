"""Which row holds the headers, and which column is which variable."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from records import codelist, parsing
from records.codelist import fold, normalise
from records.spec import Spec, Variable

SEARCHED_ROWS = 30
DOCUMENT = (
    "паспорт",
    "pasport",
    "passport",
    "document",
    "id no",
    "инн",
    "личный номер",
    "şahsy belgisi",
    "серия",
)
NAME = (
    "фио",
    "фио",
    "фамилия",
    "имя",
    "отчество",
    "name",
    "surname",
    "familiýasy",
    "ady",
    "faa",
    "atasynyň",
)
NUMERIC_SEX = frozenset(["0", "1", "2", "3", "9"])
SLASHED = re.compile(r"^\d{1,2}[/\-]\d{1,2}[/\-]\d{2,4}$")
TOTALS = tuple(
    map(
        normalise,
        [
            "итого",
            "всего",
            "в т.ч.",
            "в том числе",
            "из них",
            "jemi",
            "ählisi",
            "umumy",
            "şol sanda",
            "total",
            "of which",
            "subtotal",
            "grand total",
        ],
    )
)
SIGNATURES = tuple(
    map(
        normalise,
        [
            "müdiri",
            "başlygy",
            "начальник",
            "директор",
            "исполнитель",
            "ýerine ýetiriji",
            "подпись",
            "m.ý.",
            "м.п.",
            "director",
            "head of",
            "signature",
        ],
    )
)
Text = dict[str, str]


@dataclass(frozen=True)
class Column:
    """One column of the file. `how`: exact, folded, answer, ignored, forbidden, unknown, empty."""

    header: str
    variable: str | None
    how: str
    letter: str
    position: int


@dataclass(frozen=True)
class Question:
    """What only a person can say. `choices` are [{value, label}]; `evidence` what was seen."""

    id: str
    text: Text
    choices: list[dict[str, Any]]
    evidence: list[str]


@dataclass(frozen=True)
class Refusal:
    """Why nothing of the file is taken in: what was wrong, where, and what to do."""

    code: str
    message: Text
    where: str = ""


@dataclass(frozen=True)
class Layout:
    """The header row (0 is the first line of the file) and its columns."""

    header_row: int
    columns: list[Column]
    refusal: Refusal | None = None
    questions: list[Question] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def letter_of(position: int) -> str:
    """Return the spreadsheet letter of a column: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def map_columns(rows: Sequence[Sequence[str]], spec: Spec, answers: Mapping[str, Any]) -> Layout:
    """Find the header row among the first rows and say which column is which variable.

    The row with the most known headers wins; below two there is none. Refusals: header_missing,
    duplicate_header, missing_required, header_only. Questions are asked, never guessed.
    """
    names = Names(spec)
    scored = [(names.hits(row), -k, k) for k, row in enumerate(rows[:SEARCHED_ROWS])]
    hits, _, place = max(scored, default=(0, 0, 0))
    if hits < 2:
        return Layout(
            place, [], _refuse("header_missing", where=f"1–{min(len(rows), SEARCHED_ROWS)}")
        )
    columns = [_column(k, header, names, answers) for k, header in enumerate(rows[place])]
    refusal = _twice(columns, place) or None
    body = [r for r in rows[place + 1 :] if any(c.strip() for c in r)]
    if refusal is None and not body:
        refusal = _refuse("header_only", where=str(place + 1))
    questions: list[Question] = []
    if refusal is None:
        missing = _missing(spec, columns)
        questions = _which_column(missing, columns, body, answers)
        asked = {q.id.split(":")[1] for q in questions}
        left = [v for v in missing if v.name not in asked]
        if left:
            refusal = _refuse("missing_required", where=str(place + 1), names=left)
        questions += _what_values_mean(columns, body, answers, spec)
    return Layout(place, columns, refusal, [] if refusal else questions)


class Names:
    """Headers the instrument knows, wants dropped, or ignores; compared normalised, then folded."""

    def __init__(self, spec: Spec) -> None:
        self.known = spec.header_aliases()
        self.folded = spec.folded_aliases()
        self.forbidden = {normalise(f) for f in spec.forbidden}
        self.ignored = {normalise(i) for i in spec.ignored} | {"№"}

    def find(self, header: str) -> tuple[str | None, str]:
        key = normalise(header)
        if not key:
            return None, "ignored" if header.strip() else "empty"
        if key in self.known:
            return self.known[key], "exact"
        if key in self.forbidden or any(
            key.startswith(f"{f} ") for f in self.forbidden if len(f) > 3
        ):
            return None, "forbidden"
        if key in self.ignored:
            return None, "ignored"
        if fold(key) in self.folded:
            return self.folded[fold(key)], "folded"
        if fold(key) in {fold(f) for f in self.forbidden}:
            return None, "forbidden"
        return None, "unknown"

    def hits(self, row: Sequence[str]) -> int:
        return len({self.find(cell)[0] for cell in row} - {None})


def kind_of_row(first: str, cells: Sequence[str]) -> str:
    """Say what a row below the headers is: data, blank, total, signature, or numbering (1, 2, 3 …)."""
    stated = [c for c in cells if c.strip()]
    if not stated:
        return "blank"
    key = normalise(first)
    if any(key == t or key.startswith(f"{t} ") for t in TOTALS):
        return "total"
    if len(stated) <= 3 and any(s in normalise(c) for c in stated for s in SIGNATURES):
        return "signature"
    numbering = [c.strip() for c in stated]
    if len(numbering) > 2 and numbering == [str(k) for k in range(1, len(numbering) + 1)]:
        return "numbering"
    return "data"


def identity_columns(columns: Sequence[Column]) -> tuple[list[int], list[int]]:
    """Return the positions of document-number columns and of name columns among the forbidden ones."""
    forbidden = [c for c in columns if c.how == "forbidden"]
    documents = [c.position for c in forbidden if _speaks_of(c.header, DOCUMENT)]
    names = [
        c.position for c in forbidden if _speaks_of(c.header, NAME) and c.position not in documents
    ]
    return documents, names


def _speaks_of(header: str, words: Sequence[str]) -> bool:
    return any(word in normalise(header) for word in words)


def _column(position: int, header: str, names: Names, answers: Mapping[str, Any]) -> Column:
    variable, how = names.find(header)
    letter = letter_of(position)
    for name, chosen in dict(answers.get("columns") or {}).items():
        if chosen == letter:
            variable, how = name, "answer"
    return Column(header.strip()[:120], variable, how, letter, position)


def _twice(columns: Sequence[Column], place: int) -> Refusal | None:
    seen: dict[str, Column] = {}
    for column in columns:
        if column.variable and column.variable in seen:
            one = seen[column.variable]
            where = f"{one.letter}{place + 1}, {column.letter}{place + 1}"
            return _refuse("duplicate_header", where=where, headers=[one.header, column.header])
        if column.variable:
            seen[column.variable] = column
    return None


def _missing(spec: Spec, columns: Sequence[Column]) -> list[Variable]:
    found = {c.variable for c in columns}
    return [v for v in spec.variables if v.required and v.name not in found]


def _which_column(
    missing: Sequence[Variable],
    columns: Sequence[Column],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
) -> list[Question]:
    """Ask which column a missing variable is, where a column of unknown header could be it."""
    unknown = [c for c in columns if c.how == "unknown"]
    answered = dict(answers.get("columns") or {})
    questions = []
    for variable in missing:
        fitting = [c for c in unknown if _could_be(variable, c, body)]
        if fitting and variable.name not in answered:
            questions.append(
                Question(
                    f"columns:{variable.name}",
                    {k: WHICH[k] % (variable.label.get(k) or variable.label["en"]) for k in WHICH},
                    [{"value": c.letter, "label": f"{c.letter}: {c.header}"} for c in fitting],
                    [_samples(c, body) for c in fitting],
                )
            )
    return questions


def _could_be(variable: Variable, column: Column, body: Sequence[Sequence[str]]) -> bool:
    values = [v for v in _values(column, body) if not parsing.is_blank(v)][:200]
    if not values:
        return False
    if variable.kind == "code":
        found = codelist.load(variable.codelist).match(values)
        return sum(m.code is not None for m in found) >= 0.8 * len(values)
    if variable.kind == "date":
        read = [parsing.parse_date(v, day_first=True, pivot=2100) for v in values]
        return sum(d.day is not None for d in read) >= 0.8 * len(values)
    return variable.kind == "ref" and len(set(values)) == len(values)


def _what_values_mean(
    columns: Sequence[Column],
    body: Sequence[Sequence[str]],
    answers: Mapping[str, Any],
    spec: Spec,
) -> list[Question]:
    questions = []
    sex = next((c for c in columns if c.variable == "sex"), None)
    numbers = sorted({v.strip() for v in _values(sex, body)} & NUMERIC_SEX) if sex else []
    if numbers and not answers.get("sex_codes"):
        choices: list[dict[str, Any]] = [
            {"value": c.code, "label": c.labels} for c in codelist.load("sex").codes
        ]
        evidence = [f"{n}: {sum(v.strip() == n for v in _values(sex, body))}" for n in numbers]
        questions.append(Question("sex_codes", SEX_CODES, choices, evidence))
    days = [
        c for c in columns if c.variable and spec.variable(c.variable).kind in ("date", "birth")
    ]
    doubtful = [v for c in days for v in _values(c, body) if _either_way(v)]
    if doubtful and answers.get("day_first") is None:
        orders: list[dict[str, Any]] = [
            {"value": True, "label": {"en": "day first", "ru": "сначала день", "tk": "ilki gün"}},
            {
                "value": False,
                "label": {"en": "month first", "ru": "сначала месяц", "tk": "ilki aý"},
            },
        ]
        questions.append(Question("day_first", DAY_FIRST, orders, doubtful[:5]))
    return questions


def _either_way(text: str) -> bool:
    if not SLASHED.match(text.strip()):
        return False
    return parsing.parse_date(text, day_first=None, pivot=2100).problem == "ambiguous"


def _values(column: Column | None, body: Sequence[Sequence[str]]) -> list[str]:
    if column is None:
        return []
    return [row[column.position] for row in body if len(row) > column.position]


def _samples(column: Column, body: Sequence[Sequence[str]]) -> str:
    seen = list(dict.fromkeys(v.strip() for v in _values(column, body) if v.strip()))[:4]
    return f"{column.letter}: {', '.join(seen)}"


WHICH = {
    "en": "Which column holds “%s”?",
    "ru": "В каком столбце «%s»?",
    "tk": "“%s” haýsy sütünde?",
}
SEX_CODES = {
    "en": "The column of sex holds numbers. What does each number mean?",
    "ru": "В столбце «Пол» стоят числа. Что означает каждое число?",
    "tk": "Jynsy sütüninde sanlar bar. Her san nämäni aňladýar?",
}
DAY_FIRST = {
    "en": "In these dates day and month could be exchanged. Which stands first?",
    "ru": "В этих датах день и месяц можно перепутать. Что стоит первым?",
    "tk": "Bu senelerde gün bilen aýy çalyşyp bolýar. Haýsysy ilki?",
}
REFUSALS: dict[str, Text] = {
    "header_missing": {
        "en": "No row of headers was found in lines %s. Put the names of the variables above the data, or "
        "use the template.",
        "ru": "В строках %s не найдены заголовки. Поставьте названия переменных над данными или возьмите шаблон.",
        "tk": "%s setirlerde sözbaşylar tapylmady. Üýtgeýänleriň atlaryny maglumatyň üstünde goýuň ýa-da nusgany alyň.",
    },
    "header_only": {
        "en": "The file has headers in line %s but no rows of data. To report nothing, submit the period as empty.",
        "ru": "В строке %s есть заголовки, но данных нет. Если сообщать нечего, сдайте период пустым.",
        "tk": "%s setirde sözbaşylar bar, ýöne maglumat ýok. Habar bermek üçin hiç zat ýok bolsa, döwri boş tabşyryň.",
    },
    "duplicate_header": {
        "en": "Two columns (%s) are both “%s”. Remove one of them, or give it another header.",
        "ru": "Два столбца (%s) означают одно: «%s». Удалите один или измените заголовок.",
        "tk": "Iki sütün (%s) bir zady aňladýar: “%s”. Birini aýyryň ýa-da sözbaşysyny üýtgediň.",
    },
    "missing_required": {
        "en": "Line %s has no column for: %s. Add it, even if some of its cells stay empty.",
        "ru": "В строке %s нет столбца: %s. Добавьте его, даже если часть ячеек пуста.",
        "tk": "%s setirde şu sütün ýok: %s. Käbir öýjükler boş bolsa-da, goşuň.",
    },
}


def _refuse(
    code: str, *, where: str, names: Sequence[Variable] = (), headers: Sequence[str] = ()
) -> Refusal:
    filled = {}
    for lang, text in REFUSALS[code].items():
        what = ", ".join(v.label.get(lang) or v.label["en"] for v in names) or " / ".join(headers)
        filled[lang] = text % ((where, what) if text.count("%s") == 2 else (where,))
    return Refusal(code, filled, where)
