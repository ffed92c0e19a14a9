"""Reading the YAML of an instrument with the shared files it includes."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from records.instruments.spec import InvalidInstrument, Spec

DIRECTORY = Path(__file__).parent


def read(path: Path) -> Spec:
    """Read an instrument's YAML with the shared files it includes. Raises InvalidInstrument."""
    content = dict(_load(path))
    for name in content.pop("include", []):
        content = _joined(_load(path.parent / f"{name}.yaml", DIRECTORY / f"{name}.yaml"), content)
    return Spec.from_content(content)


def _joined(shared: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The instrument's own variables and rules replace shared ones of the same name."""
    replaced = {v["name"]: v for v in own.get("variables", [])}
    shared_names = [v["name"] for v in shared["variables"]]
    variables = [{**v, **replaced.get(v["name"], {})} for v in shared["variables"]]
    variables += [v for v in own.get("variables", []) if v["name"] not in shared_names]
    dropped = set(own.get("without", []))
    joined = {**own, "variables": [v for v in variables if v["name"] not in dropped]}
    for part in ("rules", "checks"):
        ids = {r["id"] for r in own.get(part, [])}
        kept = [r for r in shared.get(part, []) if r["id"] not in ids]
        kept = [r for r in kept if r["variable"] not in dropped]
        joined[part] = kept + list(own.get(part, []))
    for part in ("forbidden", "ignored", "composites"):
        joined[part] = [*shared.get(part, []), *own.get(part, [])]
    joined.pop("without", None)
    return joined


def _load(*candidates: Path) -> Mapping[str, Any]:
    for path in candidates:
        if path.exists():
            return _parsed(path.read_text())
    raise InvalidInstrument(f"{candidates[0]} does not exist")


@cache
def _parsed(text: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load(text)
    return content
