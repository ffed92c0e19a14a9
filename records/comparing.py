"""What a file changes of what is here, before anybody has chosen; and decisions about likely duplicates."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission

PERSON = settings.AUTH_USER_MODEL


class Difference(models.Model):
    """A record that a file sent again would change or remove. Kept while its upload waits for the choice."""

    scope_permission = Permission.SEE_RECORDS
    instrument_path = "submission__instrument"

    class Kind(models.TextChoices):
        CHANGED = "CHANGED", _("changed")
        GONE = "GONE", _("no longer there")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    upload = models.ForeignKey(
        "records.Upload", models.CASCADE, related_name="differences", db_constraint=False
    )
    submission = models.ForeignKey(
        "records.Submission", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    record_ref = models.CharField(max_length=40)
    kind = models.CharField(max_length=7, choices=Kind)
    # A version is variable -> value, as a record holds it. Of a record that is gone there is none now.
    before = models.JSONField()
    now = models.JSONField(null=True)
    variables = ArrayField(models.CharField(max_length=40))  # that differ
    by_hand = models.BooleanField()  # typed, or corrected, since the file came that it is of

    objects = AgencyScoped["Difference"].as_manager()

    class Meta:
        ordering = ["kind", "submission", "record_ref"]

    def __str__(self) -> str:
        return f"{self.record_ref} {self.kind}"


class LikelyDuplicate(models.Model):
    """Two records of a submission that may be one event twice, by their numbers; and what was decided of them.

    A decision stays when the records go and come again with another file.
    """

    scope_permission = Permission.SEE_RECORDS
    instrument_path = "submission__instrument"

    class Decision(models.TextChoices):
        BOTH = "BOTH", _("both are real")
        REMOVED = "REMOVED", _("one was removed")

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    submission = models.ForeignKey(
        "records.Submission", models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    # The file that brought the later of them.
    upload = models.ForeignKey(
        "records.Upload", models.CASCADE, related_name="+", db_constraint=False
    )
    first = models.CharField(max_length=40)
    second = models.CharField(max_length=40)
    same_person = (
        models.BooleanField()
    )  # by the key of the person; else all that the records say is equal
    decision = models.CharField(max_length=7, choices=Decision, blank=True, default="")
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = AgencyScoped["LikelyDuplicate"].as_manager()

    class Meta:
        ordering = ["-same_person", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "agency", "first", "second"], name="likely_duplicate_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first} {self.second}"
