"""The sheets of a workbook one after another: each an upload of its own, of the same bytes.

The file stays with the upload that took the last sheet in, and goes over to the upload of the next one.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.models import Person
from agencies.refusal import Refused
from records.collection import known_files, names, quotas, uploads
from records.collection.names import GivenNames
from records.collection.quotas import WAITS
from records.models import Upload
from records.review.opening import require_delivery

# The path of a file that went over to another upload: no file has this name.
HANDED_OVER = "handed-over"


def offer(upload: Upload) -> bool:
    """Let the file of an upload that was taken in wait, if it has another sheet with a table; say whether it waits."""
    upload.report.pop(WAITS, None)
    is_own = upload.state == Upload.State.COMMITTED and not upload.report.get("sent_back")
    left = known_files.sheets_left(upload) if is_own else []
    if left:
        upload.report[WAITS] = left[0]
    return bool(left)


def waiting(upload: Upload, person: Person) -> str:
    """Return the place of the sheet that can be taken in next (`#2`), "" where none waits, or the file is gone.

    Only its sender knows what else stands in a file, so nobody else is offered a sheet.
    """
    is_offered = upload.state == Upload.State.COMMITTED and WAITS in upload.report
    is_sender = upload.uploaded_by_id == person.pk
    if not (is_offered and is_sender) or not uploads.path_of(upload).exists():
        return ""
    return next(iter(known_files.sheets_left(upload)), "")


def take_in(upload: Upload, *, by: Person) -> Upload:
    """Begin an upload of the sheet that waits, from the bytes that were kept; what was said of the layout holds for it.

    What is the same in a whole sheet is asked anew: it may be the sheet of the men. Each sheet has its own figures, and is undone alone. Raises `Denied`, `OverQuota`, and `Refused` where no sheet waits.
    """
    require_delivery(by, upload.agency, upload.instrument)
    with transaction.atomic():
        quotas.one_at_a_time(by, upload.agency)
        before = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        sheet = waiting(before, by)
        if not sheet:
            raise Refused(_("No sheet of this file waits. Look at it again, or send it again."))
        following = _handed_over(before, by)
        quotas.room_for(by, following.size, upload.agency)
        names.seal(following, GivenNames(names.given_names(before, by).file))
        following.save()
        uploads.ask_for_reading(following, by, {"sheet": sheet, "constants": {}})
    names.note("upload", following, by, size=following.size)
    return following


def _handed_over(upload: Upload, by: Person) -> Upload:
    """Return an upload that has the file of this one, which loses it."""
    following = Upload(
        agency=upload.agency,
        instrument=upload.instrument,
        size=upload.size,
        sha256=upload.sha256,
        report={"path": upload.report["path"]},
        uploaded_by=by,
    )
    del upload.report[WAITS]
    upload.report["path"] = HANDED_OVER
    upload.save(update_fields=["report"])
    return following
