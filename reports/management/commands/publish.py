import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agencies import scope
from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from jobs import worker
from jobs.queue import Job
from reports.models import Release
from reports.releases import verbs

OPEN = (Job.State.QUEUED, Job.State.RUNNING)
PATIENCE = 900  # seconds for a worker that was quicker than this command


class Command(BaseCommand):
    help = "Build the release of a dataset and make it public."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="code of the dataset, in any case")
        parser.add_argument("--as", dest="person", required=True, help="e-mail of the publisher")
        parser.add_argument(
            "--built-only", action="store_true", help="leave it for somebody to release"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        person, dataset = Person.objects.named(options["person"]), options["dataset"].upper()
        try:
            with scope.acting(person):
                job = verbs.build(dataset, by=person)
            done = _done(job)
            if done.state != Job.State.DONE:
                raise CommandError(done.reason or "Nothing was built yet; the job waits.")
            with scope.acting(person):
                made = Release.objects.filter(dataset=dataset).order_by("-number")[0]
                if not options["built_only"]:
                    verbs.release(made, by=person)
        except (Refused, Denied) as refusal:
            raise CommandError(str(refusal)) from refusal
        facts = {"release": str(made), "state": made.state, "checksum": made.checksum}
        self.stdout.write(json.dumps(facts))


def _done(job: Job) -> Job:
    """Do the job, or wait for the worker that has it already, and for the pause before a retry."""
    end = time.monotonic() + PATIENCE
    while (job := worker.work(job.pk)).state in OPEN and time.monotonic() < end:
        time.sleep(0.2)
    return job
