"""What nobody waits for of uploaded files: questions that nobody answers, files of requests that were cut off."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from agencies import scope
from agencies.models import Agency
from records.collection import comparison, in_parts, names, quotas, receiving
from records.collection.quotas import UNANSWERED
from records.collection.uploads import path_of
from records.models import Upload
from records.reading import encrypted_file
from standards import codelists, languages

State = Upload.State
ORPHAN = timedelta(hours=1)  # a file that nobody waits for; one that is being received is locked


def expire() -> None:
    """Remove files that nobody waits for, and refuse uploads whose questions nobody answers.

    Questions wait 14 days; names that only the sender sees are kept for a month. To be called now and then; looks at the uploads of all agencies.
    """
    now = timezone.now()
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        since = Coalesce("job__finished_at", "uploaded_at")
        unanswered = Upload.objects.filter(state=State.NEEDS_ANSWERS).alias(since=since)
        old = unanswered.filter(since__lt=now - UNANSWERED).select_related("agency")
        for upload in old.select_for_update(of=("self",), skip_locked=True):
            _expire(upload)
        forgotten = Upload.objects.filter(uploaded_at__lt=now - names.KEPT)
        forgotten.exclude(given_names=None).update(given_names=None)
    in_parts.expire()
    sweep()


def sweep() -> None:
    """Remove files that nobody waits for: of a request that was cut off, or of a process that was killed.

    A file goes an hour after its last byte came, unless its writer still lives, or an upload waits for it: to be
    read, for answers, for its next sheet, for a day after its job gave up. A part goes with the file that it is of.
    To be called at start, too.
    """
    now = timezone.now()
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        waiting = Upload.objects.filter(quotas.files_kept(now))
        wanted = {*waiting.values_list("report__path", flat=True), *in_parts.waiting_names()}
    for path in receiving.folder().glob("*"):
        with suppress(FileNotFoundError):  # a worker may be quicker
            old = path.stat().st_mtime < (now - ORPHAN).timestamp()
            if path.name not in wanted and old and not encrypted_file.is_being_written(path):
                path.unlink()


def _expire(upload: Upload) -> None:
    message = languages.say(codelists.standard("messages")["expired"])
    upload.state, upload.reason = State.REFUSED, message["en"]
    upload.report["refusal"] = {"code": "expired", "message": message, "where": ""}
    upload.save(update_fields=["state", "reason", "report"])
    comparison.forget_differences(upload)
    names.note("expire", upload, None)
    transaction.on_commit(partial(path_of(upload).unlink, missing_ok=True))


def waiting_files() -> list[Path]:
    """Return the encrypted files that lie on disk, of all agencies."""
    return [path for path in sorted(receiving.folder().glob("*")) if not path.suffix]
