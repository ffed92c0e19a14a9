"""Invented rows of the registers of all agencies: how many and of what is data (registers.yaml), drawn by column.

Every register has a stream of random numbers of its own, so that one more of them changes none of the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from migdata.demo.country import SEED, Columns, Country
from migdata.demo.travellers import Travellers
from records.instruments.spec import Spec
from standards import home

FILE = Path(__file__).with_name("registers.yaml")
UNSTATED = 0.015  # of sexes
REFUGEES = {"AFG": 55, "XXA": 35, "IRN": 10}
SECOND_YEAR = 12  # months before the last one, from which a change of trend holds
Content = Mapping[str, Any]


@dataclass(frozen=True)
class Register:
    """What an agency keeps for an instrument; `content` as registers.yaml explains it."""

    instrument: str
    content: Content

    @property
    def agency(self) -> str:
        return str(self.content["agency"])

    @property
    def language(self) -> str:
        return str(self.content["language"])

    @property
    def is_counts(self) -> bool:
        return "cells" in self.content

    def rows(self, last: date, today: date) -> int:
        """Return how many rows a period has that ends on a day: the trend changes a year before today."""
        months_ago = 12 * (today.year - last.year) + today.month - last.month
        grows = float(self.content.get("grows", 1)) if months_ago <= SECOND_YEAR else 1.0
        return round((self.content["total"] if self.is_counts else self.content["rows"]) * grows)

    def draw(
        self, spec: Spec, first: date, last: date, rows: int, travellers: Travellers
    ) -> Columns:
        """Return the columns of a period: texts by variable, codes as the code lists have them."""
        country = Country([SEED, *self.instrument.encode(), first.toordinal()])
        if self.is_counts:
            return _Cells(self.content, country.rng).columns(spec.period_of(first), rows)
        return _Rows(self, spec, country, travellers).columns(first, last, rows)


def registers() -> Iterator[Register]:
    """Yield the registers in the order of the file."""
    for instrument, content in yaml.safe_load(FILE.read_text()).items():
        yield Register(instrument, content)


class _Rows:
    """Draws single records of one register."""

    def __init__(
        self, register: Register, spec: Spec, country: Country, travellers: Travellers
    ) -> None:
        self.content, self.spec = register.content, spec
        self.country, self.rng, self.travellers = country, country.rng, travellers

    def columns(self, first: date, last: date, rows: int) -> Columns:
        begin = last if self.spec.stock or self.content.get("stock") else first
        days = [
            begin + timedelta(days=int(n))
            for n in self.rng.integers(0, (last - begin).days + 1, rows)
        ]
        drawn: dict[str, Any] = {"citizenship": self._citizenships(rows)}
        for name, design in self.content["variables"].items():
            drawn[name] = self._variable(design, drawn, days)
        sexes = self._sexes(drawn, rows)
        drawn["birth_date"] = self._births(drawn, days)
        if self.content.get("with_people"):
            drawn |= self._of_travellers(drawn, sexes, days)
        drawn["sex"] = np.where(self.rng.random(rows) < UNSTATED, "_U", sexes)
        drawn["region"] = self.country.pick("region", rows)
        drawn["record_ref"] = [
            f"{self.content['letter']}-{first:%y%m}-{k:05}" for k in range(1, rows + 1)
        ]
        drawn["event_date"] = [
            self.spec.period_of(day) if self._by_period else day.isoformat() for day in days
        ]
        names = [name for name in ("document", *self.spec.by_name) if name in drawn]
        return {name: list(map(str, drawn[name])) for name in names}

    @property
    def _by_period(self) -> bool:
        return self.spec.variable("event_date").kind == "period"

    def _citizenships(self, rows: int) -> Any:
        foreign = self.country.pick("foreign", rows)
        return {
            "foreign": foreign,
            "home": np.full(rows, home.country()),
            "mixed": np.where(self.rng.random(rows) < 0.12, foreign, home.country()),
            "refugees": self.country.choose(REFUGEES, rows),
        }[self.content["people"]]

    def _of_travellers(self, drawn: Mapping[str, Any], sexes: Any, days: Any) -> dict[str, Any]:
        """Give adults the document and the birth date of somebody like them who crosses the border."""
        documents, births = self.travellers.alike(self.rng, sexes, drawn["citizenship"])
        adults = [
            int(birth[:4]) < day.year - 18
            for birth, day in zip(drawn["birth_date"], days, strict=True)
        ]
        theirs = np.array(adults) & (documents != "")
        return {
            "document": np.where(theirs, documents, ""),
            "birth_date": np.where(theirs, births, drawn["birth_date"]),
        }

    def _sexes(self, drawn: Mapping[str, Any], rows: int) -> Any:
        design = self.content["women"]
        shares = np.full(rows, design) if isinstance(design, float) else _by(design, drawn)
        return np.where(self.rng.random(rows) < shares.astype(float), "F", "M")

    def _births(self, drawn: Mapping[str, Any], days: Any) -> list[str]:
        """Ages fit what the row says: a child's card is a child's. 0.4 % of the birth dates do not exist."""
        rows = len(days)
        ages = self.country.ages(self.content["ages"], rows)
        for name, groups in self.content.get("age_of", {}).items():
            for code, group in groups.items():
                ages = np.where(drawn[name] == code, self.country.ages(group, rows), ages)
        before = ages * 365 + self.rng.integers(20, 340, rows)
        births = [day - timedelta(days=int(n)) for day, n in zip(days, before, strict=True)]
        broken = self.rng.random(rows) < 0.004
        return [
            f"{birth.year}-02-31" if wrong else birth.isoformat()
            for birth, wrong in zip(births, broken, strict=True)
        ]

    def _variable(self, design: Content, drawn: Mapping[str, Any], days: Any) -> Any:
        rows = len(days)
        if "days" in design:
            earliest, latest = design["days"]
            after = self.rng.integers(earliest, latest, rows)
            moved = [day + timedelta(days=int(n)) for day, n in zip(days, after, strict=True)]
            values = np.array([day.isoformat() for day in moved])
        elif "numbers" in design:
            usual, spread = design["numbers"]
            values = (
                np.maximum(1, np.round(usual * self.rng.lognormal(0, spread, rows)))
                .astype(int)
                .astype(str)
            )
        elif "by" in design:
            values = np.empty(rows, dtype=object)
            for code in np.unique(drawn[design["by"]]):
                own = np.flatnonzero(drawn[design["by"]] == code)
                values[own] = self.country.choose(_codes(_of(design, code)), len(own))
        else:
            values = self.country.choose(_codes(design["shares"]), rows)
        if mixed := design.get("mixed"):
            values = np.where(self.rng.random(rows) < mixed, self.rng.permutation(values), values)
        for name, codes in design.get("only", {}).items():
            values = np.where(np.isin(drawn[name], codes), values, "")
        return values


class _Cells:
    """Draws the cells of a table of counts: as many as fall to each combination of codes."""

    def __init__(self, content: Content, rng: Any) -> None:
        self.content, self.rng = content, rng

    def columns(self, period: str, total: int) -> Columns:
        cells: list[tuple[dict[str, str], float]] = [({}, 1.0)]
        for name, design in self.content["cells"].items():
            cells = [
                ({**codes, name: code}, share * part)
                for codes, share in cells
                for code, part in _parts(
                    _of(design, codes[design["by"]]) if "by" in design else design["shares"]
                )
            ]
        shares = np.array([share for _codes, share in cells])
        counts = self.rng.multinomial(total, shares / shares.sum())
        kept = [(codes, int(n)) for (codes, _share), n in zip(cells, counts, strict=True) if n]
        columns = {name: [codes[name] for codes, _n in kept] for name in self.content["cells"]}
        numbers = np.array([n for _codes, n in kept])
        beside = {
            n: self._beside(design, numbers) for n, design in self.content.get("beside", {}).items()
        }
        return {
            "event_date": [period] * len(kept),
            **columns,
            "count": numbers.astype(str).tolist(),
            **beside,
        }

    def _beside(self, design: Content, counts: Any) -> list[str]:
        usual, spread = design.get("per") or design["numbers"]
        drawn = usual * self.rng.lognormal(0, spread, len(counts))
        values = np.round(drawn * counts) if "per" in design else np.maximum(3, np.round(drawn))
        return [str(v) for v in values.astype(int).tolist()]


def _of(design: Content, code: str) -> Content:
    """Return what is said for a code: under its own name, that of the country, or of all others."""
    of = design["of"]
    name = home.HOME if code == home.country() and home.HOME in of else code
    return of[name] if name in of else of["else"]


def _by(design: Content, drawn: Mapping[str, Any]) -> Any:
    return np.array([_of(design, code) for code in drawn[design["by"]]])


def _codes(shares: Content) -> dict[str, float]:
    return {(home.country() if code == home.HOME else code): part for code, part in shares.items()}


def _parts(shares: Content) -> list[tuple[str, float]]:
    whole = sum(shares.values())
    return [(code, part / whole) for code, part in _codes(shares).items()]
