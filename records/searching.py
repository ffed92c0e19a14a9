"""Files of searched records that wait to be fetched."""

from django.conf import settings
from django.db import models

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission
from jobs.models import Job

PERSON = settings.AUTH_USER_MODEL


class Export(models.Model):
    """A file of the records that a search finds, for the person who asked for it. Gone when fetched, or after a day."""

    scope_permission = Permission.SEE_RECORDS

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    query = (
        models.TextField()
    )  # the search as it stands in an address; a record number is hidden in it
    suffix = models.CharField(max_length=4)
    language = models.CharField(max_length=2)
    rows = models.PositiveIntegerField()  # when it was asked for
    name = models.CharField(max_length=32)  # of the encrypted file: random
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")

    objects = AgencyScoped["Export"].as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.instrument} {self.pk}"
