"""What the YAML of an instrument may say: every key, its meaning and its form."""

from collections.abc import Sequence
from functools import cache

from standards import codelists, schemas
from standards.definitions import Kind
from standards.measures import CONCEPTS, UNITS
from standards.periods import FREQUENCIES
from standards.schemas import Schema

KINDS = {
    "ref": "the agency's own number of the record",
    "key": "a key that the portal makes of something it then forgets",
    "date": "a day",
    "period": "a period of the instrument's frequency, such as 2025/26; kept as its first day",
    "birth": "a birth date, or the year alone; kept as year and age",
    "code": "a code of the list that `codelist` names",
    "integer": "a whole number",
    "decimal": "a number",
    "boolean": "yes or no",
}
CHECKS = {
    "share_unknown": "more than the share `over` of rows do not state the variable",
    "constant": "all rows have the same of these `codes`",
    "largest_day": "more than the share `over` of rows lie on one day",
    "new_year": "more than the share `over` of birth dates are a 1 January",
    "one_sex": "all rows with one of these `codes`, or more than the share `over`, are of one sex",
    "share_of": "more than the share `over` of rows have one of these `codes`",
    "share_by_sex": "the share of these `codes` differs by more than `over` between women and men",
    "none_of": "no row has one of these `codes`",
    "dominance": "within a group of `within`, one key has more than the share `over` of rows",
    "outlier": "within a group of `within`, a number is further from the median than `over` times 1.4826 times the "
    "median absolute deviation",
    "ratio": "within a group of `within`, one of the two `codes` is more than `over` times as frequent as the other",
    "year_only": "more than the share `over` of birth dates are a year alone",
    "far_periods": "more than the share `over` of rows lie more than a period away from the period of most rows",
}
COLLECTS = {
    "records": "one person, event or document",
    "counts": "one cell: how many there are of a combination of codes, or how much",
}
PATTERNS = {"document": "a passport or identity number"}
PARTS = {
    "first": "what stands before the comma",
    "place": "what stands behind the first comma",
    "known": "the beginning that the list of the variable knows",
}
VARIABLE_NAME = schemas.name("[a-z][a-z0-9_]*", "small letters, digits and _, such as valid_from")
CODES = schemas.distinct(schemas.text(), least=1)


def _spelled_out(meanings: dict[str, str]) -> str:
    return "; ".join(f"{word}: {meaning}" for word, meaning in meanings.items())


COMPARISONS: dict[str, Schema] = {
    "in": {
        **CODES,
        "description": "the code is one of these; `home`: the country of the portal; `home_regions`: its regions",
    },
    "not_in": {**CODES, "description": "a code is stated and is none of these"},
    "given": schemas.flag("true: something is stated; false: blank or the unknown code"),
    "lt": schemas.number("the number is below this"),
    "le": schemas.number("the number is this or below"),
    "gt": schemas.number("the number is above this"),
    "ge": schemas.number("the number is this or above"),
    "before": schemas.text("the date lies before `today`, a date in quotes, or a variable"),
    "after": schemas.text("the date lies after `today`, a date in quotes, or a variable"),
    "equals": {**VARIABLE_NAME, "description": "the value is that of another variable"},
    "differs": {**VARIABLE_NAME, "description": "both are stated and differ"},
    "days_over": schemas.whole(
        "more days than this have passed since the date `since`; below 0: it comes so many days before it at most",
        minimum=-36525,
    ),
    "matches": schemas.choice(PATTERNS, f"the text looks like {_spelled_out(PATTERNS)}"),
    "written_as": schemas.distinct(schemas.text(), "the text of the file is one of these", least=1),
}
CONDITION = schemas.mapping(
    {
        "var": {**VARIABLE_NAME, "description": "the variable that is compared"},
        "since": {**VARIABLE_NAME, "description": "the date from which `days_over` counts"},
        "per": {
            **VARIABLE_NAME,
            "description": "the number by which `var` is divided before it is compared",
        },
        **COMPARISONS,
    },
    required=["var"],
    description="a variable and one or more comparisons, which must all hold",
    minProperties=2,
    dependentRequired={"days_over": ["since"], "since": ["days_over"]},
)
VARIABLE = {
    "name": {**VARIABLE_NAME, "description": "its name in files, rules and datasets"},
    "kind": schemas.choice(
        KINDS,
        f"how a text is read, needed unless a shared variable says it ({_spelled_out(KINDS)})",
    ),
    "label": schemas.texts(
        "what forms, files and pages call it, needed unless a shared variable says it"
    ),
    "help": schemas.texts("what to write, in one sentence"),
    "headers": schemas.distinct(schemas.text(), "other headers under which files bring it"),
    "required": schemas.flag(
        "true: a row without it is held, unless `unknown` says what is stored"
    ),
    "codelist": {"type": "string", "description": "the code list of a variable of kind code"},
    "codes": {**CODES, "description": "only these codes of the list are accepted"},
    "unknown": schemas.text(
        "the code that is stored where nothing is stated; not_stated: the one that its list has"
    ),
    "low": schemas.number("the smallest number that is accepted"),
    "high": schemas.number("the largest number that is accepted; of a ref the longest text"),
    "typed": schemas.flag("false: only files bring it, the form does not ask for it"),
    "private": schemas.flag("true: a text that cannot be read may name a person and is not kept"),
}
RULE = schemas.mapping(
    {
        "id": schemas.name(r"[a-z][a-z0-9_]*\.[a-z0-9_]+", "variable.reason, in small letters"),
        "severity": schemas.choice(
            ["error", "warning"], "error: the row is held; warning: it has to be acknowledged"
        ),
        "variable": {**VARIABLE_NAME, "description": "the variable the message stands beside"},
        "private": schemas.flag("true: what breaks it may name a person; the text is not kept"),
        "when": schemas.several(
            CONDITION, "the row breaks the rule when all of these hold", least=1
        ),
        "message": schemas.texts("what is wrong and what to do"),
    },
    required=["id", "severity", "variable", "when", "message"],
)
CHECK = schemas.mapping(
    {
        "id": schemas.name(r"[a-z][a-z0-9_]*\.[a-z0-9_]+", "variable.reason, in small letters"),
        "kind": schemas.choice(CHECKS, _spelled_out(CHECKS)),
        "variable": {**VARIABLE_NAME, "description": "the variable the message stands beside"},
        "over": schemas.number(
            "a share from 0 to 1, or how many times as much", minimum=0, maximum=100
        ),
        "within": schemas.distinct(
            VARIABLE_NAME, "the variables whose codes make the groups", least=1
        ),
        "least": schemas.whole("files with fewer rows are not judged", minimum=1),
        "codes": {**CODES, "description": "the codes that are counted"},
        "message": schemas.texts("what is odd about the file"),
    },
    required=["id", "kind", "variable", "message"],
)
COMPOSITE = schemas.mapping(
    {
        "headers": schemas.distinct(schemas.text(), "headers of the column", least=1),
        "parts": schemas.table(
            schemas.choice(PARTS, _spelled_out(PARTS)),
            "variable: which part of the text it is",
            keys="[a-z][a-z0-9_]*",
        ),
    },
    required=["headers", "parts"],
)

COUNTED = {
    "working": "days of rest and holidays are passed over",
    "calendar": "every day counts; what falls on a day of rest moves to the next working day",
}
DUE = schemas.mapping(
    {
        "days": schemas.whole("days after the period until it is due", minimum=1, maximum=366),
        "counted": schemas.choice(COUNTED, _spelled_out(COUNTED)),
        "grace": schemas.whole("days after the due date until it is late", minimum=0, maximum=92),
        "opens": schemas.whole(
            "days after the period before it may be submitted", minimum=0, maximum=92
        ),
        "closes": schemas.whole(
            "days after the grace until it may no longer be submitted", minimum=0, maximum=366
        ),
    },
    required=["days"],
    description="when it is due; without it, by its frequency",
)

OWN = {
    "code": schemas.name("[A-Z]{3,4}-[A-Z]{3}", "such as SMS-WPF: who collects it, and what"),
    "version": schemas.whole("raised with every change after publication", minimum=1),
    "include": schemas.distinct(schemas.text(), "shared files it begins with: [common]"),
    "without": schemas.distinct(
        schemas.text(), "names of shared variables, ids of shared rules and checks it lacks"
    ),
    "title": schemas.texts("what people call it"),
    "purpose": schemas.texts("what it is collected for, in one sentence"),
    "unit": schemas.choice(UNITS, _spelled_out(UNITS)),
    "concept": schemas.choice(CONCEPTS, f"by whose definition ({_spelled_out(CONCEPTS)})"),
    "frequency": schemas.choice(
        FREQUENCIES,
        "how long a period is: M month, Q quarter, S half-year, A calendar year, "
        "A/--09-01 academic year",
    ),
    "agencies": schemas.distinct(
        schemas.name("[A-Z]{2,8}", "the code of an agency, such as SMS"),
        "who delivers it first; later the national administrators say who does",
        least=1,
    ),
    "restricted": schemas.flag(
        "true: of special protection; people see it only where it is named in their duties"
    ),
    "collects": schemas.choice(
        COLLECTS, f"what a row is, `records` where nothing is said ({_spelled_out(COLLECTS)})"
    ),
    "cells": schemas.distinct(
        VARIABLE_NAME, "of counts: the variables that tell the cells apart", least=1
    ),
    "aggregate": schemas.distinct(
        VARIABLE_NAME,
        "the variables of its aggregate form, for agencies that may not send rows",
        least=1,
    ),
    "stock": schemas.flag("true: what there is on the last day of the period"),
    "unpublished": schemas.texts("why nothing of it is published"),
    "legal_basis": schemas.texts("the law or rule by which it is collected"),
    "risk_assessment": schemas.texts(
        "of what could harm a person: when it was made, and where it is kept"
    ),
    "retention": schemas.whole("for how many years its records are kept", minimum=1),
    "due": DUE,
}


def instrument() -> Kind:
    """The YAML of an instrument."""
    return _kinds(codelists.names())[0]


def block() -> Kind:
    """The YAML that several instruments include."""
    return _kinds(codelists.names())[1]


@cache
def _kinds(code_lists: Sequence[str]) -> tuple[Kind, Kind]:
    listed = {**VARIABLE["codelist"], "enum": sorted(code_lists)}
    variable = schemas.mapping({**VARIABLE, "codelist": listed}, required=["name"])
    words = schemas.distinct(schemas.text())
    shared = {
        "variables": schemas.several(variable, "what is asked of every record"),
        "rules": schemas.several(RULE, "what is wrong with a row"),
        "checks": schemas.several(CHECK, "what is odd about a file as a whole"),
        "forbidden": {**words, "description": "headers of columns that are dropped unread"},
        "ignored": {**words, "description": "headers of columns that say nothing"},
        "composites": schemas.several(COMPOSITE, "columns that hold several variables"),
    }
    needed = ("code", "version", "title", "purpose", "unit", "concept", "frequency", "agencies")
    return (
        Kind(
            "instrument",
            "An instrument: what is asked, of whom, by which rules",
            schemas.mapping({**OWN, **shared}, required=[*needed, "variables"]),
        ),
        Kind(
            "block",
            "Variables and rules that instruments share",
            schemas.mapping(shared, required=["variables"]),
        ),
    )
