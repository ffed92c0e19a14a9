import json
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from agencies import scope
from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from jobs import worker
from jobs.queue import Job
from reports.models import Release
from reports.releases import verbs
from standards.commands import QuickCommand

OPEN = (Job.State.QUEUED, Job.State.RUNNING)
PATIENCE = 900  # seconds for a worker that was quicker than this command


class Command(QuickCommand):
    help = "Build the release of a dataset and make it public."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="code of the dataset, in any case")
        parser.add_argument("--as", dest="person", required=True, help="e-mail of the publisher")
        parser.add_argument(
            "--built-only", action="store_true", help="leave it for somebody to release"
        )
        parser.add_argument(
            "--waiting", action="store_true", help="release the one that is built already"
        )
        parser.add_argument(
            "--finish",
            default="",
            metavar="YEAR,…",
            help="years that are over and final from this release on: they take in their corrections, once",
        )
        parser.add_argument(
            "--missing",
            default="",
            metavar="AGENCY PERIOD,…",
            help="the deliveries you know to be missing: a release that lacks any needs exactly these",
        )

        parser.add_argument(
            "--note", default="", help="what the release brings, for readers; needed to release it"
        )
        parser.add_argument(
            "--next", type=date.fromisoformat, metavar="YYYY-MM-DD", help="when the next one is due"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        person, dataset = Person.objects.named(options["person"]), options["dataset"].upper()
        if not options["built_only"] and not options["note"].strip():
            raise CommandError("Say with --note what the release brings; readers see it.")
        try:
            if not options["waiting"]:
                self._build(dataset, person, options["finish"])
            release = Release.objects.filter(dataset=dataset).order_by("-number").first()
            if release is None:
                raise CommandError(f"No release of {dataset} is built.")
            if not options["built_only"]:
                self._release(release, person, options)
        except (Refused, Denied) as refusal:
            raise CommandError(str(refusal)) from refusal
        facts = {"release": str(release), "state": release.state, "checksum": release.checksum}
        if release.missing:
            facts["missing"] = release.missing_text
        self.stdout.write(json.dumps(facts))

    def _build(self, dataset: str, person: Person, finish: str) -> None:
        years = [year.strip() for year in finish.split(",") if year.strip()]
        with scope.acting(person):
            job = wait_for(verbs.build(dataset, by=person, finish=years))
        if job.state != Job.State.DONE:
            raise CommandError(job.reason or "Nothing was built yet; the job waits.")

    def _release(self, release: Release, person: Person, options: Mapping[str, Any]) -> None:
        try:
            with scope.acting(person):
                verbs.release(
                    release,
                    by=person,
                    note=options["note"],
                    missing_acknowledged=options["missing"],
                    next_on=options["next"],
                )
        except Refused as refusal:
            if release.state != Release.State.BUILT:
                raise
            if verbs.hindrance(release, by=person):
                how = "--waiting --note … --as THEIR_ADDRESS"
                raise CommandError(f"{refusal} With this command: {how}") from refusal
            if not release.missing:
                raise
            how = f'--waiting --note … --missing "{release.missing_text}"'
            raise CommandError(f"{refusal} To release it all the same: {how}") from refusal


def wait_for(job: Job) -> Job:
    """Do the job, or wait for the worker that has it already, and for the pause before a retry."""
    end = time.monotonic() + PATIENCE
    while (job := worker.work(job.pk)).state in OPEN and time.monotonic() < end:
        time.sleep(0.2)
    return job
