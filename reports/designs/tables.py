"""Tables as data: named views of datasets (YAML)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reports.designs import schema
from reports.designs.datasets import Dataset, datasets, state, where_problems
from reports.published.structure import SEX, Item
from reports.published.views import Balance, Medians, Shares, View
from standards import definitions
from standards.codelists import by_edition
from standards.definitions import Problem, choose, unknown
from standards.languages import Labels

DIRECTORY = Path(__file__).parent / "data" / "tables"
WORKED_OUT = ("medians", "balance", "shares")


@dataclass(frozen=True)
class TableDesign:
    """A named view: the dimensions of its rows, the codes it is limited to, what it says beside the counts. Sex is
    always there."""

    code: str
    dataset: str
    title: Labels
    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    view: View = field(default_factory=View)


def tables(directory: Path | None = None) -> dict[str, TableDesign]:
    """Return the tables of a folder by code. Raises InvalidDefinition."""
    folder = directory or DIRECTORY
    return dict(_of_folder(folder, definitions.state_of(folder), state()))


@by_edition
def _of_folder(folder: Path, *_states: definitions.State) -> dict[str, TableDesign]:
    by_file = {path: read(path) for path in sorted(folder.glob("*.yaml"))}
    times = Counter(table.code for table in by_file.values())
    published = datasets()
    for path, table in by_file.items():
        definitions.refuse(path, _problems(table, times[table.code], published))
    return {table.code: table for table in by_file.values()}


def read(path: Path) -> TableDesign:
    """Read one table, not yet compared with its dataset. Raises InvalidDefinition."""
    content = definitions.read(path, schema.table())
    where = {name: tuple(codes) for name, codes in content.get("where", {}).items()}
    definitions.refuse(path, _of_view(content))
    view = View(_worked_out(content), content.get("note", {}))
    return TableDesign(
        content["code"], content["dataset"], content["title"], tuple(content["by"]), where, view
    )


def _worked_out(content: Mapping[str, Any]) -> Medians | Balance | Shares | None:
    if "medians" in content:
        return Medians(content["medians"])
    if "shares" in content:
        return Shares(content["shares"])
    if said := content.get("balance"):
        item = Item(said["code"], said["labels"])
        return Balance(said["of"], item, tuple(said["plus"]), tuple(said["minus"]))
    return None


def _of_view(content: Mapping[str, Any]) -> Iterator[Problem]:
    """A table works out one thing from its counts; where that is rows, they are the last among its own."""
    said = [key for key in WORKED_OUT if key in content]
    for key in said[1:]:
        yield Problem((key,), f"a table works out one thing: it has {said[0]} already")
    balance = content.get("balance")
    if balance and content["by"][-1] != balance["of"]:
        yield Problem(("balance", "of"), f"{balance['of']} is the last dimension of the rows")
    if balance and (both := {*balance["plus"]} & {*balance["minus"]}):
        text = f"{', '.join(sorted(both))} cannot be added and taken away"
        yield Problem(("balance", "minus"), text)
    if "shares" in content and content["shares"] not in content["by"]:
        yield Problem(("shares",), f"{content['shares']} is a dimension of the rows")
    if "medians" in content and content["medians"] in content["by"]:
        yield Problem(("medians",), "a row of one band has no median")


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
    rows = [name for name in (*dataset.names, *dataset.times[1:]) if name != SEX]
    yield from unknown(table.by, rows, "dimension", ("by",))
    yield from where_problems(dataset, table.where)
    yield from _of_worked_out(table, dataset)


def _of_worked_out(table: TableDesign, dataset: Dataset) -> Iterator[Problem]:
    """What is worked out needs codes that the dataset has, together with the rows."""
    said = table.view.worked_out
    if isinstance(said, Medians):
        amounts = [d.name for d in dataset.dimensions if d.amounts]
        yield from unknown([said.of], amounts, "dimension of amounts", ("medians",))
        if said.of in amounts and not dataset.family.holding([*table.by, *table.where, said.of]):
            text = f"no table of the family of {dataset.code} has it together with the rows"
            yield Problem(("medians",), text)
    if isinstance(said, Balance):
        known = {i.code for d in dataset.dimensions if d.name == said.of for i in d.items()}
        yield from unknown(said.codes, known, "code", ("balance",))
        if said.item.code in known:
            text = f"{said.of} has a code {said.item.code} already"
            yield Problem(("balance", "code"), text)
        if not {*said.codes} <= {*table.where.get(said.of, known)}:
            yield Problem(("balance",), "the table is limited to other codes")
