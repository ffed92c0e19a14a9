"""Tables as data: named views of datasets (YAML)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reports.designs import schema
from reports.designs.datasets import Dataset, datasets, where_problems
from reports.published.structure import SEX
from standards import definitions
from standards.definitions import Problem, choose, unknown
from standards.languages import Labels

DIRECTORY = Path(__file__).parent / "data" / "tables"


@dataclass(frozen=True)
class TableDesign:
    """A named view: the dimensions of its rows and the codes it is limited to. Sex is always there."""

    code: str
    dataset: str
    title: Labels
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def tables(directory: Path | None = None) -> dict[str, TableDesign]:
    """Return the tables of a folder by code. Raises InvalidDefinition."""
    by_file = {path: read(path) for path in sorted((directory or DIRECTORY).glob("*.yaml"))}
    times = Counter(table.code for table in by_file.values())
    published = datasets()
    for path, table in by_file.items():
        definitions.refuse(path, _problems(table, times[table.code], published))
    return {table.code: table for table in by_file.values()}


def read(path: Path) -> TableDesign:
    """Read one table, not yet compared with its dataset. Raises InvalidDefinition."""
    content = definitions.read(path, schema.table())
    where = {name: tuple(codes) for name, codes in content.get("where", {}).items()}
    return TableDesign(
        content["code"], content["dataset"], content["title"], tuple(content["by"]), where
    )


def _problems(
    table: TableDesign, times: int, published: Mapping[str, Dataset]
) -> Iterator[Problem]:
    if times > 1:
        yield Problem(("code",), "another file has this code")
    dataset = published.get(table.dataset)
    if dataset is None:
        yield Problem(("dataset",), choose(table.dataset, published, "dataset"))
        return
    if dataset.family.holding([*table.by, *table.where]) is None:
        text = f"no table of the family of {dataset.code} has these together"
        yield Problem(("by",), text)
    rows = (name for name in dataset.names if name != SEX)
    yield from unknown(table.by, rows, "dimension", ("by",))
    yield from where_problems(dataset, table.where)
