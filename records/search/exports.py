"""Taking the records of a search as a file: a small one at once, a large one by a worker, encrypted until it is fetched."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agencies import access, audit, scope
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue, worker
from jobs.queue import Job
from records.collection.uploads import file_secrets
from records.models import Export
from records.reading import encrypted_file
from records.search import asked, listing, wording
from records.search.asked import Search
from records.search.files import FORMS, Form
from records.search.listing import Counts
from standards.languages import marked
from standards.translation import active_language

AT_ONCE = 20_000  # rows; a larger file is made by a worker
WAITS = timedelta(days=1)  # so long a file waits to be fetched
MOST_KEPT, MOST_MADE = 5, 3  # files of a person that wait for her, and that are being made
OPEN = (Job.State.QUEUED, Job.State.RUNNING)
TOLD_EVERY = 50_000  # rows
PIECE = 1 << 20  # bytes that are sent together


@dataclass(frozen=True)
class Making(queue.Arguments):
    """Which export is to be made, and of which instrument."""

    export: int
    instrument: int


def note(verb: str, search: Search, counts: Counts, *, by: Person) -> None:
    """Put into the log that somebody searched records, or took them: the search in words, and about how many rows.

    Exact numbers would be figures that nobody has protected, for readers of the log who see no records.
    """
    audit.record(
        verb,
        f"instrument:{search.instrument.pk}",
        name=search.instrument.code,
        by=by,
        agency=search.agency,
        searched=dict(wording.in_every_language(search)),
        rows=about(counts.rows),
    )


def about(rows: int) -> int:
    """Return a number of rows as the log keeps it: in tens, and 1 where they are fewer than ten."""
    return round(rows, -1) if rows >= 10 else min(rows, 1)


def take(search: Search, form: Form, *, by: Person) -> bytes | Export:
    """Return the file of a search, or what will be it when a worker has made it.

    Raises `Denied`, and `Refused` where the rows are too many for such a file, or too many files are being made.
    """
    access.require(by, Permission.SEE_RECORDS, search.agency, search.instrument.pk)
    counts = listing.counts(search)
    if counts.rows > form.most:
        raise Refused(
            _("These are too many rows for %(form)s. Take CSV, or search for fewer.")
            % {"form": form.suffix.upper()}
        )
    note("export", search, counts, by=by)
    if counts.rows > AT_ONCE:
        return _begin(search, form, counts.rows, by)
    pieces: list[bytes] = []
    form.write(search, pieces.append, lambda _done: None)
    return b"".join(pieces)


def _begin(search: Search, form: Form, rows: int, by: Person) -> Export:
    own = Export.objects.filter(asked_by=by)
    if own.filter(job__state__in=OPEN).count() >= MOST_MADE:
        raise Refused(_("Other files are being made for you. Ask again when one of them is ready."))
    for old in own[MOST_KEPT - 1 :]:
        _remove(old)
    export = Export.objects.create(
        agency=search.agency,
        instrument=search.instrument,
        asked_by=by,
        query=search.query,
        suffix=form.suffix,
        language=active_language(),
        rows=rows,
        name=uuid.uuid4().hex,
    )
    export.job = queue.enqueue(
        "records.export",
        key=f"export:{export.pk}",
        arguments=Making(export.pk, search.instrument.pk),
        agencies=[search.agency.pk],
        by=by,
    )
    export.save(update_fields=["job"])
    return export


def instrument_of(job: Job) -> int:
    """Return the instrument that an export is of."""
    return queue.arguments(job, Making).instrument


def make(job: Job) -> None:
    """Make the file of an export, in the scope of its agency; what another attempt left is written anew."""
    rows = Export.objects.select_related("asked_by").filter(pk=queue.arguments(job, Making).export)
    export = rows.first()
    if export is None:  # nobody waits for it any more
        return
    with translation.override(export.language):
        search = _search(export)
        path = path_of(export)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        sealing = encrypted_file.Sealing(path, file_secrets()[0])
        try:
            FORMS[export.suffix].write(search, sealing.write, partial(_told, job, export))
            sealing.finish()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            sealing.close()


def _search(export: Export) -> Search:
    with suppress(asked.NotThere, asked.Mistyped):
        if search := asked.read(QueryDict(export.query), export.asked_by):
            return search
    raise queue.GaveUp(marked("What was searched for is no longer there. Search again."))


def _told(job: Job, export: Export, done: int) -> None:
    if done % TOLD_EVERY == 0 or done >= export.rows:
        worker.progress(job, rows=done, of=export.rows)


def is_ready(export: Export) -> bool:
    """Say whether the file waits to be fetched."""
    done = export.job is not None and export.job.state == Job.State.DONE
    return done and path_of(export).exists()


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the file in the clear; when all of it was sent, it is removed. Where it was cut off, it still waits."""
    path = path_of(export)
    with encrypted_file.opened(path, *file_secrets()) as sealed, sealed.open() as clear:
        while piece := clear.read(PIECE):
            yield piece
    path.unlink(missing_ok=True)


def folder() -> Path:
    """Where files lie until they are fetched; each under a random name, encrypted."""
    return Path(settings.PRIVATE_ROOT) / "exports"


def path_of(export: Export) -> Path:
    """Return where the file of an export lies."""
    return folder() / export.name


def expire() -> None:
    """Remove files that nobody fetched for a day, and those that nobody knows of. To be called now and then."""
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        for export in Export.objects.filter(asked_at__lt=timezone.now() - WAITS):
            _remove(export)
        known = set(Export.objects.values_list("name", flat=True))
    for path in folder().glob("*"):
        with suppress(FileNotFoundError):  # somebody may fetch it at this moment
            if path.name not in known and not encrypted_file.is_being_written(path):
                path.unlink()


def _remove(export: Export) -> None:
    transaction.on_commit(partial(path_of(export).unlink, missing_ok=True))
    export.delete()
