"""Tables as data: named views of datasets (YAML)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

DIRECTORY = Path(__file__).parent / "data" / "tables"


@dataclass(frozen=True)
class TableDesign:
    """A named view: the dimensions of its rows and the codes it is limited to. Sex is always there."""

    code: str
    dataset: str
    title: dict[str, str]
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def tables(directory: Path | None = None) -> dict[str, TableDesign]:
    """Return the tables of a folder by code."""
    found = [_read(path.read_text()) for path in sorted((directory or DIRECTORY).glob("*.yaml"))]
    return {table.code: table for table in found}


@cache
def _read(text: str) -> TableDesign:
    content = yaml.safe_load(text)
    where = {name: tuple(codes) for name, codes in content.get("where", {}).items()}
    return TableDesign(
        content["code"], content["dataset"], content["title"], tuple(content["by"]), where
    )
