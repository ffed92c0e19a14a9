"""What the YAML of a set of indicators (SDG, GCM) and of the gender framework matrix may say."""

from functools import cache

from reports.designs.indicator_schema import CODE
from reports.designs.schema import NAME
from standards import schemas
from standards.definitions import Kind

FEEDS = {
    "feed": "the records give the number itself",
    "proxy": "the records give something that stands in for it, or a part of it",
    "not": "the records cannot give it",
}
# What a cell of the matrix says that figures cannot say themselves.
DECLARED = {
    "without_sex": "collected, but the instrument has no sex",
    "missing": "not collected, though it should be",
}
ENTRY_CODE = schemas.name("[0-9A-Za-z.]{1,12}", "such as 10.7.1, or 5")
AGENCIES = "[A-Z][A-Z0-9]*"
INSTRUMENTS = schemas.distinct(schemas.text(), "instruments whose records it would take", least=1)
INDICATORS = schemas.distinct(CODE, "indicators of the portal that answer it", least=1)
ENTRY = schemas.mapping(
    {
        "code": {**ENTRY_CODE, "description": "such as 10.7.1, or 5"},
        "name": schemas.texts("its name, as the set has it"),
        "feed": schemas.choice(FEEDS, "; ".join(f"{w}: {what}" for w, what in FEEDS.items())),
        "why": schemas.texts("how, or why not"),
        "indicators": INDICATORS,
        "needs": INSTRUMENTS,
    },
    required=["code", "name", "feed", "why"],
)
SET = {
    "code": schemas.name("[a-z][a-z0-9-]*", "small letters, digits and -, such as sdg"),
    "version": schemas.text(
        "of this file: the year and month it was last compared with its source"
    ),
    "title": schemas.texts("what people call it"),
    "source": schemas.texts("the document that it is taken from, to be cited"),
    "note": schemas.texts("what a reader has to know of it"),
    "entries": schemas.several(
        ENTRY, "its indicators or objectives, in its order; none yet is allowed"
    ),
}
DECLARATION = schemas.mapping(
    {
        "state": schemas.choice(
            DECLARED, "; ".join(f"{w}: {what}" for w, what in DECLARED.items())
        ),
        "instrument": schemas.text("the instrument that would collect it"),
    },
    required=["state", "instrument"],
)
ROW = schemas.mapping(
    {
        "id": schemas.name("[a-z][a-z0-9_]*", "small letters, digits and _, such as permits"),
        "objective": {**ENTRY_CODE, "description": "of the set gcm"},
        "goals": schemas.distinct(ENTRY_CODE, "indicators of the set sdg", least=1),
        "name": schemas.texts("what is counted"),
        "dataset": {**NAME, "description": "whose headline is shown"},
        "indicator": {**CODE, "description": "where a reader goes on"},
        "series": schemas.text("of the indicator"),
        "table": schemas.text("a named table that has more of it"),
        "declared": schemas.table(DECLARATION, "agency: what figures cannot say", keys=AGENCIES),
        "also": schemas.distinct(
            schemas.choice(
                ALSO := ("age", "region", "citizenship", "occupation", "reason", "time")
            ),
            "by what else it is published",
        ),
        "unseen": schemas.texts("who cannot be seen, where no dataset says it"),
        "comment": schemas.texts("a remark, at most a few sentences"),
    },
    required=["id", "objective", "goals", "name"],
    dependentRequired={"indicator": ["series"], "series": ["indicator", "dataset"]},
)
MATRIX = {
    "agencies": schemas.table(
        schemas.texts(), "agency: its name; the columns, in order", keys=AGENCIES
    ),
    "rows": schemas.several(ROW, "in the order of the objectives", least=1),
}


@cache
def indicator_set() -> Kind:
    """The YAML of a set of indicators."""
    schema = schemas.mapping(SET, required=[key for key in SET if key != "note"])
    return Kind("indicatorset", "A set of indicators that the portal is asked for", schema)


@cache
def matrix() -> Kind:
    """The YAML of the gender framework matrix."""
    schema = schemas.mapping(MATRIX, required=MATRIX)
    return Kind("matrix", "The gender framework matrix: objectives, indicators, agencies", schema)
