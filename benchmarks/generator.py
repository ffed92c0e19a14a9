"""Invented border crossings from a seed: the messy file an agency sends, and the same rows ready to load.

The two are drawn together but worked out apart: what the portal makes of the messy file must equal
the ready one, or nothing is measured.
"""

import argparse
import csv
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from standards import codelists

FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)
PERIODS = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
CHUNK = 50_000
HELD = ("citizenship", "direction")  # the kinds of error, in turn
READY = [
    *("agency_id", "submission_id", "upload_id", "row_no", "record_ref", "person_ref"),
    *("event_date", "sex", "birth_year", "age", "age_precision", "citizenship", "country_birth"),
    *("region", "extras"),
]
HEADERS = [
    *("№ п/п", "ФИО", "Номер паспорта", "Номер записи", "Дата пересечения", "Пол"),
    *("Дата рождения", "Гражданство", "Страна рождения", "Велаят", "Направление"),
    *("Пункт пропуска", "Категория лица", "Вид документа", "Цель поездки", "Категория визы"),
    *("Прежнее место жительства", "Страна назначения", "Намеренный срок, дней"),
]
SEXES = {"F": ["ж", "Ж", "жен.", "Женский", "Zenan"], "M": ["м", "М", "муж.", "Erkek"], "_U": [""]}
FOREIGN = {
    "TUR": 22,
    "UZB": 18,
    "RUS": 14,
    "CHN": 11,
    "IRN": 9,
    "KAZ": 8,
    "IND": 6,
    "AFG": 4,
    "AZE": 3,
    "UKR": 2,
    "KOR": 1,
    "MYS": 1,
    "DEU": 1,
    "PAK": 1,
    "GBR": 1,
}
REGIONS = {"TM-S": 55, "TM-M": 13, "TM-L": 10, "TM-D": 9, "TM-A": 6, "TM-B": 5, "TM-_U": 2}
POINTS = {"ASB": 35, "FRP": 15, "HOW": 14, "SRK": 12, "TKM-SEA": 10, "DSH": 8, "TKB": 6}
DOCUMENTS = {"ORD": 94, "SRV": 4, "DIP": 1, "CREW": 1}
PURPOSES = {  # of nationals, of foreigners
    "NAT": {"PRIVATE": 55, "TOURISM": 25, "BUSINESS": 10, "WORK": 5, "FAMILY": 3, "EDUC": 2},
    "FOR": {
        "WORK": 30,
        "TOURISM": 25,
        "BUSINESS": 18,
        "PRIVATE": 15,
        "TRANSIT": 8,
        "FAMILY": 3,
        "_U": 1,
    },
}
VISAS = {"TU": 40, "PR1": 25, "BS1": 20, "WP": 15}


@dataclass(frozen=True)
class Made:
    """What was written: rows in the messy file, how many of them have an error, bytes of the files."""

    rows: int
    held: int
    messy_bytes: int
    ready_bytes: int


class Words:
    """One coded variable: draws codes by weight, and the spellings under which files bring them."""

    def __init__(self, weights: dict[str, float], spelled: dict[str, list[str]]) -> None:
        self.codes = np.array(list(weights))
        self.shares = np.array(list(weights.values()), float) / sum(weights.values())
        self.spelled = spelled

    def draw(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        return rng.choice(self.codes, rows, p=self.shares)

    def spell(self, rng: np.random.Generator, codes: Sequence[str]) -> list[str]:
        """Return a text for each code, now this spelling and now that."""
        dice = rng.integers(0, 1 << 16, len(codes)).tolist()
        return [
            (texts := self.spelled[code])[k % len(texts)]
            for code, k in zip(codes, dice, strict=True)
        ]


def words(name: str, weights: dict[str, float]) -> Words:
    """Return the words of a code list: its Russian and Turkmen labels, one in capitals."""
    labels = {code: codelists.load(name).by_code[code].labels for code in weights}
    spelled = {c: [t["ru"], t["ru"], t["ru"].upper(), t["tk"]] for c, t in labels.items()}
    return Words(weights, {**spelled, "": [""]})


class Crossings:
    """Draws rows; the same seed and number of rows give the same files."""

    def __init__(self, seed: int, person_key: bytes, errors: float, agency: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.key, self.errors, self.agency = person_key, errors, agency
        self.sexes = Words({"F": 43.0, "M": 55.5, "_U": 1.5}, SEXES)
        self.countries = words("countries", {**FOREIGN, "TKM": 1, "XXX": 1})
        self.foreign = words("countries", FOREIGN)
        self.regions = words("regions", REGIONS)
        self.directions = words("directions", {"IN": 1, "OUT": 1})
        self.points = words("crossing_points", POINTS)
        self.travellers = words("travellers", {"NAT": 45, "FOR": 55})
        self.documents = words("document_classes", DOCUMENTS)
        self.aims = words("purposes", PURPOSES["NAT"])
        self.purposes = words("purposes", {**PURPOSES["NAT"], **PURPOSES["FOR"]})
        self.foreign_aims = words("purposes", PURPOSES["FOR"])
        self.visas = words("visa_classes", VISAS)

    def chunk(self, first: int, rows: int) -> Iterator[tuple[list[Any], list[Any] | None]]:
        """Yield (messy row, ready row); the ready one is None where the messy one has an error."""
        drawn = self._draw(first, rows)
        wrong = self.rng.random(rows) < self.errors
        messy = zip(*self._messy(drawn, wrong), strict=True)
        ready = zip(*self._ready(drawn), strict=True)
        for as_sent, as_loaded, broken in zip(messy, ready, wrong.tolist(), strict=True):
            yield list(as_sent), None if broken else list(as_loaded)

    def _draw(self, first: int, rows: int) -> dict[str, list[Any]]:
        rng = self.rng
        days = [FIRST + timedelta(n) for n in rng.integers(0, (LAST - FIRST).days, rows).tolist()]
        ages, months, dates = (rng.integers(*r, rows).tolist() for r in ((0, 80), (1, 13), (1, 29)))
        births = [
            date(day.year - age - ((month, d) > (day.month, day.day)), month, d)
            for day, age, month, d in zip(days, ages, months, dates, strict=True)
        ]
        traveller = self.travellers.draw(rng, rows)
        direction = self.directions.draw(rng, rows)
        national = traveller == "NAT"
        citizen = np.where(national, "TKM", self.foreign.draw(rng, rows))
        abroad = self.foreign.draw(rng, rows)
        enters = direction == "IN"
        return {
            "number": list(range(first, first + rows)),
            "passport": [f"{n:08}" for n in rng.integers(0, 3_000_000, rows).tolist()],
            "day": days,
            "birth": births,
            "age": ages,
            "sex": self.sexes.draw(rng, rows).tolist(),
            "citizenship": citizen.tolist(),
            "country_birth": np.where(rng.random(rows) < 0.02, "XXX", citizen).tolist(),
            "region": self.regions.draw(rng, rows).tolist(),
            "direction": direction.tolist(),
            "crossing_point": self.points.draw(rng, rows).tolist(),
            "traveller": traveller.tolist(),
            "doc_class": self.documents.draw(rng, rows).tolist(),
            "purpose": np.where(
                national, self.aims.draw(rng, rows), self.foreign_aims.draw(rng, rows)
            ).tolist(),
            "visa_class": np.where(~national & enters, self.visas.draw(rng, rows), "").tolist(),
            "prev_residence": np.where(enters, abroad, "TKM").tolist(),
            "next_residence": np.where(enters, "TKM", abroad).tolist(),
            "dur_intended_d": rng.integers(1, 90, rows).tolist(),
        }

    def _messy(self, drawn: dict[str, list[Any]], wrong: np.ndarray) -> list[list[str]]:
        """The columns as they are sent; every wrong row gets one error, each kind in its turn."""
        lists = {
            "sex": self.sexes,
            "citizenship": self.countries,
            "country_birth": self.countries,
            "region": self.regions,
            "direction": self.directions,
            "purpose": self.purposes,
            "crossing_point": self.points,
            "traveller": self.travellers,
            "doc_class": self.documents,
            "visa_class": self.visas,
            "prev_residence": self.countries,
            "next_residence": self.countries,
        }
        texts = {name: listed.spell(self.rng, drawn[name]) for name, listed in lists.items()}
        texts["birth"] = [f"{day:%d.%m.%Y}" for day in drawn["birth"]]
        for k, row in enumerate(np.flatnonzero(wrong).tolist()):
            bad = {"citizenship": "Атлантида", "direction": ""}
            texts[HELD[k % len(HELD)]][row] = bad[HELD[k % len(HELD)]]
        numbers = drawn["number"]
        return [
            [str(n) for n in numbers],
            [f"Лицо {n}" for n in numbers],
            drawn["passport"],
            [f"BCR/{n:08}" for n in numbers],
            [f"{day:%d.%m.%Y}" for day in drawn["day"]],
            *(texts[n] for n in ("sex", "birth", "citizenship", "country_birth", "region")),
            *(texts[n] for n in ("direction", "crossing_point", "traveller", "doc_class")),
            *(texts[n] for n in ("purpose", "visa_class", "prev_residence", "next_residence")),
            [str(n) for n in drawn["dur_intended_d"]],
        ]

    def _ready(self, drawn: dict[str, list[Any]]) -> list[list[Any]]:
        """The columns of `READY`. Submissions are numbered by period from 1, the upload is 1."""
        rows = len(drawn["number"])
        place = {period: k for k, period in enumerate(PERIODS, start=1)}
        extras = [
            *("direction", "crossing_point", "traveller", "doc_class", "purpose", "visa_class"),
            *("prev_residence", "next_residence", "dur_intended_d"),
        ]
        objects = zip(*(drawn[name] for name in extras), strict=True)
        return [
            [self.agency] * rows,
            [place[f"{day:%Y-%m}"] for day in drawn["day"]],
            [1] * rows,
            [n + 1 for n in drawn["number"]],  # below the headers
            [f"BCR/{n:08}" for n in drawn["number"]],
            [self._person(number) for number in drawn["passport"]],
            [day.isoformat() for day in drawn["day"]],
            drawn["sex"],
            [birth.year for birth in drawn["birth"]],
            drawn["age"],
            ["D"] * rows,
            *(drawn[name] for name in ("citizenship", "country_birth", "region")),
            [json.dumps({k: v for k, v in zip(extras, o, strict=True) if v}) for o in objects],
        ]

    def _person(self, passport: str) -> str:
        return hmac.digest(self.key, passport.encode(), "sha256").hex()


def person_key(secret: str, agency: str) -> bytes:
    """Return the key of person references as the portal derives it."""
    return hmac.digest(secret.encode(), f"person_ref:{agency}".encode(), hashlib.sha256)


def write(folder: Path, rows: int, crossings: Crossings) -> Made:
    """Write `messy.csv` and `ready.csv`, by chunks, and say what is in them."""
    messy_path, ready_path = folder / "messy.csv", folder / "ready.csv"
    held = 0
    with messy_path.open("w", newline="") as messy, ready_path.open("w", newline="") as ready:
        as_sent = csv.writer(messy, delimiter=";", lineterminator="\r\n")
        as_loaded = csv.writer(ready, lineterminator="\n")
        as_sent.writerow(HEADERS)
        as_loaded.writerow(READY)
        for first in range(1, rows + 1, CHUNK):
            for sent, loaded in crossings.chunk(first, min(CHUNK, rows + 1 - first)):
                as_sent.writerow(sent)
                if loaded is None:
                    held += 1
                else:
                    as_loaded.writerow(loaded)
    return Made(rows, held, messy_path.stat().st_size, ready_path.stat().st_size)


def main() -> None:
    """Write the files of one size; prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--errors", type=float, required=True)
    parser.add_argument("--agency", type=int, required=True, help="the id of the agency")
    parser.add_argument("--person-key", required=True, help="in hexadecimal digits")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    key = bytes.fromhex(options.person_key)
    crossings = Crossings(options.seed, key, options.errors, options.agency)
    print(json.dumps(asdict(write(options.folder, options.rows, crossings))))


if __name__ == "__main__":
    main()
