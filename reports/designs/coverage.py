"""Whether every value of a variable lies in exactly one group or band of a dimension."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reports.designs import amounts
from reports.designs.dimensions import UNKNOWN, members
from reports.designs.schema import OLDEST
from reports.published.structure import SEX, TIME
from standards import codelists
from standards.codelists import CodeList
from standards.definitions import Problem, unknown

# Which keys a dimension has besides its name and labels, by how it is derived.
KEYS: dict[str, tuple[str, ...]] = {
    "period": (),
    "sex": (),
    "bands": ("bands",),
    "code": ("variable", "codelist"),
    "groups": ("variable", "codelist", "groups"),
    "parents": ("variable", "codelist"),
    "amounts": ("variable", "unit", "amounts"),
    "residence": (),
}
OPTIONAL = {"groups": ("keep",), "amounts": ("unit_variable",)}
OWN_KEYS = (
    *("variable", "codelist", "keep", "groups", "bands"),
    *("amounts", "unit", "unit_variable"),
)
Path = tuple[str, ...]
Content = Mapping[str, Any]


def problems(content: Content) -> Iterator[Problem]:
    """Yield what no schema can say of a dimension."""
    path, derive = ("dimensions", content["name"]), content["derive"]
    for name, own in ((SEX, "sex"), (TIME, "period")):
        if (content["name"] == name) != (derive == own):
            yield Problem((*path, "derive"), f"{name}, and nothing else, is derived as {own}")
    has = (*KEYS[derive], *OPTIONAL.get(derive, ()))
    missing = [key for key in KEYS[derive] if key not in content]
    yield from (Problem(path, f"missing key: {key}") for key in missing)
    for key in OWN_KEYS:
        if key in content and key not in has:
            yield Problem((*path, key), f"a dimension derived as {derive} has no {key}")
    if not missing and derive == "bands":
        yield from _of_bands(path, content["bands"])
    if not missing and derive == "groups":
        yield from _of_groups(path, content)
    if not missing and derive == "amounts":
        yield from amounts.problems(path, content)


def _of_bands(path: Path, bands: Iterable[Content]) -> Iterator[Problem]:
    """Every age up to the oldest lies in exactly one band."""
    expected = 0
    for band in bands:
        if band["from"] != expected or band["to"] < band["from"]:
            text = f"bands overlap or leave a gap: this one must begin with {expected}"
            yield Problem((*path, "bands", band["code"]), text)
            return
        expected = band["to"] + 1
    if expected != OLDEST + 1:
        yield Problem((*path, "bands"), f"the last band must end with {OLDEST}")


def _of_groups(path: Path, content: Content) -> Iterator[Problem]:
    """Every code of the list lies in exactly one group, is kept, or is said to belong to the rest."""
    codes = codelists.load(content["codelist"])
    keep = content.get("keep", ())
    yield from unknown(keep, codes.by_code, "code", (*path, "keep"))
    owners = dict.fromkeys(keep, "keep")
    for group in content["groups"]:
        where = (*path, "groups", group["code"])
        yield from _of_group(where, group, codes)
        for code in members(group, codes):
            if owners.setdefault(code, group["code"]) != group["code"]:
                yield Problem(where, f"the code {code} belongs to {owners[code]}, too")
    yield from _of_rest((*path, "groups"), content["groups"], set(codes.by_code) - set(owners))


def _of_group(path: Path, group: Content, codes: CodeList) -> Iterator[Problem]:
    if not {"codes", "parents", "rest"} & set(group):
        yield Problem(path, "a group needs codes, parents or rest")
    above = {code for c in codes.codes for code in (c.code, *codes.ancestors(c.code))}
    yield from unknown(group.get("codes", ()), codes.by_code, "code", (*path, "codes"))
    yield from unknown(group.get("parents", ()), above, "code", (*path, "parents"))


def _of_rest(path: Path, groups: Iterable[Content], uncovered: set[str]) -> Iterator[Problem]:
    rest = [group["code"] for group in groups if "rest" in group]
    if UNKNOWN in rest:
        yield Problem((*path, UNKNOWN, "rest"), "what is stated is never counted as not stated")
    if len(rest) > 1:
        yield Problem((*path, rest[1], "rest"), f"{rest[0]} is the rest already")
    if uncovered and not rest:
        listed = ", ".join(sorted(uncovered))
        text = f"codes that lie in no group: {listed}; name them, a parent, or a rest"
        yield Problem(path, text)
