import csv
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from django.core.management.base import BaseCommand, CommandError

from agencies import access, audit, scope
from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from reports.designs import datasets
from reports.exact import cube
from reports.published import editions
from reports.published.editions import current_editions
from reports.published.figures import Figures, sums
from reports.published.structure import SEX, SEXES, TIME, Structure, Unknown

Rows = list[tuple[tuple[str, ...], Figures]]
PERIODS = ("MONTH", "QUARTER", "YEAR", "PERIOD")  # what people call the time dimension


class Command(BaseCommand):
    help = "Print a table of a dataset: protected figures, or with --exact true ones (audited)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="code of the dataset, in any case")
        parser.add_argument(
            "--by", default="", help="dimensions, divided by commas; any case; month is the period"
        )
        parser.add_argument("--where", action="append", default=[], metavar="DIMENSION=CODE,…")
        parser.add_argument("--exact", action="store_true")
        parser.add_argument("--as", dest="person", help="e-mail; needed for --exact")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = options["dataset"].upper()
        by = list(dict.fromkeys(_dimension(n) for n in options["by"].split(",") if n.strip()))
        where = _conditions(options["where"])
        try:
            cells, structure = (
                self._exact(dataset, options) if options["exact"] else _public(dataset)
            )
            for name in by:
                structure.require_name(name)
            names = [name for name in by if name != SEX]
            found = sums(cells, structure, names, where)
        except (Refused, Denied, Unknown, queue.GaveUp) as refusal:
            raise CommandError(str(refusal)) from refusal
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow([*by, "count"])
        writer.writerows(_lines(found, by, names, where.get(SEX, SEXES)))

    def _exact(self, code: str, options: dict[str, Any]) -> tuple[pa.Table, Structure]:
        if not options["person"]:
            raise Denied("Exact figures need --as.")
        person = Person.objects.named(options["person"])
        with scope.acting(person):
            access.require(person, Permission.TABULATE)
            dataset = datasets.datasets().get(code)
            if dataset is None:
                known = ", ".join(datasets.datasets())
                raise Refused(f"There is no dataset {code}. Choose from: {known}.")
            asked = {"by": options["by"], "where": options["where"]}
            audit.record("tabulate-exact", f"dataset:{code}", by=person, table=asked)
            exact = cube.exact_of(dataset)
        structure = dataset.structure(cube.periods_of(exact))
        return exact.rename_columns([*structure.names, editions.VALUE]), structure


def _public(dataset: str) -> tuple[pa.Table, Structure]:
    edition = editions.latest(dataset)
    if edition is None:
        known = ", ".join(e.dataset for e in current_editions()) or "none is public yet"
        raise Refused(f"No release of {dataset} is public. Choose from: {known}.")
    return editions.cells(edition), edition.structure


def _lines(
    found: Rows, by: Sequence[str], names: Sequence[str], sexes: Sequence[str]
) -> Iterator[list[str | int]]:
    """Yield codes in the order of `by`, and the count; sex as lines where it is asked for."""
    for codes, figures in found:
        counts = dict(zip(SEXES, (figures.f, figures.m, figures.o), strict=True))
        named = dict(zip(names, codes, strict=True))
        if SEX not in by:
            yield [*codes, sum(counts.values())]
            continue
        for sex in (sex for sex in SEXES if sex in sexes):
            yield [*({**named, SEX: sex}[name] for name in by), counts[sex]]


def _dimension(name: str) -> str:
    shown = name.strip().upper()
    return TIME if shown in PERIODS else shown


def _conditions(texts: Sequence[str]) -> dict[str, list[str]]:
    """Read DIMENSION=CODE,…; a dimension that is named twice may have the codes of both."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, codes = text.partition("=")
        listed = [code.strip() for code in codes.split(",") if code.strip()]
        if not equals or not name.strip() or not listed:
            raise CommandError(f"Write --where DIMENSION=CODE, not {text}.")
        found.setdefault(_dimension(name), []).extend(listed)
    return found
