"""Invented travellers: every crossing of a person over the years, so that one can tell a visit from a move.

Foreigners come and go home, nationals go and come home; some do so again and again. A few come to stay, leave for good
or return after years: migrants by the 12/16-month rule.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np

from migdata.demo.country import SEED, Columns, Country

MOVERS = {True: 0.05, False: 0.04}  # of nationals, of foreigners: who moves and does not visit
RETURNING = 0.35  # of movers: nationals who come home, foreigners who lived here and leave
JOURNEYS = 2.2  # of a visitor, on average
LONGEST = 8
WARM_UP = 550  # days: who travels again and again has begun before the first file
UNWRITTEN = 0.03  # of crossings: the number of the document is missing
KNOWN_AT_THE_BORDER = 0.9  # of those with a permit
ADULT = 18 * 366  # days
MOVED_AGAIN = 0.25  # of movers, within two years and a half
POINTS = ("ASB", "FRP", "HOW", "SRK", "TKM-SEA", "DSH")


class Travellers:
    """Draws the crossings of all months at once; `crossings` hands out one of them.

    first, last: the days between which people cross; volume(month) -> about how many do in a month. A stream of
    random numbers of its own, so that the rest of the country is the same without them.
    """

    def __init__(self, first: date, last: date, volume: Callable[[date], float]) -> None:
        self.country = Country([SEED, 3])
        self.rng, self.first, self.last = self.country.rng, first, last
        earliest = first - timedelta(days=WARM_UP)
        months = [date(y, m, 1) for y in range(earliest.year, last.year + 1) for m in range(1, 13)]
        self.months = [month for month in months if earliest <= month <= last]
        self.volume = np.array([volume(month) for month in self.months])
        self.people = people = self._people()
        self.rows: dict[str, Any] = self._rows(people, *self._journeys(people))

    def crossings(self, first: date, last: date) -> Columns:
        """Return the crossings of some days, oldest first, with the numbers of documents beside."""
        day, (begin, end) = self.rows["day"], [(d - self.first).days for d in (first, last)]
        own = np.flatnonzero((day >= begin) & (day <= end))
        own = own[np.argsort(day[own], kind="stable")]
        rows = {name: values[own] for name, values in self.rows.items()}
        written = self.rng.random(len(own)) >= UNWRITTEN
        documents = np.where(written, np.char.mod("P%07d", rows["person"]), "")
        return {
            "document": documents.tolist(),
            "record_ref": [f"B-{first:%y%m}-{k:05}" for k in range(1, len(own) + 1)],
            "event_date": [(self.first + timedelta(days=int(d))).isoformat() for d in rows["day"]],
            "sex": np.where(self.rng.random(len(own)) < 0.015, "_U", rows["sex"]).tolist(),
            "birth_date": self._births(rows["born"]),
            "region": rows["region"].tolist(),
            "citizenship": rows["citizenship"].tolist(),
            "direction": np.where(rows["enters"], "IN", "OUT").tolist(),
            "crossing_point": self.rng.choice(POINTS, len(own)).tolist(),
            "traveller": np.where(rows["national"], "NAT", "FOR").tolist(),
            "doc_class": ["ORD"] * len(own),
            "purpose": rows["purpose"].tolist(),
            "visa_class": np.where(rows["enters"] & ~rows["national"], rows["visa"], "").tolist(),
        }

    def alike(self, rng: Any, sexes: Any, citizenships: Any) -> tuple[Any, Any]:
        """Return (rows,) numbers of documents and birth dates of adults of these sexes and citizenships who cross the border.

        Blank where nobody is like that.
        """
        people = self.people
        adults = people["begins"] - people["born"] > ADULT
        documents = np.full(len(sexes), "", dtype=object)
        births = documents.copy()
        for sex, citizenship in sorted({*zip(sexes, citizenships, strict=True)}):
            own = np.flatnonzero((sexes == sex) & (citizenships == citizenship))
            pool = np.flatnonzero(
                adults & (people["sex"] == sex) & (people["citizenship"] == citizenship)
            )
            if len(pool):
                chosen = rng.choice(pool, len(own))
                documents[own] = np.char.mod("P%07d", chosen)
                days = people["born"][chosen]
                births[own] = [(self.first + timedelta(days=int(day))).isoformat() for day in days]
        return documents, births

    def with_documents(self, columns: Columns) -> Columns:
        """Return permits with the documents and birth dates of travellers like their holders, for nine of ten."""
        rng = np.random.default_rng([SEED, 5, *columns["record_ref"][0].encode()])
        sexes, citizenships = (np.array(columns[name]) for name in ("sex", "citizenship"))
        documents, births = self.alike(rng, sexes, citizenships)
        known = (documents != "") & (rng.random(len(sexes)) < KNOWN_AT_THE_BORDER)
        return {
            "document": np.where(known, documents, "").tolist(),
            **columns,
            "birth_date": np.where(known, births, columns["birth_date"]).tolist(),
        }

    def _people(self) -> dict[str, Any]:
        """Who they are and when they cross for the first time."""
        each = (1 - MOVERS[False]) * 2 * JOURNEYS + MOVERS[False]  # crossings of a person
        count = round(self.volume.sum() / each)
        month = self.rng.choice(len(self.months), count, p=self.volume / self.volume.sum())
        begins = np.array([(m - self.first).days for m in self.months])[month]
        national, region = self.rng.random(count) < 0.45, self.country.pick("region", count)
        citizenship = np.where(national, "TKM", self.country.pick("foreign", count))
        women = 0.40 + np.array([self.country.since(m) for m in self.months])[month] * 0.003
        women = women + self.country.tilt(citizenship) + self.country.tilt(region)
        age = self.country.ages("travellers", count)
        moves = self.rng.random(count) < np.where(national, MOVERS[True], MOVERS[False])
        return {
            "national": national,
            "region": region,
            "citizenship": citizenship,
            "sex": np.where(self.rng.random(count) < women, "F", "M"),
            "born": begins - age * 365 - self.rng.integers(20, 360, count),
            "begins": begins + self.rng.integers(0, 28, count),
            "moves": moves,
            "returns": moves & (self.rng.random(count) < RETURNING),
            "journeys": np.where(moves, 1, self.rng.geometric(1 / JOURNEYS, count)),
        }

    def _journeys(self, people: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Return (journeys,) persons, first and last days of all journeys; who moves comes back late, or never."""
        count = len(people["begins"])
        begins, persons, starts, ends = people["begins"], [], [], []
        for k in range(LONGEST):
            own = np.flatnonzero(people["journeys"] > k)
            away = 1 + self.rng.lognormal(2.2, 0.9, count).astype(int)
            again = self.rng.random(count) < MOVED_AGAIN
            moved = np.where(again, self.rng.integers(380, 900, count), 10**5)
            until = begins + np.where(people["moves"], moved, np.minimum(away, 150))
            persons.append(own)
            starts.append(begins[own])
            ends.append(until[own])
            begins = until + 10 + self.rng.exponential(60, count).astype(int)
        return np.concatenate(persons), np.concatenate(starts), np.concatenate(ends)

    def _rows(self, people: dict[str, Any], persons: Any, starts: Any, ends: Any) -> dict[str, Any]:
        """Return the columns of all crossings: two of a journey. A foreigner's first is an entry, a national's an exit,
        and the other way round for who returns."""
        enters = people["national"][persons] == people["returns"][persons]
        purpose = self.country.pick("purpose", len(persons))
        visa = self.rng.choice(["TU", "PR1", "BS1", "WP"], len(persons))
        both = np.concatenate([persons, persons])
        whose = ("national", "region", "citizenship", "sex", "born")
        return {
            **{name: people[name][both] for name in whose},
            "person": both,
            "day": np.concatenate([starts, ends]),
            "enters": np.concatenate([enters, ~enters]),
            "purpose": np.concatenate([purpose, purpose]),
            "visa": np.concatenate([visa, visa]),
        }

    def _births(self, days: Any) -> list[str]:
        """Dates of birth; 0.5 % of them do not exist."""
        births = [self.first + timedelta(days=int(day)) for day in days]
        broken = self.rng.random(len(births)) < 0.005
        return [
            f"{birth.year}-02-31" if wrong else birth.isoformat()
            for birth, wrong in zip(births, broken, strict=True)
        ]
