from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from agencies import scope
from agencies.access import Denied
from agencies.models import Person
from agencies.refusal import Refused
from jobs import queue, worker
from records.models import Submission
from records.review import steps, submissions
from standards.commands import QuickCommand


class Command(QuickCommand):
    help = "Move a submission one step: " + ", ".join(steps.STEPS)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("submission", type=int)
        parser.add_argument("verb", choices=list(steps.STEPS))
        parser.add_argument("--as", dest="person", required=True, help="e-mail")
        parser.add_argument("--reason", default="")
        parser.add_argument("--held", type=int, help="number of held rows that will not count")
        parser.add_argument("--nothing-to-report", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.named(options["person"])
        with scope.acting(person):
            submission = (
                Submission.objects.visible_to(person).filter(pk=options["submission"]).first()
            )
            if submission is None:
                raise CommandError(f"{person.email} sees no submission {options['submission']}.")
            try:
                submissions.advance(
                    submission,
                    options["verb"],
                    by=person,
                    reason=options["reason"],
                    held_acknowledged=options["held"],
                    nothing_to_report=options["nothing_to_report"],
                )
            except (Refused, Denied) as refusal:
                raise CommandError(str(refusal)) from refusal
            submission.refresh_from_db()
            sealing = queue.find(f"seal:{submission.pk}:{submission.version}")
        if options["verb"] == "accept" and sealing:
            worker.work(sealing.pk)
        self.stdout.write(f"{submission} {submission.state}")
