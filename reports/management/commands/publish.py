import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agencies import scope
from agencies.access import Denied
from agencies.models import Person
from migdata import jobs
from records.review import Refused
from reports import release
from reports.models import Release


class Command(BaseCommand):
    help = "Build the release of a dataset and make it public."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset")
        parser.add_argument("--as", dest="person", required=True, help="e-mail of the publisher")
        parser.add_argument(
            "--built-only", action="store_true", help="leave it for somebody to release"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.named(options["person"])
        try:
            with scope.acting(person):
                job = release.build(options["dataset"], by=person)
            job = jobs.work(job.pk)
            if job.state != job.State.DONE:
                raise CommandError(job.reason)
            with scope.acting(person):
                made = Release.objects.filter(dataset=options["dataset"]).order_by("-number")[0]
                if not options["built_only"]:
                    release.release(made, by=person)
        except (Refused, Denied) as refusal:
            raise CommandError(str(refusal)) from refusal
        facts = {"release": str(made), "state": made.state, "checksum": made.checksum}
        self.stdout.write(json.dumps(facts))
