"""What the YAML of a dataset and of a table may say: every key, its meaning and its form."""

from functools import cache

from standards import codelists, schemas
from standards.definitions import Kind
from standards.measures import CONCEPTS, UNITS
from standards.periods import FREQUENCIES

DERIVED = {
    "period": "the period of the submission",
    "sex": "women, men, other or not stated",
    "bands": "the age, in bands",
    "code": "a variable as it is",
    "groups": "a variable, its codes put into groups",
    "parents": "a variable, by the parent of its code: subregions of countries; a code that has none stays",
    "amounts": "a number of the record (a wage), in bands of one unit; nothing is converted",
    "residence": "whether a crossing changed the usual residence by the 12/16-month rule, from linked crossings",
}
OLDEST = 130  # years; an age above is not stated
NAME = schemas.name("[A-Z][A-Z0-9_]*", "capital letters, digits and _, such as CITIZENSHIP")
CODE = schemas.name("[A-Za-z0-9_-]{1,32}", "letters, digits, _ and -")
CODES = schemas.distinct(schemas.text(), least=1)
WHERE = schemas.table(CODES, "dimension: the codes that are counted", keys="[A-Z][A-Z0-9_]*")
BAND = schemas.mapping(
    {
        "code": CODE,
        "from": schemas.whole("the youngest age", minimum=0, maximum=OLDEST),
        "to": schemas.whole("the oldest age", minimum=0, maximum=OLDEST),
        "labels": schemas.texts("what tables and charts call it"),
    },
    required=["code", "from", "to", "labels"],
)
AMOUNT_BAND = schemas.mapping(
    {
        "code": CODE,
        "from": schemas.whole("the smallest amount", minimum=0),
        "below": schemas.whole("amounts are below it; the last band has none", minimum=1),
        "labels": schemas.texts("what tables and charts call it"),
    },
    required=["code", "from", "labels"],
)
GROUP = schemas.mapping(
    {
        "code": CODE,
        "codes": {**CODES, "description": "codes of the list that belong to the group"},
        "parents": {**CODES, "description": "these codes and all that lie below them belong to it"},
        "rest": schemas.text(
            "why every code that no other group names belongs to it, also later ones"
        ),
        "labels": schemas.texts("what tables and charts call it"),
    },
    required=["code", "labels"],
)
HEADLINE = schemas.mapping(
    {"labels": schemas.texts("what the total is called"), "where": WHERE},
    required=["labels", "where"],
    description="the measure that the dataset shows as its total: a part of its cells",
)


FAMILY_TABLE = schemas.mapping(
    {
        "name": schemas.name("[a-z][a-z0-9_]*", "such as citizenship, in small letters"),
        "of": schemas.text(
            "the earlier table that it refines; the first table, the core, has none"
        ),
        "adds": schemas.distinct(
            NAME, "the columns it adds, coarse before fine; every column is added once", least=1
        ),
        "least": schemas.whole(
            "cells of the table above that are published below it are not broken down; "
            "by default ten times the base, 0 for periods",
            minimum=0,
        ),
    },
    required=["name", "adds"],
)
HEADLINES = schemas.several(
    schemas.distinct(NAME, least=1),
    "the crossings that people read first: they have to be near the truth; sex is always among them",
    least=1,
)


# What a dataset says of itself; the code lists of its dimensions are added when they are known.
DATASET = {
    "code": {**NAME, "description": "such as WPF; releases are called by it: WPF-1"},
    "instrument": schemas.text("the instrument whose records are counted"),
    "title": schemas.texts("what people call it"),
    "description": schemas.texts("what a count is, in one sentence"),
    "unit": schemas.choice(
        UNITS,
        "what is counted or added up: PS persons, EVT events, DOC documents, TRF transfers, USD US dollars, PT per cent",
    ),
    "concept": schemas.choice(CONCEPTS, "by whose definition"),
    "frequency": schemas.choice(FREQUENCIES, "how long a period is, as the instrument says"),
    "records": schemas.table(
        CODES,
        "variable: only records with one of these codes are counted; another dataset may count the others",
        keys="[a-z][a-z0-9_]*",
    ),
    "measure": schemas.name(
        "[a-z][a-z0-9_]*", "of counts: the variable that is added up, `count` where nothing is said"
    ),
    "stock": schemas.flag(
        "true: what there is on the last day of a period, so that periods are never added up"
    ),
    "base": schemas.whole("every published count is a multiple of it", minimum=2),
    "sources": schemas.distinct(schemas.text(), "the agencies it comes from", least=1),
}
OPTIONAL = frozenset({"records", "measure", "stock"})
CHARTS = schemas.distinct(
    NAME, "dimensions of its own that the dashboard draws, beside time, age, citizenship and region"
)
ORIGIN_DESTINATION = {
    **schemas.distinct(NAME, "the dimensions from where and to where people move", least=2),
    "maxItems": 2,
}
DIMENSION = {
    "name": NAME,
    "labels": schemas.texts("what tables and charts call it"),
    "derive": schemas.choice(
        DERIVED, "; ".join(f"{word}: {meaning}" for word, meaning in DERIVED.items())
    ),
    "variable": schemas.name("[a-z][a-z0-9_]*", "the variable of the instrument, in small letters"),
    "keep": {**CODES, "description": "codes that stay as they are, before the groups"},
    "groups": schemas.several(GROUP, "groups of codes; every code lies in one", least=1),
    "bands": schemas.several(BAND, "bands of age, from 0 to 130 without gaps", least=1),
    "amounts": schemas.several(
        AMOUNT_BAND, "bands of an amount, from 0 without gaps; the last has no end", least=2
    ),
    "unit": schemas.name(
        "[A-Z][A-Z0-9_]{0,11}", "the unit of the bands: of money its ISO 4217 code"
    ),
    "unit_variable": schemas.name(
        "[a-z][a-z0-9_]*",
        "the variable that says the unit of a record; amounts in another unit are counted apart",
    ),
    "implied_by": {**NAME, "description": "the finer dimension that this one is a roll-up of"},
}
TABLE = {
    "code": {**NAME, "description": "such as T14: the number of the table in the data dictionary"},
    "dataset": {**NAME, "description": "the dataset it is a view of"},
    "title": schemas.texts("what people call it"),
    "by": schemas.distinct(NAME, "the dimensions of its rows; sex is always in the columns"),
    "where": WHERE,
    "medians": {
        **NAME,
        "description": "the dimension of amounts of which every row shows the medians of women, men and all",
    },
    "balance": schemas.mapping(
        {
            "of": {**NAME, "description": "the last dimension of the rows"},
            "code": {**CODE, "description": "of the rows that it adds, such as NET"},
            "labels": schemas.texts("what they are called"),
            "plus": {**CODES, "description": "codes that are added"},
            "minus": {**CODES, "description": "codes that are taken away"},
        },
        required=["of", "code", "labels", "plus", "minus"],
        description="rows of a difference of codes: arrivals minus departures",
    ),
    "shares": {
        **NAME,
        "description": "the dimension of the rows over whose stated codes women, men and all are spread, in percent",
    },
    "note": schemas.texts("what readers have to know of the table: what it lacks"),
}


def dataset() -> Kind:
    """The YAML of a dataset."""
    return _dataset(codelists.names())


@cache
def _dataset(code_lists: tuple[str, ...]) -> Kind:
    listed = {"codelist": schemas.choice(code_lists, "the code list of the variable")}
    dimension = schemas.mapping({**DIMENSION, **listed}, required=["name", "labels", "derive"])
    parts = schemas.several(dimension, "what cells are told apart by", least=2)
    tree = schemas.several(FAMILY_TABLE, "the tables that are published, the core first", least=1)
    own = {**DATASET, "dimensions": parts, "family": tree, "headlines": HEADLINES}
    further = {"headline": HEADLINE, "charts": CHARTS, "origin_destination": ORIGIN_DESTINATION}
    required = [key for key in own if key not in OPTIONAL]
    schema = schemas.mapping({**own, **further}, required=required)
    return Kind("dataset", "A dataset: which cells of an instrument are published", schema)


@cache
def table() -> Kind:
    """The YAML of a table."""
    schema = schemas.mapping(TABLE, required=["code", "dataset", "title", "by"])
    return Kind("table", "A table: a named view of a dataset", schema)
