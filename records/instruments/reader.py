"""Reading the YAML of an instrument with the shared files it includes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from records.instruments import consistency, schema
from records.instruments.aggregate import aggregate_form
from records.instruments.spec import Spec
from standards import codelists, definitions
from standards.definitions import Problem

DIRECTORY = Path(__file__).parent
COUNTS = DIRECTORY / "counts.yaml"
# Files that instruments include; no instruments themselves.
SHARED = frozenset({"common", "counts", "gender"})


def paths(directory: Path | None = None) -> list[Path]:
    """Return the files of the instruments in a folder, in the order of their names."""
    files = (directory or DIRECTORY).glob("*.yaml")
    return sorted(path for path in files if path.stem not in SHARED)


def read(path: Path) -> Spec:
    """Read an instrument's YAML with the shared files it includes, once for each of their texts.

    The Spec is shared by all who read the file: treat it as constant. Raises InvalidDefinition.
    """
    names = definitions.read(path, schema.instrument()).get("include", ())
    files = (path, *(_included(path, name) for name in names))
    return _read(files, tuple(definitions.text_of(file) for file in files))


@codelists.by_edition
def _read(files: tuple[Path, ...], _texts: tuple[str, ...]) -> Spec:
    """Read the file of an instrument, the first one, with those that it includes."""
    path, *included = files
    content = dict(definitions.read(path, schema.instrument()))
    content.pop("include", None)
    blocks = [definitions.read(file, schema.block()) for file in included]
    definitions.refuse(path, _unknown_to(blocks, content.get("without", [])))
    for block in blocks:
        content = _joined(block, content)
    content.pop("without", None)
    for part in ("variables", "rules", "checks", "forbidden", "ignored", "composites"):
        content.setdefault(part, [])
    problems = list(consistency.problems(content))
    for file in files:
        definitions.refuse(file, [p for p in problems if _file_of(p, path, included) == file])
    return Spec.from_content(content)


def read_aggregate(spec: Spec) -> Spec | None:
    """Return the aggregate form of an instrument, made once for each content; None where it has none."""
    if "aggregate" not in spec.raw:
        return None
    text = definitions.text_of(COUNTS)
    if (spec.digest, text) not in _forms:
        counts = definitions.read(COUNTS, schema.block())
        _forms[spec.digest, text] = Spec.from_content(aggregate_form(spec.raw, counts))
    return _forms[spec.digest, text]


_forms: dict[tuple[str, str], Spec] = {}  # by the digest of the instrument and the text of COUNTS


def _included(path: Path, name: str) -> Path:
    beside = path.parent / f"{name}.yaml"
    file = beside if beside.exists() else DIRECTORY / f"{name}.yaml"
    if name not in SHARED or not file.exists():
        definitions.refuse(
            path, [Problem(("include",), definitions.choose(name, SHARED, "shared file"))]
        )
    return file


def _file_of(problem: Problem, path: Path, included: Iterable[Path]) -> Path:
    """Return the file that has the key: what the instrument does not say itself, it includes."""
    part, name = problem.path[:2] if len(problem.path) > 1 else ("", "")
    for file in (path, *included):
        kind = schema.instrument() if file == path else schema.block()
        items = definitions.read(file, kind).get(str(part), [])
        if any(
            isinstance(item, dict) and name in (item.get("name"), item.get("id")) for item in items
        ):
            return file
    return path


def _unknown_to(blocks: Iterable[Mapping[str, Any]], without: Iterable[str]) -> Iterable[Problem]:
    known = {variable["name"] for block in blocks for variable in block["variables"]}
    known |= {
        rule["id"]
        for block in blocks
        for part in ("rules", "checks")
        for rule in block.get(part, [])
    }
    for name in without:
        if name not in known:
            text = definitions.choose(name, known, "shared variable, rule or check")
            yield Problem(("without",), text)


def _joined(shared: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The instrument's own variables and rules replace shared ones of the same name."""
    replaced = {v["name"]: v for v in own["variables"]}
    shared_names = [v["name"] for v in shared["variables"]]
    variables = [{**v, **replaced.get(v["name"], {})} for v in shared["variables"]]
    variables += [v for v in own["variables"] if v["name"] not in shared_names]
    dropped = set(own.get("without", []))
    joined = {**own, "variables": [v for v in variables if v["name"] not in dropped]}
    for part in ("rules", "checks"):
        replacing = dropped | {rule["id"] for rule in own.get(part, [])}
        taken_over = [rule for rule in shared.get(part, []) if rule["id"] not in replacing]
        taken_over = [rule for rule in taken_over if rule["variable"] not in dropped]
        joined[part] = taken_over + list(own.get(part, []))
    for part in ("forbidden", "ignored", "composites"):
        joined[part] = [*shared.get(part, []), *own.get(part, [])]
    return joined
