import csv
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agencies import access, audit, scope
from agencies.access import Denied, Permission
from agencies.models import Person
from records.review import Refused
from reports import cube, design, published, release
from reports.structure import SEX, SEXES, Structure


class Command(BaseCommand):
    help = "Print a table of a dataset: protected figures, or with --exact true ones (audited)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset")
        parser.add_argument(
            "--by", default="", help="dimensions, divided by commas; any case; month is the period"
        )
        parser.add_argument("--where", action="append", default=[], metavar="DIMENSION=CODE,…")
        parser.add_argument("--exact", action="store_true")
        parser.add_argument("--as", dest="person", help="e-mail; needed for --exact")
        parser.add_argument("--format", choices=["csv"], default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        by = [_dimension(name) for name in options["by"].split(",") if name]
        where = dict(_condition(text) for text in options["where"])
        try:
            cells, structure = self._cells(options)
            names = [name for name in by if name != SEX]
            found = published.sums(cells, structure, names, where)
        except (Refused, Denied, published.Unknown) as refusal:
            raise CommandError(str(refusal)) from refusal
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow([*by, "count"])
        for codes, figures in found:
            if SEX not in by:
                writer.writerow([*codes, figures.t])
                continue
            for sex, value in zip(SEXES, (figures.f, figures.m, figures.o), strict=True):
                named = {**dict(zip(names, codes, strict=True)), SEX: sex}
                writer.writerow([*(named[name] for name in by), value])

    def _cells(self, options: dict[str, Any]) -> tuple[Any, Structure]:
        if not options["exact"]:
            edition = published.latest(options["dataset"])
            if edition is None:
                raise Refused(f"No release of {options['dataset']} is public.")
            return published.cells(edition), edition.structure
        if not options["person"]:
            raise Denied("Exact figures need --as.")
        person = Person.objects.named(options["person"])
        with scope.acting(person):
            access.require(person, Permission.TABULATE)
            audit.record(
                "tabulate-exact", f"dataset:{options['dataset']}", by=person, by_=options["by"]
            )
            dataset = design.datasets().get(options["dataset"])
            if dataset is None:
                raise Refused(f"There is no dataset {options['dataset']}.")
            exact = release.exact_of(dataset)
        structure = dataset.structure(cube.periods_of(exact))
        return exact.rename_columns([*structure.names, published.VALUE]), structure


def _dimension(name: str) -> str:
    shown = name.strip().upper()
    return {"MONTH": "TIME_PERIOD", "PERIOD": "TIME_PERIOD", "QUARTER": "TIME_PERIOD"}.get(
        shown, shown
    )


def _condition(text: str) -> tuple[str, list[str]]:
    name, equals, codes = text.partition("=")
    if not equals:
        raise CommandError(f"Write --where DIMENSION=CODE, not {text}.")
    return _dimension(name), codes.split(",")
