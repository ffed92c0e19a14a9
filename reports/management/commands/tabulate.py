import csv
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError

from agencies import access, audit, scope
from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue
from records.instruments import deliveries
from reports.designs import datasets
from reports.exact import cube
from reports.formats import flat
from reports.published import editions, figures
from reports.published.editions import VALUE, current_editions
from reports.published.figures import Row
from reports.published.query import in_periods, measure
from reports.published.structure import SEX, SEXES, Structure, Unknown
from standards.commands import QuickCommand

Where = dict[str, list[str]]


class Command(QuickCommand):
    help = (
        "Print a table of a dataset: protected figures, or with --exact true ones (audited). It "
        "counts everything in the dataset that --where leaves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="code of the dataset, in any case")
        parser.add_argument(
            "--by",
            default="",
            help="dimensions, divided by commas; any case; month, quarter or year for time",
        )
        parser.add_argument("--where", action="append", default=[], metavar="DIMENSION=CODE,…")
        parser.add_argument("--exact", action="store_true")
        parser.add_argument("--as", dest="person", help="e-mail; needed for --exact")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = options["dataset"].upper()
        try:
            by, sexes, rows = (self._exact if options["exact"] else self._public)(dataset, options)
        except (Refused, Denied, Unknown, queue.GaveUp) as refusal:
            raise CommandError(str(refusal)) from refusal
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow([*by, "count"])
        writer.writerows(_lines(rows, by, sexes))

    def _public(
        self, dataset: str, options: dict[str, Any]
    ) -> tuple[list[str], Sequence[str], list[Row]]:
        edition = editions.latest(dataset)
        if edition is None:
            known = ", ".join(e.dataset for e in current_editions()) or "none is public yet"
            raise Refused(f"No release of {dataset} is public. Choose from: {known}.")
        by, where = _question(edition.structure, options)
        table = figures.tabulate(edition, by, where)
        for note in (measure(edition.structure, where, by), *flat.footnotes(table)):
            self.stderr.write(note)
        return by, where.get(SEX, SEXES), table.rows

    def _exact(
        self, code: str, options: dict[str, Any]
    ) -> tuple[list[str], Sequence[str], list[Row]]:
        if not options["person"]:
            raise Denied("Exact figures need --as.")
        person = Person.objects.named(options["person"])
        with scope.acting(person):
            access.require(person, Permission.TABULATE)
            dataset = datasets.datasets().get(code)
            if dataset is None:
                known = ", ".join(datasets.datasets())
                raise Refused(f"There is no dataset {code}. Choose from: {known}.")
            deliveries.require(person, Permission.TABULATE, dataset.instrument)
            table = {"by": options["by"], "where": options["where"]}
            audit.record("tabulate-exact", f"dataset:{code}", name=code, by=person, table=table)
            exact = cube.exact_of(dataset)
        structure = dataset.structure(cube.periods_of(exact))
        by, where = _question(structure, options)
        if dataset.residence in {*by, *where}:
            text = f"{dataset.residence} is found when a year is over: manage.py design {dataset.code} counts it."
            raise Refused(text)
        cells = exact.rename_columns([*exact.column_names[:-1], VALUE])
        names = [name for name in by if name != SEX]
        sums = figures.sums(cells, structure, names, where)
        return by, where.get(SEX, SEXES), [Row(codes, parts) for codes, parts in sums]


def _question(structure: Structure, options: dict[str, Any]) -> tuple[list[str], Where]:
    """Return the dimensions and the conditions that are asked for. Raises Unknown."""
    named = (name.strip().upper() for name in options["by"].split(","))
    by = list(dict.fromkeys(structure.time_name(name) for name in named if name))
    where = _conditions(options["where"], structure)
    for name in (*by, *where):
        structure.require_name(name)
    for name, codes in where.items():
        structure.require_codes(name, codes)
    return by, in_periods(where, structure)


def _conditions(texts: Sequence[str], structure: Structure) -> Where:
    """Read DIMENSION=CODE,…; a dimension that is named twice may have the codes of both."""
    where: Where = {}
    for text in texts:
        name, equals, codes = text.partition("=")
        listed = [code.strip() for code in codes.split(",") if code.strip()]
        if not equals or not name.strip() or not listed:
            raise CommandError(f"Write --where DIMENSION=CODE, not {text}.")
        where.setdefault(structure.time_name(name.strip().upper()), []).extend(listed)
    return where


def _lines(
    rows: Sequence[Row], by: Sequence[str], sexes: Sequence[str]
) -> Iterator[list[str | int]]:
    """Yield codes in the order of `by`, and the count; sex as lines where it is a dimension.

    The count is empty where nothing was delivered.
    """
    names = [name for name in by if name != SEX]
    for row in rows:
        parts = dict(zip(SEXES, (row.figures.f, row.figures.m, row.figures.o), strict=True))
        codes = dict(zip(names, row.codes, strict=True))
        if SEX not in by:
            yield [*row.codes, "" if row.gap else row.figures.total]
            continue
        for sex in (sex for sex in SEXES if sex in sexes):
            yield [*({**codes, SEX: sex}[name] for name in by), "" if row.gap else parts[sex]]
