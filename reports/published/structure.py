"""The structure of a published dataset, frozen in its release: dimensions, codes and labels.

Public pages read this and nothing else, so an old release explains itself for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

SEX, TIME = "SEX", "TIME_PERIOD"
SEXES = ("F", "M", "_OU")
TOTAL = "_T"
Labels = dict[str, str]
NAMED = 40  # so many choices a refusal names


class Unknown(ValueError):
    """A reader asked for what the dataset does not have; the message names what it has.

    `parameter` is the word of the question that is to blame.
    """

    def __init__(self, message: str, parameter: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter


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

    def require_name(self, name: str) -> None:
        """Raise Unknown unless there is a dimension of this name."""
        if name not in self.by_name:
            raise Unknown(
                _("There is no dimension “%(name)s”. Choose from: %(allowed)s.")
                % {"name": name[:40], "allowed": ", ".join(self.names)},
                name[:40].lower(),
            )

    def require_codes(self, name: str, codes: Iterable[str]) -> None:
        """Raise Unknown unless the dimension has all these codes."""
        known = self.by_name[name].by_code
        for code in codes:
            if code not in known:
                allowed = ", ".join(list(known)[:NAMED])
                raise Unknown(
                    _("“%(name)s” has no code “%(code)s”. Choose from: %(allowed)s.")
                    % {"name": name, "code": code[:40], "allowed": allowed},
                    name.lower(),
                )
