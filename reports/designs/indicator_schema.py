"""What the YAML of an indicator may say: every key, its meaning and its form."""

from functools import cache

from reports.designs.schema import CODES, NAME, WHERE
from standards import schemas
from standards.definitions import Kind

UNITS = {
    "percent": "per cent",
    "per_100": "of one per 100 of the other",
    "per_100000": "of one per 100,000 of the other",
    "index": "a plain number",
    "points": "percentage points",
    "years": "years of age",
    "usd": "US dollars",
}
KINDS = {
    "ratio": "a ratio of two sums of women, men, other or not stated",
    "parity": "women divided by men, and the same adjusted so that 2 - x mirrors x",
    "shares": "the share of women in every code of `over`, and its location quotient",
    "dissimilarity": "Duncan's index of dissimilarity of women and men over the codes of `over`",
    "change": "the change of the share of women in a year, decomposed over the codes of `over` (Kitagawa)",
    "gap": "by how much the median amount of women is below that of men, over bands of amounts",
    "rates": "the rate of women (how many of the cases `among` are `codes` of `over`) divided by that of men",
    "incidence": "how many cases there are per so many (`times`) people of the same sex, whom the dataset `per` counts",
    "averages": "the average of an amount that women have divided by that of men, of what the dataset `per` counts",
    "ages": "the median age, and the share under 18, of women and of men, from five-year ages",
}
SEXES = ("F", "M", "_OU")
OWN_KEYS = {
    "ratio": ("numerator", "denominator", "times"),
    "rates": ("codes", "among"),
    "incidence": ("times",),
}
SERIES_NAME = schemas.name("[a-z][a-z0-9_]*", "small letters, digits and _, such as wpf")
CODE = schemas.name("[A-Z][A-Z0-9_]*", "capital letters, digits and _, such as G1")
COUNTED = schemas.distinct(schemas.choice(SEXES), least=1)
CALCULATION = schemas.mapping(
    {
        "kind": schemas.choice(KINDS, "; ".join(f"{word}: {what}" for word, what in KINDS.items())),
        "numerator": {**COUNTED, "description": "ratio: the sexes that are divided"},
        "denominator": {**COUNTED, "description": "ratio: the sexes by which is divided"},
        "times": schemas.whole("ratio, incidence: what the result is multiplied by", minimum=1),
        "codes": {
            **CODES,
            "description": "rates: the codes of `over` that are counted, such as refusals",
        },
        "among": {
            **CODES,
            "description": "rates: the codes they are a part of, such as all decisions",
        },
    },
    required=["kind"],
    description="how it is worked out from published counts",
)
SERIES = schemas.mapping(
    {
        "name": {**SERIES_NAME, "description": "how addresses call it, such as wpf"},
        "dataset": {**NAME, "description": "the dataset whose published figures are taken"},
        "per": {
            **NAME,
            "description": "incidence, averages: the dataset that counts what is related to, by the same codes",
        },
        "over": {**NAME, "description": "the dimension whose codes are compared"},
        "where": {**WHERE, "description": "what is counted; else the headline of the dataset"},
    },
    required=["name", "dataset"],
)
NEED = schemas.mapping(
    {
        "instrument": schemas.text(
            "the instrument that is lacking, or whose dataset lacks something"
        ),
        "why": schemas.texts("what is lacking, in one sentence"),
    },
    required=["instrument", "why"],
)
INDICATOR = {
    "code": {**CODE, "description": "such as G1"},
    "name": schemas.texts("what people call it"),
    "unit": schemas.choice(UNITS, "of the value"),
    "formula": schemas.texts("the formula, as people read it"),
    "reading": schemas.texts("the sentence that says a value, with its gaps in braces"),
    "caveat": schemas.texts("how it must not be read"),
    "least": schemas.whole("no value from a denominator below so many", minimum=100),
}
COMPUTED = {
    "calculation": CALCULATION,
    "series": schemas.several(SERIES, "what it is worked out for, the first one first", least=1),
}


@cache
def indicator() -> Kind:
    """The YAML of an indicator."""
    needs = schemas.several(NEED, "why it cannot be worked out yet", least=1)
    schema = schemas.mapping(
        {**INDICATOR, **COMPUTED, "needs": needs},
        required=[key for key in INDICATOR if key != "reading"],
        dependentRequired={"series": ["calculation", "reading"], "calculation": ["series"]},
    )
    return Kind("indicator", "An indicator: a formula over published figures", schema)


@cache
def unseen() -> Kind:
    """The YAML of who cannot be seen in each dataset."""
    schema = schemas.table(
        schemas.texts(), "dataset: who is not in its records", keys="[A-Z][A-Z0-9_]*"
    )
    return Kind("unseen", "Who cannot be seen in the records of a dataset", schema)
