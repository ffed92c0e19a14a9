"""The boundaries of regions on the map: `manage.py boundaries load regions.geojson --licence "…"`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.published import boundaries
from reports.published.boundaries import InvalidBoundaries
from standards import codelists

NOT_STATED = "_U"


class Command(BaseCommand):
    help = "Load the office's own boundaries of regions for the map, or go back to tiles."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        load = verbs.add_parser("load", help="read, check, simplify and keep a GeoJSON file")
        load.add_argument("file", type=Path, help="a FeatureCollection in longitude and latitude")
        load.add_argument("--licence", required=True, help="shown below every map")
        verbs.add_parser("show", help="say which boundaries are kept")
        verbs.add_parser("remove", help="draw tiles again")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "load":
            self._load(options["file"], options["licence"])
        elif options["verb"] == "remove":
            there = boundaries.remove()
            self.stdout.write("Tiles are drawn again." if there else "There were no boundaries.")
        elif kept := boundaries.current():
            self.stdout.write(f"{len(kept.regions)} regions, {kept.licence}")
        else:
            self.stdout.write("No boundaries: the map is one of tiles.")

    def _load(self, file: Path, licence: str) -> None:
        codes = [c.code for c in codelists.load("regions").codes if not c.code.endswith(NOT_STATED)]
        try:
            if file.stat().st_size > boundaries.LARGEST:
                raise CommandError(f"{file} is larger than {boundaries.LARGEST >> 20} MB.")
            kept = boundaries.load(file.read_bytes(), licence, codes)
        except OSError as error:
            raise CommandError(str(error)) from error
        except InvalidBoundaries as invalid:
            raise CommandError(str(invalid)) from invalid
        points = sum(len(r) for ps in kept.regions.values() for p in ps for r in p)
        self.stdout.write(f"{len(kept.regions)} regions with {points} points; {kept.licence}")
