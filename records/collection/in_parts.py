"""A file that is sent part by part, so that a line that breaks costs one part: begun, sent on, given up.

Each part is sealed under a name of its own before it is noted; one that nobody noted is swept. When the last byte is
there, the parts become an upload, by the road of every file.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, scope
from agencies.models import Agency, Person, Token
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import names, quotas, receiving, uploads
from records.collection.names import GivenNames
from records.collection.receiving import ReceivedFile
from records.models import AnsweredRequest, FileInParts, Instrument, Part, Upload
from records.reading import encrypted_file
from records.reading.encrypted_file import FRAME
from records.review.opening import require_delivery

KEPT = timedelta(days=2)  # after the last part
REMEMBERED = timedelta(days=7)  # answers by key
CHECKSUMS = ("sha1", "sha256")
MOST_PARTS = 10_000


class OtherPlace(Refused):
    """A part that does not begin where the file ends so far: `received` bytes are here."""

    def __init__(self, received: int) -> None:
        text = _("The part begins at another byte: %(n)s are here. Send on from there.")
        super().__init__(text % {"n": received})
        self.received = received


class TooLong(Refused):
    """More bytes than the file was said to have."""


class Damaged(Refused):
    """A part whose checksum is another one."""


def begin(
    *, agency: Agency, instrument: Instrument, size: int, file_name: str, by: Person
) -> FileInParts:
    """Begin a file of `size` bytes. Raises as `uploads.receive`: `Denied`, `Refused`, `OverQuota`, `TooLong`."""
    require_delivery(by, agency, instrument)
    if size > settings.UPLOAD_LIMIT:
        limit = settings.UPLOAD_LIMIT >> 20
        raise TooLong(
            _("The file is larger than %(limit)s MB. Send it in parts, as CSV.") % {"limit": limit}
        )
    if size < 1 or by.lent is None:
        raise Refused(_("The file is empty: there is nothing to take in."))
    with transaction.atomic():
        quotas.one_at_a_time(by, agency)
        quotas.room_for(by, size, agency)
        file = FileInParts(
            agency=agency,
            instrument=instrument,
            token_id=by.lent.number,
            person=by,
            size=size,
            expires_at=timezone.now() + KEPT,
        )
        sealed = _as_upload(file)
        names.seal(sealed, GivenNames(names.label(file_name)))
        file.given_names = sealed.given_names
        file.save()
    return file


def send_on(
    file: FileInParts,
    begin: int,
    pieces: Iterable[bytes],
    *,
    by: Person,
    checksum: tuple[str, str] | None = None,
) -> FileInParts:
    """Add the bytes that come from `begin` on; with the last of them the file becomes an upload.

    `checksum` is an algorithm of CHECKSUMS and the digest in hexadecimal digits. Of several at once one is taken; the
    others raise `OtherPlace`. Raises `TooLong`, `Damaged`, and as `uploads.receive`: then nothing of the part is kept.
    """
    require_delivery(by, file.agency, file.instrument)
    with transaction.atomic():
        now = FileInParts.objects.select_for_update(of=("self",)).get(pk=file.pk)
        if now.received != begin:
            raise OtherPlace(now.received)
        if now.parts.count() >= MOST_PARTS:
            raise Refused(
                _("A file has at most %(n)s parts. Begin it anew, with larger ones.")
                % {"n": MOST_PARTS}
            )
        sealed = _sealed(pieces, now.size - begin, checksum)
        try:
            if sealed.size:
                Part.objects.create(agency=now.agency, file=now, begin=begin, name=sealed.path.name)
                sealed.keep()
        finally:
            sealed.close()
        now.received, now.expires_at = begin + sealed.size, timezone.now() + KEPT
        now.save(update_fields=["received", "expires_at"])
        if now.is_whole and sealed.size:
            _take_in(now, by)
    return now


def give_up(file: FileInParts, *, by: Person) -> None:
    """Forget a file that is not whole, with its parts. Raises `Refused` where it is an upload by now."""
    require_delivery(by, file.agency, file.instrument)
    with transaction.atomic():
        now = FileInParts.objects.select_for_update(of=("self",)).get(pk=file.pk)
        if now.is_whole:
            raise Refused(
                _("All of the file is here, and it was taken as an upload. Take that back instead.")
            )
        _forget(now)


def unfinished(person: Person) -> QuerySet[FileInParts]:
    """Return the files of the agencies for which a person enters that lack bytes: they take room until then."""
    agencies = access.agencies(person, Permission.ENTER)
    files = FileInParts.objects.visible_to(person).filter(
        agency__in=agencies, received__lt=F("size")
    )
    return files.select_related("agency", "instrument", "token")


def give_up_of(token: Token) -> None:
    """Forget the files that a token has begun and not finished, whoever ended it: she may see no records."""
    with scope.widened([token.agency_id]):
        files = FileInParts.objects.filter(token=token, received__lt=F("size"))
        for file in files.select_for_update():
            _forget(file)


def expire() -> None:
    """Remove files whose next part did not come, and answers by key after their time. Of all agencies."""
    now = timezone.now()
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        for file in FileInParts.objects.filter(expires_at__lt=now).select_for_update(
            skip_locked=True
        ):
            _forget(file)
        AnsweredRequest.objects.filter(at__lt=now - REMEMBERED).delete()


def waiting_names() -> Iterator[str]:
    """Yield the names under which parts lie on disk. To be asked in the scope of all agencies."""
    yield from Part.objects.values_list("name", flat=True)


def _as_upload(file: FileInParts) -> Upload:
    """Return an upload to which the name of the file is sealed: bound to its person and to itself."""
    return Upload(
        uploaded_by=file.person, sha256=UUID(str(file.pk)).hex, given_names=file.given_names or None
    )


def _sealed(pieces: Iterable[bytes], room: int, checksum: tuple[str, str] | None) -> ReceivedFile:
    """Seal the bytes of a part, at most `room` of them."""
    digest = hashlib.new(checksum[0] if checksum else "sha256", usedforsecurity=False)
    sealed = ReceivedFile()
    try:
        for piece in pieces:
            if sealed.size + len(piece) > room:
                raise TooLong(
                    _("These are more bytes than the file was said to have. Begin it anew.")
                )
            digest.update(piece)
            sealed.write(piece)
        if checksum and not hmac.compare_digest(digest.hexdigest(), checksum[1]):
            raise Damaged(
                _("The part was damaged on its way: its checksum is another one. Send it again.")
            )
        sealed.finish()
    except BaseException:
        sealed.close()
        raise
    return sealed


def _take_in(file: FileInParts, by: Person) -> None:
    """Make the upload of a whole file; its parts go when that is certain."""
    parts = list(file.parts.order_by("begin"))
    given = names.opened(_as_upload(file)).file
    file.upload = uploads.receive(
        _clear(parts), agency=file.agency, instrument=file.instrument, file_name=given, by=by
    )
    file.save(update_fields=["upload"])
    file.parts.all().delete()
    _remove(parts)


def _clear(parts: Iterable[Part]) -> Iterator[bytes]:
    for part in parts:
        with (
            encrypted_file.opened(_path(part), *uploads.file_secrets()) as sealed,
            sealed.open() as clear,
        ):
            yield from iter(lambda source=clear: source.read(FRAME), b"")  # type: ignore[misc]


def _forget(file: FileInParts) -> None:
    parts = list(file.parts.all())
    file.delete()
    _remove(parts)


def _remove(parts: Iterable[Part]) -> None:
    for part in parts:
        transaction.on_commit(partial(_path(part).unlink, missing_ok=True))


def _path(part: Part) -> Path:
    return receiving.folder() / part.name
