import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from agencies import access, scope
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import worker
from jobs.queue import Job
from records.collection import in_json, uploads
from records.collection.in_json import NotUnderstood
from records.models import Instrument, Upload
from standards.commands import QuickCommand

PIECE = 1 << 20


def _answers(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return in_json.answers_of(path.read_bytes())
    except OSError as error:
        raise CommandError(f"There is no file {path}.") from error
    except NotUnderstood as problem:
        raise CommandError(f"{path}: {problem} {problem.where}".strip()) from problem


def _finish(job: int) -> None:
    """Do the job, or wait for the worker that was quicker."""
    while worker.work(job).state in (Job.State.QUEUED, Job.State.RUNNING):
        time.sleep(0.2)


class Command(QuickCommand):
    help = "Take in a file as a clerk does in the browser, and wait for the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--agency", required=True)
        parser.add_argument("--instrument", required=True)
        parser.add_argument("--as", dest="person", required=True, help="e-mail of the clerk")
        parser.add_argument("--answers", type=Path, help="JSON file: question id -> answer")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        answers = _answers(options["answers"])
        person = Person.objects.named(options["person"])
        upload_id, refusal = self._receive(person, answers, options)
        if upload_id is None:
            result = in_json.status(Upload(state=Upload.State.REFUSED, reason=refusal), person)
        else:
            with scope.acting(person):
                job = Upload.objects.select_related("job").get(pk=upload_id).job
            if job:
                _finish(job.pk)
            with scope.acting(person):
                result = in_json.status(Upload.objects.get(pk=upload_id), person)
        self.stdout.write(
            json.dumps(result, ensure_ascii=False)
            if options["json"]
            else f"{result['state']} {result['reason']} {result['rows']}"
        )

    def _receive(
        self, person: Person, answers: dict[str, Any], options: dict[str, Any]
    ) -> tuple[int | None, str]:
        with scope.acting(person):
            agency = (
                access.agencies(person, Permission.ENTER).filter(code=options["agency"]).first()
            )
            if agency is None:
                raise CommandError(f"{person.email} may not enter records for {options['agency']}.")
            try:
                instrument = Instrument.objects.get(code=options["instrument"])
            except Instrument.DoesNotExist as error:
                raise CommandError(f"There is no instrument {options['instrument']}.") from error
            try:
                with options["file"].open("rb") as source:
                    upload = uploads.receive(
                        iter(lambda: source.read(PIECE), b""),
                        agency=agency,
                        instrument=instrument,
                        file_name=options["file"].name,
                        by=person,
                        answers=answers,
                    )
            except Refused as refusal:
                return None, str(refusal)
        return upload.pk, ""
