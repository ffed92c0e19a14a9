"""What programs send: files that come in parts, and what a request with a key was answered."""

import uuid

from django.conf import settings
from django.db import models

from agencies.access import AgencyScoped
from agencies.models import Agency, Token
from agencies.roles import Permission

PERSON = settings.AUTH_USER_MODEL


class FileInParts(models.Model):
    """A file that is sent part by part; when the last byte is there it becomes an upload.

    Its parts lie on disk, each sealed under a name of its own. Its own name is sealed as that of an upload is.
    """

    scope_permission = Permission.SEE_RECORDS

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    given_names = models.BinaryField()
    size = models.BigIntegerField()  # bytes of the whole file
    received = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()  # later with each part
    upload = models.ForeignKey(
        "records.Upload", models.CASCADE, null=True, related_name="+", db_constraint=False
    )

    objects = AgencyScoped["FileInParts"].as_manager()

    class Meta:
        ordering = ["-begun_at"]
        constraints = [
            models.UniqueConstraint(fields=["id", "agency"], name="agency_of_a_file_in_parts")
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.received}/{self.size}"

    @property
    def is_whole(self) -> bool:
        return self.received >= self.size


class Part(models.Model):
    """Bytes of a file from `begin` on, sealed in a file of this name."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    file = models.ForeignKey(
        FileInParts, models.CASCADE, related_name="parts", db_constraint=False, db_index=False
    )
    begin = models.BigIntegerField()
    name = models.CharField(max_length=32)

    class Meta:
        ordering = ["begin"]
        constraints = [
            models.UniqueConstraint(fields=["file", "agency", "begin"], name="part_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.begin}"


class AnsweredRequest(models.Model):
    """What a request of a token was answered, by the key that its program gave it: the same again is answered so."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)  # a keyed hash of it: it may hold the name of a file
    fingerprint = models.CharField(max_length=64)  # of method, address and body, keyed too
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)  # names no value of a record
    location = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "agency", "key"], name="request_answered_once")
        ]

    def __str__(self) -> str:
        return f"{self.token_id} {self.key}"
