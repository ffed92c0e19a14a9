"""How records are typed: what an agency has chosen for it, drafts, second entries, proposals for lists."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from agencies.access import AgencyScoped
from agencies.models import Agency
from agencies.roles import Permission

PERSON = settings.AUTH_USER_MODEL


class EntryRule(models.Model):
    """What an agency has chosen for the form of an instrument, by the names of variables.

    `carried` are kept for the next record; `twice` are typed again by a second person. Changes leave events.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey("records.Instrument", models.PROTECT, related_name="+")
    carried = models.JSONField(default=list)
    twice = models.JSONField(default=list)
    set_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "instrument"], name="entry_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.instrument}"


class EntryDraft(models.Model):
    """What one person has typed of a record that is not saved yet, and what her last record left.

    Only texts that the engine can read are kept, as it reads them: nothing personal gets here. Policies open
    a draft to its person alone, and to jobs what nobody has touched for a month, so that it is removed.
    `turn` grows with each record and each discarding: what was sent for an earlier one is not kept.
    """

    person = models.ForeignKey(PERSON, models.CASCADE, related_name="+")
    agency = models.ForeignKey(Agency, models.CASCADE, related_name="+", db_index=False)
    instrument = models.ForeignKey(
        "records.Instrument", models.CASCADE, related_name="+", db_index=False
    )
    values = models.JSONField(default=dict)  # variable -> text; empty where nothing waits
    carried = models.JSONField(default=dict)  # variable -> text of the last record
    left_out = models.JSONField(default=list)  # variables that were typed and are not kept
    turn = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "agency", "instrument"], name="entry_draft_once"
            )
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"

    @property
    def is_begun(self) -> bool:
        """Say whether something was typed that is not saved as a record."""
        return bool(self.values or self.left_out)


class SecondEntry(models.Model):
    """A record whose key variables a second person types again, or has typed."""

    scope_permission = Permission.SEE_RECORDS

    record = models.ForeignKey(
        "records.Record", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    instrument = models.ForeignKey(
        "records.Instrument", models.PROTECT, related_name="+", db_index=False
    )
    first_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    second_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    # Those to be typed again, as the agency had chosen when it was typed.
    variables = models.JSONField()
    differed = models.JSONField(default=list)  # variables that the two had typed differently

    objects = AgencyScoped["SecondEntry"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "agency"], name="second_entry_once"),
            models.CheckConstraint(
                condition=Q(second_by=None) | ~Q(second_by=models.F("first_by")),
                name="second_entry_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"second entry of {self.record_id}"


class CodeProposal(models.Model):
    """A word that somebody found on no code list, proposed to the statistics office, which answers it."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    codelist = models.CharField(max_length=40)
    word = models.CharField(max_length=80)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    answer = models.CharField(max_length=300, blank=True, default="")
    answered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "codelist", "word"], name="code_proposal_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.codelist}: {self.word}"
