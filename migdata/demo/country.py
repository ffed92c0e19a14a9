"""Invented records by column, from a seed: plausible shares, deliberate errors, unknown sex."""

from datetime import date, timedelta
from typing import Any

import numpy as np

SEED = 20261123
Columns = dict[str, list[str]]
WEIGHTS: dict[str, dict[str, float]] = {
    "region": {
        "TM-S": 30,
        "TM-M": 18,
        "TM-D": 16,
        "TM-L": 15,
        "TM-A": 9,
        "TM-B": 8,
        "TM-X-AK": 2,
        "TM-_U": 2,
    },
    "foreign": {
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
        "XXX": 1,
    },
    "purpose": {
        "TOURISM": 22,
        "PRIVATE": 24,
        "WORK": 16,
        "BUSINESS": 14,
        "FAMILY": 9,
        "TRANSIT": 8,
        "EDUC": 4,
        "MEDICAL": 2,
        "_U": 1,
    },
    "decision": {"ISS": 55, "REN": 32, "REF": 8, "WDR": 5},
    "reason": {
        "WORK": 25,
        "FAMILY": 30,
        "EDUCATION": 12,
        "RETURN": 15,
        "SETTLE": 9,
        "PROTECTION": 2,
        "OTHER": 5,
        "_U": 2,
    },
    "duration": {"D_GE12": 55, "D_IND": 22, "D6T11": 12, "D3T5": 7, "_U": 4},
    "employer": {"FOREIGN_CO": 45, "JV": 20, "PRIV_NAT": 18, "STATE": 12, "HOUSEHOLD": 3, "_U": 2},
}
OCCUPATIONS = {
    "71": 24,
    "72": 10,
    "83": 9,
    "21": 14,
    "12": 5,
    "31": 8,
    "51": 8,
    "53": 4,
    "93": 8,
    "91": 3,
    "23": 3,
    "_U": 4,
}
ACTIVITY = {
    "71": "F",
    "72": "B",
    "83": "H",
    "21": "B",
    "12": "C",
    "31": "B",
    "51": "I",
    "53": "T",
    "93": "F",
    "91": "N",
    "23": "P",
    "_U": "_U",
}
WOMEN = {
    "71": 0.03,
    "72": 0.05,
    "83": 0.02,
    "21": 0.22,
    "12": 0.25,
    "31": 0.2,
    "51": 0.55,
    "53": 0.92,
    "93": 0.08,
    "91": 0.7,
    "23": 0.65,
    "_U": 0.3,
}

WAGES = {  # manats a month
    "71": 3400,
    "72": 3900,
    "83": 3600,
    "21": 7800,
    "12": 9600,
    "31": 5200,
    "51": 2700,
    "53": 2600,
    "93": 2300,
    "91": 2100,
    "23": 5600,
    "_U": 3500,
}

CAPITAL = "TM-S"
# How much more (or fewer) women there are than on average: by citizenship and by region.
TILT = {
    "UZB": 0.10,
    "RUS": 0.09,
    "KAZ": 0.05,
    "UKR": 0.10,
    "TUR": -0.14,
    "CHN": -0.16,
    "IRN": -0.05,
    "AFG": -0.17,
    "IND": -0.15,
    "AZE": -0.03,
    "TM-S": 0.03,
    "TM-D": 0.05,
    "TM-M": 0.01,
    "TM-B": -0.07,
    "TM-L": -0.02,
    "TM-A": -0.03,
}
# Ages as (mean, standard deviation, youngest, oldest) of overlapping groups, with their shares.
AGES = {
    "travellers": {(8, 4, 0, 17): 0.13, (29, 8, 18, 60): 0.47, (47, 11, 25, 80): 0.32}
    | {(67, 6, 60, 92): 0.08},
    "workers": {(31, 6, 18, 55): 0.6, (42, 8, 25, 64): 0.4},
    "children": {(9, 4, 0, 17): 1.0},
    "students": {(21, 2, 17, 34): 1.0},
    "mothers": {(29, 5, 19, 44): 1.0},
    "pensioners": {(66, 6, 58, 92): 1.0},
    "movers": {(6, 4, 0, 16): 0.16, (25, 5, 17, 45): 0.5, (41, 10, 25, 70): 0.26}
    | {(68, 7, 60, 95): 0.08},
}
USUALLY = 0.7  # of permits: the usual activity of the occupation


class Country:
    """Draws records; the same seed gives the same country."""

    def __init__(self, seed: int | list[int] = SEED) -> None:
        self.rng = np.random.default_rng(seed)

    def work_permits(self, first: date, last: date, rows: int) -> Columns:
        jobs = self.choose(OCCUPATIONS, rows)
        citizenship, region = self.pick("foreign", rows), self.pick("region", rows)
        women = np.array([WOMEN[job] for job in jobs])
        women = women + self.since(first) * 0.002 + 0.3 * self.tilt(citizenship)
        common = self.common("W", first, last, rows, women=women, region=region, ages="workers")
        days = [date.fromisoformat(d) for d in common["event_date"]]
        ends = [
            d + timedelta(days=int(n))
            for d, n in zip(days, self.rng.choice([182, 365], rows), strict=True)
        ]
        wages, currencies = self.wages(jobs, common["sex"], first)
        wrong = self.rng.random(rows) < 0.004  # the year was typed wrong: ends before it begins
        return {
            **common,
            "citizenship": citizenship.tolist(),
            "decision": self.pick("decision", rows).tolist(),
            "occupation": jobs.tolist(),
            "employer_type": self.pick("employer", rows).tolist(),
            "activity": self.activities(jobs).tolist(),
            "wage_month": wages,
            "wage_cur": currencies,
            "valid_from": common["event_date"],
            "valid_to": [
                (e - timedelta(days=730) if w else e).isoformat()
                for e, w in zip(ends, wrong, strict=True)
            ],
        }

    def wages(self, jobs: Any, sexes: list[str], first: date) -> tuple[list[str], list[str]]:
        """Monthly wages and their currencies: by occupation, a tenth less for women; some in dollars, some not stated.

        Drawn from a stream of their own, so that the rest of the country is the same as without them.
        """
        rng = np.random.default_rng([SEED, first.toordinal(), len(jobs)])
        usual = np.array([WAGES[job] for job in jobs]) * (1 + 0.004 * self.since(first))
        usual = usual * np.where(np.array(sexes) == "F", 0.9, 1.0)
        manats = np.round(usual * rng.lognormal(0, 0.28, len(jobs)), -1)
        stated, dollars = rng.random(len(jobs)) < 0.94, rng.random(len(jobs)) < 0.05
        amounts = np.where(dollars, np.round(manats / 3.5, -1), manats).astype(int)
        said = [str(a) if s else "" for a, s in zip(amounts, stated, strict=True)]
        money = np.where(stated, np.where(dollars, "USD", "TMT"), "").tolist()
        return said, money

    def activities(self, jobs: Any) -> Any:
        """Most work in the usual activity of their occupation, the others in any."""
        usual = np.array([ACTIVITY[job] for job in jobs])
        any_other = self.rng.choice(sorted(set(ACTIVITY.values())), len(jobs))
        return np.where(self.rng.random(len(jobs)) < USUALLY, usual, any_other)

    def slips(self, first: date, last: date, rows: int) -> Columns:
        flow = self.rng.choice(["IN", "OUT", "INTERNAL"], rows, p=[0.35, 0.3, 0.35])
        abroad = self.pick("foreign", rows)
        national = (flow == "INTERNAL") | (self.rng.random(rows) < 0.6)
        citizenship = np.where(national, "TKM", self.pick("foreign", rows))
        region = self.pick("region", rows)
        women = np.where(flow == "OUT", 0.46, 0.53) + self.tilt(citizenship) + self.tilt(region)
        common = self.common("S", first, last, rows, women=women, region=region, ages="movers")
        return {
            **common,
            "education": self.education(common, flow, first),
            "citizenship": citizenship.tolist(),
            "flow": flow.tolist(),
            **self.residences(flow, abroad, region, first),
            "reason": self.pick("reason", rows).tolist(),
            "dur_intended": self.pick("duration", rows).tolist(),
        }

    def residences(self, flow: Any, abroad: Any, region: Any, first: date) -> Columns:
        """Where people move from and to: abroad a country, and the country itself; inside it regions, to the capital or
        from it. Who does not say the region says the country. From a stream of its own.
        """
        rng = np.random.default_rng([SEED, first.toordinal(), len(flow), 3])
        regions = WEIGHTS["region"]
        shares = np.array(list(regions.values())) / sum(regions.values())
        elsewhere = rng.choice(list(regions), len(flow), p=shares)
        elsewhere = np.where(np.isin(elsewhere, [CAPITAL, "TM-_U"]), "TKM", elsewhere)
        before = np.where(region == CAPITAL, elsewhere, CAPITAL)
        after = np.where(region == "TM-_U", "TKM", region)
        inside = flow == "INTERNAL"
        return {
            "prev_residence": np.where(
                flow == "IN", abroad, np.where(inside, before, "TKM")
            ).tolist(),
            "next_residence": np.where(
                flow == "OUT", abroad, np.where(inside, after, "TKM")
            ).tolist(),
        }

    def education(self, common: Columns, flow: Any, first: date) -> list[str]:
        """Attained education (ISCED 2011) by age and sex; who leaves has more of it. From a stream of its own."""
        rng = np.random.default_rng([SEED, first.toordinal(), len(flow), 2])
        years = np.array([first.year - int(day[:4]) for day in common["birth_date"]])
        women = np.array(common["sex"]) == "F"
        high = 0.17 + 0.08 * (flow == "OUT") + 0.03 * women
        adults = np.select(
            [(dice := rng.random(len(flow))) < high, dice < high + 0.14, dice < high + 0.62],
            ["6", "5", "3"],
            "2",
        )
        children = np.where(years < 7, "0", np.where(years < 12, "1", "2"))
        attained = np.where(years < 18, children, adults)
        return np.where(rng.random(len(flow)) < 0.07, "_U", attained).tolist()

    def common(
        self,
        letter: str,
        first: date,
        last: date,
        rows: int,
        *,
        women: Any,
        region: Any,
        ages: str = "travellers",
    ) -> Columns:
        """The common block; 0.5 % of birth dates do not exist, 1.5 % of sexes are not stated."""
        days = [
            first + timedelta(days=int(n))
            for n in self.rng.integers(0, (last - first).days + 1, rows)
        ]
        age = self.ages(ages, rows)
        births = [
            d - timedelta(days=int(a) * 365 + int(n))
            for d, a, n in zip(days, age, self.rng.integers(20, 360, rows), strict=True)
        ]
        broken = self.rng.random(rows) < 0.005
        sex = np.where(self.rng.random(rows) < women, "F", "M")
        sex = np.where(self.rng.random(rows) < 0.015, "_U", sex)
        return {
            "record_ref": [f"{letter}-{first:%y%m}-{k:05}" for k in range(1, rows + 1)],
            "event_date": [d.isoformat() for d in days],
            "sex": sex.tolist(),
            "birth_date": [
                f"{b.year}-02-31" if x else b.isoformat()
                for b, x in zip(births, broken, strict=True)
            ],
            "region": region.tolist(),
        }

    def ages(self, name: str, rows: int) -> Any:
        """Ages in completed years from overlapping groups of people."""
        groups = np.array(list(AGES[name]), float)
        shares = np.array(list(AGES[name].values()))
        mean, spread, youngest, oldest = groups[self.rng.choice(len(groups), rows, p=shares)].T
        return np.clip(self.rng.normal(mean, spread), youngest, oldest).astype(int)

    def tilt(self, codes: Any) -> Any:
        return np.array([TILT.get(code, 0.0) for code in codes.tolist()])

    def since(self, first: date) -> int:
        """Months since the country began to look closely: the share of women grows slowly."""
        return 12 * (first.year - 2024) + first.month - 11

    def pick(self, name: str, rows: int) -> Any:
        return self.choose(WEIGHTS[name], rows)

    def choose(self, weights: dict[str, float] | dict[str, int], rows: int) -> Any:
        shares = np.array(list(weights.values()), float)
        return self.rng.choice(list(weights), rows, p=shares / shares.sum())
