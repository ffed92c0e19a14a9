"""What no schema can say of an instrument: whether its parts fit each other and the code lists."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from records.instruments import gender_identity
from records.instruments.spec import NOT_STATED
from standards import codelists, home
from standards.definitions import Problem, choose, unknown
from standards.spelling import normalise

NUMBERS = frozenset({"integer", "decimal"})
COMPARED = NUMBERS | {"boolean"}  # yes is 1, no is 0
DAYS = frozenset({"date", "period"})
# What is worked out of a birth date or an age, for every record.
DERIVED = {"age": "integer", "birth_year": "integer"}
# What every row has; a cell is its own number.
AGE_GROUP = "age_group"  # in five years, of an aggregate form
REQUIRED = {"records": ("record_ref", "event_date", "sex"), "counts": ("event_date", "count")}
# Of each kind of check: keys that it needs, and keys that it may have.
CHECK_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "share_unknown": (("over",), ()),
    "constant": (("codes",), ()),
    "largest_day": (("over",), ()),
    "new_year": (("over",), ()),
    "one_sex": (("codes",), ("over",)),
    "share_of": (("codes", "over"), ()),
    "share_by_sex": (("codes", "over"), ()),
    "none_of": (("codes",), ()),
    "dominance": (("over",), ("within",)),
    "outlier": (("over",), ("within",)),
    "ratio": (("codes", "over"), ("within",)),
    "year_only": (("over",), ()),
    "far_periods": (("over",), ()),
}
Content = Mapping[str, Any]


def problems(content: Content) -> Iterator[Problem]:
    """Yield what is wrong with an instrument and the shared parts it includes, joined."""
    variables = {v["name"]: v for v in content["variables"]}
    yield from _stand_twice("variables", "name", content["variables"])
    yield from _stand_twice("rules", "id", [*content["rules"], *content["checks"]])
    for name in REQUIRED[content.get("collects", "records")]:
        if name not in variables:
            yield Problem(("variables",), f"the variable {name} is never left out")
    yield from _of_cells(content, variables)
    yield from gender_identity.problems(content)
    for variable in content["variables"]:
        yield from _of_variable(variable)
    yield from _of_headers(content["variables"])
    for rule in content["rules"]:
        yield from _of_rule(rule, variables)
    for check in content["checks"]:
        yield from _of_check(check, variables)


def _of_cells(content: Content, variables: Mapping[str, Content]) -> Iterator[Problem]:
    """The cells of counts, and of an aggregate form, are told apart by codes, and by sex first of all."""
    is_counts = content.get("collects") == "counts"
    if is_counts and "cells" not in content:
        yield Problem(("cells",), "counts say which variables tell their cells apart")
    if is_counts and "aggregate" in content:
        yield Problem(("aggregate",), "counts are an aggregate form already")
    if not is_counts and "cells" in content:
        yield Problem(("cells",), "only counts have cells")
    for key in ("cells", "aggregate"):
        known = [*variables, AGE_GROUP]
        yield from unknown(content.get(key, ()), known, "variable", (key,))
        for name in content.get(key, ()):
            if name in variables and variables[name].get("kind") != "code":
                yield Problem((key,), f"{name} is no variable of codes")
        if key in content and "sex" not in content[key] and "unpublished" not in content:
            yield Problem((key,), "sex is never left out")


def _stand_twice(part: str, key: str, items: Iterable[Content]) -> Iterator[Problem]:
    for name, times in Counter(item[key] for item in items).items():
        if times > 1:
            yield Problem((part, name), f"{name} stands twice")


def _of_variable(variable: Content) -> Iterator[Problem]:
    path, kind = ("variables", variable["name"]), variable.get("kind")
    needed = ("kind", "label", *(["codelist"] if kind == "code" else []))
    yield from (Problem(path, f"missing key: {key}") for key in needed if key not in variable)
    for key in ("codelist", "codes", "unknown"):
        if key in variable and kind != "code":
            yield Problem(
                (*path, key), f"only a variable of kind code has this; it is of kind {kind}"
            )
    if "codelist" in variable and kind == "code":
        yield from _of_listed_codes(path, variable)
    yield from _of_bounds(path, variable)


def _of_listed_codes(path: tuple[str, ...], variable: Content) -> Iterator[Problem]:
    codes = codelists.load(variable["codelist"])
    known = codes.by_code
    accepted = variable.get("codes", known)
    yield from unknown(accepted, known, "code", (*path, "codes"))
    if variable.get("unknown") == NOT_STATED and codes.not_stated:
        return
    if "unknown" in variable:
        yield from unknown([variable["unknown"]], accepted, "code", (*path, "unknown"))


def _of_bounds(path: tuple[str, ...], variable: Content) -> Iterator[Problem]:
    kind = variable.get("kind")
    if "low" in variable and kind not in NUMBERS:
        yield Problem((*path, "low"), f"only numbers have this; it is of kind {kind}")
    if "high" in variable and kind not in NUMBERS | {"ref", "key"}:
        yield Problem(
            (*path, "high"), f"only numbers and references have this; it is of kind {kind}"
        )
    if variable.get("low", 0) > variable.get("high", float("inf")):
        yield Problem((*path, "high"), f"it is below the smallest number, {variable['low']}")


def _of_headers(variables: Iterable[Content]) -> Iterator[Problem]:
    """A header that two variables claim would silently be the first one's."""
    owners: dict[str, str] = {}
    for variable in variables:
        labels = variable.get("label", {}).values()
        for header in (variable["name"], *labels, *variable.get("headers", ())):
            owner = owners.setdefault(normalise(header), variable["name"])
            if owner != variable["name"]:
                path = ("variables", variable["name"], "headers")
                yield Problem(path, f"the header “{header}” is already one of {owner}")


def _of_rule(rule: Content, variables: Mapping[str, Content]) -> Iterator[Problem]:
    path = ("rules", rule["id"])
    yield from unknown([rule["variable"]], variables, "variable", (*path, "variable"))
    for place, condition in enumerate(rule["when"]):
        for problem in _of_condition(condition, variables):
            yield Problem((*path, "when", place, *problem.path), problem.text)


def _of_condition(condition: Content, variables: Mapping[str, Content]) -> Iterator[Problem]:
    known = {**DERIVED, **{name: v.get("kind", "") for name, v in variables.items()}}
    named = {
        key: condition[key]
        for key in ("var", "since", "per", "equals", "differs")
        if key in condition
    }
    for key, name in named.items():
        yield from unknown([name], known, "variable", (key,))
    if not set(named.values()) <= set(known):
        return
    kind = known[condition["var"]]
    for key, kinds in (
        *((key, COMPARED) for key in ("lt", "le", "gt", "ge")),
        *((key, DAYS) for key in ("before", "after", "days_over")),
        *((key, frozenset({"code"})) for key in ("in", "not_in", "written_as")),
        ("matches", frozenset({"ref"})),
    ):
        if key in condition and kind not in kinds:
            wanted = " or ".join(sorted(kinds))
            yield Problem((key,), f"this compares variables of kind {wanted}, not {kind}")
        elif key in ("in", "not_in"):
            yield from _of_codes(key, condition, variables)
    for key in ("before", "after"):
        if key in condition and not _is_moment(condition[key], known):
            yield Problem(
                (key,), f"{condition[key]} is neither today, nor a date, nor a date variable"
            )


def _of_codes(key: str, holder: Content, variables: Mapping[str, Content]) -> Iterator[Problem]:
    variable = variables[holder.get("var") or holder["variable"]]
    known = codelists.load(variable["codelist"]).by_code if variable.get("codelist") else {}
    yield from unknown(home.expanded(holder.get(key, ())), known, "code", (key,))


def _is_moment(text: str, kinds: Mapping[str, str]) -> bool:
    if text == "today" or kinds.get(text) in DAYS:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _of_check(check: Content, variables: Mapping[str, Content]) -> Iterator[Problem]:
    path = ("checks", check["id"])
    variable = variables.get(check["variable"])
    if variable is None:
        yield Problem((*path, "variable"), choose(check["variable"], variables, "variable"))
        return
    needed, optional = CHECK_KEYS[check["kind"]]
    for key in ("codes", "over", "within"):
        if key in needed and key not in check:
            yield Problem(path, f"missing key: {key}")
        if key in check and key not in needed + optional:
            yield Problem(path, f"no use in a check of this kind: {key}")
    yield from unknown(check.get("within", ()), variables, "variable", (*path, "within"))
    if check["kind"] == "ratio" and len(check.get("codes", ())) != 2:
        yield Problem((*path, "codes"), "a ratio is of two codes")
    if check["kind"] == "share_unknown" and not variable.get("unknown"):
        yield Problem((*path, "variable"), f"{check['variable']} has no code for what is unknown")
    for problem in _of_codes("codes", check, variables):
        yield Problem((*path, *problem.path), problem.text)
