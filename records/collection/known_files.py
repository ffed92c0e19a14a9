"""The very same file, by its digest: what was taken in stands, so it is not taken in twice."""

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.models import Agency
from agencies.refusal import Refused
from records.collection.comparison import CHANGED, EXACT
from records.collection.report import UploadReport
from records.models import Instrument, Upload


def uploads(agency: Agency, instrument: Instrument, digest: str) -> QuerySet[Upload]:
    """Return the uploads of this file that were taken in and still stand: at most one of each sheet.

    One whose records a later file of the same periods replaced stands no longer: its file may come once more.
    """
    taken_in = Upload.objects.filter(
        agency=agency, instrument=instrument, state=Upload.State.COMMITTED
    )
    replaced = taken_in.filter(
        pk__gt=OuterRef("pk"),
        report__again__choice__in=[CHANGED, EXACT],
        submissions__uploads=OuterRef("pk"),
    )
    return taken_in.filter(~Exists(replaced), sha256=digest)


def sheets_left(upload: Upload) -> list[str]:
    """Return the places of the sheets with a table (`#2`) that stand in the file of an upload and were not taken in."""
    known = uploads(upload.agency, upload.instrument, upload.sha256)
    entered = {upload.sheet, *known.values_list("sheet", flat=True)}
    return [
        place for place in UploadReport.of(upload).file.get("sheets") or [] if place not in entered
    ]


def one_at_a_time(agency: Agency, instrument: Instrument, digest: str) -> None:
    """Let other workers that read the same file wait until this transaction has ended, and see what it did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"known_files:{agency.pk}:{instrument.pk}:{digest}"],
        )


def refuse(agency: Agency, instrument: Instrument, digest: str, sheet: str | None = None) -> None:
    """Refuse a file that was taken in. Of a workbook, each sheet with a table can be taken in once.

    Before the file is read `sheet` is None: it is refused then if no such sheet is left. Raises
    `Refused`.
    """
    known = list(uploads(agency, instrument, digest))
    entered = {upload.sheet for upload in known}
    tables = {
        name for upload in known for name in UploadReport.of(upload).file.get("sheets") or [""]
    }
    if known and (sheet in entered if sheet is not None else tables <= entered):
        first = next((upload for upload in known if upload.sheet == sheet), known[0])
        raise Refused(
            _("This very file was taken in on %(when)s as “%(name)s”. Nothing was added.")
            % {
                "when": timezone.localtime(first.uploaded_at).strftime("%d.%m.%Y %H:%M"),
                "name": first,
            }
        )
