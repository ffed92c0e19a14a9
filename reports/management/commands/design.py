"""Try a design of a dataset on everything that is accepted: `manage.py design BCR --as disclosure@…`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from agencies import access, audit, scope
from agencies.access import Denied
from agencies.models import Agency, Person
from agencies.roles import Permission
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.releases import drafts
from reports.releases.accuracy import Nearness
from reports.releases.drafts import DraftYear
from standards.commands import QuickCommand
from standards.definitions import InvalidDefinition


class Command(QuickCommand):
    help = "Print what a design of a dataset would give: its tables, how near they are, the gates."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", help="code of a dataset, or a YAML file with a draft of one")
        parser.add_argument(
            "--as", dest="person", required=True, help="address of who may tabulate"
        )
        parser.add_argument("--draws", type=int, default=drafts.DRAWS, help="seeds that are tried")
        parser.add_argument("--json", action="store_true", help="one JSON object on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.named(options["person"])
        dataset = _dataset(options["dataset"])
        try:
            access.require(person, Permission.TABULATE)
        except Denied as denied:
            raise CommandError(str(denied)) from denied
        # Counted as a worker counts them; the person sees sums, never a record.
        with scope.working(Agency.objects.values_list("pk", flat=True)):
            counted = drafts.exact_cells(dataset)
        audit.record("design", f"dataset:{dataset.code}", name=dataset.code, by=person)
        if linkage := counted.linkage:
            self.stdout.write(
                f"{linkage.crossings} crossings, {linkage.unlinked} not linked (no person reference), "
                f"{linkage.broken} after one of the same direction; of {linkage.untold} it cannot be told whether they "
                "changed the residence"
            )
        if not counted.years:
            raise CommandError("Nothing is accepted yet.")
        drawn = [
            drafts.try_design(counted.numbering, year, exact, options["draws"])
            for year, exact in counted.years.items()
        ]
        for draft in drawn:
            self._print(dataset, draft)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(draft) for draft in drawn]))

    def _print(self, dataset: Dataset, draft: DraftYear) -> None:
        write = self.stdout.write
        write(f"\n{dataset.code} {draft.year}: {draft.records} records, base {dataset.base}")
        write(f"{'table':44}{'cells':>8}{'mean':>7}{'p95':>6}{'most':>6}{'singles':>9}")
        for near in [*draft.tables, *draft.headlines]:
            write(_line(near))
        for gate in draft.gates:
            passed = "passed" if gate.passed else "FAILS"
            write(
                f"  {passed:7}{gate.name:46}{abs(gate.measured):>9.3f} ≤ {abs(gate.allowed):<8g}{gate.table}"
            )
        for conflict in draft.conflicts:
            write(f"  twice: {conflict}")


def _line(near: Nearness) -> str:
    numbers = f"{near.mean:>7.2f}{near.usual:>6.0f}{near.most:>6}{near.singles:>9.0f}"
    return f"{near.table:44}{near.cells:>8}{numbers}"


def _dataset(text: str) -> Dataset:
    try:
        if text.endswith((".yaml", ".yml")):
            return datasets.read(Path(text))
        return datasets.datasets()[text.upper()]
    except InvalidDefinition as invalid:
        raise CommandError("\n".join(invalid.lines)) from invalid
    except KeyError:
        known = ", ".join(datasets.datasets())
        raise CommandError(f"There is no dataset {text}. Choose from: {known}.") from None
