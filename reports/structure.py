"""The structure of a published dataset, frozen in its release: dimensions, codes and labels.

Public pages read this and nothing else, so an old release explains itself for ever.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

SEX, TIME = "SEX", "TIME_PERIOD"
SEXES = ("F", "M", "_OU")
TOTAL = "_T"
Labels = dict[str, str]


@dataclass(frozen=True)
class Item:
    """One code of a dimension."""

    code: str
    labels: Labels


@dataclass(frozen=True)
class Dimension:
    """One dimension with its codes in the order in which they are shown. Codes are only appended."""

    name: str
    labels: Labels
    items: tuple[Item, ...]

    @cached_property
    def by_code(self) -> dict[str, Item]:
        return {item.code: item for item in self.items}

    def label(self, code: str, language: str) -> str:
        item = self.by_code.get(code)
        return (item.labels.get(language) or item.labels["en"]) if item else code


@dataclass(frozen=True)
class Structure:
    """What a release holds. `frequency` is SDMX's; `base` is what every count is a multiple of."""

    dataset: str
    title: Labels
    description: Labels
    unit: str
    concept: str
    frequency: str
    base: int
    sources: tuple[str, ...]
    dimensions: tuple[Dimension, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Structure":
        dimensions = tuple(
            Dimension(d["name"], d["labels"], tuple(Item(**i) for i in d["items"]))
            for d in content["dimensions"]
        )
        rest = {k: v for k, v in content.items() if k not in ("dimensions", "sources")}
        return cls(**rest, sources=tuple(content["sources"]), dimensions=dimensions)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def by_name(self) -> dict[str, Dimension]:
        return {d.name: d for d in self.dimensions}

    @property
    def names(self) -> list[str]:
        return [d.name for d in self.dimensions]
